"""A Word file beside a PDF: it settles where items and lines begin and end; where the two differ, a finding says so.

Characters decide: a line end of the PDF between two characters that stand side by side in the Word file as well is an
item's end exactly where the Word file has one. The PDF's text is published in any case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import accumulate, pairwise
from typing import Any

import pyarrow as pa
from rapidfuzz.distance import Indel

from pipeline.arrow import grouped
from pipeline.findings import Finding
from pipeline.model import Cell, Line, LogicalTable, Slot, slot_of
from pipeline.schema import ANNEX_TABLES, KINDS, TABLES
from pipeline.schema.common import PROVENANCE
from pipeline.text import normalise, squeeze
from pipeline.tidy.wraps.items import LineRules, placed_lines
from pipeline.tidy.wraps.segment_model import Item, join

_SHOWN = 60
"""Characters of a reading that a message shows."""

_COMPARED = ("majors", "classes", "notes", *ANNEX_TABLES)
_DERIVED = frozenset(
    ("edition", "toc_page", "present", "titles", "condition", "remark", *(field.name for field in PROVENANCE))
)
"""Columns that are not printed where the row stands, or that follow from others."""


@dataclass(frozen=True)
class WordFile:
    """What the Word file says: the items of every slot, the lines of every cell by its text (of cells with one text but
    other lines, none), and the rows by table."""

    items: Mapping[Slot, tuple[str, ...]]
    lines: Mapping[str, tuple[str, ...]]
    rows: Mapping[str, Sequence[Mapping[str, Any]]]

    def settled_lines(self, rules: LineRules, groups: Mapping[str, Sequence[LogicalTable]]) -> LineRules:
        """The rules with the intended lines of the annex cells that have the same text in the Word file."""
        intended = dict(rules.intended)
        for table in (table for tables in groups.values() for table in tables):
            for cell in table.cells:
                lines = [line for line, _ in placed_lines(cell.pieces)]
                wanted = self.lines.get(cell.text, ())
                ends = _ends([line.text for line in lines], wanted) if wanted and len(lines) > 1 else [None]
                if None not in ends:
                    intended[cell.first.cell_id] = tuple(_grouped(lines, ends, _with_blanks(wanted)))
        return replace(rules, intended=intended)

    def differences(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[Finding]:
        """What classes, notes and annexes say otherwise than the Word file; entries: see :meth:`compared`."""
        for table in _COMPARED:
            keys = TABLES[table].key
            names = [field.name for field in TABLES[table].fields if field.name not in (*_DERIVED, *keys)]
            ours, theirs = (
                {tuple(row.get(key) for key in keys): row for row in some.get(table, ())}
                for some in (rows, self.rows)
            )
            for key in dict.fromkeys((*ours, *theirs)):
                left, right = ours.get(key, {}), theirs.get(key, {})
                apart = [name for name in names if _same(left.get(name)) != _same(right.get(name))]
                if not apart:
                    continue
                name = "/".join(str(part) for part in key if part is not None)
                said = [
                    " ".join(filter(None, (_shown(row.get(one)) for one in apart))) for row in (left, right)
                ]
                place = {**_place(left), "key": name} if left else {}
                yield _finding(f"{TABLES[table].title_zh}{name}", said[0], said[1], table=table, **place)

    def compared(
        self, slot: Slot, rows: Sequence[Mapping[str, Any]], first: Cell | None
    ) -> Iterator[Finding]:
        """The difference between the items of a slot (``rows`` of entries) and those of the Word file, if there is one."""
        texts = [str(row["text"]) for row in rows]
        wanted = self.items.get(slot, ())
        ours, theirs = Counter(map(squeeze, texts)), Counter(map(squeeze, wanted))
        if [squeeze(text) for text in texts] == [squeeze(text) for text in wanted]:
            return
        mine = [row for row in rows if squeeze(str(row["text"])) in ours - theirs]
        other = [text for text in wanted if squeeze(text) in theirs - ours]
        if not mine and not other:  # the same items in another order
            mine, other = list(rows), list(wanted)
        code, kind, tier = slot
        place = _place(mine[0]) if mine else first.place if first is not None else {}
        keys = tuple(str(row["entry_id"]) for row in mine)
        yield _finding(
            f"{code}{KINDS[kind]}·{tier}",
            " | ".join(str(row["text"]) for row in mine),
            " | ".join(other),
            table="entries",
            key=keys[0] if keys else code,
            keys=keys if len(keys) > 1 else (),
            **place,
        )


def word_file(rows: Mapping[str, Sequence[Mapping[str, Any]]], cells: pa.Table) -> WordFile:
    """What a Word file says, from its tidied rows and its staged cells."""
    items = {
        slot: [row["text"] for row in group] for slot, group in grouped(rows["entries"], slot_of).items()
    }
    lines: dict[str, tuple[str, ...] | None] = {}
    for cell in cells.column("lines").to_pylist():
        texts = tuple(line["text"] for line in cell)
        whole = "".join(map(squeeze, texts))
        lines[whole] = texts if lines.get(whole, texts) == texts else None
    return WordFile(
        {slot: tuple(texts) for slot, texts in items.items()},
        {text: parts for text, parts in lines.items() if parts is not None},
        rows,
    )


def settle(lines: Sequence[str], found: Sequence[Item], wanted: Sequence[str]) -> list[tuple[Item, bool]]:
    """Items as the Word file has them, as far as the characters are the same, each with whether it was settled so.

    ``lines``: the normalised lines of the PDF's cell; ``found``: its items by its own layout and words; ``wanted``: the
    items of the Word file.
    """
    ends = _ends(lines, wanted)
    blanks = _with_blanks(wanted)
    own = {item.last for item in found}
    starts = [0, *(k + 1 for k, end in enumerate(ends) if (k in own if end is None else end)), len(lines)]
    out = []
    for start, stop in pairwise(starts):
        gaps = ends[max(start - 1, 0) : stop]  # the gap before the item, those inside it, the one behind it
        sure = None not in gaps
        doubt = min(
            (item.confidence for item in found if item.first < stop and item.last >= start), default=1.0
        )
        text = reduce(join, lines[start:stop])
        text = blanks.get(squeeze(text), text) if sure else text
        out.append((Item(start, stop - 1, text, 1.0 if sure else doubt), sure))
    return out


def _ends(lines: Sequence[str], wanted: Sequence[str]) -> list[bool | None]:
    """Of all lines but the last, whether an item ends there by the items ``wanted``; None where these do not tell."""
    ours, theirs = "".join(map(squeeze, lines)), "".join(map(squeeze, wanted))
    at = _places(ours, theirs)
    begins = set(accumulate(len(squeeze(text)) for text in wanted))
    out: list[bool | None] = []
    for place in accumulate(len(squeeze(line)) for line in lines[:-1]):
        before, behind = at.get(place - 1), at.get(place)
        together = before is not None and behind == before + 1
        out.append(behind in begins if together else None)
    return out


def _places(ours: str, theirs: str) -> Mapping[int, int]:
    """Where each character of ``ours`` stands in ``theirs``, as far as they are the same."""
    if ours == theirs:
        return dict(enumerate(range(len(theirs))))
    return {
        code.src_start + k: code.dest_start + k
        for code in Indel.opcodes(ours, theirs)
        if code.tag == "equal"
        for k in range(code.src_end - code.src_start)
    }


def _with_blanks(wanted: Iterable[str]) -> Mapping[str, str]:
    """Texts of the Word file without blanks → with them: at a wrap inside Latin words the PDF does not tell."""
    return {squeeze(text): normalise(text) for text in wanted}


def _grouped(lines: Sequence[Line], ends: Sequence[bool | None], blanks: Mapping[str, str]) -> Iterator[Line]:
    """The intended lines of an annex cell: its printed lines put together up to each end."""
    starts = [0, *(k + 1 for k, end in enumerate(ends) if end), len(lines)]
    for start, stop in pairwise(starts):
        text = normalise(reduce(join, [normalise(line.text) for line in lines[start:stop]]))
        yield replace(lines[start], text=blanks.get(squeeze(text), text), advances=())


def _finding(where: str, left: str, right: str, **more: Any) -> Finding:
    said = [f"“{text[:_SHOWN]}”" if text else "没有" for text in (left, right)]
    message = f"{where}：PDF为{said[0]}，Word文件为{said[1]}；已按PDF发布，请核对。"
    return Finding("sources_differ", message, f"pdf：{left}；docx：{right}", **more)


def _place(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row.get(name) for name in ("page", "x0", "top", "x1", "bottom", "cell_id")}


def _same(value: object) -> object:
    if isinstance(value, str):
        return squeeze(value)
    return [_same(one) for one in value] if isinstance(value, list) else value


def _shown(value: object) -> str:
    return "、".join(map(str, value)) if isinstance(value, list | tuple) else str(value or "")
