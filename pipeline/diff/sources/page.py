"""The comparison as one HTML file that opens offline: both readings side by side, with what the sources show."""

from __future__ import annotations

import base64
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pypdfium2
from markupsafe import Markup, escape

from pipeline.diff.output.pictures import Box, union
from pipeline.diff.side import Names, Side
from pipeline.diff.sources.comparison import Comparison, Decision, Difference
from pipeline.diff.sources.differences import KINDS
from pipeline.diff.sources.pairs import CELLS, SourceItem
from pipeline.diff.textdiff import compare_texts
from pipeline.errors import XizeError
from pipeline.output import web
from pipeline.readers.pdf.pictures import grey_pages, grey_png
from pipeline.schema import TABLES
from pipeline.text import place_words, squeeze

# Places of one decision that are shown with crops and lines; of the others only where they are.
_SHOWN = 4
# Longer runs of items are shown up to here; the data (--format json) have them all.
_ITEMS = 30
# Readings in a decision's heading are cut off here; longer stretches that both readings have are shortened.
_TITLE, _SAME = 90, 160
# Pixels per point and points around the box: legible Chinese text of 7 points in a few kilobytes.
_SCALE, _AROUND = 2.5, 5.0
# Pieces of a text shown before and after those that are meant; short lists are shown whole.
_NEIGHBOURS, _SHORT = 1, 12

Texts = list[tuple[str, bool]]


def render(found: Comparison) -> str:
    """The page. Raises XizeError when a page of a PDF cannot be drawn."""
    evidence = SourceEvidence(found.left), SourceEvidence(found.right)
    cards = [_card(decision, found, evidence) for decision in found.decisions]
    return web.render(
        "pipeline.diff.output",
        "compare.html.j2",
        found=found,
        pictures=[one.draw() for one in evidence],
        summary=found.summary(),
        sides=(found.left, found.right),
        kinds={kind: found.kind_zh(kind) for kind in KINDS},
        decisions_by_kind=Counter(decision.kind for decision in found.decisions),
        places_by_kind=Counter(one.spot.kind for decision in found.decisions for one in decision.differences),
        tables=[(TABLES[name].title_zh, *counts) for name, counts in found.cells_by_table.items()],
        sections=_sections(found),
        cards=cards,
    )


def _sections(found: Comparison) -> list[tuple[str, str]]:
    """Classes and annexes with a difference: value and label for the filter."""
    names = Names(found.left, found.right)
    sections = {one.pair.section for decision in found.decisions for one in decision.differences}

    def label(section: str) -> str:
        if section in TABLES:
            return TABLES[section].title_zh
        return f"{section} {names.majors.get(section) or names.class_name(section) or ''}"

    ordered = sorted(sections, key=lambda section: (not section.isdecimal(), section))
    return [(section, label(section)) for section in ordered]


def _card(
    decision: Decision, found: Comparison, evidence: tuple[SourceEvidence, SourceEvidence]
) -> dict[str, Any]:
    seen: set[Box] = set()  # a merged cell that many rows share is shown once
    sides = found.left, found.right

    def where(one: Difference) -> str:
        places = (_where(side, items) for side, items in zip(sides, (one.left, one.right), strict=True))
        return f"{one.pair.label}（{'；'.join(filter(None, places))}）"

    return {
        "decision": decision,
        "sections": " ".join(dict.fromkeys(one.pair.section for one in decision.differences)),
        "title": _title(decision),
        "places": [
            (one, [_panel(one, at, sides[at], evidence[at], seen) for at in (0, 1)])
            for one in decision.differences[:_SHOWN]
        ],
        "more": [where(one) for one in decision.differences[_SHOWN:]],
    }


def _title(decision: Decision) -> list[Markup]:
    """Both readings in short, what differs marked."""
    texts = decision.left, decision.right
    if decision.kind == "text" and max(map(len, texts)) <= _TITLE:
        return _marked(*texts)
    return [escape(text if len(text) <= _TITLE else f"{text[: _TITLE - 1]}…") for text in texts]


def _marked(one: str, other: str) -> list[Markup]:
    """The two texts with what differs in <del> and <ins>; long equal stretches are shortened."""
    found = []
    for tag, runs in zip(("del", "ins"), compare_texts(one, other, few=True), strict=True):
        text = Markup("")
        for place, run in enumerate(runs):
            if place % 2:
                text += Markup(f"<{tag}>{{}}</{tag}>").format(run) if run else ""
            else:
                text += run if len(run) <= _SAME else f"{run[: _SAME // 2]}…{run[-_SAME // 2 :]}"
        found.append(text)
    return found


def _panel(
    one: Difference, side: int, source: Side, evidence: SourceEvidence, shown: set[Box]
) -> dict[str, Any]:
    """One side of one difference: its reading, and what its source shows."""
    own = one.right if side else one.left
    whole_row = one.pair.table != "entries" and one.pair.table not in CELLS
    seen = own or _neighbours(one, side)
    crops = evidence.crops(seen, whole_row=whole_row)
    fresh = [crop for crop in crops if crop not in shown]
    shown.update(crops)
    empty = "此处没有；下为同一格中相邻的条目。" if seen else "此处没有。"
    return {
        "items": list(_readings(one, side)),
        "place": _where(source, seen),
        "crops": fresh,
        "repeated": len(fresh) < len(crops),
        "lines": [] if source.pdf else evidence.lines(seen, whole_row=whole_row),
        "empty": "" if own else empty,
    }


def _neighbours(one: Difference, side: int) -> tuple[SourceItem, ...]:
    """The items before and after the place where this side has nothing."""
    items, span = (one.pair.right, one.spot.right) if side else (one.pair.left, one.spot.left)
    return items[max(0, span[0] - 1) : span[0] + 1]


def _readings(one: Difference, side: int) -> Iterator[Markup]:
    """The items of one side, a character diff in them where both sides have as many."""
    left, right = ([item.text for item in items] for items in (one.left, one.right))
    own, kind = (right if side else left), one.spot.kind
    if kind == "text" and len(left) != len(right):
        # Splitting the marked text again at its line feeds would cut through marks: one block, line ends kept.
        yield Markup('<span class="block">{}</span>').format(_marked("\n".join(left), "\n".join(right))[side])
        return
    if kind == "text":
        yield from (_marked(*texts)[side] for texts in zip(left[:_ITEMS], right[:_ITEMS], strict=True))
    else:
        tag = "ins" if side else "del"
        mark = Markup(f"<{tag}>{{}}</{tag}>" if kind in ("left", "right", "place") else "{}")
        yield from (mark.format(text) for text in own[:_ITEMS])
    if len(own) > _ITEMS:
        yield escape(f"……另有{len(own) - _ITEMS}项")


def _where(source: Side, items: Sequence[SourceItem]) -> str:
    places = {(item.row["page"] or 0, item.row["line"] or 0) for item in items}
    words = (place_words(page or None, line or None, source.source) for page, line in sorted(places))
    said = "、".join(dict.fromkeys(filter(None, words)))
    return f"{source.source} {said}" if said else ""


# -- what the sources themselves show: a crop of the PDF page, the lines of a text as read


class SourceEvidence:
    """Evidence of one side: first everything is asked for, then ``draw`` draws each page once."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._wanted: set[Box] = set()

    def crops(self, items: Sequence[SourceItem], *, whole_row: bool) -> list[Box]:
        """A box per page on which the items stand; none where the source has no pages.

        ``whole_row``: the printed row that they stand in, not only their own boxes.
        """
        boxes: dict[int, list[Box]] = defaultdict(list)
        for item in items:
            box = self._row_box(item) if whole_row else item.box
            if box is not None and self._side.pdf is not None:
                boxes[box.page].append(box)
        found = sorted(map(union, boxes.values()))
        self._wanted.update(found)
        return found

    def draw(self) -> dict[Box, str]:
        """Every crop asked for, as a PNG in a data URL. Raises XizeError when the PDF cannot be drawn."""
        path = self._side.pdf
        if not self._wanted or path is None:
            return {}
        drawn: dict[Box, str] = {}
        try:
            for number, picture in grey_pages(path, {box.page for box in self._wanted}, _SCALE):
                drawn |= {box: _cut(picture, box) for box in self._wanted if box.page == number}
        except pypdfium2.PdfiumError as error:
            raise XizeError(f"{path}的页面无法绘出（{error}）：请去掉--html，或用不加密的文件。") from error
        return drawn

    def _row_box(self, item: SourceItem) -> Box | None:
        """The printed row from its first to its last cell; as high as a merged cell where that holds the item."""
        cells = [one for one in self._side.cells.row_of(item.row["cell_id"]) if one["x0"] is not None]
        if not cells or item.box is None:
            return item.box
        own = self._side.cells.by_id[item.row["cell_id"]]
        whole = Box(
            item.box.page, min(one["x0"] for one in cells), own["top"], max(one["x1"] for one in cells), own["bottom"]
        )  # fmt: skip
        holding = [
            one for one in cells if item.key in squeeze("".join(line["text"] for line in one["lines"]))
        ]
        return union([whole, *(Box(*(one[name] for name in Box._fields)) for one in holding)])

    def lines(self, items: Sequence[SourceItem], *, whole_row: bool) -> list[tuple[int | None, Texts]]:
        """(line, pieces) of the cells in which the items stand: every piece as read, and whether it is meant.

        Pieces far from those meant are left out. ``whole_row``: the row's other cells are pieces, too.
        """
        found = []
        for cell_id in dict.fromkeys(item.row["cell_id"] for item in items):
            cell = self._side.cells.by_id.get(cell_id or "")
            if cell is None:
                continue
            own = [item for item in items if item.row["cell_id"] == cell_id]
            cells = self._side.cells.row_of(cell_id) if whole_row else [cell]
            texts = [line["text"] for one in cells for line in one["lines"]]
            meant = _meant(texts, [item.key for item in own])
            found.append((own[0].row["line"] or cell["line"], _window(texts, meant)))
        return found


def _cut(picture: Any, box: Box) -> str:
    """The part of a page's picture that shows the box and a little around it, as a PNG in a data URL."""
    left, top = (max(0, int((edge - _AROUND) * _SCALE)) for edge in box[1:3])
    right, bottom = (int((edge + _AROUND) * _SCALE) for edge in box[3:])
    part = picture.crop((left, top, min(picture.width, right), min(picture.height, bottom)))
    return "data:image/png;base64," + base64.b64encode(grey_png(part)).decode()


def _meant(texts: Sequence[str], wanted: Sequence[str]) -> set[int]:
    """Which pieces hold any part of the texts wanted, which follow each other in the joined pieces."""
    pieces = [squeeze(text) for text in texts]
    owner = [number for number, piece in enumerate(pieces) for _ in piece]  # of every character
    joined, meant, start = "".join(pieces), set(), 0
    for text in wanted:
        at = joined.find(text, start)
        if at < 0:
            at = joined.find(text)
        if at >= 0 and text:
            start = at + len(text)
            meant.update(owner[at:start])
    return meant


def _window(texts: Sequence[str], meant: set[int]) -> Texts:
    """The pieces meant and their neighbours; "…" where some are left out. All of a short list."""
    near = {number for centre in meant for number in range(centre - _NEIGHBOURS, centre + _NEIGHBOURS + 1)}
    near.intersection_update(range(len(texts)))
    if not near or len(texts) <= 2 * _NEIGHBOURS + 2:
        near = set(range(min(len(texts), _SHORT)))
    shown: Texts = []
    last = -1
    for number in sorted(near):
        if number != last + 1:
            shown.append(("…", False))
        shown.append((texts[number], number in meant))
        last = number
    return [*shown, ("…", False)] if last < len(texts) - 1 else shown
