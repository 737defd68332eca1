"""Header rows → which grid columns fill which field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rapidfuzz import fuzz

from pipeline.model import GridCell, LogicalTable
from pipeline.text import squeeze
from pipeline.vocabulary.annexes import (
    ALL_WORDS,
    AWARD_LEVEL,
    LADDER_HEADS,
    RANK_WORDS,
    VOCABULARY,
    Spec,
    known_word,
    plain,
)

SIMILAR = 62.0  # the least similarity (0–100) at which a header word counts as a field's word
MARGIN = 6.0  # by how much the best field must lead the second
RELATED = 25.0  # the least similarity of the last column to the last field, when nothing else is left
MAX_HEADER_ROWS = 4
_RANK_INSIDE = re.compile("正高级?|副高级?|高级|中级|助理级|员级|初级")


@dataclass(frozen=True)
class Ref:
    """Grid columns ``start`` … ``stop``-1 under one header cell: ``text`` the words, ``how`` they were matched."""

    start: int
    stop: int
    text: str
    field: str | None = None
    how: str = ""
    uppers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Header:
    """A header block: grid rows ``start`` … ``stop``-1, its columns and its cells."""

    start: int
    stop: int
    refs: tuple[Ref, ...]
    cells: tuple[GridCell, ...] = ()
    missing: tuple[str, ...] = ()
    texts: frozenset[str] = field(default_factory=frozenset)

    def ref(self, name: str) -> Ref | None:
        """The column of ``name``."""
        return next((ref for ref in self.refs if ref.field == name), None)

    def count(self, *how: str) -> int:
        """How many columns were matched in one of these ways."""
        return sum(1 for ref in self.refs if ref.field and ref.how in how)


def banner(table: LogicalTable, row: int) -> GridCell | None:
    """The one cell of a row, if it is printed across at least half of the table's columns, or None."""
    cells = [cell for cell in table.row(row) if cell.text]
    if len(cells) != 1 or cells[0].row != row or table.n_cols < 2:
        return None
    cell = cells[0]
    return cell if cell.col_span >= max(2, (table.n_cols + 1) // 2) else None


def header_rows(
    table: LogicalTable, row: int, words: frozenset[str], header_map: Mapping[str, str], least: int = 2
) -> int:
    """The grid row after the header block that starts at ``row``, or ``row`` itself if none starts there.

    A header row is one in which at least ``least`` cells, and more than half of them, are header words. Cells merged
    down and further rows of header words belong to the block.
    """
    stop = row
    while stop < table.n_rows and stop - row < MAX_HEADER_ROWS:
        cells = table.starting(stop)
        known = sum(1 for cell in cells if known_word(cell.text, words, header_map))
        rank_heads = sum(1 for cell in cells if LADDER_HEADS.fullmatch(cell.text))
        enough = least if stop == row else 1
        if known < enough or 2 * (known + rank_heads) <= len(cells) or banner(table, stop) is not None:
            break
        stop = max([stop + 1, *(cell.row + cell.row_span for cell in cells)]) if stop == row else stop + 1
    return stop


def guessed_header(table: LogicalTable, row: int) -> int:
    """A header found by form alone: a row of short texts, none a number, above a row with a number."""
    cells = table.starting(row)
    if len(cells) < 2 or any(cell.text.isdigit() or len(cell.text) > 24 for cell in cells):
        return row
    stop = max(cell.row + cell.row_span for cell in cells)
    end = stop  # the header's last row but for banners between it and the first number
    while stop < table.n_rows and stop - row < MAX_HEADER_ROWS:
        below = table.starting(stop)
        if any(cell.text.rstrip(".、").isdigit() for cell in below):
            return end
        if len(below) > table.n_cols // 2 + 1:
            break
        stop += 1
        end = end if banner(table, stop - 1) else stop
    return row


def leaves(table: LogicalTable, start: int, stop: int) -> list[Ref]:
    """The columns of a header block: the lowest header cell of every grid column, with the words above it."""
    refs: list[Ref] = []
    last: GridCell | None = None
    for col in range(table.n_cols):
        cells = table.column(col, start, stop)
        leaf = cells[-1] if cells else None
        if leaf is None:
            refs.append(Ref(col, col + 1, ""))
        elif leaf is last:
            refs[-1] = replace(refs[-1], stop=col + 1)
        else:
            uppers = tuple(cell.text for cell in cells if cell.text != leaf.text)
            refs.append(Ref(col, col + 1, leaf.text, uppers=uppers))
        last = leaf
    return refs


def _mapped(ref: Ref, spec: Spec, header_map: Mapping[str, str]) -> str | None:
    """The field that source.yaml's header map names for the column: by field name or by any of the field's words."""
    target = header_map.get(ref.text) or header_map.get("".join((*ref.uppers, ref.text)))
    if target is None:
        return None
    name = target.removeprefix(f"{spec.table}.")
    word = squeeze(target)
    for column in spec.columns:
        if name == column.field or word in column.words:
            return column.field
    return None


def similarity(text: str, words: tuple[str, ...]) -> float:
    """How near (0–100) a header text is to the nearest of a field's words."""
    best = 0.0
    for word in words:
        score = fuzz.ratio(text, word)
        if min(len(text), len(word)) >= 2 and (word in text or text in word):
            score = max(score, 70.0 + 20.0 * min(len(text), len(word)) / max(len(text), len(word)))
        best = max(best, score)
    return best


def match(refs: list[Ref], spec: Spec, header_map: Mapping[str, str]) -> tuple[Ref, ...]:
    """Give every column its field: source.yaml's word first, then the exact word, then the nearest one.

    No field is given twice: of two columns under the same words the first wins, and the second is the twin's
    (``spec.twins``) where the table has one.
    """
    out = list(refs)
    for index, ref in enumerate(out):
        name = _mapped(ref, spec, header_map) if ref.text else None
        if name and name not in _taken(out):
            out[index] = replace(ref, field=name, how="map")
    _exact(out, spec)
    _twins(out, spec)
    _similar(out, spec)
    return tuple(out)


def _taken(refs: list[Ref]) -> set[str]:
    return {ref.field for ref in refs if ref.field}


def _exact(out: list[Ref], spec: Spec) -> None:
    """Exact words: the leaf text; all words joined; the leaf without brackets or its parts; the words above it."""
    for look in range(4):
        for index, ref in enumerate(out):
            if ref.field or not ref.text:
                continue
            forms = (
                (ref.text,),
                ("".join((*ref.uppers, ref.text)), ref.text.rstrip("*:")),
                (plain(ref.text), *ref.text.split("/")),
                ref.uppers,
            )[look]
            taken = _taken(out)
            free = (column for column in spec.columns if column.field not in taken)
            name = next((column.field for column in free if set(column.words) & set(forms)), None)
            if name:
                out[index] = replace(ref, field=name, how="exact")


def _twins(out: list[Ref], spec: Spec) -> None:
    """Two columns under the same words are the twins, left to right; a lone second twin is the first one."""
    for first, second in spec.twins:
        places = {ref.field: index for index, ref in enumerate(out) if ref.field in (first, second)}
        if len(places) != 1:
            continue
        (index,) = places.values()
        same = [
            i for i, ref in enumerate(out) if ref.text == out[index].text and (not ref.field or i == index)
        ]
        if len(same) >= 2:
            for i, name in zip(same, (first, second), strict=False):
                out[i] = replace(out[i], field=name, how="exact")
        elif second in places:
            out[index] = replace(out[index], field=first, how="similar")


def _similar(out: list[Ref], spec: Spec) -> None:
    taken = _taken(out)
    fields = [c for c in spec.columns if c.field not in taken and c.field != spec.part]
    scores = [
        (similarity(ref.text, column.words), index, column.field)
        for index, ref in enumerate(out)
        if ref.field is None and ref.text and not (spec.shape == "ladders" and ref.text in RANK_WORDS)
        for column in fields
    ]
    for score, index, name in sorted(scores, key=lambda s: (-s[0], s[1])):
        if score < SIMILAR or out[index].field or name in _taken(out):
            continue
        rivals = [s for s, i, n in scores if i == index and n != name and n not in _taken(out)]
        if not rivals or max(rivals) <= score - MARGIN:
            out[index] = replace(out[index], field=name, how="similar")


def read_header(
    table: LogicalTable, start: int, stop: int, spec: Spec, header_map: Mapping[str, str]
) -> Header:
    """The header block at rows ``start`` … ``stop``-1, matched against ``spec``."""
    refs = leaves(table, start, stop)
    matched = match(refs, spec, header_map)
    if spec.shape == "ladders":
        matched = ranks(matched)
    elif spec.shape == "awards":
        matched = tuple(award_column(ref) for ref in matched)
    named = {ref.field for ref in matched}
    missing = tuple(c.field for c in spec.columns if c.required and c.field not in named)
    cells = tuple(cell for row in range(start, stop) for cell in table.starting(row))
    return Header(start, stop, matched, cells, missing, frozenset(cell.text for cell in cells))


def eliminate(header: Header, spec: Spec) -> Header:
    """Exactly one required field and one column are left, and their words are related: they belong together."""
    free = [ref for ref in header.refs if ref.field is None and ref.text]
    if len(header.missing) != 1 or len(free) != 1:
        return header
    column = next(c for c in spec.columns if c.field == header.missing[0])
    if max(fuzz.ratio(free[0].text, word) for word in column.words) < RELATED:
        return header
    refs = tuple(
        replace(ref, field=column.field, how="left") if ref is free[0] else ref for ref in header.refs
    )
    return replace(header, refs=refs, missing=())


def ranks(refs: tuple[Ref, ...]) -> tuple[Ref, ...]:
    """Ranks of a two-level header: two columns under 高级 are 正高级 and 副高级, two under 初级 助理级 and 员级.

    Where 初级 stands left of 高级 the columns run upwards and so do the two of a pair. A single 高级 (初级) column
    is the rank of the pair that no other column names.
    """
    split: list[Ref] = []
    for ref in refs:
        word, how = (None, "") if ref.field else _rank_word(ref)
        if word is None:
            split.append(ref)
        elif word in ("高级", "初级"):
            columns = range(ref.start, ref.stop)
            split.extend(replace(ref, start=col, stop=col + 1, field=word, how=how) for col in columns)
        else:
            split.append(replace(ref, field=word, how=how))
    order = [
        ref.field for ref in split if ref.field in ("高级", "正高级", "副高级", "初级", "助理级", "员级")
    ]
    upwards = bool(order) and order[0] in ("初级", "助理级", "员级")
    named = {ref.field for ref in split}
    pairs = {"高级": ["正高级", "副高级"], "初级": ["助理级", "员级"]}
    for word, pair in pairs.items():
        left = [rank for rank in pair if rank not in named]
        places = [index for index, ref in enumerate(split) if ref.field == word]
        if len(places) == 1 and len(left) == 2:
            # One column for the whole pair: the usual rank is published, with a finding ("pair").
            usual = "副高级" if word == "高级" else "助理级"
            split[places[0]] = replace(split[places[0]], field=usual, how="pair")
            continue
        if upwards:
            left.reverse()
        for place, rank in zip(places, left, strict=False):
            split[place] = replace(split[place], field=rank)
        for place in places[len(left) :]:
            split[place] = replace(split[place], field=None, how="")
    return tuple(split)


def _rank_word(ref: Ref) -> tuple[str | None, str]:
    """The rank that a column's words name, lowest first, and how: exact, or similar where it is part of a longer
    word."""
    for text in (ref.text, *reversed(ref.uppers)):
        if word := RANK_WORDS.get(text) or RANK_WORDS.get(plain(text)):
            return word, "exact"
        if found := _RANK_INSIDE.search(text):
            return RANK_WORDS[found[0]], "similar"
    return None, ""


def award_column(ref: Ref) -> Ref:
    """The category of an award column, from its own and the upper header words; other words stay as printed."""
    if not ref.text:
        return ref
    whole = "".join((*ref.uppers, ref.text))
    science = any(word in whole for word in ("科技", "发明", "科学技术", "技术奖"))
    if science or AWARD_LEVEL.fullmatch(ref.text):
        if "国家" in whole and "省" not in whole:
            return replace(ref, field="科技或发明奖项·国家级", how="exact")
        if any(word in whole for word in ("省部", "省级", "直辖市", "部级")) and "国家" not in whole:
            return replace(ref, field="科技或发明奖项·省部级", how="exact")
    if "教学" in whole and ("比赛" in whole or "竞赛" in whole or "成果" in whole):
        return replace(ref, field="教学技能比赛、教学成果奖", how="exact")
    if "人才称号" in whole or "技能人才" in whole:
        return replace(ref, field="高技能人才称号", how="exact")
    return replace(ref, field="·".join((*ref.uppers, ref.text)), how="printed")


def find_header(
    table: LogicalTable, row: int, spec: Spec, header_map: Mapping[str, str], first: bool
) -> Header | None:
    """The header that starts at ``row``, or None. ``first``: nothing was read of the table yet, so that a header may
    also be known by its form."""
    if spec.shape == "awards":
        return _award_header(table, row, spec, header_map) if first else None
    stop = header_rows(table, row, VOCABULARY[spec.table], header_map)
    if stop == row and first:
        stop = header_rows(table, row, ALL_WORDS, header_map)
    if stop == row and first:
        stop = guessed_header(table, row)
    return read_header(table, row, stop, spec, header_map) if stop > row else None


def _award_header(table: LogicalTable, row: int, spec: Spec, header_map: Mapping[str, str]) -> Header | None:
    cells = table.starting(row)
    if len(cells) < 2:
        return None
    stop = max(cell.row + cell.row_span for cell in cells)
    while stop < table.n_rows:
        below = table.starting(stop)
        if not below or not all(AWARD_LEVEL.fullmatch(cell.text) for cell in below):
            break
        stop += 1
    # A row of levels alone below unmerged cells: the block ends with it, whatever stands above.
    return read_header(table, row, stop, spec, header_map)
