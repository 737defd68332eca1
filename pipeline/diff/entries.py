"""The entries of two releases: cells laid side by side, then one global assignment of everything left over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from pipeline.arrow import grouped
from pipeline.diff.align import align
from pipeline.diff.assign import ALONE, alone, assign, places
from pipeline.diff.changes import At, Draft
from pipeline.diff.classes import Classes
from pipeline.diff.side import Side
from pipeline.diff.units import Unit, line_ends, units_of
from pipeline.diff.words import item_alike, item_change
from pipeline.model import Slot, slot_of
from pipeline.tidy.grades.levels import read_levels
from pipeline.tidy.grades.names import organisation_names
from pipeline.vocabulary.annexes import ORGANISATIONS

# What a pairing costs; two entries without a partner cost 1 together.
REORDERED, TIER_MOVED, KIND_MOVED, BOTH_MOVED = 0.0, 0.10, 0.15, 0.2
CLASS_MOVED, CLASS_MOVED_FAR = 0.6, 0.7
FROM_REMOVED = 0.4 + ALONE  # nobody misses an entry of a removed class that finds no partner
# The same name with another grade, level or issuer, in the same cell.
STATED_HERE, STATED_ELSEWHERE = 0.05, 0.35
SAME_PLACE, ELSEWHERE_IN_CELL = 0.44, 0.8
"""How alike two names must be to be one entry renamed: between the same neighbours, or elsewhere in the cell."""
TENTATIVE = 0.3
"""Names less alike than that are one renamed only where the same two stand in several cells; never below this."""


@dataclass(frozen=True)
class _Option:
    """One candidate pair: its cost, what kind of change it would be, and the similarity of the texts."""

    cost: float
    change: str
    score: float


def compare_entries(before: Side, after: Side, classes: Classes) -> tuple[list[Draft], int]:
    """All changes of entries, and how many runs of text are the same and were only divided differently by the readings.

    Entries of a class that was added or removed count as part of that one change.
    """
    was, now = _cells(before), _cells(after)
    known = frozenset(unit.key for cells in (was, now) for units in cells.values() for unit in units)
    drafts: list[Draft] = []
    read_differently = 0
    left: list[Unit] = []
    right: list[Unit] = []
    differing = _differing(was, now, classes)
    lines = line_ends(before, [was[p] for p, _ in differing if p in was])
    lines_after = line_ends(after, [now[p] for _, p in differing if p in now])
    for place, other in differing:
        aligned = align(
            was.get(place, ()), now.get(other, ()), known, lines.get(place), lines_after.get(other)
        )
        read_differently += aligned.read_differently
        drafts += [_redivided(*pair) for pair in aligned.redivided]
        left += aligned.before
        right += aligned.after
    left, right = (sorted(units, key=lambda u: (u.place, u.position)) for units in (left, right))
    majors = tuple(side.lookup("classes", "class_code", "major_code") for side in (before, after))
    options = _within_classes(left, right, classes.pairs, _organisations(before, after))
    options |= _across_classes(left, right, classes.pairs, majors)
    # Entries of removed and of added classes may only turn out to be where one that is new (gone) elsewhere came from.
    gone = [u for p, units in was.items() if p[0] in classes.removed for u in units]
    come = [u for p, units in now.items() if p[0] in classes.added for u in units]
    moved = _Option(FROM_REMOVED, "entry_class_moved", 1.0)
    options |= {(len(left) + i, j): moved for i, j in _from_removed(gone, right, was)}
    options |= {(i, len(right) + j): moved for j, i in _from_removed(come, left, now)}
    return drafts + _pair(options, left, right, gone, come), read_differently


def _redivided(before: Unit, after: Unit) -> Draft:
    """The same characters printed as other items: one change with both texts."""
    sides = [At(unit.text, unit.rows, None, *unit.place) for unit in (before, after)]
    return Draft("entry_renamed", "entries", sides[0], sides[1], score=1.0)


def _differing(
    was: Mapping[Slot, Sequence[Unit]], now: Mapping[Slot, Sequence[Unit]], classes: Classes
) -> list[tuple[Slot, Slot]]:
    """The cells of classes that both sides have whose items are not the same: (place before, place after)."""
    back = {other: code for code, other in classes.pairs.items()}
    places = {p for p in was if p[0] in classes.pairs}
    places |= {(back[p[0]], p[1], p[2]) for p in now if p[0] in back}
    pairs = [(p, (classes.pairs[p[0]], p[1], p[2])) for p in sorted(places)]
    return [
        (place, other)
        for place, other in pairs
        if [unit.key for unit in was.get(place, ())] != [unit.key for unit in now.get(other, ())]
    ]


def _cells(side: Side) -> dict[Slot, list[Unit]]:
    return {place: units_of(found, place) for place, found in grouped(side.rows("entries"), slot_of).items()}


def _organisations(before: Side, after: Side) -> frozenset[str]:
    """Names of the organisations of both sides' annexes: an issuer must not depend on which side names it."""
    names = {
        row[column] for side in (before, after) for table, column in ORGANISATIONS for row in side.rows(table)
    }
    return organisation_names(sorted(filter(None, names)))


# -- pairing what is left over

Options = dict[tuple[int, int], _Option]


def _pair(
    options: Options, left: list[Unit], right: list[Unit], gone: list[Unit], come: list[Unit]
) -> list[Draft]:
    """Changes of the units left over."""
    every_left, every_right = [*left, *gone], [*right, *come]
    _common_renames(options, every_left, every_right)
    pairs = assign({pair: option.cost for pair, option in options.items()})
    lost, new = alone(pairs, range(len(left)), range(len(right)))
    return [
        *(_draft(every_left[i], every_right[j], options[i, j]) for i, j in pairs),
        *(Draft("entry_removed", "entries", _at(left[i]), None, sure=_sure(left[i])) for i in lost),
        *(Draft("entry_added", "entries", None, _at(right[j]), sure=_sure(right[j])) for j in new),
    ]


def _in_column(unit: Unit) -> tuple[str, str, str]:
    """The text and the column in which it stands, whatever the class."""
    return unit.key, unit.place[1], unit.place[2]


def _within_classes(
    left: Sequence[Unit], right: Sequence[Unit], classes: Mapping[str, str], organisations: frozenset[str]
) -> Options:
    """Candidates inside one class: the same text in another column, another text in the same cell."""
    options: Options = {}
    before, after = (places(units, lambda unit: unit.place[0]) for units in (left, right))
    for code, lefts in before.items():
        for i, j in product(lefts, after.get(classes.get(code, ""), ())):
            option = _inside(left[i], right[j], organisations)
            if option is not None:
                options[i, j] = option
    return options


def _inside(before: Unit, after: Unit, organisations: frozenset[str]) -> _Option | None:
    same_kind, same_tier = before.place[1] == after.place[1], before.place[2] == after.place[2]
    if before.key == after.key:
        if same_kind and same_tier:
            return _Option(REORDERED, "entry_reordered", 1.0)
        if same_kind:
            return _Option(TIER_MOVED, "entry_tier_moved", 1.0)
        return _Option(KIND_MOVED if same_tier else BOTH_MOVED, "entry_kind_moved", 1.0)
    if not (same_kind and same_tier):
        return None
    was, now = (read_levels(unit.text, organisations) for unit in (before, after))
    change, likeness = item_change(was, now), item_alike(was, now)
    together = before.gap == after.gap
    if change != "entry_renamed":
        return _Option(STATED_HERE if together else STATED_ELSEWHERE, change, likeness)
    if likeness < (TENTATIVE if together else ELSEWHERE_IN_CELL):
        return None
    # At the threshold a pair costs as much as two entries without a partner.
    cost = 1 - 1.25 * (likeness - SAME_PLACE) if together else 0.9 - 2 * (likeness - ELSEWHERE_IN_CELL)
    return _Option(cost, change, likeness)


def _across_classes(
    left: Sequence[Unit],
    right: Sequence[Unit],
    classes: Mapping[str, str],
    majors: Sequence[Mapping[str, str]],
) -> Options:
    """The same text gone from one class and new in another, in the same column.

    Certificates that many classes share come and go here and there: where several classes lost or gained one, only
    neighbours (classes of one major group) are taken for a move.
    """
    options: Options = {}
    lost = places(left, _in_column)
    for key, rights in places(right, _in_column).items():
        lefts = lost.get(key, [])
        for i, j in product(lefts, rights):
            code, other = left[i].place[0], right[j].place[0]
            near = majors[0].get(code) == majors[1].get(other)
            if classes.get(code) != other and (near or len(lefts) == len(rights) == 1):
                cost = CLASS_MOVED if near else CLASS_MOVED_FAR
                options[i, j] = _Option(cost, "entry_class_moved", 1.0)
    return options


def _from_removed(
    gone: Sequence[Unit], new: Sequence[Unit], everywhere: Mapping[Slot, Sequence[Unit]]
) -> Iterator[tuple[int, int]]:
    """Entries of a removed class that stood nowhere else, now new in a class that stays; or the other way round.

    ``everywhere``: all entries of the side that has the class.
    """
    if not gone or not new:
        return
    found = Counter(key for units in everywhere.values() for key in {unit.key for unit in units})
    own = Counter(unit.key for unit in gone)
    by_text = places(gone, _in_column)
    for j, unit in enumerate(new):
        if found[unit.key] == own[unit.key]:
            yield from ((i, j) for i in by_text.get(_in_column(unit), ()))


def _common_renames(options: Options, left: Sequence[Unit], right: Sequence[Unit]) -> None:
    """The same two texts in many cells: each vouches for the others."""
    counts = Counter((left[i].key, right[j].key) for i, j in options)
    for (i, j), option in options.items():
        more = counts[left[i].key, right[j].key] - 1
        if more and option.change == "entry_renamed":
            options[i, j] = replace(option, cost=max(0.25, option.cost - 0.1 * more))


def _draft(before: Unit, after: Unit, option: _Option) -> Draft:
    certain = 1.0 if option.change != "entry_renamed" else 0.5 + option.score / 2
    certain *= min(_sure(before), _sure(after))
    return Draft(option.change, "entries", _at(before), _at(after), "text", option.score, certain)


def _at(unit: Unit) -> At:
    return At(unit.text, unit.rows, unit.rows[0]["entry_id"], *unit.place)


def _sure(unit: Unit) -> float:
    return 1.0 if unit.as_read else 0.8
