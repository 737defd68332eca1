"""The comparison as one HTML file that opens offline: both readings side by side, with what the sources show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from markupsafe import Markup, escape

from pipeline.diff.side import Names, Side
from pipeline.diff.sources.comparison import Comparison, Decision, Difference
from pipeline.diff.sources.differences import KINDS
from pipeline.diff.sources.evidence import Crop, SourceEvidence
from pipeline.diff.sources.pairs import CELLS, SourceItem
from pipeline.diff.textdiff import compare_texts
from pipeline.output import web
from pipeline.schema import TABLES
from pipeline.text import place_words

# Places of one decision that are shown with crops and lines; of the others only where they are.
_SHOWN = 4
# Longer runs of items are shown up to here; the data (--format json) have them all.
_ITEMS = 30
# Readings in a decision's heading are cut off here; longer stretches that both readings have are shortened.
_TITLE, _SAME = 90, 160


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
    seen: set[Crop] = set()  # a merged cell that many rows share is shown once
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
    one: Difference, side: int, source: Side, evidence: SourceEvidence, shown: set[Crop]
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
