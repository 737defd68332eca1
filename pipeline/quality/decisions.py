"""A steward's decisions: accepted.yaml (as printed, known), the state of every finding, and the order of the work.

An acceptance names a finding and the digest of what it rested on. When the same finding rests on something else (another
row shows the same fault, say), the acceptance no longer counts and the finding is open again.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from pipeline.editions.files import save_file
from pipeline.editions.source_yaml import StrictModel, line_of, list_items, load_yaml, new_list, yaml_bytes
from pipeline.errors import XizeError
from pipeline.findings import CODES, Finding
from pipeline.quality.corrections.file import Correction, decided_findings
from pipeline.quality.merge_findings import merge_findings
from pipeline.schema import SEVERITIES
from pipeline.text import unkeepable

Row = Mapping[str, Any]

_PLACE = ("page", "line", "x0", "top", "x1", "bottom", "cell_id", "confidence")


class Acceptance(StrictModel):
    """One entry of accepted.yaml."""

    finding_id: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")]
    evidence: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    why: Annotated[str, Field(min_length=1)]
    by: Annotated[str, Field(min_length=1)]
    date: datetime.date
    code: str = ""
    message: str = ""


def finding_rows(
    findings: Iterable[Finding], states: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Findings as rows of the table ``findings`` (without edition and source), each once, with their status.

    Those that differ only in their place are gathered (see :func:`merge_findings`). ``states``: finding_id → status of
    those that are not open.
    """
    return [
        {
            "finding_id": finding.finding_id,
            "code": finding.code,
            "severity": finding.level,
            "table": finding.table,
            "key": finding.key,
            "keys": list(finding.keys),
            "message": finding.message,
            "evidence": finding.evidence,
            "status": (states or {}).get(finding.finding_id, "open"),
            **{name: getattr(finding, name) for name in _PLACE},
        }
        for finding in merge_findings(findings)
    ]


def keys_of(row: Row) -> list[str]:
    """The keys of the rows that a row of the table ``findings`` is about."""
    return list(row["keys"] or ([row["key"]] if row["key"] is not None else []))


def row_digest(row: Row) -> str:
    """What a finding (a row of the table) rests on, in short: its evidence and the rows that it is about."""
    return hashlib.sha256("\x1f".join((row["evidence"], *sorted(keys_of(row)))).encode()).hexdigest()[:16]


def load_accepted(path: Path) -> tuple[Acceptance, ...]:
    """The acceptances of a file, none where there is no file. Raises XizeError naming file, line and remedy."""
    document = load_yaml(path) if path.is_file() else None
    shape = "请以“- finding_id:”开头，或用“xize accept”添加。"
    found = []
    for index, line, item in list_items(path, document, shape, "接受", "finding_id、evidence、why、by、date"):
        try:
            found.append(Acceptance.model_validate(dict(item)))
        except ValidationError as failure:
            error = failure.errors()[0]
            key = ".".join(str(step) for step in error["loc"])
            line = line_of(document, [index, *map(str, error["loc"])]) or line
            said = "缺少" if error["type"] == "missing" else "有误或不认识的"
            raise XizeError(
                f"{path}第{line}行{said}键“{key}”：请更正，或用“xize accept”重新添加。"
            ) from failure
    return tuple(found)


def statuses(
    findings: Iterable[Finding], accepted: Iterable[Acceptance] = (), corrections: Iterable[Correction] = ()
) -> dict[str, str]:
    """finding_id → ``accepted`` or ``corrected``, for the findings that are not open.

    ``corrected``: corrections.yaml names the finding (it shows still, because what it is about stands elsewhere).
    """
    return row_statuses(
        (
            {"finding_id": f.finding_id, "evidence": f.evidence, "key": f.key, "keys": f.keys}
            for f in findings
        ),
        accepted,
        {one.finding for one in corrections if one.finding},
    )


def row_statuses(
    rows: Iterable[Row], accepted: Iterable[Acceptance], named: Collection[str] = ()
) -> dict[str, str]:
    """As :func:`statuses`, for rows of the table ``findings`` and the findings ``named`` in corrections.yaml."""
    known = {(one.finding_id, one.evidence) for one in accepted}
    states = {}
    for row in rows:
        finding_id = row["finding_id"]
        if finding_id in named:
            states[finding_id] = "corrected"
        elif (finding_id, row_digest(row)) in known:
            states[finding_id] = "accepted"
    return states


def with_statuses(rows: Iterable[Row], folder: Path) -> list[dict[str, Any]]:
    """Rows of the table ``findings`` with their status by the decisions on file now, in ``folder`` (raw/<edition>).

    Raises XizeError where accepted.yaml or corrections.yaml cannot be read.
    """
    rows, named = list(rows), decided_findings(folder / "corrections.yaml")
    states = row_statuses(rows, load_accepted(folder / "accepted.yaml"), named)
    return [{**row, "status": states.get(row["finding_id"], "open")} for row in rows]


def accept(path: Path, rows: Sequence[Row], why: str, by: str, date: datetime.date) -> int:
    """Write acceptances of findings (rows of the table) to ``path``; comments and order are kept.

    A finding accepted before gets the new reason and date in its old place. Gives how many were written.
    Raises XizeError when the file cannot be read or written.
    """
    why, by = why.strip(), by.strip()
    if not why or not by:
        raise XizeError("接受一项发现须写明理由与姓名：请用--why与--by。")
    if unkeepable(why) or unkeepable(by):
        raise XizeError("理由或姓名中有控制字符或不成字的字符：请重新输入。")
    load_accepted(path)  # a file with a mistake in it is not written over
    document = load_yaml(path) if path.is_file() else None
    if document is None:
        document = new_list(
            "接受的发现：原文如此、已知悉，不再作为未决事项；所据文字变化后自动失效。由“xize accept”写入。"
        )
    for row in rows:
        made = {
            "finding_id": row["finding_id"],
            "code": row["code"],
            "message": row["message"],
            "evidence": row_digest(row),
            "why": why,
            "by": by,
            "date": date,
        }
        old = next((item for item in document if item.get("finding_id") == row["finding_id"]), None)
        if old is None:
            document.append(made)
        else:
            old.update(made)
    write_yaml(path, document)
    return len(rows)


def write_yaml(path: Path, document: Any) -> None:
    """Write a steward's file in one atomic step. Raises XizeError."""
    save_file(path, yaml_bytes(document))


def by_worth(rows: Iterable[Row]) -> list[Row]:
    """Open findings first, graver ones first, then those whose decision settles most rows, then by place."""

    def worth(row: Row) -> tuple[Any, ...]:
        return (
            row["status"] != "open",
            SEVERITIES.index(row["severity"]),
            -affected(row),
            row["page"] if row["page"] is not None else 1 << 30,
            row["line"] or 0,
            row["top"] or 0.0,
            row["finding_id"],
        )

    return sorted(rows, key=worth)


def affected(row: Row) -> int:
    """How many rows one decision about a finding settles (at least itself)."""
    return max(1, len(row["keys"] or ()))


def remedy(code: str) -> str:
    """What a steward should do about findings of a code, empty for a code of an older release."""
    return CODES[code].remedy_zh if code in CODES else ""
