"""What an edition's last run left: its findings, also when they kept it from publishing (else those of its latest
release), and the rows of a run that was not published."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.editions.edition import load_edition
from pipeline.editions.files import file_sha256, replace_folder, save_file
from pipeline.errors import XizeError
from pipeline.findings import CODES, Finding, digits_of
from pipeline.releases.catalogue import find_release, last_release, latest_name, parquet_table, read_file
from pipeline.releases.storage import open_store

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.job import Job, RunResult
    from pipeline.releases.catalogue import Release
    from pipeline.releases.storage import Store


def last_findings_path(home: Path, edition: str) -> Path:
    """Where a run leaves its findings, also when they kept it from publishing."""
    return home / "staged" / edition / "findings.parquet"


def store_last_findings(home: Path, edition: str, table: pa.Table) -> None:
    """Keep the findings of a run for ``xize findings`` (in one atomic step). Raises XizeError."""
    from pipeline.releases.publish import parquet_bytes

    save_file(last_findings_path(home, edition), parquet_bytes(table))


def keep_findings_of(home: Path, store: Store, release: Release) -> None:
    """Keep a release's findings as those of the last run, which found it unchanged. Raises XizeError."""
    save_file(last_findings_path(home, release.edition), read_file(store, release, "findings.parquet"))


_OF_RUN = "run.json"
"""In the folder of unpublished rows: the sha256 of source, findings and corrections that they belong to."""


def _unpublished_folder(home: Path, edition: str) -> Path:
    return home / "staged" / edition / "unpublished"


def store_unpublished(job: Job, result: RunResult, tables: Mapping[str, pa.Table]) -> None:
    """Keep the rows of a run that is not published, its findings stored already. Raises XizeError."""
    from pipeline.releases.publish import parquet_bytes

    home, edition = job.options.home, job.edition.name

    def fill(folder: Path) -> None:
        for name, table in tables.items():
            (folder / f"{name}.parquet").write_bytes(parquet_bytes(table))
        known = {
            "source": job.sha256,
            "findings": file_sha256(last_findings_path(home, edition)),
            "corrections": result.stats["corrections"]["sha256"],
        }
        (folder / _OF_RUN).write_text(json.dumps(known), encoding="utf-8")

    replace_folder(_unpublished_folder(home, edition), _OF_RUN, "试运行的数据", fill)


def load_unpublished(home: Path, edition: str, sha256: str) -> tuple[dict[str, pa.Table], str | None] | None:
    """(tables, sha256 of the corrections applied) of the last run, where it was not published; None where they are not
    kept, or of an earlier run or another source file than that of ``sha256``."""
    folder = _unpublished_folder(home, edition)
    try:
        known = json.loads((folder / _OF_RUN).read_text(encoding="utf-8"))
        findings = file_sha256(last_findings_path(home, edition))
        if (known["source"], known["findings"]) != (sha256, findings):
            return None
        tables = {path.stem: parquet_table(path.read_bytes()) for path in folder.glob("*.parquet")}
    except (OSError, ValueError):
        return None
    return tables, known["corrections"]


def was_run(home: Path, edition: str, curated: str) -> bool:
    """Whether there are findings of an edition: of a run or of a release."""
    return (
        last_findings_path(home, edition).is_file() or latest_name(open_store(curated), edition) is not None
    )


def load_findings(home: Path, edition: str, curated: str, release: str | None = None) -> list[dict[str, Any]]:
    """The findings of the last run of an edition, or of one release, as rows.

    Those of version 1 of the contract get an id with the edition, and the queue and chance of their code.
    Raises XizeError when the edition has neither been run nor released.
    """
    path = last_findings_path(home, edition)
    if release is None and path.is_file():
        table = parquet_table(path.read_bytes())
    else:
        store = open_store(curated)
        release = release or latest_name(store, edition)
        if release is None:
            raise XizeError(f"版本{edition}还没有运行过：请先运行“xize run {edition}”。")
        table = parquet_table(read_file(store, find_release(store, edition, release), "findings.parquet"))
    return [_of_today(row, edition) for row in table.to_pylist()]


def _of_today(row: dict[str, Any], edition: str) -> dict[str, Any]:
    fresh = {"keys": row.get("keys") or [], "finding_id": f"{edition}:{digits_of(row['finding_id'])}"}
    if "queue" not in row:
        code = row["code"]
        made = Finding(code, "", "", severity=row["severity"], confidence=row["confidence"])
        known = code in CODES
        fresh |= {
            "queue": CODES[code].queue if known else "document",
            "chance": made.likelihood if known else None,
        }
    return {**row, **fresh}


def release_of(home: Path, edition: str, curated: str, findings: Sequence[Mapping[str, Any]]) -> str | None:
    """The release that findings (those of :func:`load_findings`) belong to: the last of their source if it has the same
    ones. None for those of a run that was not published."""
    store = open_store(curated)
    kind = findings[0]["source"] if findings else load_edition(home, edition).source.read
    last = last_release(store, edition, kind)
    if last is None:
        return None
    published = load_findings(home, edition, curated, last.release)
    ids, known = ({row["finding_id"] for row in rows} for rows in (findings, published))
    return last.release if ids == known else None
