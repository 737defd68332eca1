"""The two releases that are compared, and the files they were read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import XizeError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Side:
    """One source: its last release's tables. ``path``: the file it was read from, None where that is not at hand."""

    edition: str
    source: str
    release: str
    sha256: str
    file: str
    title: str
    tables: Mapping[str, pa.Table]
    path: Path | None = None

    @property
    def has_pages(self) -> bool:
        """Whether pictures of its pages can be made."""
        return self.path is not None and self.path.suffix.lower() == ".pdf"


def load_sides(
    home: Path, edition: str, sources: tuple[str, str], curated: str | None = None
) -> tuple[Side, Side]:
    """The last release of each source. Raises XizeError when there is none, naming the run that makes it."""
    from pipeline.editions.edition import load_edition
    from pipeline.releases.catalogue import curated_url, last_release, load_release
    from pipeline.releases.storage import open_store

    if sources[0] == sources[1]:
        raise XizeError(f"两个来源都是{sources[0]}：请给出两个不同的来源，如--sources pdf,transcript。")
    known = load_edition(home, edition)
    store = open_store(curated_url(home, curated))
    sides = []
    for source in sources:
        file = known.file(source)
        release = last_release(store, edition, source)
        if release is None:
            raise XizeError(
                f"版本{edition}还没有由{source}读出的发布：请先运行“xize run {edition} --source {source}”"
                "（来源缺页时加--allow-incomplete）。"
            )
        record = release.manifest["source"]
        sides.append(
            Side(
                edition,
                source,
                release.release,
                record["sha256"],
                file.name,
                release.manifest["title"],
                load_release(store.url, edition, release.release),
                _file(known.path(source), record["sha256"]),
            )
        )
    return sides[0], sides[1]


def _file(path: Path, sha256: str) -> Path | None:
    """The file, if it is still the one that the release was read from."""
    from pipeline.editions.edition import file_sha256

    return path if path.is_file() and file_sha256(path) == sha256 else None
