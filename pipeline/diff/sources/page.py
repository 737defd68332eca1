"""The comparison as one HTML file that opens offline: both readings side by side, with what the sources show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from pipeline.diff.sources.differences import KINDS, pieces
from pipeline.diff.sources.engine import Comparison, Decision, Difference
from pipeline.diff.sources.evidence import Crop, Evidence
from pipeline.diff.sources.load import Side
from pipeline.diff.sources.pairs import Item
from pipeline.schema import TABLES

# Places of one decision that are shown with crops and lines; of the others only where they are.
_SHOWN = 4
# Longer runs of items are shown up to here; the data (--format json) have them all.
_ITEMS = 30
# Readings in a decision's heading are cut off here.
_TITLE = 90


@dataclass(frozen=True)
class _Panel:
    """One side of one difference: its reading, and what its source shows."""

    items: list[Markup]
    place: str
    crops: list[Crop]
    repeated: bool
    lines: list[tuple[int | None, list[tuple[str, bool]]]]
    empty: str


def render(found: Comparison) -> str:
    """The page. Raises XizeError when a page of a PDF cannot be drawn."""
    from jinja2 import Environment, FileSystemLoader

    folder = Path(__file__).with_name("templates")
    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    left, right = Evidence(found.left), Evidence(found.right)
    cards = [_card(decision, found, left, right) for decision in found.decisions]
    return environment.get_template("compare.j2").render(
        found=found,
        pictures=(left.draw(), right.draw()),
        summary=found.summary(),
        sides=(found.left, found.right),
        kinds={kind: found.kind_zh(kind) for kind in KINDS},
        decisions_by_kind=Counter(decision.kind for decision in found.decisions),
        places_by_kind=Counter(one.spot.kind for decision in found.decisions for one in decision.differences),
        tables=_tables(found),
        sections=_sections(found),
        cards=cards,
        style=Markup((folder / "compare.css").read_text("utf-8")),
        script=Markup((folder / "compare.js").read_text("utf-8")),
    )


def _tables(found: Comparison) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "title": TABLES[name].title_zh,
            "cells": cells,
            "agree": agree,
            "share": agree / cells if cells else 1.0,
        }
        for name, (cells, agree) in found.cells_by_table.items()
    ]


def _sections(found: Comparison) -> list[tuple[str, str]]:
    """Classes and annexes with a difference: value and label for the filter."""
    labels: dict[str, str] = {}
    names: dict[str, str] = {}
    for side in (found.right, found.left):
        names |= dict(
            zip(
                side.tables["classes"]["class_code"].to_pylist(),
                side.tables["classes"]["name"].to_pylist(),
                strict=True,
            )
        )
        names |= dict(
            zip(
                side.tables["majors"]["major_code"].to_pylist(),
                side.tables["majors"]["name"].to_pylist(),
                strict=True,
            )
        )
    for decision in found.decisions:
        for one in decision.differences:
            section = one.pair.section
            if section in TABLES:
                labels[section] = TABLES[section].title_zh
            else:
                labels[section] = f"{section} {names.get(section, '')}"
    return sorted(labels.items(), key=lambda one: (not one[0].isdecimal(), one[0]))


def _card(decision: Decision, found: Comparison, left: Evidence, right: Evidence) -> dict[str, Any]:
    shown = decision.differences[:_SHOWN]
    seen: set[Crop] = set()  # a merged cell that many rows share is shown once
    return {
        "decision": decision,
        "sections": " ".join(dict.fromkeys(one.pair.section for one in decision.differences)),
        "title": _title(decision),
        "places": [
            {
                "label": one.pair.label,
                "hint": one.hint,
                "left": _panel(one, 0, found.left, left, seen),
                "right": _panel(one, 1, found.right, right, seen),
            }
            for one in shown
        ],
        "more": [
            f"{one.pair.label}（{'；'.join(filter(None, (_where(found.left, one.left), _where(found.right, one.right))))}）"
            for one in decision.differences[_SHOWN:]
        ],
    }


def _title(decision: Decision) -> tuple[Markup, Markup]:
    """Both readings in short, what differs marked."""
    if decision.kind != "text" or max(len(decision.left), len(decision.right)) > _TITLE:
        return _short(decision.left), _short(decision.right)
    left, right = _marked(decision.left, decision.right)
    return left, right


def _short(text: str) -> Markup:
    return escape(text if len(text) <= _TITLE else f"{text[: _TITLE - 1]}…")


def _marked(one: str, other: str, limit: int = 160) -> tuple[Markup, Markup]:
    """The two texts with what differs in <del> and <ins>; long equal stretches are shortened."""
    left, right = Markup(""), Markup("")
    for piece in pieces(one, other):
        if piece.same:
            text = piece.left
            if len(text) > limit:
                text = f"{text[: limit // 2]}…{text[-limit // 2 :]}"
            left += escape(text)
            right += escape(text)
        else:
            left += Markup("<del>{}</del>").format(piece.left) if piece.left else ""
            right += Markup("<ins>{}</ins>").format(piece.right) if piece.right else ""
    return left, right


def _panel(one: Difference, side: int, source: Side, evidence: Evidence, shown: set[Crop]) -> _Panel:
    own, other = (one.left, one.right) if side == 0 else (one.right, one.left)
    whole_row = one.pair.table not in ("entries", "annex_1_awards", "annex_10_titles")
    seen = own or _neighbours(one, side)
    crops = evidence.crops(seen, whole_row=whole_row)
    fresh = [crop for crop in crops if crop not in shown]
    shown.update(crops)
    return _Panel(
        items=list(_readings(own, other, side, one.spot.kind)),
        place=_where(source, seen),
        crops=fresh,
        repeated=len(fresh) < len(crops),
        lines=[] if source.has_pages else evidence.lines(seen, whole_row=whole_row),
        empty=_nothing(own, seen),
    )


def _nothing(own: Sequence[Item], seen: Sequence[Item]) -> str:
    if own:
        return ""
    return "此处没有；下为同一格中相邻的条目。" if seen else "此处没有。"


def _neighbours(one: Difference, side: int) -> tuple[Item, ...]:
    """The items before and after the place where this side has nothing."""
    items = one.pair.left if side == 0 else one.pair.right
    at = (one.spot.left if side == 0 else one.spot.right)[0]
    return tuple(items[max(0, at - 1) : at + 1])


def _readings(own: Sequence[Item], other: Sequence[Item], side: int, kind: str) -> Iterator[Markup]:
    """The items of one side, a character diff in them where both sides have as many."""
    if kind == "text" and len(own) == len(other):
        for mine, yours in zip(own[:_ITEMS], other[:_ITEMS], strict=True):
            pair = (mine.text, yours.text) if side == 0 else (yours.text, mine.text)
            yield _marked(*pair)[side]
    elif kind == "text":
        joined = "\n".join(item.text for item in own), "\n".join(item.text for item in other)
        texts = joined if side == 0 else joined[::-1]
        # Splitting the marked text again at its line feeds would cut through marks: one block, line ends kept.
        yield Markup('<span class="block">{}</span>').format(_marked(*texts)[side])
        return
    else:
        tag = "del" if side == 0 else "ins"
        mark = kind in ("left", "right", "place")
        for item in own[:_ITEMS]:
            yield Markup(f"<{tag}>{{}}</{tag}>").format(item.text) if mark else escape(item.text)
    if len(own) > _ITEMS:
        yield escape(f"……另有{len(own) - _ITEMS}项")


def _where(source: Side, items: Sequence[Item]) -> str:
    pages = sorted({item.page for item in items if item.page is not None})
    lines = sorted({item.line for item in items if item.line is not None})
    said = "、".join([*(f"第{page}页" for page in pages), *(f"第{line}行" for line in lines)])
    return f"{source.source} {said}" if said else ""
