"""Which column of a catalogue table is what: header words → class, kind × tier, or something else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.errors import XizeError
from pipeline.model import LogicalTable
from pipeline.schema import KINDS
from pipeline.vocabulary.kinds import core, kind_scores, tier_word

_NEAR = 70.0
_APART = 6.0
_CLASS_WORDS = ("专业类别", "专业类", "专业大类", "专业名称", "专业代码", "双师级别", "专业")
IGNORE = "ignore"


@dataclass(frozen=True)
class CatalogueColumn:
    """What a column holds: role ``class`` | ``item`` (with kind and tier) | ``other`` (with its printed label)."""

    role: str
    label: str
    kind: str = ""
    tier: str = ""


@dataclass(frozen=True)
class CatalogueHeader:
    """The header of a catalogue table: its rows (0 … ``rows`` - 1), a meaning per column, and words matched only by
    similarity as (words, kind, score)."""

    rows: int
    columns: tuple[CatalogueColumn, ...]
    similar: tuple[tuple[str, str, float], ...] = ()


def find_header(table: LogicalTable, mapping: Mapping[str, str], where: str) -> CatalogueHeader | None:
    """The header of a catalogue table, or None when the table has none.

    ``mapping``: header words → kind (or ``ignore``) as source.yaml gives them; it wins. ``where`` names the document
    and the place in it for messages. Raises XizeError when a column group has no near kind, or two, or when two groups are the same kind.
    """
    start, stop = header_block(table)
    if not stop:
        return None
    given = {core(words): kind for words, kind in mapping.items()}
    columns: list[CatalogueColumn] = []
    similar: dict[str, tuple[str, str, float]] = {}
    for tier, label in _labels(table, start, stop):
        if tier is None:
            is_class = given.get(core(label)) == "class" or any(word in label for word in _CLASS_WORDS)
            columns.append(CatalogueColumn("class" if is_class else "other", label))
            continue
        if not label:
            raise XizeError(
                f"{where}：“{tier}”一列没有列组名称，不能判断是哪一类证书；"
                f"请核对该页表头，或在 source.yaml 的 headers 中写明。"
            )
        kind, score = _kind(label, given, where)
        if score < 100:
            similar[label] = (label, kind, score)
        columns.append(
            CatalogueColumn("other", label) if kind == IGNORE else CatalogueColumn("item", label, kind, tier)
        )
    _check_twice(table, stop, columns, where)
    if all(column.role != "class" for column in columns):
        others = [col for col, column in enumerate(columns) if column.role == "other"]
        named = [
            col
            for col in others
            if any(ends_as_class(cell.text) for cell in table.column(col, stop, table.n_rows))
        ]
        for col in (named or others)[:1]:
            columns[col] = CatalogueColumn("class", columns[col].label)
    return CatalogueHeader(stop, tuple(columns), tuple(similar.values()))


def header_block(table: LogicalTable, first: int = 0, last: int = 8) -> tuple[int, int]:
    """The first row and the last + 1 of the header whose tiers stand between the rows ``first`` and ``last`` - 1, without
    a heading above it; (0, 0) where none does."""
    tier_row = _tier_row(table, first, last)
    if tier_row is None:
        return 0, 0
    start = tier_row
    while start > first and _heads(table, start - 1, tier_row):
        start -= 1
    below = not _kinds_in(table, tier_row - 1) and _kinds_in(table, tier_row + 1)
    return start, tier_row + 2 if below else tier_row + 1


def _heads(table: LogicalTable, row: int, tier_row: int) -> bool:
    """Whether a row above the tiers is part of the header: words over several columns or for kinds, beside cells that
    reach down to the tiers."""
    upper = [cell for cell in table.starting(row) if cell.row + cell.row_span <= tier_row]
    if len(upper) == 1 and upper[0].col_span == table.n_cols:
        return False
    words = [c for c in upper if c.col_span > 1 or max(kind_scores(c.text).values()) >= _NEAR]
    return bool(upper) and 2 * len(words) >= len(upper)


def ends_as_class(text: str) -> bool:
    """Whether a text ends as what stands in a class cell: with 类 or a code, in a bracket or not."""
    bare = text.rstrip(")]")
    return bare.endswith("类") or bare[-4:].isdigit()


def _labels(table: LogicalTable, start: int, stop: int) -> Iterator[tuple[str | None, str]]:
    """(tier, the other words) of every column of a header in rows ``start`` … ``stop`` - 1.

    Words that stand over all columns with a tier tell none from another and are left out; so are, over a column without
    a tier, the words that it shares with columns that have one (a kind's word over its own remarks).
    """
    paths = [table.column(col, start, stop) for col in range(table.n_cols)]
    tiers = [next((t for t in map(tier_word, (c.text for c in reversed(path))) if t), None) for path in paths]
    tiered = [path for path, tier in zip(paths, tiers, strict=True) if tier]
    over = Counter(id(cell) for path in tiered for cell in path)
    for path, tier in zip(paths, tiers, strict=True):
        words = [cell for cell in path if not tier_word(cell.text)]
        most = len(tiered) - 1 if tier else 0
        own = [cell for cell in words if over[id(cell)] <= most]
        yield tier, "".join(cell.text for cell in own or words)


def _tier_row(table: LogicalTable, first: int, last: int) -> int | None:
    for row in range(first, min(last, table.n_rows)):
        cells = table.starting(row)
        named = [word for cell in cells if (word := tier_word(cell.text))]
        if len(set(named)) == 3 and len(named) >= 0.5 * len(cells):
            return row
    return None


def _kinds_in(table: LogicalTable, row: int) -> bool:
    """Whether the cells that begin in a row are a header's kinds, for the most part. (Items may read like kinds: below
    the tiers such a row belongs to the header only where none stands above them, in a header grouped by tier.)"""
    cells = table.starting(row)
    near = sum(max(kind_scores(cell.text).values()) >= _NEAR for cell in cells)
    return near >= 2 and near >= 0.7 * len(cells)


def _kind(label: str, given: Mapping[str, str], where: str) -> tuple[str, float]:
    if core(label) in given:
        kind = given[core(label)]
        if kind not in KINDS and kind != IGNORE:
            raise XizeError(
                f"source.yaml 的 headers 把“{label}”对应到“{kind}”，但没有这一类；可用："
                f"{'、'.join([*KINDS, IGNORE])}。"
            )
        return kind, 100.0
    ranked = sorted(kind_scores(label).items(), key=lambda pair: -pair[1])
    (kind, score), (other, second) = ranked[0], ranked[1]
    how = f'请在 source.yaml 中写明，例如 headers: {{"{label}": {kind}}}（可用：{"、".join([*KINDS, IGNORE])}）。'
    if score < _NEAR:
        raise XizeError(f"{where}：表头列组“{label}”与五类证书都不相近，无法判断；{how}")
    if score < 100 and score - second < _APART:
        raise XizeError(
            f"{where}：表头列组“{label}”同时近似于“{KINDS[kind]}”和“{KINDS[other]}”，无法判断；{how}"
        )
    return kind, score


def _check_twice(table: LogicalTable, stop: int, columns: Sequence[CatalogueColumn], where: str) -> None:
    """Two groups of one kind cannot be told apart; one header cell over several columns is one group."""
    seen: dict[tuple[str, str], str] = {}
    for col, column in enumerate(columns):
        if column.role != "item":
            continue
        key = column.kind, column.tier
        if col and table.at(stop - 1, col) is table.at(stop - 1, col - 1):
            continue
        if key in seen:
            labels = "”与“".join(dict.fromkeys((seen[key], column.label)))
            raise XizeError(
                f"{where}：表头列组“{labels}”都被认作“{KINDS[column.kind]}”的{column.tier}列，无法区分；"
                f"请在 source.yaml 的 headers 中写明各自的类别（可用：{'、'.join([*KINDS, IGNORE])}）。"
            )
        seen[key] = column.label
