"""Does a certificate count for a class, and at which tier? The answer shows the printed text as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from pipeline.errors import UnknownName, XizeError
from pipeline.releases.catalogue import parse_pin
from pipeline.schema import GRADE_LABELS, KINDS, TIERS
from pipeline.text import normalise, squeeze

if TYPE_CHECKING:
    from pipeline.query.catalogue import Catalog

# Names less alike than this (0–100) are not offered as near matches.
_NEAR_CUTOFF = 60
_NEAR_LIMIT = 5


@dataclass(frozen=True)
class PrintedEntry:
    """A printed entry (at one of its grades) that was found. Box in PDF points, origin top left.

    ``how``: ``exact`` (its name or text as asked), ``near`` (``score`` 0–100 alike), ``other_grade`` (the
    name as asked, another grade or level), ``other_class`` (as asked, but in another class).
    """

    edition: str
    release: str
    class_code: str
    class_name: str
    kind: str
    tier: str
    entry_id: str
    text: str
    name: str
    issuer: str | None
    grade: int | None
    grade_label: str | None
    level: str | None
    tier_by_rule: str | None
    tier_conflict: bool
    source: str
    page: int | None
    line: int | None
    x0: float | None
    top: float | None
    x1: float | None
    bottom: float | None
    cell_id: str | None
    confidence: float
    how: str = "exact"
    score: float = 100.0

    @property
    def kind_label(self) -> str:
        """The kind in Chinese."""
        return KINDS.get(self.kind, self.kind)


@dataclass(frozen=True)
class Verdict:
    """What one edition's release says: the tiers at which it counts, lowest first (none: it does not)."""

    edition: str
    release: str
    class_code: str | None
    class_name: str | None
    tiers: tuple[str, ...]
    remarks: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it counts at all."""
        return bool(self.tiers)


@dataclass(frozen=True)
class Answer:
    """The answer to one question, over every edition asked.

    ``matches`` are the entries by which it counts, ``near`` what stands nearest where nothing matches
    exactly.
    """

    class_code: str
    name: str
    grade: int | None
    level: str | None
    verdicts: tuple[Verdict, ...]
    matches: tuple[PrintedEntry, ...]
    near: tuple[PrintedEntry, ...]

    @property
    def counts(self) -> bool:
        """Whether it counts in at least one of the editions."""
        return any(verdict.counts for verdict in self.verdicts)

    @property
    def tiers(self) -> tuple[str, ...]:
        """The tiers at which it counts, over all editions asked, lowest first."""
        found = {tier for verdict in self.verdicts for tier in verdict.tiers}
        return tuple(tier for tier in TIERS if tier in found)

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain JSON values."""
        plain = {"counts": self.counts, "tiers": list(self.tiers), **asdict(self)}
        for verdict, made in zip(self.verdicts, plain["verdicts"], strict=True):
            made["counts"] = verdict.counts
        return plain


def parse_grade(text: str | int | None) -> int | None:
    """A grade from 4, "4", "四级", "中级工" or "四级/中级工". Raises XizeError on anything else.

    >>> parse_grade("中级工")
    4
    """
    if text is None:
        return None
    wanted = squeeze(str(text))
    if wanted[:1].isdecimal():
        wanted = wanted.removesuffix("级")
    for grade, label in GRADE_LABELS.items():
        if wanted in {str(grade), label, *label.split("/")}:
            return grade
    raise XizeError(f"等级“{text}”无法识别：应为1至5，或五级/初级工至一级/高级技师。")


def parse_level(text: str | None) -> str | None:
    """A level: 初级, 中级 or 高级. Raises XizeError on anything else.

    >>> parse_level(" 中 级")
    '中级'
    """
    level = None if text is None else squeeze(text)
    if level is None or level in TIERS:
        return level
    raise XizeError(f"等级词“{text}”无法识别：应为{'、'.join(TIERS)}之一。")


def name_key(text: str) -> str:
    """What a name is known by: blanks, widths and cases do not tell two apart.

    >>> name_key("ＡＣＣＡ 证书")
    'acca证书'
    """
    return squeeze(text).casefold()


def check(
    catalog: Catalog,
    class_code: str,
    name: str,
    grade: int | str | None = None,
    level: str | None = None,
    edition: str | Sequence[str] | None = None,
) -> Answer:
    """Whether certificate ``name`` (of ``grade`` or ``level``, if told) counts for a class, at what tiers.

    ``class_code`` may be the secondary, college or bachelor code, the key of a class without a code, or the class's name. An entry that states
    no grade counts for every grade. Without ``grade`` and ``level`` every stated one is looked at, unless
    ``name`` states them itself (农作物植保员(四级/中级工)). ``edition`` limits the question to some editions
    (or one of its releases, ``shanghai-2025@r001``). Example::

        check(catalog, "6101", "农作物植保员", grade=4).tiers  # ("中级",), or () where it does not count

    Raises XizeError when no edition asked has the class, and when grade, level or edition cannot be
    understood.
    """
    wanted_grade, wanted_level = parse_grade(grade), parse_level(level)
    if not name_key(name):
        raise XizeError("证书名称为空：请用--name给出名称。")
    editions = releases_asked(catalog, edition)
    verdicts: list[Verdict] = []
    matches: list[PrintedEntry] = []
    near: list[PrintedEntry] = []
    for one, release in editions.items():
        classes = classes_named(catalog, f'"{one}@{release}"', class_code)
        if not classes:
            remark = f"该版本没有专业类{class_code}"
            verdicts.append(Verdict(one, release, None, None, (), (remark,)))
            continue
        for code, class_name in classes:
            rows = catalog.remembered(
                ("entries", one, release, code),
                lambda: printed_entries(catalog, one, release, code),  # noqa: B023 (called at once)
            )
            verdict, found, others = _judge(rows, name, wanted_grade, wanted_level)
            verdicts.append(Verdict(one, release, code, class_name, *verdict))
            matches += found
            near += others
            if not found:
                near += _elsewhere(catalog, one, release, code, name)
                near += _similar(rows, name) if not others else []
    if all(verdict.class_code is None for verdict in verdicts):
        raise UnknownName(
            f"{'、'.join(editions)}中没有专业类{class_code}：请核对代码（{_hint(catalog, editions)}）。"
        )
    return Answer(class_code, name, wanted_grade, wanted_level, tuple(verdicts), tuple(matches), tuple(near))


def releases_asked(catalog: Catalog, edition: str | Sequence[str] | None) -> dict[str, str]:
    """Edition → release that a question is about: all that are shown, or those named. Raises XizeError.

    Example::

        releases_asked(catalog, "shanghai-2025")  # {"shanghai-2025": "r002"}
    """
    if edition is None:
        return dict(catalog.releases)
    found = {}
    for pin in [edition] if isinstance(edition, str) else edition:
        wanted, release = parse_pin(pin)
        if release is None and wanted not in catalog.releases:
            have = "、".join(catalog.releases)
            raise UnknownName(f"没有版本{wanted}的发布（现有：{have}）：请核对--edition。")
        found[wanted] = release or catalog.releases[wanted]
    return found


def classes_named(catalog: Catalog, schema: str, class_code: str) -> list[tuple[str, str]]:
    """(class_code, name) of the classes in a schema of the catalogue that have this code, of any kind, or this name.

    Example::

        classes_named(catalog, '"shanghai-2025@r001"', "4101")  # [("6101", "农业类")]
    """
    columns = "class_code, name, college_code, bachelor_code"
    query = f"select {columns} from {schema}.classes order by class_code"
    rows = catalog.remembered(("classes", schema), lambda: catalog.rows(query)[1])
    wanted = squeeze(class_code)
    return [(row[0], row[1]) for row in rows if wanted in row]


def _hint(catalog: Catalog, editions: dict[str, str]) -> str:
    one, release = next(reversed(editions.items()))
    query = f'select class_code, name, code_printed from "{one}@{release}".classes order by class_code'
    rows = catalog.rows(query)[1]
    codes = [code for code, _, printed in rows if printed is not False]
    if codes:
        return f"{one}的代码自{codes[0]}至{codes[-1]}"
    return f"{one}的专业类没有代码，请用名称，如{rows[0][1]}" if rows else f"{one}没有专业类"


_SELECT = """
    select c.class_code, k.name as class_name, c.kind, c.tier, c.entry_id, e.text, c.name, c.issuer, c.grade,
           c.grade_label, c.level, c.tier_by_rule, c.tier_conflict, e.source, e.page, e.line, e.x0, e.top, e.x1,
           e.bottom, e.cell_id, e.confidence
    from {schema}.credentials c
    join {schema}.entries e using (entry_id)
    join {schema}.classes k on k.class_code = c.class_code
    where $code is null or c.class_code = $code
    order by c.class_code, c.kind, list_position($tiers, c.tier), e.position, c.grade desc nulls last
"""


def printed_entries(
    catalog: Catalog, edition: str, release: str, class_code: str | None = None
) -> list[PrintedEntry]:
    """Every entry of a release (of one class, if told) at each of its grades, in reading order.

    Example::

        printed_entries(catalog, "shanghai-2025", "r001")[0].text  # "农作物植保员(五级/初级)"
    """
    query = _SELECT.format(schema=f'"{edition}@{release}"')
    rows = catalog.sql(query, {"code": class_code, "tiers": list(TIERS)}).to_pylist()
    return [PrintedEntry(edition=edition, release=release, **row) for row in rows]


def entry_keys(row: PrintedEntry) -> set[str]:
    """Every exact way to name the entry: as printed, without grade, with and without issuer.

    Example::

        entry_keys(row)  # of 焊工(四级/中级工): {"焊工(四级/中级工)", "焊工"}
    """
    names = {row.text, row.name}
    if row.issuer:
        names |= {f"{row.issuer}{row.name}", f"{row.issuer}:{row.name}", f"{row.name}({row.issuer})"}
        names.add(row.text.removeprefix(f"{row.issuer}:"))
    return {name_key(text) for text in names}


def _judge(
    rows: Sequence[PrintedEntry], name: str, grade: int | None, level: str | None
) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], list[PrintedEntry], list[PrintedEntry]]:
    """((tiers, remarks), the rows by which it counts, rows of the name with another grade or level)."""
    from pipeline.tidy.grades.levels import read_levels

    named = [row for row in rows if name_key(name) in entry_keys(row)]
    grades: tuple[int, ...] = () if grade is None else (grade,)
    if not named:
        # The name asked may state its own grade in other words than the entry does.
        stated = read_levels(normalise(name))
        named = [row for row in rows if name_key(stated.name) in entry_keys(row)]
        grades = grades or stated.grades
        level = level or stated.level
    found = [row for row in named if _fits(row, grades, level)]
    others = [] if found else [replace(row, how="other_grade") for row in named]
    remarks = []
    if found and (grades or level) and all(row.grade is None and row.level is None for row in found):
        remarks.append("条目未写明等级，任何等级均计入")
    if any(row.tier_conflict for row in found):
        remarks.append("所在级次与说明中等级对应的级次不符")
    if others:
        remarks.append("名称相同，但所问等级不在其列")
    tiers = tuple(tier for tier in TIERS if any(row.tier == tier for row in found))
    return (tiers, tuple(remarks)), found, others


def _fits(row: PrintedEntry, grades: Sequence[int], level: str | None) -> bool:
    """Whether the row covers what is asked; one that states neither grade nor level covers everything."""
    if not grades and level is None:
        return True
    if row.grade is None and row.level is None:
        return True
    if grades and row.grade is not None:
        return row.grade in grades
    return level is not None and row.level == level


def _similar(rows: Sequence[PrintedEntry], name: str) -> list[PrintedEntry]:
    """The entries of the class whose names are most alike, best first."""
    from rapidfuzz import fuzz, process

    entries = _one_each(rows)
    names = [name_key(row.name) for row in entries]
    best = process.extract(
        name_key(name), names, scorer=fuzz.WRatio, score_cutoff=_NEAR_CUTOFF, limit=_NEAR_LIMIT
    )
    return [replace(entries[at], how="near", score=round(float(score), 1)) for _, score, at in best]


def _elsewhere(catalog: Catalog, edition: str, release: str, code: str, name: str) -> list[PrintedEntry]:
    """A few entries of exactly this name in other classes."""
    named = catalog.remembered(("names", edition, release), lambda: _by_name(catalog, edition, release))
    found = _one_each(row for row in named.get(name_key(name), ()) if row.class_code != code)
    return [replace(row, how="other_class") for row in found[:_NEAR_LIMIT]]


def _by_name(catalog: Catalog, edition: str, release: str) -> dict[str, list[PrintedEntry]]:
    """Every entry of a release under each of its keys."""
    named: dict[str, list[PrintedEntry]] = {}
    for row in printed_entries(catalog, edition, release):
        for key in entry_keys(row):
            named.setdefault(key, []).append(row)
    return named


def _one_each(rows: Iterable[PrintedEntry]) -> list[PrintedEntry]:
    """The first row of every entry."""
    first: dict[str, PrintedEntry] = {}
    for row in rows:
        first.setdefault(row.entry_id, row)
    return list(first.values())
