"""curated/index.html: every edition with its releases, and what became of a certificate from edition to edition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.editions.names import validate_name
from pipeline.errors import XizeError
from pipeline.export.browse import deflated, page
from pipeline.releases.catalogue import (
    Release,
    editions_in,
    find_release,
    latest_name,
    list_releases,
    parquet_table,
    read_file,
)
from pipeline.releases.storage import Store
from pipeline.schema import KINDS
from pipeline.text import squeeze

if TYPE_CHECKING:
    import pyarrow as pa

START_PAGE = "index.html"

_FILES = {
    "browse.html": "浏览",
    "validation/index.html": "校验报告",
    "changes.json": "变更",
    "datapackage.json": "数据说明",
    "manifest.json": "清单",
}
_COLUMNS = ["class_code", "kind", "tier", "text", "name", "page"]


@dataclass(frozen=True)
class ShownEdition:
    """An edition on the page: its current release (with its entries and classes) and all of them, newest first; ``problem``
    says why its entries are missing."""

    edition: str
    current: Release | None
    releases: Sequence[Release] = ()
    problem: str | None = None
    tables: Mapping[str, pa.Table] = field(default_factory=dict, repr=False)


def write_start_page(store: Store) -> None:
    """Write index.html anew from what is published. Raises XizeError when it cannot be written."""
    try:
        store.replace(START_PAGE, start_page(store))
    except OSError as error:
        reason = error.strerror or str(error)
        raise XizeError(
            f"发布已经生效，但无法写入{store.url}/{START_PAGE}（{reason}）：请检查磁盘空间与权限，下次发布时会补上。"
        ) from error


def start_page(store: Store, feed: bool = False) -> bytes:
    """The page; ``feed``: a feed.xml lies beside it. An edition that cannot be read is named there, and keeps none of the others away."""
    shown = [_shown(store, name) for name in editions_in(store)]
    names = [(one.edition, validate_name(one.edition)[0]) for one in shown if one.current is not None]
    return page(
        "start.html.j2", ("unpack.js", "start.js"), title="双师型教师专业认定细则数据", shown=shown, files=_FILES,
        feed=feed,
        data=deflated({"editions": names, "lives": _lives(shown)}),
    )  # fmt: skip


def _shown(store: Store, edition: str) -> ShownEdition:
    current: Release | None = None
    releases: Sequence[Release] = ()
    try:
        if latest_name(store, edition) is not None:
            current = find_release(store, edition)
        releases = list_releases(store.url, edition)[::-1]
        if current is None:
            return ShownEdition(edition, None, releases)
        tables = {
            name: parquet_table(read_file(store, current, f"{name}.parquet"))
            for name in ("entries", "classes")
        }
    except XizeError as error:
        return ShownEdition(edition, current, releases, str(error))
    return ShownEdition(edition, current, releases, None, tables)


def _lives(shown: Iterable[ShownEdition]) -> list[list[Any]]:
    """A row per name in a class and kind of a jurisdiction: jurisdiction, class, kind, name, and edition → where it stands.

    The editions are told apart by jurisdiction: what one lacks that another jurisdiction has is no gap.
    """
    lives: dict[tuple[str, str, str, str], list[Any]] = {}
    for one in (one for one in shown if one.tables):
        place = validate_name(one.edition)[0]
        classes = {row["class_code"]: row["name"] for row in one.tables["classes"].to_pylist()}
        for row in one.tables["entries"].select(_COLUMNS).to_pylist():
            key = (place, row["class_code"], row["kind"], squeeze(row["name"]).casefold())
            title = f"{row['class_code']}{classes.get(row['class_code'], '')}"
            life = lives.setdefault(key, [place, title, KINDS.get(row["kind"], row["kind"]), row["name"], {}])
            where = "" if row["page"] is None else f"（第{row['page']}页）"
            life[4].setdefault(one.edition, []).append(f"{row['tier']}：{row['text']}{where}")
    return [lives[key] for key in sorted(lives)]
