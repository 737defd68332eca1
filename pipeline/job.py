"""What a run is asked for, works on and comes to: the types that its steps hand to each other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from expectations.report import ValidationReport
    from pipeline.editions.edition import Edition
    from pipeline.findings import Finding
    from pipeline.releases.catalogue import Release
    from pipeline.releases.deltas import TableDelta
    from pipeline.tidy.wraps.segment_model import Memory

STAGES = {
    "read": "读取页面", "recognise": "识别扫描页", "check": "交叉核对", "tidy": "整理", "validate": "校验", "publish": "发布",
}  # fmt: skip
Report = Callable[[str, int, int], None]
"""Progress: (stage, one of STAGES; done; total)."""


@dataclass(frozen=True)
class Limits:
    """What reading one page may cost: ``objects`` that it paints (glyphs, rulings, pictures, forms), ``size`` of its content
    in bytes, forms counted as often as they are painted, and processor ``seconds``.

    A page of 5,000 rulings and 20,000 glyphs stays far below.
    """

    objects: int = 100_000
    size: int = 64 << 20
    seconds: int = 120


@dataclass(frozen=True)
class Options:
    """What a run was asked to do."""

    home: Path
    edition: str
    source: str | None = None
    password: str = ""
    decoder: str = "pdfium"
    workers: int | None = None
    cross_check: bool = False
    allow_incomplete: bool = False
    publish: bool = True
    latest: bool = False
    curated: str | None = None
    limits: Limits = Limits()
    by: str = ""


def read_decisions(folder: Path) -> dict[str, bytes | None]:
    """The bytes of a steward's files in ``folder`` (raw/<edition>) by name, None where there is none. Raises OSError."""
    paths = [folder / name for name in ("corrections.yaml", "accepted.yaml")]
    return {path.name: path.read_bytes() if path.is_file() else None for path in paths}


@dataclass(frozen=True)
class Job:
    """A verified source: its edition, file, checksum, and ``inputs``, the digest of everything the result rests on.

    ``decisions``: the bytes of corrections.yaml and accepted.yaml as the run found them at its start (None: no such
    file). What is written there later counts for the next run. ``settled_by``: path and checksum of the Word file beside
    a PDF that settles it. ``memory``: the items that earlier editions settled; ``learned``: per release that they stand
    in, what the manifest says of it.
    """

    options: Options
    edition: Edition
    kind: str
    path: Path
    sha256: str
    inputs: str
    decisions: Mapping[str, bytes | None]
    settled_by: tuple[Path, str] | None = None
    memory: Memory | None = None
    learned: tuple[Mapping[str, str], ...] = ()

    def changed_decisions(self) -> list[str]:
        """The names of those files that are no longer as the run found them. Raises OSError."""
        now = read_decisions(self.edition.folder)
        return [name for name, data in self.decisions.items() if now[name] != data]

    @property
    def header_map(self) -> dict[str, str]:
        """Printed header words → what they mean (kind, annex field or tier), as source.yaml says."""
        return {
            words: value
            for words, meaning in self.edition.source.headers.items()
            if (value := meaning.kind or meaning.field or meaning.tier)
        }


@dataclass
class RunResult:
    """Curated tables by name, figures for the manifest, what validation must know, findings of reading and tidying."""

    tables: dict[str, pa.Table]
    stats: dict[str, Any]
    context: dict[str, Any]
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """What a run came to: the release (None with ``publish=False``), figures, findings by severity.

    ``by_queue``: open findings. Of a run that was not published, what a release would change: ``deltas`` by table against
    the latest one, ``changes`` by kind against each release (its name) that it would be compared with.
    """

    job: Job
    release: Release | None
    changed: bool
    stats: Mapping[str, Any]
    rows: Mapping[str, int]
    by_severity: Mapping[str, int]
    by_queue: Mapping[str, int] = field(default_factory=dict)
    report: ValidationReport | None = None
    deltas: tuple[TableDelta, ...] = ()
    changes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    open_errors: int = 0

    @property
    def remark(self) -> str:
        """A sentence where decisions were written while the run was under way, else ""."""
        changed = "、".join(self.job.changed_decisions())
        return f"运行期间{changed}有改动：本次按开始时的内容，改动在下次运行时生效。" if changed else ""


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Digest of the code and vocabularies that a result depends on: another program may read otherwise."""
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parents[1]
    for folder in ("pipeline", "expectations"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".py", ".csv", ".yaml", ".j2") and path.is_file():
                digest.update(path.relative_to(root).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
