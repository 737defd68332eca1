"""The comparison itself: every pair judged, the differences gathered into decisions, most worth first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.diff.sources.differences import KINDS, Spot, core, find_spots
from pipeline.diff.sources.load import Side
from pipeline.diff.sources.pairs import Item, Pair, pairs
from pipeline.schema import TABLES

# A whole reading stands in a decision's name up to this many characters.
_LONG = 24


@dataclass(frozen=True)
class Difference:
    """One spot in its place. ``hint``: where the other source has the same text instead."""

    pair: Pair
    spot: Spot
    hint: str = ""

    @property
    def left(self) -> tuple[Item, ...]:
        """The items that differ, as the first source reads them."""
        return self.pair.left[slice(*self.spot.left)]

    @property
    def right(self) -> tuple[Item, ...]:
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
    kind_zh: str
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
    """Two sources of an edition. ``compared`` cells have a text in at least one of them, ``agree`` are read alike.

    ``items``: items of the first source, of the second, and those that both read alike. ``cells_by_kind``: the other
    cells by their gravest difference (text before place, order and split). ``cells_by_table``: compared and agreeing.
    """

    left: Side
    right: Side
    compared: int
    agree: int
    items: tuple[int, int, int]
    cells_by_kind: dict[str, int]
    cells_by_table: dict[str, tuple[int, int]]
    decisions: tuple[Decision, ...]

    @property
    def equal(self) -> bool:
        """Whether the two sources say the same everywhere."""
        return not self.decisions

    def kind_zh(self, kind: str) -> str:
        """The kind in Chinese, with the sources' names."""
        return KINDS[kind].format(left=self.left.source, right=self.right.source)

    def rows(self) -> Iterator[dict[str, Any]]:
        """One flat row per difference, in the order of the decisions."""
        for decision in self.decisions:
            for one in decision.differences:
                yield {
                    "decision": decision.number,
                    "repairs": decision.repairs,
                    "kind": one.spot.kind,
                    "table": one.pair.table,
                    "section": one.pair.section,
                    "label": one.pair.label,
                    f"{self.left.source}_items": [item.text for item in one.left],
                    f"{self.right.source}_items": [item.text for item in one.right],
                    **_place(self.left.source, one.left),
                    **_place(self.right.source, one.right),
                    "hint": one.hint or None,
                }

    def summary(self) -> dict[str, Any]:
        """The figures, as plain JSON values."""
        return {
            "edition": self.left.edition,
            "sources": {
                side.source: {"release": side.release, "file": side.file, "sha256": side.sha256}
                for side in (self.left, self.right)
            },
            "compared": self.compared,
            "agree": self.agree,
            "agree_share": round(self.agree / self.compared, 4) if self.compared else 1.0,
            "items": {
                self.left.source: self.items[0],
                self.right.source: self.items[1],
                "agree": self.items[2],
            },
            "cells_by_kind": self.cells_by_kind,
            "decisions": len(self.decisions),
            "differences": sum(len(one.differences) for one in self.decisions),
        }


def _place(source: str, items: Sequence[Item]) -> dict[str, Any]:
    first = items[0] if items else None
    box = first.box if first and first.box else (None,) * 4
    return {
        f"{source}_page": first.page if first else None,
        f"{source}_line": first.line if first else None,
        **{f"{source}_{side}": value for side, value in zip(("x0", "top", "x1", "bottom"), box, strict=True)},
        f"{source}_cell_id": first.cell_id if first else None,
    }


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
    compared = agree = 0
    items = [0, 0, 0]
    by_table: dict[str, tuple[int, int]] = {}
    for pair in pairs(left.tables, right.tables):
        own = [
            Difference(pair, spot)
            for spot in find_spots([one.key for one in pair.left], [one.key for one in pair.right])
        ]
        compared += 1
        agree += not own
        cells, alike = by_table.get(pair.table, (0, 0))
        by_table[pair.table] = (cells + 1, alike + (not own))
        items[0] += len(pair.left)
        items[1] += len(pair.right)
        items[2] += len(pair.left) - sum(len(one.left) for one in own)
        found += own
    found = _placed(found)
    kinds: dict[int, tuple[Pair, set[str]]] = {}
    for one in found:
        kinds.setdefault(id(one.pair), (one.pair, set()))[1].add(one.spot.kind)
    cells_by_kind = Counter(_kind_of(pair, own_kinds) for pair, own_kinds in kinds.values())
    return Comparison(
        left,
        right,
        compared,
        agree,
        (items[0], items[1], items[2]),
        {kind: cells_by_kind[kind] for kind in KINDS if cells_by_kind[kind]},
        by_table,
        _decisions(found, left.source, right.source),
    )


def _placed(found: Iterable[Difference]) -> list[Difference]:
    """Texts that only one source has here and only the other has elsewhere: the same text in another place."""
    found = list(found)
    homes: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for number, one in enumerate(found):
        if one.spot.kind in ("left", "right"):
            homes.setdefault((one.spot.kind, _keys(one)), []).append(number)
    for (kind, keys), numbers in homes.items():
        others = homes.get(("right", keys), []) if kind == "left" else []
        for number, other in zip(numbers, others, strict=False):
            for here, there in ((number, other), (other, number)):
                one = found[here]
                found[here] = replace(
                    one,
                    spot=replace(one.spot, kind="place"),
                    hint=f"另一来源中见于：{found[there].pair.label}",
                )
    return found


def _keys(one: Difference) -> tuple[str, ...]:
    return tuple(item.key for item in one.left or one.right)


def _decisions(found: Sequence[Difference], left: str, right: str) -> tuple[Decision, ...]:
    groups: dict[tuple[str, ...], list[tuple[int, Difference]]] = {}
    for number, one in enumerate(found):
        groups.setdefault(_group(one), []).append((number, one))
    # Most items first; then in the order of the document.
    decided = [
        (
            members[0][0],
            Decision(
                0,
                key[0],
                KINDS[key[0]].format(left=left, right=right),
                *_readings(key[0], [one for _, one in members]),
                tuple(one for _, one in members),
            ),
        )
        for key, members in groups.items()
    ]
    decided.sort(key=lambda one: (-one[1].repairs, one[0]))
    return tuple(replace(one, number=number) for number, (_, one) in enumerate(decided, 1))


def _group(one: Difference) -> tuple[str, ...]:
    """Differences with the same key are settled by the same decision."""
    kind, pair = one.spot.kind, one.pair
    if kind in ("left", "right") and pair.group.count("/") == 1:
        return kind, "whole", pair.group  # a class or an annex row that only one source has
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
    if kind in ("left", "right") and first.pair.group.count("/") == 1:
        table, _, name = first.pair.group.partition("/")
        said = f"{TABLES[table].title_zh}{name}（{sum(one.items for one in members)}项）"
        return (said, "") if kind == "left" else ("", said)
    if kind == "place":
        text = " | ".join(item.text for item in first.left or first.right)
        mine, yours = (
            next(one.pair.label for one in members if getattr(one, side)) for side in ("left", "right")
        )
        return f"〔{mine}〕{text}", f"〔{yours}〕{text}"
    left = " | ".join(item.text for item in first.left)
    right = " | ".join(item.text for item in first.right)
    return left, right
