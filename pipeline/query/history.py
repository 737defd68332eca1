"""Since when does a certificate count, as what: one name followed over the editions of its jurisdiction.

An entry's id holds its tier and its text, so a certificate that changes its grade gets another one. Here a *name* is
followed, within its class and kind: tiers and grades may change from edition to edition.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rapidfuzz import fuzz, process

from pipeline.editions.names import validate_name
from pipeline.errors import UnknownName, XizeError
from pipeline.query.check import name_key
from pipeline.releases.learned import by_layout
from pipeline.schema import GRADE_LABELS, KINDS, TIERS
from pipeline.text import place_words, squeeze

if TYPE_CHECKING:
    from pipeline.query.catalogue import Catalog

# Names at least this alike (0–100) are offered: as near ones where nothing has the name, and as what the certificate
# may be called in an edition that lacks it.
NEAR, RENAMED = 60, 75
_NEAR_LIMIT = 8
_MOST = 4
"""So many neighbours may be one item of another edition."""

STATES = {
    "stands": "列入",
    "absent": "未列",
    "divided": "列有相同文字而起止读法不同",
    "no_class": "无此专业类",
    "lost": "来源缺此专业类",
}


@dataclass(frozen=True)
class PrintedRow:
    """One entry as an edition prints it. Page from 1, line of a transcript from 1."""

    entry_id: str
    text: str
    tier: str
    grades: Sequence[int]
    level: str | None
    issuer: str | None
    source: str
    page: int | None
    line: int | None

    @property
    def place(self) -> str:
        """Its page, line or paragraph in words."""
        return place_words(self.page, self.line, self.source)


_PRINTED = tuple(field.name for field in fields(PrintedRow))


@dataclass(frozen=True)
class Standing:
    """What became of the name in one edition.

    ``state``: ``stands``, ``absent`` (its class is there, it is not), ``divided`` (its characters are there, read as other
    items), ``no_class`` (the edition has no such class) or ``lost`` (the edition's source lacks the class: nobody can tell). ``renamed``: the name nearest to it that the
    edition has and that never stands beside it, with its likeness (0–100).
    """

    edition: str
    release: str
    state: str
    entries: tuple[PrintedRow, ...] = ()
    renamed: tuple[str, float] | None = None

    @property
    def words(self) -> str:
        """The edition in words: 2025年, 2025年第2版."""
        return validate_name(self.edition).words

    @property
    def tiers(self) -> tuple[str, ...]:
        """The tiers in which it stands, lowest first."""
        return tuple(tier for tier in TIERS if tier in {entry.tier for entry in self.entries})

    @property
    def grades(self) -> tuple[int, ...]:
        """The grades stated, descending."""
        return _grades(self.entries)

    @property
    def levels(self) -> tuple[str, ...]:
        """The level words stated, lowest first."""
        return tuple(level for level in TIERS if level in {entry.level for entry in self.entries})

    @property
    def pages(self) -> list[int]:
        """The pages that it is printed on."""
        return sorted({entry.page for entry in self.entries if entry.page is not None})

    @property
    def lines(self) -> list[int]:
        """The lines of a transcript that it stands in."""
        return sorted({entry.line for entry in self.entries if entry.line is not None})

    def what(self) -> str:
        """As what it counts: 初级（五级）、中级（四级、三级）; what is missing otherwise."""
        if self.state != "stands":
            return STATES[self.state]
        said = []
        for tier in self.tiers:
            own = [entry for entry in self.entries if entry.tier == tier]
            words = [GRADE_LABELS[grade].partition("/")[0] for grade in _grades(own)]
            words += sorted({entry.level for entry in own if entry.level})
            said.append(f"{tier}（{'、'.join(words)}）" if words else tier)
        return "；".join(said)


def _grades(entries: Iterable[PrintedRow]) -> tuple[int, ...]:
    return tuple(sorted({grade for entry in entries for grade in entry.grades}, reverse=True))


@dataclass(frozen=True)
class Life:
    """One name in one class and kind, over every edition of a jurisdiction, oldest first."""

    jurisdiction: str
    class_code: str
    class_name: str
    kind: str
    name: str
    standings: tuple[Standing, ...]

    @cached_property
    def _where(self) -> list[int]:
        return [at for at, one in enumerate(self.standings) if one.state == "stands"]

    @property
    def first(self) -> Standing:
        """The first edition in which it stands."""
        return self.standings[self._where[0]]

    @property
    def last(self) -> Standing:
        """The last edition in which it stands."""
        return self.standings[self._where[-1]]

    @property
    def gaps(self) -> tuple[Standing, ...]:
        """Editions between the first and the last in which it does not stand."""
        between = self.standings[self._where[0] : self._where[-1]]
        return tuple(one for one in between if one.state != "stands")

    def sentence(self) -> str:
        """Since when, with gaps, until when: one Chinese sentence."""
        current = self.last is self.standings[-1]
        begun = self.first is not self.standings[0]
        parts = [f"{self.first.words}起列入" if begun else f"{self.first.words}（最早的版本）已列入"]
        parts += [f"{one.words}{STATES[one.state]}" for one in self.gaps]
        if self.gaps:
            parts.append(f"{self.last.words}{'仍' if current else '最后一次'}列入")
        if not current:
            after = self.standings[self._where[-1] + 1]
            parts.append(f"{after.words}起{STATES[after.state]}")
        parts.append(f"{'现为' if current else '最后为'}{self.last.what()}")
        return "，".join(parts) + "。"


@dataclass(frozen=True)
class Suggestion:
    """A name like the one asked for, where it stands, and how like it is (0–100)."""

    name: str
    score: float
    class_codes: tuple[str, ...]
    editions: tuple[str, ...]


@dataclass(frozen=True)
class History:
    """The answer: a life per jurisdiction, class and kind; near names where there is none."""

    name: str
    lives: tuple[Life, ...]
    near: tuple[Suggestion, ...]

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain JSON values."""
        return {
            "name": self.name,
            "lives": [
                {
                    **{key: value for key, value in asdict(life).items() if key != "standings"},
                    "first_edition": life.first.edition,
                    "last_edition": life.last.edition,
                    "gaps": [one.edition for one in life.gaps],
                    "summary": life.sentence(),
                    "editions": [
                        {**asdict(one), "tiers": one.tiers, "grades": one.grades, "levels": one.levels}
                        for one in life.standings
                    ],
                }
                for life in self.lives
            ],
            "near": [asdict(one) for one in self.near],
        }


Row = Mapping[str, Any]


def history(
    catalog: Catalog,
    name: str,
    *,
    class_code: str | None = None,
    kind: str | None = None,
    jurisdiction: str | None = None,
) -> History:
    """Follow ``name`` over the editions that the catalogue shows.

    ``name``: a certificate's name, or a whole printed text (whose name is then followed). ``class_code``: a class's
    secondary, college or bachelor code, or its name. ``kind``: a kind of the contract.

    Raises XizeError when name, class, kind or jurisdiction name nothing that there is.

    Example::

        [life.sentence() for life in history(catalog, "农作物植保员", class_code="6101").lives]
    """
    wanted = name_key(name)
    if not wanted:
        raise XizeError("证书名称为空：请用--name给出名称。")
    if kind is not None and kind not in KINDS:
        raise XizeError(f"没有“{kind}”这一证书类别：应为{'、'.join(KINDS)}之一。")
    printed = catalog.remembered(("history",), lambda: _Printed(catalog))
    editions = {one for one in printed.releases if jurisdiction in (None, _jurisdiction(one))}
    if not editions:
        have = "、".join(sorted(set(map(_jurisdiction, printed.releases))))
        raise UnknownName(f"没有地区“{jurisdiction}”的发布：现有{have}。")
    rows = [row for row in printed.rows if row["edition"] in editions and kind in (None, row["kind"])]
    if class_code is not None:
        # A code that any edition gives the class holds for all of them.
        asked = squeeze(class_code)
        codes = {row["code"] for row in printed.classes if asked in [row[name] for name in _NAMES_OF_CLASS]}
        if not codes:
            raise UnknownName(f"各版本中都没有专业类“{class_code}”：请核对代码或名称（见classes表）。")
        rows = [row for row in rows if row["class_code"] in codes]
    named = {
        name_key(row["name"]) for row in rows if wanted in (name_key(row["name"]), name_key(row["text"]))
    }
    groups: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows:
        if (key := name_key(row["name"])) in named:
            where = _jurisdiction(row["edition"]), row["class_code"], row["kind"], key
            groups.setdefault(where, []).append(row)
    lives = tuple(_life(where, groups[where], printed) for where in sorted(groups))
    return History(name, lives, () if lives else _near(name, rows))


def _jurisdiction(edition: str) -> str:
    return validate_name(edition).jurisdiction


_ENTRIES = """
    select edition, entry_id, class_code, kind, tier, text, name, issuer, grades, level, source, page, line, confidence
    from entries
    order by edition, class_code, kind, list_position($tiers, tier), position
"""
_NAMES_OF_CLASS = ("class_code", "college_code", "bachelor_code", "name")


class _Printed:
    """What the editions shown hold: ``releases`` by edition, oldest first; classes and entries; entries by cell in the order of
    print; their names by edition, class and kind."""

    def __init__(self, catalog: Catalog) -> None:
        self.releases = dict(sorted(catalog.releases.items(), key=lambda item: validate_name(item[0])[1:]))
        self.classes = _classes(catalog)
        self.class_names = {(row["edition"], row["code"]): row["name"] for row in self.classes}
        codes = {(row["edition"], row["class_code"]): row["code"] for row in self.classes}
        rows = catalog.sql(_ENTRIES, {"tiers": list(TIERS)}).to_pylist()
        self.rows: list[Row] = [
            {**row, "class_code": codes.get((row["edition"], row["class_code"]), row["class_code"])}
            for row in rows
        ]
        self.cells: dict[tuple[str, str, str, str], list[Row]] = defaultdict(list)
        self.names: dict[tuple[str, str, str], dict[str, str]] = {}
        for row in self.rows:
            self.cells[_cell(row, row["edition"])].append(row)
            names = self.names.setdefault((row["edition"], row["class_code"], row["kind"]), {})
            names.setdefault(name_key(row["name"]), row["name"])
        self.lost: set[tuple[str, str]] = set()
        # Releases made before there was a table coverage do not have it.
        if catalog.sql("from information_schema.tables where table_name = 'coverage'").num_rows:
            query = "select edition, key from coverage where subject = 'class' and status = 'lost'"
            self.lost.update(catalog.rows(query)[1])

    def missing(self, edition: str, class_code: str, rows: Iterable[Row]) -> str:
        """Why a name does not stand in an edition; ``rows``: where it stands in others."""
        if (edition, class_code) not in self.class_names:
            return "lost" if (edition, class_code) in self.lost else "no_class"
        return "divided" if any(self._reads_otherwise(edition, row) for row in rows) else "absent"

    def _reads_otherwise(self, edition: str, row: Row) -> bool:
        """Whether the edition has the characters of an entry of another edition, divided otherwise (with its neighbours), and
        layout is not certain of it on both sides: that is no change of the print."""
        here = dict(_runs(self.cells.get(_cell(row, edition), ())))
        for text, there in _runs(self.cells[_cell(row, row["edition"])], row):
            found = here.get(text, ())
            if len(found) != len(there) and found and not all(map(by_layout, (*found, *there))):
                return True
        return False


def _cell(row: Row, edition: str) -> tuple[str, str, str, str]:
    return edition, row["class_code"], row["kind"], row["tier"]


def _runs(rows: Sequence[Row], within: Row | None = None) -> Iterator[tuple[str, Sequence[Row]]]:
    """Every run of up to ``_MOST`` neighbours (those with the row ``within``), with its characters."""
    for first in range(len(rows)):
        for last in range(first + 1, min(first + _MOST, len(rows)) + 1):
            run = rows[first:last]
            if within is None or any(row is within for row in run):
                yield "".join(squeeze(row["text"]) for row in run), run


def _classes(catalog: Catalog) -> Sequence[Row]:
    """The classes of all editions, and ``code``, by which they are told apart: of one that prints none the only code that
    other editions of its jurisdiction print for a class of its name."""
    rows: list[dict[str, Any]]
    rows = catalog.sql(f"select edition, code_printed, {', '.join(_NAMES_OF_CLASS)} from classes").to_pylist()
    printed: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        if row["code_printed"] is not False:
            printed.setdefault((_jurisdiction(row["edition"]), row["name"]), set()).add(row["class_code"])
    without = Counter((row["edition"], row["name"]) for row in rows if row["code_printed"] is False)
    for row in rows:
        codes = printed.get((_jurisdiction(row["edition"]), row["name"]), ())
        alone = row["code_printed"] is False and without[row["edition"], row["name"]] == len(codes) == 1
        row["code"] = next(iter(codes)) if alone else row["class_code"]
    return rows


def _life(where: tuple[str, str, str, str], rows: Sequence[Row], printed: _Printed) -> Life:
    jurisdiction, class_code, kind, key = where
    own = [edition for edition in printed.releases if _jurisdiction(edition) == jurisdiction]
    found = {edition: [row for row in rows if row["edition"] == edition] for edition in own}
    beside = {edition: printed.names.get((edition, class_code, kind), {}) for edition in own}
    # A name that stands beside this one in some edition is another certificate, not its new name.
    others = {name for edition in own if found[edition] for name in beside[edition]}
    standings = []
    for edition in own:
        state, renamed = "stands", None
        if not found[edition]:
            state = printed.missing(edition, class_code, rows)
            free = {name: text for name, text in beside[edition].items() if name not in others}
            renamed = _renamed(key, free) if state != "divided" else None
        entries = tuple(PrintedRow(**{name: row[name] for name in _PRINTED}) for row in found[edition])
        standings.append(Standing(edition, printed.releases[edition], state, entries, renamed))
    names = [printed.class_names[one, class_code] for one in own if (one, class_code) in printed.class_names]
    return Life(
        jurisdiction, class_code, names[-1] if names else "", kind, rows[-1]["name"], tuple(standings)
    )


def _renamed(key: str, names: Mapping[str, str]) -> tuple[str, float] | None:
    best = process.extractOne(key, list(names), scorer=fuzz.ratio, score_cutoff=RENAMED)
    return (names[best[0]], best[1]) if best else None


def _near(name: str, rows: Iterable[Row]) -> tuple[Suggestion, ...]:
    places: dict[str, list[Row]] = {}
    for row in rows:
        places.setdefault(name_key(row["name"]), []).append(row)
    found = process.extract(
        name_key(name), list(places), scorer=fuzz.WRatio, score_cutoff=NEAR, limit=_NEAR_LIMIT
    )

    def all_of(key: str, column: str) -> tuple[str, ...]:
        return tuple(sorted({row[column] for row in places[key]}))

    return tuple(
        Suggestion(places[key][0]["name"], score, all_of(key, "class_code"), all_of(key, "edition"))
        for key, score, _ in found
    )
