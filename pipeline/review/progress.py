"""What a steward has looked at: raw/<edition>/review.json, written in one atomic step.

    {"version": 1,
     "findings": {"<finding_id>": {"evidence": "<digest>", "by": "李", "date": "2026-01-05"}},
     "pages": {"pdf": {"sha256": "…", "pages": {"12": {"by": "李", "date": "2026-01-05"}}}}}

A mark on a finding counts while it rests on the same evidence; marks on pages while the source is the same file.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.editions.files import decisions_lock, save_file
from pipeline.editions.source_yaml import file_bytes
from pipeline.errors import XizeError
from pipeline.findings import digits_of
from pipeline.quality.decisions import row_digest

VERSION = 1


def review_path(folder: Path) -> Path:
    """Where the progress of the edition in ``folder`` (raw/<edition>) is kept."""
    return folder / "review.json"


def load_progress(path: Path) -> dict[str, Any]:
    """The file's content, empty where there is none. Raises XizeError when it is not what this program writes."""
    if not path.exists():
        return {"version": VERSION, "findings": {}, "pages": {}}
    try:
        document = json.loads(file_bytes(path))
    except (ValueError, RecursionError) as error:
        raise XizeError(f"{path}不是合法的JSON（{error}）：请从备份恢复或删去该文件。") from error
    whole = (
        isinstance(document, dict)
        and document.get("version") == VERSION
        and isinstance(document.get("findings"), dict)
        and isinstance(document.get("pages"), dict)
        and all(isinstance(one, dict) for one in document["findings"].values())
        and all(isinstance(one, dict) and isinstance(one.get("pages"), dict) for one in document["pages"].values())
    )  # fmt: skip
    if not whole:
        raise XizeError(f"{path}不是本程序写的审阅进度：请从备份恢复或删去该文件。")
    return dict(document)


def reviewed_findings(progress: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> set[str]:
    """The findings (rows of the table) that were looked at and rest on the same evidence still."""
    marks = {digits_of(name): mark for name, mark in progress["findings"].items()}
    return {
        row["finding_id"]
        for row in rows
        if marks.get(digits_of(row["finding_id"]), {}).get("evidence") == row_digest(row)
    }


def reviewed_pages(progress: Mapping[str, Any], kind: str, sha256: str) -> set[int]:
    """The pages of a source that were looked at."""
    known = progress["pages"].get(kind) or {}
    if known.get("sha256") != sha256:
        return set()
    return {int(number) for number in known["pages"] if str(number).isdecimal()}


def mark(by: str, date: datetime.date) -> dict[str, str]:
    """The mark of somebody who has looked at something."""
    return {"by": by, "date": date.isoformat()}


def mark_finding(path: Path, row: Mapping[str, Any], mark: Mapping[str, str] | None) -> None:
    """Mark a finding as looked at, or (None) take the mark away. Raises XizeError."""
    with decisions_lock(path.parent):
        progress = load_progress(path)
        for name in (row["finding_id"], digits_of(row["finding_id"])):
            progress["findings"].pop(name, None)
        if mark:
            progress["findings"][row["finding_id"]] = {"evidence": row_digest(row), **mark}
        _write(path, progress)


def mark_page(path: Path, kind: str, sha256: str, page: int, mark: Mapping[str, str] | None) -> None:
    """Mark a page of a source as looked at, or (None) take the mark away. Raises XizeError."""
    with decisions_lock(path.parent):
        progress = load_progress(path)
        known = progress["pages"].get(kind)
        if known is None or known.get("sha256") != sha256:
            known = progress["pages"][kind] = {"sha256": sha256, "pages": {}}
        known["pages"].pop(str(page), None)
        if mark:
            known["pages"][str(page)] = mark
        _write(path, progress)


def _write(path: Path, progress: Mapping[str, Any]) -> None:
    text = json.dumps(progress, ensure_ascii=False, indent=1, sort_keys=True)
    save_file(path, f"{text}\n".encode())
