"""The diff page: one HTML file that holds everything, for reading, signing and printing without a network."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
from markupsafe import Markup

from pipeline.diff.output.lines import SHORT_KINDS, ChangeLine, lines_of
from pipeline.diff.output.pictures import Album, Box, Strip, box_of, strips
from pipeline.diff.output.signoff import STATES, stored_decisions
from pipeline.diff.output.terminal import read_differently
from pipeline.diff.side import Names, Side
from pipeline.editions.files import save_file
from pipeline.output.web import render, script_json
from pipeline.schema.changes import CHANGE_KINDS, MARKS, QUIET_CHANGES
from pipeline.schema.common import KINDS, TIERS

PICTURE_BUDGET = 28 << 20
"""Bytes of PNG that a page holds at most (in the file a third more)."""

_PLAIN = (*QUIET_CHANGES, "annex_row_added", "annex_row_removed", "entry_added", "entry_removed")
"""Kinds whose text alone says everything; their pictures come last."""

_TALL = 120.0
"""Points from which on a box is a whole cell rather than an item."""

_AROUND, _LONGEST = 2, 160
"""Lines that are shown round a place without a picture, and characters of each; a transcript's line may be a whole table row."""

_SOURCES = {"pdf": "PDF", "docx": "Word文件", "xlsx": "Excel文件", "transcript": "文字稿"}


def write_html(
    changes: pa.Table, before: Side, after: Side, path: Path, budget: int = PICTURE_BUDGET
) -> None:
    """Write the diff page of ``changes`` to ``path``, with pictures of the places from the originals.

    Where an original is not at hand (or is a transcript) the printed lines round the place are shown. ``budget`` are
    the bytes of pictures allowed; where they do not suffice, plain additions and removals go without, and the page
    says so. Raises XizeError when the file cannot be written or sign-offs kept with the edition cannot be read.
    """
    lines = lines_of(changes, before, after)
    # Two releases of one file: one album shows both sides.
    same = before.file_sha256 == after.file_sha256
    first = _Shown(lines, before, "before", Album(), budget // 2)
    album, rest = (first.album, budget) if same else (Album(), budget // 2)
    shown = [first, _Shown(lines, after, "after", album, rest)]
    albums = [album] if same else [first.album, album]
    remarks = [one.remark for one in shown if one.remark]
    if count := read_differently(changes):
        remarks.append(f"另有{count}处只是读法不同、印文相同，未列为变更")
    text = render(
        "pipeline.diff.output",
        "diff.html.j2",
        title=f"细则变更对照：{before.name} → {after.name}",
        sides=[("变更前", before), ("变更后", after)],
        sources=_SOURCES,
        today=date.today().isoformat(),
        remarks=remarks,
        data=Markup(script_json(_document(lines, shown, albums))),
        pictures=[
            (f"strip-{number}-{index}", base64.b64encode(strip.png).decode("ascii"))
            for number, one in enumerate(albums)
            for index, strip in enumerate(one.strips)
        ],
    )
    save_file(path, text.encode())


class _Shown:
    """How one side's places are shown: strips of its pages, or its text; ``remark`` says why not as pictures."""

    def __init__(
        self, lines: Sequence[ChangeLine], side: Side, which: str, album: Album, budget: int
    ) -> None:
        """Strips that ``album`` lacks are added until it holds ``budget`` bytes."""
        self.side, self.which, self.album = side, which, album
        path, remark = side.original
        self.remark = f"{remark}，改示文字" if remark else ""
        if side.pdf is None or path is None:
            return
        for plain in (False, True):
            wanted = self._boxes(line for line in lines if (line.change in _PLAIN) is plain)
            missing = {box for box in wanted if album.find(box) is None}
            album.add(strips(path, missing, budget - album.size))
        lost = sum(album.find(box) is None for box in self._boxes(lines))
        if lost:
            self.remark = f"{side.name}有{lost}处未附原页图片（为限制文件大小或页面无法绘出），改示文字"

    def _boxes(self, lines: Iterable[ChangeLine]) -> set[Box]:
        return {box for line in lines if (box := self._box(line)) is not None}

    def _box(self, line: ChangeLine) -> Box | None:
        """Where a change is printed; of a cell much taller than its lines, the part where the lines stand."""
        box = box_of(line.row, self.which)
        if box is None or box.bottom - box.top < _TALL:
            return box
        inside = [
            piece
            for piece in self._cell(line)
            if piece["top"] is not None and box.top - 1 <= piece["top"] <= piece["bottom"] <= box.bottom + 1
        ]
        if not inside:
            return box
        top, bottom = min(piece["top"] for piece in inside), max(piece["bottom"] for piece in inside)
        return box._replace(top=top, bottom=bottom)

    def place(self, line: ChangeLine) -> dict[str, Any] | None:
        """How a place is shown: ``b`` strip and box (points), or ``t`` printed lines with ``h`` the place among them."""
        box = self._box(line)
        index = self.album.find(box) if box else None
        if box is not None and index is not None:
            return {"b": [index, *(round(edge, 1) for edge in box[1:])]}
        number, printed = line.row[f"line_{self.which}"], line.row[self.which] or ""
        if number is not None and 1 <= number <= len(self._transcript):
            return _excerpt(self._transcript, number - 1, printed)
        cell, top = self._cell(line), line.row[f"top_{self.which}"]
        hit = 0
        if top is not None:
            hit = min(range(len(cell)), key=lambda at: abs((cell[at]["top"] or 0.0) - top), default=0)
        return _excerpt([piece["text"] for piece in cell], hit, printed) if cell else None

    def _cell(self, line: ChangeLine) -> Sequence[Mapping[str, Any]]:
        """The printed lines of the cell in which a change stands."""
        cell = self.side.cells.by_id.get(line.row[f"cell_id_{self.which}"] or "")
        return cell["lines"] if cell else ()

    @cached_property
    def _transcript(self) -> list[str]:
        """The transcript's lines as they are; none when the source is no transcript or not at hand."""
        path = self.side.original[0]
        if path is None or self.side.source != "transcript":
            return []
        lines = path.read_text("utf-8-sig", errors="replace").split("\n")
        return [line.rstrip("\r") for line in lines]


def _excerpt(texts: Sequence[str], hit: int, printed: str) -> dict[str, Any]:
    """The line that is meant and those round it. Long lines are cut: that one round the printed text's beginning, the
    others at their end."""
    first = max(0, hit - _AROUND)
    out = []
    for index, text in enumerate(texts[first : hit + _AROUND + 1], first):
        start = 0
        if index == hit and len(text) > _LONGEST:
            found = text.find(printed[:4]) if printed else -1
            start = max(0, found - _LONGEST // 3)
        end = start + _LONGEST
        out.append(("…" if start else "") + text[start:end] + ("…" if end < len(text) else ""))
    return {"t": out, "h": hit - first}


def _document(
    lines: Sequence[ChangeLine], shown: Sequence[_Shown], albums: Sequence[Album]
) -> dict[str, Any]:
    """Everything that the page's scripts work on."""
    before, after = (one.side for one in shown)
    names = Names(before, after)
    was, now = names.classes
    codes = sorted({code for line in lines for code in line.classes})
    return {
        "sides": [
            {"edition": side.edition, "release": side.release, "sha256": side.sha256}
            for side in (before, after)
        ],
        "kinds": CHANGE_KINDS,
        "quiet": QUIET_CHANGES,
        "marks": MARKS,
        "certificates": {kind: SHORT_KINDS.get(kind, kind) for kind in KINDS},
        "tiers": TIERS,
        "states": STATES,
        "sections": list({line.section: line.section_title for line in lines}.items()),
        "tables": {table: names.table(table) for table in dict.fromkeys(line.row["table"] for line in lines)},
        "classes": {code: now.get(code) or was.get(code) or "" for code in codes},
        "albums": [albums.index(one.album) for one in shown],
        "strips": [[_strip(strip) for strip in album.strips] for album in albums],
        "changes": [_record(line, shown) for line in lines],
        "decisions": [decision.model_dump(mode="json") for decision in stored_decisions(before, after)],
    }


def _strip(strip: Strip) -> list[float]:
    return [strip.place.page, *(round(edge, 2) for edge in (*strip.place[1:], strip.scale))]


def _record(line: ChangeLine, shown: Sequence[_Shown]) -> dict[str, Any]:
    """A change for the page; absent values are left out, most have none of most."""
    row = line.row
    record = {
        "id": line.id,
        "g": line.group,
        "c": line.change,
        "t": row["table"],
        "s": line.section,
        "w": line.where,
        "k": line.classes,
        "kd": sorted({kind for kind in (row["kind"], row["kind_after"]) if kind}),
        "ti": sorted({tier for tier in (row["tier"], row["tier_after"]) if tier}),
        "f": line.field,
        "r": line.runs,
        "p": [line.place("before"), line.place("after")],
        "v": [one.place(line) for one in shown],
        "n": round(float(row["confidence"]), 2),
        "sc": None if row["score"] is None else round(float(row["score"]), 2),
        "m": row["marks"],
    }
    return {key: value for key, value in record.items() if value not in (None, [], ())}
