"""A stitched table → its data rows, each with the header, part and group that hold for it.

A banner (one cell across the table) names a part of the list, or a group of rows; so do text lines before the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from pipeline.model import GridCell, Line, LogicalTable
from pipeline.text import normalise, squeeze
from pipeline.tidy.annexes.cells import joined
from pipeline.tidy.annexes.columns import Header, Ref, banner, eliminate, find_header
from pipeline.tidy.annexes.model import AnnexResult
from pipeline.vocabulary.annexes import Spec

_ORDINAL = re.compile(
    r"^(?:第[一二三四五六七八九十\d]+(?:部分|篇|节)[、:.]?|[(]?[一二三四五六七八九十]{1,3}(?:[)][、.]?|[、.])|[(]?\d{1,2}(?:[)][、.]?|[、.](?!\d)))"
)
"""What stands in front of a part's name: 一、 (二) 3."""
_TAIL = re.compile(r"(?:参考)?(?:名单|目录|清单|一览表|列表|表)$")
_NOTE = re.compile(r"^(?:注|备注|说明|附注|合计|总计|共计)\d*[:、]?")
_COUNT = r"\D{0,4}\d[\d.,]*\D{0,4}"
_SUM = re.compile(rf"(?:合计|总计|小计|共计):?(?:{_COUNT})?")
_LONGEST = 40


def part_name(text: str, spec: Spec, sure: bool = False) -> str | None:
    """The value that a banner's or context line's text gives to the spec's part field, or None if it is no part.

    A known value that the text contains; else what the part's pattern finds; else, for a text that has the form of
    a list title (一、…名单), the text as printed without ordinal and 参考名单, 职业资格. ``sure``: the text is known to be a
    part, whatever its form.
    """
    if spec.part is None:
        return None
    text = normalise(text)
    inside = [word for word in spec.parts if len(word) > 1 and squeeze(word) in squeeze(text)]
    # 专业技术人员 does not contain 技能人员, but a longer known value may contain a shorter one.
    inside = [word for word in inside if not any(word != other and word in other for other in inside)]
    if inside or len(text) > _LONGEST:
        return inside[0] if len(inside) == 1 else None
    if spec.part_pattern and (found := re.search(spec.part_pattern, text)):
        return str(next(group for group in found.groups() if group))
    if not text or _NOTE.match(text):
        return None
    ordinal = _ORDINAL.match(text) is not None
    if not sure and not ordinal and not (len(text) <= 12 and text.endswith("类")):
        return None
    value = _TAIL.sub("", _ORDINAL.sub("", text)) or text
    return re.sub(r"(?<=.{2})职业资格$", "", value)


def context_part(lines: tuple[Line, ...], spec: Spec) -> tuple[str | None, tuple[Line, ...]]:
    """The part that the text lines before a table name: the last one that names any. Also the lines it used."""
    for stop in range(len(lines), 0, -1):
        found = part_name(lines[stop - 1].text, spec)
        if found:
            return found, (lines[stop - 1],)
        if stop >= 2:  # a list title that wraps
            found = part_name(lines[stop - 2].text + lines[stop - 1].text, spec)
            if found in spec.parts:
                return found, lines[stop - 2 : stop]
    return None, ()


def is_title(text: str, title: str) -> bool:
    """Whether a banner only repeats the annex's title."""
    text, title = squeeze(text), squeeze(title)
    text = re.sub(r"^附(?:件|录|表)[一二三四五六七八九十\d]*[::]*", "", text)
    return bool(text) and fuzz.ratio(text, title) >= 85


def is_note(text: str) -> bool:
    """Whether a banner is a remark or a sum below the rows, not a title above them."""
    return _NOTE.match(normalise(text)) is not None


def is_sum(cells: Sequence[GridCell]) -> bool:
    """Whether the cells of a row are a sum: the word for it, and nothing but numbers behind it."""
    return _SUM.fullmatch(cells[0].text) is not None and all(
        re.fullmatch(_COUNT, cell.text) for cell in cells[1:]
    )


@dataclass(frozen=True)
class State:
    """What holds for the next row: header, part and group."""

    header: Header | None = None
    part: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class DataRow:
    """One data row of the grid and what holds for it. ``own``: its cells that start in it, left to right."""

    row: int
    state: State
    header: Header
    own: tuple[GridCell, ...]


@dataclass
class Walker:
    """Walks the rows of one table under one spec. ``state`` stands at the end for the next table of the annex.

    ``read_any``: a header or a data row of this table was read; ``named``: a part was named for it.
    """

    table: LogicalTable
    spec: Spec
    title: str
    header_map: Mapping[str, str]
    state: State
    out: AnnexResult
    read_any: bool = False
    named: bool = False

    def rows(self) -> Iterator[DataRow]:
        """The data rows, top to bottom; headers and banners are taken off on the way."""
        row = 0
        while row < self.table.n_rows:
            own = self.table.starting(row)
            if not own:
                row += 1
            elif cell := banner(self.table, row):
                self._banner(cell)
                row += 1
            elif header := self._header(row):
                row = header.stop
            elif is_sum(own):
                self._sum(own)
                row += 1
            else:
                self.read_any = True
                if self.state.header is not None:
                    yield DataRow(row, self.state, self.state.header, tuple(own))
                row += 1

    def _header(self, row: int) -> Header | None:
        header = find_header(self.table, row, self.spec, self.header_map, first=not self.read_any)
        if header is None:
            return None
        if header.missing:
            header = eliminate(header, self.spec)
        if header.missing and self.state.header is not None:
            return None  # words of a header by chance: a data row
        if header.missing or not any(ref.field for ref in header.refs):
            return None
        self.out.head(header.cells)
        old = self.state.header
        if old is None or old.texts != header.texts:
            self._report_columns(header)
        self.state = replace(self.state, header=header)
        self.read_any = True
        return header

    def _report_columns(self, header: Header) -> None:
        """Findings about columns that were not matched by their very word."""
        for ref in header.refs:
            cell = self.table.at(header.stop - 1, ref.start) or self.table.at(header.start, ref.start)
            if ref.field and ref.how in ("similar", "left", "pair"):
                how = {
                    "similar": f"列标题“{ref.text}”按相近词识别为“{_label(self.spec, ref)}”",
                    "left": f"列标题“{ref.text}”未能识别，因其他各列均已对应，视为“{_label(self.spec, ref)}”",
                    "pair": f"列标题“{ref.text}”只有一列，视为“{ref.field}”",
                }[ref.how]
                message = f"附件《{self.title}》的{how}。"
                self.out.report("annex_column_similar", message, ref.text, cell, self.spec.table)
            elif ref.how == "printed":
                message = f"附件《{self.title}》的列标题“{ref.text}”不是已知类别，按原文发布。"
                self.out.report("annex_category_unknown", message, ref.text, cell, self.spec.table)

    def _banner(self, cell: GridCell) -> None:
        text = joined(cell)
        self.out.head([cell])
        if is_title(text, self.title):
            return
        # The first title above a header is a part whatever its form; further down it must look like one.
        part = part_name(text, self.spec, sure=not (self.read_any or self.named or is_note(text)))
        if part is not None:
            self.set_part(part, text, cell)
            return
        if self.spec.group and not is_note(text):
            self.state = replace(self.state, group=_ORDINAL.sub("", text) or text)
            return
        message = f"附件《{self.title}》中有一行通栏文字未能归入任何一列：“{text[:60]}”。"
        self.out.report("annex_banner_unknown", message, text, cell, self.spec.table)

    def _sum(self, own: Sequence[GridCell]) -> None:
        self.out.head(own)
        text = " ".join(map(joined, own))
        message = f"附件《{self.title}》中“{text[:60]}”一行是合计，未作数据；请核对原文。"
        self.out.report("annex_sum", message, text, own[0], self.spec.table)

    def set_part(self, part: str, text: str, cell: GridCell | None) -> None:
        """``text`` names a part. It is a new one if its name is: published as printed, with a finding if it is unknown."""
        self.named = True
        if part == self.state.part:
            return
        self.state = replace(self.state, part=part, group=None)
        if part not in self.spec.parts:
            known = "、".join(self.spec.parts)
            message = f"附件《{self.title}》的分表“{text}”不在已知的{known}之内，按原文发布。"
            self.out.report("annex_part_unknown", message, text, cell, self.spec.table)


def _label(spec: Spec, ref: Ref) -> str:
    return next((column.words[0] for column in spec.columns if column.field == ref.field), ref.field or "")
