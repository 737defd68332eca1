"""Since when does a certificate count, as what: one name followed over the editions of its jurisdiction.

An entry's id holds its tier and its text, so a certificate that changes its grade gets another one. Here a *name* is
followed, within its class and kind: tiers and grades may change from edition to edition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pipeline.errors import XizeError
from pipeline.schema import GRADE_LABELS, KINDS, TIERS
from pipeline.text import squeeze

if TYPE_CHECKING:
    from pipeline.query.catalogue import Catalog

# Names at least this alike (0–100) are offered: as near ones where nothing has the name, and as what the certificate
# may be called in an edition that lacks it.
NEAR, RENAMED = 60, 75
_NEAR_LIMIT = 8

STATES = {
    "stands": "列入",
    "absent": "未列",
    "no_class": "无此专业类",
    "lost": "来源缺此专业类",
}


@dataclass(frozen=True)
class Printed:
    """One entry as an edition prints it. Page from 1, line of a transcript from 1."""

    entry_id: str
    text: str
    tier: str
    grades: tuple[int, ...]
    level: str | None
    issuer: str | None
    page: int | None
    line: int | None


@dataclass(frozen=True)
class Standing:
    """What became of the name in one edition.

    ``state``: ``stands``, ``absent`` (its class is there, it is not), ``no_class`` (the edition has no such class) or
    ``lost`` (the edition's source lacks the class: nobody can tell). ``renamed``: the name nearest to it that the
    edition has and that never stands beside it, with its likeness (0–100).
    """

    edition: str
    release: str
    state: str
    entries: tuple[Printed, ...] = ()
    renamed: tuple[str, float] | None = None

    @property
    def year(self) -> str:
        """The edition's year."""
        return self.edition.rpartition("-")[2]

    @property
    def tiers(self) -> tuple[str, ...]:
        """The tiers in which it stands, lowest first."""
        found = {entry.tier for entry in self.entries}
        return tuple(tier for tier in TIERS if tier in found)

    @property
    def grades(self) -> tuple[int, ...]:
        """The grades stated, descending."""
        return tuple(sorted({grade for entry in self.entries for grade in entry.grades}, reverse=True))

    @property
    def levels(self) -> tuple[str, ...]:
        """The level words stated, lowest first."""
        found = {entry.level for entry in self.entries}
        return tuple(level for level in TIERS if level in found)

    def what(self) -> str:
        """As what it counts: 初级（五级）、中级（四级、三级）; what is missing otherwise."""
        if self.state != "stands":
            return STATES[self.state]
        said = []
        for tier in self.tiers:
            own = [entry for entry in self.entries if entry.tier == tier]
            grades = sorted({grade for entry in own for grade in entry.grades}, reverse=True)
            words = [GRADE_LABELS[grade].partition("/")[0] for grade in grades]
            words += sorted({entry.level for entry in own if entry.level})
            said.append(f"{tier}（{'、'.join(words)}）" if words else tier)
        return "；".join(said)


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
        parts = [f"{self.first.year}年起列入" if begun else f"{self.first.year}年（最早的版本）已列入"]
        parts += [f"{one.year}年{STATES[one.state]}" for one in self.gaps]
        if self.gaps:
            parts.append(f"{self.standings[self._where[-1]].year}年{'仍' if current else '最后一次'}列入")
        if not current:
            after = self.standings[self._where[-1] + 1]
            parts.append(f"{after.year}年起{STATES[after.state]}")
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

    def rows(self) -> Iterator[dict[str, Any]]:
        """One flat row per life and edition."""
        for life in self.lives:
            for one in life.standings:
                yield {
                    "jurisdiction": life.jurisdiction,
                    "class_code": life.class_code,
                    "class_name": life.class_name,
                    "kind": life.kind,
                    "name": life.name,
                    "edition": one.edition,
                    "release": one.release,
                    "state": one.state,
                    "tiers": list(one.tiers),
                    "grades": list(one.grades),
                    "levels": list(one.levels),
                    "texts": [entry.text for entry in one.entries],
                    "entry_ids": [entry.entry_id for entry in one.entries],
                    "pages": sorted({entry.page for entry in one.entries if entry.page is not None}),
                    "lines": sorted({entry.line for entry in one.entries if entry.line is not None}),
                    "first_edition": life.first.edition,
                    "last_edition": life.last.edition,
                    "renamed": one.renamed[0] if one.renamed else None,
                    "renamed_score": round(one.renamed[1], 1) if one.renamed else None,
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
    """
    wanted = _key(name)
    if not wanted:
        raise XizeError("证书名称为空：请用--name给出名称。")
    if kind is not None and kind not in KINDS:
        raise XizeError(f"没有“{kind}”这一证书类别：应为{'、'.join(KINDS)}之一。")
    editions = _editions(catalog, jurisdiction)
    rows = [row for row in _rows(catalog, class_code, kind) if row["edition"] in editions]
    named = {_key(row["name"]) for row in rows if wanted in (_key(row["name"]), _key(row["text"]))}
    classes = _classes(catalog)
    lost = _lost(catalog)
    groups: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows:
        if (key := _key(row["name"])) in named:
            where = _jurisdiction(row["edition"]), row["class_code"], row["kind"], key
            groups.setdefault(where, []).append(row)
    beside = _by_cell(rows) if groups else {}
    lives = [
        _life(where, found, editions, classes, lost, beside)
        for where, found in sorted(groups.items(), key=lambda item: item[0])
    ]
    return History(name, tuple(lives), () if lives else _near(name, rows))


def _key(text: str) -> str:
    return squeeze(text).casefold()


def _jurisdiction(edition: str) -> str:
    return edition.rpartition("-")[0]


def _editions(catalog: Catalog, jurisdiction: str | None) -> dict[str, str]:
    """Edition → release, oldest first, of the jurisdiction (default: of all)."""
    chosen = {
        edition: release
        for edition, release in sorted(
            catalog.releases.items(), key=lambda item: item[0].rpartition("-")[::-1]
        )
        if jurisdiction in (None, _jurisdiction(edition))
    }
    if not chosen:
        have = "、".join(sorted({_jurisdiction(edition) for edition in catalog.releases}))
        raise XizeError(f"没有地区“{jurisdiction}”的发布：现有{have}。")
    return chosen


def _rows(catalog: Catalog, class_code: str | None, kind: str | None) -> list[Row]:
    query = """
        select e.edition, e.entry_id, e.class_code, e.kind, e.tier, e.text, e.name, e.issuer, e.grades, e.level,
               e.page, e.line
        from entries e
        where ($kind is null or e.kind = $kind)
        order by e.edition, e.class_code, e.kind, e.position
    """
    rows: list[Row] = catalog.sql(query, {"kind": kind}).to_pylist()
    if class_code is None:
        return rows
    asked = squeeze(class_code)
    found = catalog.sql(
        "select distinct edition, class_code from classes"
        " where $asked in (class_code, college_code, bachelor_code, name)",
        {"asked": asked},
    ).to_pylist()
    if not found:
        raise XizeError(f"各版本中都没有专业类“{class_code}”：请核对代码或名称（见classes表）。")
    # A code that any edition gives the class holds for all of them.
    codes = {row["class_code"] for row in found}
    return [row for row in rows if row["class_code"] in codes]


def _classes(catalog: Catalog) -> dict[tuple[str, str], str]:
    """(edition, class code) → name."""
    rows = catalog.sql("select edition, class_code, name from classes").to_pylist()
    return {(row["edition"], row["class_code"]): row["name"] for row in rows}


def _lost(catalog: Catalog) -> set[tuple[str, str]]:
    """(edition, class code) that the edition's source lacks."""
    tables = catalog.sql("select table_name from information_schema.tables where table_name = 'coverage'")
    if not tables.num_rows:
        return set()
    query = "select edition, key from coverage where subject = 'class' and status = 'lost'"
    return {(row["edition"], row["key"]) for row in catalog.sql(query).to_pylist()}


def _by_cell(rows: Iterable[Row]) -> dict[tuple[str, str, str], dict[str, str]]:
    """(edition, class, kind) → the names there: key → as printed."""
    cells: dict[tuple[str, str, str], dict[str, str]] = {}
    for row in rows:
        cell = cells.setdefault((row["edition"], row["class_code"], row["kind"]), {})
        cell.setdefault(_key(row["name"]), row["name"])
    return cells


def _life(
    where: tuple[str, str, str, str],
    rows: Sequence[Row],
    editions: Mapping[str, str],
    classes: Mapping[tuple[str, str], str],
    lost: set[tuple[str, str]],
    beside: Mapping[tuple[str, str, str], Mapping[str, str]],
) -> Life:
    jurisdiction, class_code, kind, key = where
    own = [edition for edition in editions if _jurisdiction(edition) == jurisdiction]
    found = {edition: [row for row in rows if row["edition"] == edition] for edition in own}
    # A name that stands beside this one in some edition is another certificate, not its new name.
    others = {
        name for edition in own if found[edition] for name in beside.get((edition, class_code, kind), ())
    }
    standings = []
    for edition in own:
        if found[edition]:
            entries = tuple(_printed(row) for row in found[edition])
            standings.append(Standing(edition, editions[edition], "stands", entries))
            continue
        state = (
            "absent"
            if (edition, class_code) in classes
            else "lost"
            if (edition, class_code) in lost
            else "no_class"
        )
        there = beside.get((edition, class_code, kind), {})
        free = {name: printed for name, printed in there.items() if name not in others}
        standings.append(Standing(edition, editions[edition], state, (), _renamed(key, free)))
    name = next(row["name"] for row in reversed(rows))
    class_name = next(
        (classes[edition, class_code] for edition in reversed(own) if (edition, class_code) in classes), ""
    )
    return Life(jurisdiction, class_code, class_name, kind, name, tuple(standings))


def _printed(row: Row) -> Printed:
    return Printed(
        row["entry_id"],
        row["text"],
        row["tier"],
        tuple(row["grades"]),
        row["level"],
        row["issuer"],
        row["page"],
        row["line"],
    )


def _renamed(key: str, names: Mapping[str, str]) -> tuple[str, float] | None:
    from rapidfuzz import fuzz, process

    best = process.extractOne(key, list(names), scorer=fuzz.ratio, score_cutoff=RENAMED)
    return (names[best[0]], best[1]) if best else None


def _near(name: str, rows: Iterable[Row]) -> tuple[Suggestion, ...]:
    from rapidfuzz import fuzz, process

    printed: dict[str, str] = {}
    places: dict[str, list[Row]] = {}
    for row in rows:
        key = _key(row["name"])
        printed.setdefault(key, row["name"])
        places.setdefault(key, []).append(row)
    found = process.extract(
        _key(name), list(printed), scorer=fuzz.WRatio, score_cutoff=NEAR, limit=_NEAR_LIMIT
    )
    return tuple(
        Suggestion(
            printed[key],
            score,
            tuple(sorted({row["class_code"] for row in places[key]})),
            tuple(sorted({row["edition"] for row in places[key]})),
        )
        for key, score, _ in found
    )
