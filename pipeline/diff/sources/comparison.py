"""The comparison itself: every pair judged, the differences gathered into decisions, most worth first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import Any

from pipeline.diff.side import Side
from pipeline.diff.sources.differences import KINDS, Spot, core, find_spots
from pipeline.diff.sources.pairs import Pair, SourceItem, pairs
from pipeline.schema import TABLES

# A whole reading stands in a decision's name up to this many characters.
_LONG = 24

PLACE = ("page", "line", "x0", "top", "x1", "bottom", "cell_id")
"""The columns of a published row that say where it is printed."""


@dataclass(frozen=True)
class Difference:
    """One spot in its place. ``hint``: where the other source has the same text instead."""

    pair: Pair
    spot: Spot
    hint: str = ""

    @property
    def left(self) -> tuple[SourceItem, ...]:
        """The items that differ, as the first source reads them."""
        return self.pair.left[slice(*self.spot.left)]

    @property
    def right(self) -> tuple[SourceItem, ...]:
        """The items that differ, as the second source reads them."""
        return self.pair.right[slice(*self.spot.right)]

    @property
    def items(self) -> int:
        """How many items (or fields) a decision about it sets right."""
        return max(len(self.left), len(self.right))


@dataclass(frozen=True)
class Decision:
    """Differences that one decision settles: the same two readings everywhere. ``number`` counts from 1."""

    number: int
    kind: str
    left: str
    right: str
    differences: tuple[Difference, ...]

    @property
    def repairs(self) -> int:
        """Items that it sets right, over all places."""
        # A text that stands in two places is one text.
        return sum(one.items for one in self.differences if self.kind != "place" or one.left)


@dataclass(frozen=True)
class Comparison:
    """Two sources of an edition.

    ``items``: items of the first source, of the second, and those that both read alike. ``cells_by_kind``: the cells
    that differ by their gravest difference (text before place, order and split). ``cells_by_table``: cells that have a
    text in at least one source, and those that are read alike.
    """

    left: Side
    right: Side
    items: tuple[int, int, int]
    cells_by_kind: dict[str, int]
    cells_by_table: dict[str, tuple[int, int]]
    decisions: tuple[Decision, ...]

    @property
    def compared(self) -> int:
        """Cells that have a text in at least one source."""
        return sum(cells for cells, _ in self.cells_by_table.values())

    @property
    def agree(self) -> int:
        """Cells that both sources read alike."""
        return sum(agree for _, agree in self.cells_by_table.values())

    @property
    def equal(self) -> bool:
        """Whether the two sources say the same everywhere."""
        return not self.decisions

    def kind_zh(self, kind: str) -> str:
        """The kind in Chinese, with the sources' names."""
        return KINDS[kind].format(left=self.left.source, right=self.right.source)

    def rows(self) -> Iterator[dict[str, Any]]:
        """One flat row per difference, in the order of the decisions."""
        one, other = self.left.source, self.right.source
        for decision in self.decisions:
            for found in decision.differences:
                yield {
                    "decision": decision.number,
                    "repairs": decision.repairs,
                    "kind": found.spot.kind,
                    "table": found.pair.table,
                    "section": found.pair.section,
                    "label": found.pair.label,
                    f"{one}_items": [item.text for item in found.left],
                    f"{other}_items": [item.text for item in found.right],
                    **_place(one, found.left),
                    **_place(other, found.right),
                    "hint": found.hint or None,
                }

    def summary(self) -> dict[str, Any]:
        """The figures, as plain JSON values."""
        return {
            "edition": self.left.edition,
            "sources": {
                side.source: {"release": side.release, "file": side.file, "sha256": side.file_sha256}
                for side in (self.left, self.right)
            },
            "compared": self.compared,
            "agree": self.agree,
            "agree_share": round(self.agree / self.compared, 4) if self.compared else 1.0,
            "items": dict(zip((self.left.source, self.right.source, "agree"), self.items, strict=True)),
            "cells_by_kind": self.cells_by_kind,
            "decisions": len(self.decisions),
            "differences": sum(len(one.differences) for one in self.decisions),
        }


def _place(source: str, items: Sequence[SourceItem]) -> dict[str, Any]:
    """Where the first of the items stands."""
    return {f"{source}_{column}": items[0].row[column] if items else None for column in PLACE}


def _kind_of(pair: Pair, kinds: set[str]) -> str:
    """A cell's kind by its gravest difference; a cell that one source lacks altogether is that."""
    if not pair.left or not pair.right:
        whole = "left" if pair.left else "right"
        return "place" if kinds == {"place"} else whole
    if kinds & {"text", "left", "right"}:
        return "text"
    return next(kind for kind in ("place", "order", "split") if kind in kinds)


def compare(left: Side, right: Side) -> Comparison:
    """Compare two sources of one edition, place by place."""
    found: list[Difference] = []
    places = list(pairs(left, right))
    cells: Counter[str] = Counter()
    agree: Counter[str] = Counter()
    alike = 0
    for pair in places:
        spots = find_spots([item.key for item in pair.left], [item.key for item in pair.right])
        found += (Difference(pair, spot) for spot in spots)
        cells[pair.table] += 1
        agree[pair.table] += not spots
        alike += len(pair.left) - sum(spot.left[1] - spot.left[0] for spot in spots)
    found = _placed(found)
    of_pairs = groupby(found, key=attrgetter("pair"))
    by_kind = Counter(_kind_of(pair, {one.spot.kind for one in own}) for pair, own in of_pairs)
    return Comparison(
        left,
        right,
        (sum(len(pair.left) for pair in places), sum(len(pair.right) for pair in places), alike),
        {kind: by_kind[kind] for kind in KINDS if by_kind[kind]},
        {table: (count, agree[table]) for table, count in cells.items()},
        _decisions(found),
    )


def _placed(found: Sequence[Difference]) -> list[Difference]:
    """Texts that only one source has here and only the other has elsewhere: the same text in another place."""
    homes: dict[str, dict[tuple[str, ...], list[int]]] = {"left": {}, "right": {}}
    for number, one in enumerate(found):
        if one.spot.kind in homes:
            homes[one.spot.kind].setdefault(_keys(one), []).append(number)
    placed = list(found)
    for keys, numbers in homes["left"].items():
        for number, other in zip(numbers, homes["right"].get(keys, ()), strict=False):
            for here, there in ((number, other), (other, number)):
                spot = replace(found[here].spot, kind="place")
                hint = f"另一来源中见于：{found[there].pair.label}"
                placed[here] = Difference(found[here].pair, spot, hint)
    return placed


def _keys(one: Difference) -> tuple[str, ...]:
    return tuple(item.key for item in one.left or one.right)


def _decisions(found: Sequence[Difference]) -> tuple[Decision, ...]:
    """Most items first; then in the order of the document."""
    groups: dict[tuple[str, ...], list[Difference]] = {}
    for one in found:
        groups.setdefault(_group(one), []).append(one)
    decided = [Decision(0, key[0], *_readings(key[0], own), tuple(own)) for key, own in groups.items()]
    decided.sort(key=lambda one: -one.repairs)
    return tuple(replace(one, number=number) for number, one in enumerate(decided, 1))


def _group(one: Difference) -> tuple[str, ...]:
    """Differences with the same key are settled by the same decision."""
    kind, pair = one.spot.kind, one.pair
    if kind in ("left", "right") and pair.whole:
        return kind, "whole", *pair.whole  # a class or an annex row that only one source has
    if kind == "place":
        return kind, *_keys(one)
    texts = tuple(item.key for item in one.left), tuple(item.key for item in one.right)
    if kind == "text":
        before, mine, yours, after = core("".join(texts[0]), "".join(texts[1]))
        # Few characters read otherwise are one misreading wherever they stand; more are a matter of their own.
        if len(mine) + len(yours) <= _LONG // 2:
            return kind, before, mine, yours, after
    return kind, "\x1f".join(texts[0]), "\x1f".join(texts[1])


def _readings(kind: str, members: Sequence[Difference]) -> tuple[str, str]:
    """Both readings in short: the first place's, with what is common cut away from long ones."""
    first = members[0]
    if kind in ("left", "right") and first.pair.whole:
        table, name = first.pair.whole
        said = f"{TABLES[table].title_zh}{name}（{sum(one.items for one in members)}项）"
        return (said, "") if kind == "left" else ("", said)
    if kind == "place":
        text = " | ".join(item.text for item in first.left or first.right)
        mine = next(one.pair.label for one in members if one.left)
        yours = next(one.pair.label for one in members if one.right)
        return f"〔{mine}〕{text}", f"〔{yours}〕{text}"
    return " | ".join(item.text for item in first.left), " | ".join(item.text for item in first.right)
