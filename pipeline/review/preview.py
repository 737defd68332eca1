"""How the rows would become: the corrections of today and one more, applied as a run applies them."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import XizeError
from pipeline.model import Slot, slot_of
from pipeline.quality.corrections.cells import apply_to_cells
from pipeline.quality.corrections.file import Correction
from pipeline.quality.corrections.rows import apply_to_rows
from pipeline.review.model import NOT_SHOWN, Material, Row
from pipeline.schema import ANNEX_TABLES, GRADE_LABELS, KINDS, TABLES

_COMPARED = ("classes", "majors", "entries", "notes", *ANNEX_TABLES)
CHANGES_SHOWN = 60


def pending(
    path: Path, corrections: Sequence[Correction], applied: str | None
) -> tuple[list[Correction], bool]:
    """The corrections of ``path`` that rows made with the file whose sha256 is ``applied`` do not know yet, and whether that
    can be told.

    Where it cannot (the file was edited by hand), all of them: those that no longer find their text were applied.
    """
    known = _known_lines(path, corrections, applied)
    return [one for one in corrections if one.line > (known or 0)], known is not None


def _known_lines(path: Path, corrections: Sequence[Correction], applied: str | None) -> int | None:
    """How many lines of ``path`` stood there when its sha256 was ``applied``; None where it was edited since.

    Entries are added at the file's end: the file as it was then is a beginning of it, up to some line.
    """
    digest = hashlib.sha256()
    if not corrections or applied in (None, digest.hexdigest()):
        return 0
    known = None
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
        # A file without a line end at its close got one before the next entry.
        open_end = digest.copy()
        open_end.update(line.rstrip(b"\r\n"))
        digest.update(line)
        if applied in (open_end.hexdigest(), digest.hexdigest()):
            known = number
    return known


def of_published(material: Material, corrections: Sequence[Correction], count: int = 1) -> list[Row]:
    """What the last ``count`` of ``corrections`` (of rows) change in the rows shown, after those pending before them.

    Raises XizeError, as a run does, when it does not apply.
    """
    waiting, told = pending(material.edition.corrections, corrections[:-count], material.applied)
    before: Mapping[str, Sequence[Row]] = material.rows
    if told:
        before = apply_to_rows(before, waiting, rule3=material.rule3)
    else:
        for one in waiting:
            # One that does not apply is known to the rows, or the next run says that it does not apply.
            with contextlib.suppress(XizeError):
                before = apply_to_rows(before, [one], rule3=material.rule3)
    return changes(before, apply_to_rows(before, corrections[-count:], rule3=material.rule3))


def check_cells(material: Material, corrections: Sequence[Correction]) -> None:
    """Whether all corrections of cells apply to the cells as read. Raises XizeError as a run does."""
    apply_to_cells(material.staged, corrections)


def changes(before: Mapping[str, Sequence[Row]], after: Mapping[str, Sequence[Row]]) -> list[Row]:
    """The places whose rows differ: catalogue cells with their items in order, rows of the other tables by key.

    Each with ``title``, and ``before`` and ``after`` as lists of [mark, text, more].
    """
    found: list[Row] = []
    for table in _COMPARED:
        was, now = before.get(table, ()), after.get(table, ())
        found += _slots(was, now) if table == "entries" else _keyed(table, was, now)
    return found


def _slots(was: Sequence[Row], now: Sequence[Row]) -> list[Row]:
    old, new = _by_slot(was), _by_slot(now)
    return [
        _change(f"{slot[0]} · {KINDS.get(slot[1], slot[1])} · {slot[2]}", old[slot], new[slot])
        for slot in dict.fromkeys([*old, *new])
        if old[slot] != new[slot]
    ]


def _by_slot(rows: Sequence[Row]) -> dict[Slot, list[tuple[str, str]]]:
    slots = defaultdict(list)
    for row in rows:
        slots[slot_of(row)].append((row["text"], _more(row)))
    return slots


def _more(row: Mapping[str, Any]) -> str:
    """What was read from an item's text."""
    parts = [GRADE_LABELS.get(grade, str(grade)) for grade in row["grades"]]
    parts += [row["level"]] if row["level"] else []
    return "、".join(parts) + (f"（{row['issuer']}）" if row["issuer"] else "")


def _keyed(table: str, was: Sequence[Row], now: Sequence[Row]) -> list[Row]:
    key = TABLES[table].key
    names = [name for name in TABLES[table].names if name not in NOT_SHOWN]

    def by_key(rows: Sequence[Row]) -> dict[tuple[Any, ...], tuple[str, str]]:
        return {
            tuple(row.get(name) for name in key): (" | ".join(_value(row.get(name)) for name in names), "")
            for row in rows
        }

    old, new = by_key(was), by_key(now)
    title = TABLES[table].title_zh
    found = [
        _change(f"{title} {_value(key[-1])}", [old[key]], [new[key]])
        for key in old
        if key in new and old[key] != new[key]
    ]
    gone = [row for key, row in old.items() if key not in new]
    come = [row for key, row in new.items() if key not in old]
    return [*found, _change(title, gone, come)] if gone or come else found


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "；".join(map(str, value))
    return "" if value is None else str(value)


def _change(title: str, left: Sequence[tuple[str, str]], right: Sequence[tuple[str, str]]) -> Row:
    """Both sides with "=" before what stays, "-" and "+" before what goes and comes; of what stays, the ends only."""
    before: list[list[str]] = []
    after: list[list[str]] = []
    matcher = difflib.SequenceMatcher(None, list(left), list(right), autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            kept = [["=", *pair] for pair in left[a:b]]
            if len(kept) > 3:
                kept = [kept[0], ["…", f"（另{len(kept) - 2}条不变）", ""], kept[-1]]
            before += kept
            after += kept
        else:
            before += [["-", *pair] for pair in left[a:b]]
            after += [["+", *pair] for pair in right[c:d]]
    return {"title": title, "before": before, "after": after}


def as_json(found: Sequence[Row], basis: str) -> Row:
    """Changes for the page; ``basis``: published (the rows shown) or read (tidied anew)."""
    return {"basis": basis, "total": len(found), "changes": found[:CHANGES_SHOWN]}
