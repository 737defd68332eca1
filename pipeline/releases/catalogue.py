"""The releases of an edition: listing and reading them, and what all that write there share."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.editions.names import NAME, in_order, validate_name
from pipeline.errors import UnknownName, XizeError
from pipeline.releases.storage import MARKER, Store, dump_json, open_store

# pyarrow is imported where tables are read: whoever asks by SQL does without it.
if TYPE_CHECKING:
    import pyarrow as pa

LATEST = "latest.json"
INDEX = "index.json"

# Stands in a release that is to become the latest until it has: the next publish finishes an interrupted one.
PENDING = "pending-latest"

PIN = re.compile(rf"(?P<edition>{NAME})(?:@(?P<release>r\d{{3,}}))?")
"""An edition, perhaps at one release: shanghai-2025, shanghai-2025@r001."""

FACTS = ("issued", "effective_from", "document_no", "supersedes")
"""What source.yaml may say of an edition and its releases tell: two dates (YYYY-MM-DD), 发文字号, another edition."""

_RELEASE = re.compile(r"r(\d{3,})")


@dataclass(frozen=True)
class Release:
    """One published release. ``is_latest``: latest.json names it; ``changed``: this call published it."""

    edition: str
    release: str
    url: str
    manifest: Mapping[str, Any]
    is_latest: bool
    changed: bool = False

    @property
    def folder(self) -> str:
        """Where its files lie."""
        return f"{self.url.rstrip('/')}/{self.edition}/{self.release}"

    @property
    def source(self) -> str:
        """The kind of source it was read from."""
        return str(self.manifest["source"]["kind"])

    @property
    def facts(self) -> dict[str, str | None]:
        """What it says of :data:`FACTS`; all null where its source.yaml or an older program said nothing."""
        return {name: self.manifest.get(name) for name in FACTS}

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """Row count of every table."""
        return dict(self.manifest["rows"])


def curated_url(home: Path, curated: str | None = None) -> str:
    """The address of the curated folder: ``curated`` if given, else curated/ under ``home``."""
    return curated or str(home / "curated")


def release_number(name: str) -> int | None:
    """The number in a release's name (r001 → 1), None for any other name."""
    match = _RELEASE.fullmatch(name)
    return int(match[1]) if match else None


def parse_pin(text: str) -> tuple[str, str | None]:
    """(edition, release or None) of an edition's or a release's name. Raises XizeError.

    >>> parse_pin("shanghai-2025@r001")
    ('shanghai-2025', 'r001')
    """
    match = PIN.fullmatch(text.strip())
    if match is None:
        raise XizeError(f"“{text}”不是版本：应形如shanghai-2025或shanghai-2025@r001。")
    return match["edition"], match["release"]


def parquet_table(data: bytes) -> pa.Table:
    """A Parquet file's bytes as an Arrow table."""
    import pyarrow.parquet as pq

    # Not read_table, which imports datasets and pandas first.
    return pq.ParquetFile(io.BytesIO(data)).read(use_threads=False)


_REACH = "请检查网络、磁盘与权限，然后再试"
"""The remedy where a file did not come: it may be whole, so nothing is to be deleted or set anew for it."""


@contextmanager
def writing(store: Store, edition: str) -> Iterator[None]:
    """Hold the edition's folder in ``store`` for writing, then write the index; OSError becomes XizeError."""
    try:
        with store.lock(edition, f"版本{edition}的发布目录正被另一个进程使用：请等它完成后再试。"):
            store.clean(edition)
            yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise XizeError(
            f"无法写入{store.url}/{edition}（{reason}）：请检查磁盘空间与权限；已发布的数据未受影响。"
        ) from error
    write_index(store)


def write_index(store: Store) -> None:
    """index.json: every edition with its releases, made anew from what is found. Raises XizeError.

    It is made again after it is written, until it says what is there: so of two editions published at once neither is
    missing, without a lock over both.
    """
    try:
        written = store.read(INDEX) if store.exists(INDEX) else None
        while (data := index_bytes(store)) != written:
            store.replace(INDEX, data)
            written = data
    except OSError as error:
        reason = error.strerror or str(error)
        raise XizeError(
            f"发布已经生效，但无法写入{store.url}/{INDEX}（{reason}）：请检查磁盘空间与权限，下次发布、回退或清理时会补上。"
        ) from error


def index_bytes(store: Store) -> bytes:
    """What index.json should say now."""
    found = []
    for edition in editions_in(store):
        releases = [_index_record(store, edition, name) for name in release_names(store, edition)]
        try:
            current = latest_name(store, edition)
        except XizeError:  # whoever asks for this edition is told; the others are not kept from publishing
            current = None
        title = next((one["title"] for one in reversed(releases) if one["release"] == current), None)
        found.append({"edition": edition, "title": title, "current": current, "releases": releases})
    return dump_json({"editions": found})


def _index_record(store: Store, edition: str, name: str) -> dict[str, Any]:
    """What the index says of a release: all but ``release`` is null where its manifest cannot be read."""
    try:
        record = read_manifest(store, edition, name)
    except XizeError:
        record = {}
    source = record.get("source") or {}
    return {
        "release": name,
        "title": record.get("title"),
        "created": record.get("created"),
        "source": {key: source.get(key) for key in ("kind", "sha256")},
        **{name: record.get(name) for name in FACTS},
        "allow_incomplete": record.get("allow_incomplete"),
        "rows": record.get("rows"),
    }


def editions_in(store: Store) -> list[str]:
    """The names of the editions that have a folder in ``store``, in their order."""
    return in_order(name for name in store.names("") if re.fullmatch(NAME, name))


def latest_name(store: Store, edition: str) -> str | None:
    """The release that latest.json names, None when there is none; XizeError when it cannot be read."""
    path = f"{edition}/{LATEST}"
    try:
        name = json.loads(store.read(path))["release"]
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, OSError, RecursionError) as error:
        remedy = _REACH if isinstance(error, OSError) else "请用“xize rollback”重新指定当前发布"
        raise XizeError(f"{store.url}/{path}无法读取（{error}）：{remedy}。") from error
    return str(name)


def awaits_approval(manifest: Mapping[str, Any]) -> bool:
    """Whether a second person has to approve a release before it may become the current one."""
    approval = manifest.get("approval")
    return approval is not None and not approval.get("approved_by")


def set_latest(store: Store, edition: str, release: str) -> None:
    """Point latest.json to ``release`` in one atomic step.

    Raises OSError; XizeError when the release waits for approval, and when latest.json has moved all the same.
    """
    if awaits_approval(read_manifest(store, edition, release)):
        raise XizeError(
            f"{edition}@{release}还没有经另一人批准：请先用“xize approve {edition} {release} --by 姓名”批准。"
        )
    moved: bool | None = False
    try:
        store.replace(f"{edition}/{LATEST}", dump_json({"release": release}))
        moved = True
        store.remove(f"{edition}/{release}/{PENDING}")
    except OSError as error:
        moved = moved or _names(store, edition, release)
        if moved is False:
            raise
        said = f"已经是{release}，只是此后的收尾没有完成"
        remedy = "数据可以使用，请稍后再运行一次"
        if moved is None:
            said = f"是否已改为{release}无法确认"
            remedy = "请待网络恢复后用“xize releases”查看，再运行一次"
        reason = error.strerror or str(error)
        raise XizeError(f"{store.url}/{edition}的当前发布{said}（{reason}）：{remedy}。") from error


def _names(store: Store, edition: str, release: str) -> bool | None:
    """Whether latest.json names ``release``; None where that cannot be told."""
    try:
        return latest_name(store, edition) == release
    except XizeError:
        return None


def read_manifest(store: Store, edition: str, release: str) -> dict[str, Any]:
    """A release's manifest. Raises XizeError when there is no such release or its manifest cannot be read."""
    validate_name(edition)
    path = f"{edition}/{release}/{MARKER}"
    try:
        if release_number(release) is None:
            raise FileNotFoundError(path)
        document = json.loads(store.read(path))
    except FileNotFoundError:
        have = "、".join(release_names(store, edition)) or "无"
        raise UnknownName(
            f"版本{edition}没有发布{release}（现有：{have}）：请用“xize releases”查看。"
        ) from None
    except (ValueError, OSError, RecursionError) as error:
        remedy = _REACH if isinstance(error, OSError) else "请从备份恢复，或删去该发布的文件夹"
        raise XizeError(f"{store.url}/{path}无法读取（{error}）：{remedy}。") from error
    if not isinstance(document, dict):
        raise XizeError(f"{store.url}/{path}不是发布清单：请从备份恢复，或删去该发布的文件夹。")
    return document


def release_names(store: Store, edition: str) -> list[str]:
    """The complete releases of an edition, oldest first."""
    names = [name for name in store.names(edition) if release_number(name) is not None]
    whole = [name for name in names if store.exists(f"{edition}/{name}/{MARKER}")]
    return sorted(whole, key=lambda name: release_number(name) or 0)


def list_releases(url: str | Path, edition: str | None = None) -> tuple[Release, ...]:
    """The releases of ``edition`` (default: of every edition), oldest first. Raises XizeError."""
    if edition:
        validate_name(edition)
    store = open_store(url)
    return tuple(
        find_release(store, name, release)
        for name in ([edition] if edition else editions_in(store))
        for release in release_names(store, name)
    )


def last_release(store: Store, edition: str, source: str) -> Release | None:
    """The newest release of ``edition`` that was read from ``source``; None when there is none."""
    releases = (find_release(store, edition, name) for name in reversed(release_names(store, edition)))
    return next((release for release in releases if release.source == source), None)


def find_release(store: Store, edition: str, release: str | None = None) -> Release:
    """The release ``release`` of an edition (default: the latest). Raises XizeError when there is none."""
    validate_name(edition)
    latest = latest_name(store, edition)
    name = release or latest
    if name is None:
        raise XizeError(f"版本{edition}还没有当前发布：请先运行“xize run {edition}”。")
    return Release(edition, name, store.url, read_manifest(store, edition, name), name == latest)


def released_from(store: Store, edition: str, source: str) -> Release:
    """As :func:`last_release`, but raises XizeError when there is none."""
    validate_name(edition)
    found = last_release(store, edition, source)
    if found is None:
        raise XizeError(
            f"版本{edition}还没有由{source}读出的发布：请先运行“xize run {edition} --source {source}”"
            "（来源缺页时加--allow-incomplete）。"
        )
    return found


def damaged_files(store: Store, edition: str, release: str) -> list[str]:
    """The files of a release that are missing or whose checksum is not the manifest's."""

    def is_damaged(name: str, sha256: str) -> bool:
        try:
            return hashlib.sha256(store.read(f"{edition}/{release}/{name}")).hexdigest() != sha256
        except OSError:
            return True

    files = read_manifest(store, edition, release)["files"]
    return [name for name, record in files.items() if is_damaged(name, record["sha256"])]


def read_file(store: Store, release: Release, name: str) -> bytes:
    """A file of a release. Raises XizeError when it cannot be read or is not the one that the manifest names."""
    path = f"{release.edition}/{release.release}/{name}"
    try:
        data = store.read(path)
    except OSError as error:
        raise XizeError(f"{store.url}/{path}无法读取（{error}）：请改用其他发布，或重新发布。") from error
    if hashlib.sha256(data).hexdigest() != release.manifest["files"].get(name, {}).get("sha256"):
        raise XizeError(f"{store.url}/{path}与发布清单登记的校验和不符：请从备份恢复，或改用其他发布。")
    return data


def load_release(url: str | Path, edition: str, release: str | None = None) -> dict[str, pa.Table]:
    """The tables of a release (default: the latest) by name; columns that it was published without are null.

    Raises XizeError when there is none.
    """
    store = open_store(url)
    found = find_release(store, edition, release)
    return {name: _completed(name, read_file(store, found, f"{name}.parquet")) for name in found.rows}


def _completed(name: str, data: bytes) -> pa.Table:
    """A table of a release with every column of today's contract, in its order."""
    import pyarrow as pa

    from pipeline.schema import TABLES

    table = parquet_table(data)
    declared = TABLES[name].fields if name in TABLES else ()
    for at, field in enumerate(declared):
        if field.name not in table.column_names:
            table = table.add_column(at, field.name, pa.nulls(table.num_rows, field.type))
    return table
