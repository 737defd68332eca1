"""A Word file → staged reading: its tables' cells, each paragraph or manual line a line, and the paragraphs between."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.editions.title import in_largest_type
from pipeline.errors import XizeError
from pipeline.findings import Finding
from pipeline.readers.word.package import Package, W, open_package, text_of
from pipeline.readers.word.styles import read_numbering, read_styles
from pipeline.readers.word.tables import WordCell, WordGrid, parts_of, read_grid
from pipeline.readers.word.text import Paragraph, ParagraphReader
from pipeline.reading import WORD, Reading, staged_without_pages

_BLOCKS = (f"{W}p", f"{W}tbl")
_OPENING = 51
"""The paragraph before which a title stands."""


def read_word(path: Path) -> Reading:
    """Read a Word file (.docx; .doc and .wps through LibreOffice).

    Raises XizeError as :func:`open_package` does, for a table without a grid, and for a document without any text.
    """
    return _Body(open_package(path, "document")).read()


def printed_titles(path: Path) -> tuple[str | None, str | None]:
    """(the title as printed: the first paragraphs in the largest type before any table; that in the properties).

    Raises XizeError as :func:`read_word`: a file of which the title is asked for is about to be kept.
    """
    package = open_package(path, "document")
    reading = _Body(package).read()
    end = min([_OPENING, *filter(None, reading.cells["line"].to_pylist())])
    lines = [row for row in reading.blocks.to_pylist() if row["role"] == "text" and row["line"] < end]
    return in_largest_type((line["text"], line["size"]) for line in lines), package.title()


class _Body:
    """The walk through a document's body."""

    def __init__(self, package: Package) -> None:
        self._package = package
        root = package.xml(package.main)
        self._body = root.find(f"{W}body") if root is not None else None
        if root is None or self._body is None:
            raise XizeError(f"{package.name}：Word文件没有正文，无法读取；请用Word打开后另存。")
        outside = next(root.iter(f"{W}altChunk", f"{W}subDoc"), None)
        if outside is not None:
            raise XizeError(
                f"{package.name}：正文的一部分在另外的文件里（altChunk或子文档）；请用Word打开后另存，再读取。"
            )
        self._numbers = {one: number for number, one in enumerate(root.iter(f"{W}p"), start=1)}
        self._paragraphs = ParagraphReader(
            read_styles(package.first("styles")), read_numbering(package.first("numbering"))
        )
        self._notes = {kind: self._notes_of(kind) for kind in ("footnote", "endnote")}
        self._cells: list[dict[str, Any]] = []
        self._blocks: list[dict[str, Any]] = []
        self._findings: list[Finding] = []
        self._tables = self._text_boxes = 0

    def read(self) -> Reading:
        """The whole document."""
        self._blocks_of(self._body)
        self._margins()
        if not self._cells and not self._blocks:
            raise XizeError(f"{self._package.name}：Word文件中没有任何文字；请核对文件。")
        return staged_without_pages(WORD, self._cells, self._blocks, self._findings, len(self._numbers))

    def _tell(self, code: str, message: str, evidence: str, **place: Any) -> None:
        self._findings.append(Finding(code, message, evidence, **place))

    def _paragraph(self, element: Any) -> Paragraph:
        return self._paragraphs.read(element, self._numbers.get(element))

    def _joined(self, elements: Iterable[Any]) -> Iterator[Any | Paragraph]:
        """Tables as they are and paragraphs read, those whose end mark is deleted put together with the next."""
        held: Paragraph | None = None
        for element in elements:
            if element.tag != f"{W}p":
                if held is not None:
                    yield held
                    held = None
                yield element
                continue
            paragraph = self._paragraph(element)
            if held is not None:
                _put_before(held, paragraph)
            held = paragraph if paragraph.goes_on else None
            if held is None:
                yield paragraph
        if held is not None:
            yield held

    def _blocks_of(self, element: Any, box: str = "") -> None:
        """Read paragraphs and tables; ``box`` names the text box that they stand in."""
        for one in self._joined(parts_of(element, _BLOCKS)):
            if not isinstance(one, Paragraph):
                self._table(one, box)
                continue
            self._doubts(one, {"line": one.number})
            if box:
                continue
            for text in one.lines:
                self._block("text", text, one.size, one.number)
            self._block("隐藏的", one.hidden, one.size, one.number)
            self._boxes(one)

    def _block(self, role: str, text: str, size: float, line: int | None) -> None:
        if text.strip():
            self._blocks.append({"role": role, "text": text, "size": size, "line": line})

    def _boxes(self, paragraph: Paragraph) -> None:
        """Text boxes: their tables are tables, their other text is named; where it belongs nobody can tell."""
        for box in paragraph.boxes:
            self._text_boxes += 1
            name = f"textbox-{self._text_boxes}"
            text = box
            if not isinstance(box, str):
                found = [
                    self._paragraphs.read(one, None)
                    for one in box.iter(f"{W}p")
                    if not _within_table(one, box)
                ]
                text = "".join(line for one in found for line in one.lines)
                for one in parts_of(box, (f"{W}tbl",)):
                    self._table(one, name)
            if text.strip():
                message = f"文本框中有文字“{text[:40]}”，未作数据；如应属于某个表格，请更正。"
                self._tell("text_outside_tables", message, text, cell_id=name)

    def _table(self, table: Any, box: str = "") -> None:
        """Stage a table. One that only lays out other tables gives its place to these."""
        line = None if box else self._numbers.get(next(table.iter(f"{W}p"), None))
        where = f"{self._package.name}第{line}段处" if line else f"{self._package.name}文本框中"
        grid = read_grid(table, where)
        if _lays_out([cell.element for cell in grid.cells]):
            for cell in grid.cells:
                self._blocks_of(cell.element, box)
            return
        self._tables += 1
        self._tell_rows(grid, line)
        for cell in grid.cells:
            self._cell(cell, self._tables, box)

    def _tell_rows(self, grid: WordGrid, line: int | None) -> None:
        """What of a table's rows and cells is hidden or no settled text."""
        for part in grid.deleted:
            self._changed(text_of(part, f"{W}t", f"{W}delText"), "", line=line)
        for part in grid.inserted:
            self._changed("", text_of(part), line=line)
        for part in grid.merged:
            self._changed("", f"单元格的合并：{text_of(part)}", line=line)
        for text in map(text_of, grid.hidden):
            message = f"表格中有隐藏的行“{text[:40]}”，已照常读入；请核对是否应属正文。"
            self._tell("hidden_rows", message, text, line=line)

    def _cell(self, cell: WordCell, table: int, box: str) -> None:
        name = f"{f'{box}-' if box else ''}t{table:03d}-r{cell.row:03d}-c{cell.col:02d}"
        found = list(self._cell_paragraphs(cell.element))
        lines = [(text, one.size, None if box else one.number) for one in found for text in one.lines]
        first = next((one.number for one in found if one.lines), found[0].number if found else None)
        place: dict[str, Any] = {"line": None if box else first, "cell_id": name}
        for one in found:
            self._doubts(one, {**place, "line": place["line"] and one.number})
            self._boxes(one)
        # Word shows only the first of merged cells.
        hidden = "".join([*(one.hidden for one in found), *map(text_of, cell.covered)])
        self._block("隐藏的", hidden, 0.0, place["line"])
        self._cells.append(
            {
                "cell_id": name,
                "table_no": table,
                "row": cell.row,
                "col": cell.col,
                "row_span": cell.row_span,
                "col_span": cell.col_span,
                "lines": [{"text": text} for text, _, _ in lines],
                "sizes": [size for _, size, _ in lines],
                "paragraphs": [number for _, _, number in lines],
                "line": place["line"],
            }
        )

    def _cell_paragraphs(self, element: Any) -> Iterator[Paragraph]:
        """The paragraphs of a cell, those of tables inside it included, row by row."""
        for one in self._joined(parts_of(element, _BLOCKS)):
            if isinstance(one, Paragraph):
                yield one
                continue
            grid = read_grid(one, f"{self._package.name}单元格中")
            self._tell_rows(grid, self._numbers.get(next(one.iter(f"{W}p"), None)))
            for cell in grid.cells:
                yield from self._cell_paragraphs(cell.element)

    def _doubts(self, paragraph: Paragraph, place: dict[str, Any]) -> None:
        """What of a paragraph a steward must know: tracked changes, text struck out, notes, pictures."""
        if paragraph.removed or paragraph.added:
            self._changed("".join(paragraph.removed), "".join(paragraph.added), **place)
        if struck := paragraph.struck.strip():
            message = f"“{struck[:40]}”带有删除线，已照常读入；请核对是否已删去。"
            self._tell("struck_out", message, struck, **place)
        shown = "".join(paragraph.lines)[:40]
        for what in dict.fromkeys(paragraph.unread):
            pictured = "cell_id" in place and not what.startswith("注音")
            code = "cell_pictured" if pictured else "text_outside_tables"
            self._tell(code, f"“{shown}”处有{what}，没有读入。", f"{shown}|{what}", **place)
        for kind, number in paragraph.notes:
            text = self._notes[kind].get(number, "")
            message = f"“{shown}”处有脚注“{text[:100]}”；脚注标记不计入文字。"
            self._tell("footnote_mark", message, f"{shown}|{text}", **place)

    def _changed(self, removed: str, added: str, **place: Any) -> None:
        said = "，".join(
            f"{what}“{text[:60]}”{'（¶为段落标记）' if '¶' in text[:60] else ''}"
            for what, text in (("删去", removed), ("加入", added))
            if text
        )
        if said:
            message = f"此处有未定的修订（{said}），已按接受修订读取；请核对定稿。"
            self._tell("tracked_changes", message, f"{removed}|{added}", **place)

    def _notes_of(self, kind: str) -> dict[str, str]:
        """The texts of the footnotes or endnotes, by id."""
        root = self._package.first(f"{kind}s")
        notes = root.iter(f"{W}{kind}") if root is not None else ()
        return {
            one.get(f"{W}id", ""): "".join(
                line for p in one.iter(f"{W}p") for line in self._paragraphs.read(p, None).lines
            )
            for one in notes
            if one.get(f"{W}type", "normal") == "normal"
        }

    def _margins(self) -> None:
        """Texts of headers, footers (a page number alone is none) and comments: no data, but named."""
        seen: set[str] = set()
        for kind, what in (("header", "页眉"), ("footer", "页脚"), ("comments", "批注")):
            for number, part in enumerate(self._package.related(kind), start=1):
                root = self._package.xml(part)
                paragraphs = root.iter(f"{W}p") if root is not None else ()
                text = "".join(line for p in paragraphs for line in self._paragraphs.read(p, None).lines)
                if re.search(r"[^\W\d_第页共of]", text) and text not in seen:
                    seen.add(text)
                    message = f"{what}中有文字“{text[:40]}”，未作数据。"
                    self._tell("text_outside_tables", message, text, cell_id=f"{kind}-{number}")


def _put_before(held: Paragraph, paragraph: Paragraph) -> None:
    """Put a paragraph whose end mark is deleted in front of the next, which goes on in its last line."""
    if held.lines and paragraph.lines:
        held.removed.append(f"{held.lines[-1]}¶{paragraph.lines[0]}")
        paragraph.lines = [*held.lines[:-1], held.lines[-1] + paragraph.lines[0], *paragraph.lines[1:]]
    else:
        paragraph.lines = held.lines or paragraph.lines
    if held.lines:
        paragraph.number, paragraph.size = held.number, held.size
    paragraph.hidden = held.hidden + paragraph.hidden
    paragraph.struck = held.struck + paragraph.struck
    for name in ("removed", "added", "notes", "boxes", "unread"):
        setattr(paragraph, name, [*getattr(held, name), *getattr(paragraph, name)])


def _lays_out(cells: Sequence[Any]) -> bool:
    """Whether a table only holds other tables in place: a single column, no cell with text but beside a real table."""
    holding = [cell for cell in cells if next(parts_of(cell, (f"{W}tbl",)), None) is not None]
    filled = [cell for cell in cells if text_of(cell).strip()]
    real = any(
        len(list(parts_of(table, (f"{W}tr",)))) > 1 and len(table.findall(f"{W}tblGrid/{W}gridCol")) > 2
        for cell in holding
        for table in parts_of(cell, (f"{W}tbl",))
    )
    return real and len(filled) == len(holding) and len({id(cell) for cell in cells}) <= 2


def _within_table(paragraph: Any, box: Any) -> bool:
    for above in paragraph.iterancestors():
        if above is box:
            return False
        if above.tag == f"{W}tbl":
            return True
    return False
