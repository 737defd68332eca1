"""A steward's decisions: accepted.yaml (as printed, known), the state of every finding, and the order of the work.

An acceptance names a finding and the digest of what it rested on. When the same finding rests on something else (another
row shows the same fault, say), the acceptance no longer counts and the finding is open again. A correction settles the
rows of its finding that it changes; rows that are left stay open.

Whoever writes a decision holds :func:`files.decisions_lock` from reading the files until they are written.
"""

from __future__ import annotations

import datetime
import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from pipeline.arrow import grouped
from pipeline.editions.files import decisions_lock, save_file
from pipeline.editions.source_yaml import (
    StrictModel,
    file_bytes,
    known_yaml,
    line_of,
    list_items,
    parse_yaml,
    yaml_bytes,
)
from pipeline.errors import XizeError
from pipeline.findings import CODES, Finding, digits_of
from pipeline.quality.appending import append
from pipeline.quality.corrections.file import Correction, decided_corrections
from pipeline.schema import SEVERITIES
from pipeline.text import page_spans, unkeepable
from pipeline.tidy.entries import entry_id

Row = Mapping[str, Any]

_PLACE = ("page", "line", "x0", "top", "x1", "bottom", "cell_id", "confidence")


class Acceptance(StrictModel):
    """One entry of accepted.yaml."""

    finding_id: Annotated[str, Field(pattern=r"^([a-z][a-z0-9-]*:)?[0-9a-f]{8,64}$")]
    evidence: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    why: Annotated[str, Field(min_length=1)]
    by: Annotated[str, Field(min_length=1)]
    date: datetime.date
    code: str = ""
    message: str = ""


def finding_rows(
    findings: Iterable[Finding], edition: str, states: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Findings of ``edition`` as rows of the table ``findings`` (without edition and source), each once, with status.

    Those that differ only in their place are gathered (see :func:`merge_findings`). ``states``: digits → status of
    those that are not open.
    """
    return [
        {
            "finding_id": f"{edition}:{finding.digits}",
            "code": finding.code,
            "severity": finding.level,
            "table": finding.table,
            "key": finding.key,
            "keys": list(finding.keys),
            "message": finding.message,
            "evidence": finding.evidence,
            "status": (states or {}).get(finding.digits, "open"),
            "queue": CODES[finding.code].queue,
            "chance": finding.likelihood,
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
    return accepted_in(path, file_bytes(path) if path.is_file() else None)


@lru_cache(maxsize=4)  # the review page asks again and again
def accepted_in(path: Path, data: bytes | None) -> tuple[Acceptance, ...]:
    """As :func:`load_accepted`, of the bytes that were read from ``path`` (None: there was no file)."""
    document = None if data is None else known_yaml(path, data)
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


def rows_left(row: Row, corrections: Iterable[Correction]) -> list[str] | None:
    """The keys of a finding's rows that ``corrections`` (those that name it) do not change; None where none counts.

    [] when they settle all of it; a finding that names no row is settled by any of them. A correction that was made for
    other evidence does not count, nor does one whose place is none of the finding's rows.
    """
    whole = row_digest(row)
    left, counts = keys_of(row), False
    for one in corrections:
        if one.evidence in (None, whole, row_digest({**row, "key": None, "keys": left})):
            changed = changed_keys(one, left) if left else []
            counts = counts or bool(changed) or not keys_of(row)
            left = [key for key in left if key not in changed]
    return left if counts else None


def changed_keys(correction: Correction, keys: Sequence[str]) -> list[str]:
    """Which of the rows ``keys`` of a finding a correction changes: one, or as many as the items that it joins."""
    where = correction.where
    if where.class_code is not None and where.kind is not None and where.tier is not None:
        if correction.action == "add":
            return [key for key in keys if key == where.class_code or len(keys) == 1]
        texts = correction.expect if isinstance(correction.expect, list) else [str(correction.expect)]
        # Only a text that stands in its cell more than once needs a position; which of them it is, the ids do not say.
        most = 1 if where.position is None else len(keys) + len(texts) + 1
        found: list[str] = []
        for text in texts:
            ids = {entry_id(where.class_code, where.kind, where.tier, text, n) for n in range(1, most + 1)}
            found += [key for key in keys if key in ids and key not in found][:1]
        return found
    if where.annex is not None:
        wanted = {name for name in (where.no, where.part) if name is not None}
        named = [key for key in keys if key == where.row_id]
        named = named or [key for key in keys if wanted and wanted <= {*key.split("/")}]
        return named[:1] or (list(keys) if correction.action == "add" and len(keys) == 1 else [])
    return list(keys[:1])


def as_decided(
    findings: Iterable[Finding], accepted: Iterable[Acceptance] = (), corrections: Iterable[Correction] = ()
) -> list[Finding]:
    """The findings under the ids by which decisions know them; of those corrected in part, only the rows left.

    A finding of several rows names none in its id, one of a single row does: where decisions left one row of several,
    it keeps the id of the several.
    """
    named = _by_finding(corrections)
    known = {*named, *(digits_of(one.finding_id) for one in accepted)}
    made = []
    for one in findings:
        whole = replace(one, key=None, keys=one.rows)
        one = whole if one.digits not in known and whole.digits in known else one
        left = rows_left(_row(one), named[one.digits])
        made.append(replace(one, keys=tuple(left)) if left else one)
    return made


def _by_finding(corrections: Iterable[Correction]) -> defaultdict[str, list[Correction]]:
    named: defaultdict[str, list[Correction]] = defaultdict(list)
    for one in corrections:
        if one.finding:
            named[digits_of(one.finding)].append(one)
    return named


def _row(finding: Finding) -> Row:
    return {
        "finding_id": finding.digits, "evidence": finding.evidence, "key": finding.key, "keys": finding.keys
    }  # fmt: skip


def statuses(
    findings: Iterable[Finding], accepted: Iterable[Acceptance] = (), corrections: Iterable[Correction] = ()
) -> dict[str, str]:
    """Digits → ``accepted`` or ``corrected``, for the findings that are not open.

    ``corrected``: all of its rows are (it shows still, because what it is about stands elsewhere).
    """
    rows = decided(map(_row, findings), accepted, corrections)
    return {row["finding_id"]: row["status"] for row in rows if row["status"] != "open"}


def decided(
    rows: Iterable[Row], accepted: Iterable[Acceptance] = (), corrections: Iterable[Correction] = ()
) -> list[dict[str, Any]]:
    """Rows of the table ``findings`` with their status; ``keys`` of one that is corrected in part: the rows left."""
    known = {(digits_of(one.finding_id), one.evidence) for one in accepted}
    named = _by_finding(corrections)
    made = []
    for row in rows:
        digits = digits_of(row["finding_id"])
        left = rows_left(row, named[digits])
        now = {**row, "keys": left} if left else {**row}
        is_accepted = (digits, row_digest(now)) in known
        made.append({**now, "status": "corrected" if left == [] else "accepted" if is_accepted else "open"})
    return made


def with_statuses(rows: Iterable[Row], folder: Path) -> list[dict[str, Any]]:
    """As :func:`decided`, by the decisions on file now in ``folder`` (raw/<edition>).

    Raises XizeError where accepted.yaml or corrections.yaml cannot be read.
    """
    corrections = decided_corrections(folder / "corrections.yaml")
    return decided(rows, load_accepted(folder / "accepted.yaml"), corrections)


def refuse_decided(
    rows: Iterable[Row], folder: Path, by: str, states: Collection[str] = ("accepted", "corrected")
) -> None:
    """Raise XizeError when somebody else than ``by`` has decided one of ``rows`` (their status is that of now)."""
    for row in rows:
        who = who_decided(row, folder) if row["status"] in states else ""
        if who and by.strip() not in who.split("、"):
            done, file = _DECISIONS[row["status"]]
            raise XizeError(
                f"发现{row['finding_id']}已由{who}{done}，没有改动：请先与其商定；要改请直接编辑{folder / file}。"
            )


_DECISIONS = {"accepted": ("接受", "accepted.yaml"), "corrected": ("更正", "corrections.yaml")}


def who_decided(row: Row, folder: Path) -> str:
    """Who has accepted or corrected a finding whose status says that somebody has, joined by 、."""
    wanted, names = digits_of(row["finding_id"]), []
    if row["status"] == "accepted":
        names = [
            one.by for one in load_accepted(folder / "accepted.yaml") if digits_of(one.finding_id) == wanted
        ]
    elif row["status"] == "corrected":
        corrections = decided_corrections(folder / "corrections.yaml")
        names = [one.by for one in corrections if digits_of(one.finding or "") == wanted]
    return "、".join(dict.fromkeys(names))


def accept(path: Path, rows: Sequence[Row], why: str, by: str, date: datetime.date) -> int:
    """Write acceptances of findings (rows of the table) to ``path``; comments and order are kept.

    A finding accepted before gets the new reason and date in its old place. Gives how many were written. Raises
    XizeError when somebody else has decided one of them (nothing is written then), and when the file cannot be read or
    written.
    """
    why, by = why.strip(), by.strip()
    if not why or not by:
        raise XizeError("接受一项发现须写明理由与姓名：请用--why与--by。")
    if unkeepable(why) or unkeepable(by):
        raise XizeError("理由或姓名中有控制字符或不成字的字符：请重新输入。")
    load_accepted(path)  # what is parsed before does not keep others waiting
    with decisions_lock(path.parent):
        before = file_bytes(path) if path.is_file() else None
        known = accepted_in(path, before)
        corrections = decided_corrections(path.parent / "corrections.yaml")
        now = decided(rows, known, corrections)
        refuse_decided(now, path.parent, by)
        made = {digits_of(row["finding_id"]): _acceptance(row, why, by, date) for row in now}
        if before is not None and any(digits_of(one.finding_id) in made for one in known):
            document = parse_yaml(path, before)
            for item in document:
                item.update(made.pop(digits_of(item["finding_id"]), {}))
            document.extend(made.values())
            write_yaml(path, document)
        else:
            append(path, [(one, "") for one in made.values()], HEAD)
    return len(rows)


HEAD = "接受的发现：原文如此、已知悉，不再作为未决事项；所据文字变化后自动失效。由“xize accept”写入。"
"""The comment above a new file."""


def _acceptance(row: Row, why: str, by: str, date: datetime.date) -> dict[str, Any]:
    return {
        "finding_id": row["finding_id"],
        "code": row["code"],
        "message": row["message"],
        "evidence": row_digest(row),
        "why": why,
        "by": by,
        "date": date.replace(),  # its own object: YAML writes one that comes again as an alias
    }


def write_yaml(path: Path, document: Any) -> None:
    """Write a steward's file in one atomic step. Raises XizeError."""
    save_file(path, yaml_bytes(document))


def by_worth(rows: Iterable[Row]) -> list[Row]:
    """Open findings first; what may be read wrongly before what is printed so; then by the rows that are probably wrong
    (chance × rows), severity and place."""

    def worth(row: Row) -> tuple[Any, ...]:
        return (
            row["status"] != "open",
            row["queue"] != "reading",
            -(row["chance"] or 0.0) * affected(row),
            list(SEVERITIES).index(row["severity"]),
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


_PAGES = "\0"
"""Stands for the page numbers in a message."""


def merge_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, in the order in which they first come.

    Findings with one id say the same of the same text (a watermark on every page, a dash in many cells): one decision
    settles them all. What stays is the first, with its place; its message has every different sentence, with the pages
    that it names, or behind the last how many places there are and on which pages.
    """
    groups = grouped(findings, attrgetter("digits")).values()
    return [group[0] if len(group) == 1 else _one(group) for group in groups]


def _one(group: Sequence[Finding]) -> Finding:
    places = {(one.page, one.line, one.cell_id, one.x0, one.top) for one in group}
    pages: dict[str, list[int]] = {}
    for one in group:
        message, number = _without_page(one)
        pages.setdefault(message, []).extend([] if number is None else [number])
    said = [
        text.replace(_PAGES, page_spans(numbers), 1) if numbers else text for text, numbers in pages.items()
    ]
    if len(said) == 1 and len(places) == 1:
        return group[0]
    if len(places) > 1 and not any(pages.values()):
        known = {one.page for one in group if one.page is not None}
        at = f"，在第 {page_spans(known)} 页" if known else ""
        said[-1] += f"（共 {len(places)} 处{at}）"
    return replace(group[0], message="；".join(said) + "。")


def _without_page(finding: Finding) -> tuple[str, int | None]:
    """The message without its full stop and without its page's number; that number where it is named."""
    message = finding.message.removesuffix("。")
    for words in (f"第 {finding.page} 页", f"第{finding.page}页"):
        if finding.page is not None and words in message:
            return message.replace(words, words.replace(str(finding.page), _PAGES), 1), finding.page
    return message, None
