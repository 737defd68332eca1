"""Which column of a catalogue table is what: header words → class, kind × tier, or something else."""

from __future__ import annotations

from collections.abc import Mapping
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
class Column:
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
    columns: tuple[Column, ...]
    similar: tuple[tuple[str, str, float], ...] = ()
    start: int = 0


def find_header(table: LogicalTable, mapping: Mapping[str, str], where: str) -> CatalogueHeader | None:
    """The header of a catalogue table, or None when the table has none.

    ``mapping``: header words → kind (or ``ignore``) as source.yaml gives them; it wins. ``where`` names the document
    and the place in it for messages. Raises XizeError when a column group has no near kind, or two, or when two groups are the same kind.
    """
    tier_row = _tier_row(table)
    if tier_row is None:
        return None
    start = _banner_rows(table, tier_row)
    stop = tier_row + (2 if _kinds_below(table, tier_row) else 1)
    given = {core(words): kind for words, kind in mapping.items()}
    columns: list[Column] = []
    similar: dict[str, tuple[str, str, float]] = {}
    for col in range(table.n_cols):
        path = [cell.text for cell in table.column(col, start, stop)]
        tier = next((t for t in map(tier_word, reversed(path)) if t), None)
        label = "".join(text for text in path if not tier_word(text))
        if tier is None:
            is_class = given.get(core(label)) == "class" or any(word in label for word in _CLASS_WORDS)
            columns.append(Column("class" if is_class else "other", label))
            continue
        if not label:
            raise XizeError(
                f"{where}：“{tier}”一列没有列组名称，不能判断是哪一类证书；"
                f"请核对该页表头，或在 source.yaml 的 headers 中写明。"
            )
        kind, score = _kind(label, given, where)
        if score < 100:
            similar[label] = (label, kind, score)
        columns.append(Column("other", label) if kind == IGNORE else Column("item", label, kind, tier))
    _check_twice(columns, where)
    roles = [column.role for column in columns]
    if "class" not in roles and "other" in roles:
        first = roles.index("other")
        columns[first] = Column("class", columns[first].label)
    return CatalogueHeader(stop, tuple(columns), tuple(similar.values()), start)


def _starting(table: LogicalTable, row: int) -> list[str]:
    """The texts of the cells that start in a row."""
    return [cell.text for cell in table.row(row) if cell.row == row and cell.text]


def _tier_row(table: LogicalTable) -> int | None:
    for row in range(min(8, table.n_rows)):
        texts = _starting(table, row)
        named = [word for word in map(tier_word, texts) if word]
        if len(set(named)) == 3 and len(named) >= 0.5 * len(texts):
            return row
    return None


def _kinds_below(table: LogicalTable, tier_row: int) -> bool:
    """Whether the kinds stand in a row below the tiers (a header grouped by tier)."""
    if tier_row + 1 >= table.n_rows:
        return False
    texts = _starting(table, tier_row + 1)
    near = sum(max(kind_scores(text).values()) >= _NEAR for text in texts)
    return near >= 2 and near >= 0.7 * len(texts)


def _banner_rows(table: LogicalTable, tier_row: int) -> int:
    """First header row: rows above it that are one cell across the whole table are banners (a heading, a unit)."""
    for row in range(tier_row):
        cells = table.row(row)
        if len(cells) != 1 or cells[0].col_span != table.n_cols:
            return row
    return tier_row


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


def _check_twice(columns: list[Column], where: str) -> None:
    seen: dict[tuple[str, str], str] = {}
    for column in columns:
        if column.role != "item":
            continue
        key = column.kind, column.tier
        if key in seen:
            labels = "”与“".join(dict.fromkeys((seen[key], column.label)))
            raise XizeError(
                f"{where}：表头列组“{labels}”都被认作“{KINDS[column.kind]}”的{column.tier}列，无法区分；"
                f"请在 source.yaml 的 headers 中写明各自的类别（可用：{'、'.join([*KINDS, IGNORE])}）。"
            )
        seen[key] = column.label
