"""A Word file → staged reading: its tables' cells, each paragraph or manual line a line, and the paragraphs between."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import XizeError
from pipeline.findings import Finding
from pipeline.readers.word.numbering import read_numbering
from pipeline.readers.word.package import Package, W, open_package
from pipeline.readers.word.styles import read_styles
from pipeline.readers.word.tables import GridCell, parts_of, read_grid
from pipeline.readers.word.text import Paragraph, ParagraphReader
from pipeline.reading import WORD, Reading, staged_without_pages

_BLOCKS = (f"{W}p", f"{W}tbl")


@dataclass(frozen=True)
class _Text:
    """A printed line: its text, size in points, the number of its paragraph (None: outside the body's own)."""

    text: str
    size: float
    line: int | None


@dataclass
class _Taken:
    """What is read so far, as rows of the staged tables."""

    cells: list[dict[str, Any]] = field(default_factory=list)
    blocks: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    tables: int = 0
    boxes: int = 0


def read_word(path: Path) -> Reading:
    """Read a Word file (.docx; .doc and .wps through LibreOffice).

    Raises XizeError as :func:`open_package` does, for a table without a grid, and for a document without any text.
    """
    return _Document(open_package(path, "document")).read()


def printed_titles(path: Path) -> tuple[str | None, str | None]:
    """(the title as printed: the first paragraphs in the largest type before any table; that in the properties).

    Raises XizeError as :func:`read_word`: a file of which the title is asked for is about to be kept.
    """
    package = open_package(path, "document")
    document = _Document(package)
    document.read()
    lines = document.opening_lines()
    sizes = [line.size for line in lines]
    printed = None
    if sizes and min(sizes) < max(sizes):
        start = sizes.index(max(sizes))
        run = [line.text for line in lines[start:] if line.size == max(sizes)]
        stop = next((i for i, size in enumerate(sizes[start:]) if size != max(sizes)), len(run))
        printed = "".join(run[:stop])
    core = package.xml("docProps/core.xml")
    titles = (
        [one.text for one in core.iter("{http://purl.org/dc/elements/1.1/}title")] if core is not None else []
    )
    return printed, titles[0] if titles else None


class _Document:
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
        self._paragraphs = self._reader()
        self._notes = {kind: self._notes_of(kind) for kind in ("footnote", "endnote")}
        self._out = _Taken()

    def _reader(self) -> ParagraphReader:
        parts = {kind: next(iter(self._package.related(kind)), "") for kind in ("styles", "numbering")}
        return ParagraphReader(
            read_styles(self._package.xml(parts["styles"])),
            read_numbering(self._package.xml(parts["numbering"])),
        )

    def read(self) -> Reading:
        """The whole document."""
        self._blocks_of(self._body)
        self._margins()
        out = self._out
        if not out.cells and not out.blocks:
            raise XizeError(f"{self._package.name}：Word文件中没有任何文字；请核对文件。")
        lines = len(self._numbers)
        return staged_without_pages(WORD, out.cells, out.blocks, out.findings, lines)

    def opening_lines(self) -> list[_Text]:
        """The lines before the first table (at most fifty paragraphs)."""
        found: list[_Text] = []
        for count, element in enumerate(parts_of(self._body, _BLOCKS)):
            if element.tag == f"{W}tbl" or count == 50:
                break
            paragraph = self._paragraph(element)
            found += [_Text(line, paragraph.size, paragraph.number) for line in paragraph.lines]
        return found

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
            self._out.blocks += [
                {"role": "text", "text": text, "size": one.size, "line": one.number} for text in one.lines
            ]
            if one.hidden.strip():
                self._out.blocks.append(
                    {"role": "隐藏的", "text": one.hidden, "size": one.size, "line": one.number}
                )
            self._boxes(one)

    def _boxes(self, paragraph: Paragraph) -> None:
        """Text boxes: their tables are tables, their other text is named; where it belongs nobody can tell."""
        for box in paragraph.boxes:
            self._out.boxes += 1
            name = f"textbox-{self._out.boxes}"
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
                self._out.findings.append(
                    Finding(
                        "text_outside_tables",
                        f"文本框中有文字“{text[:40]}”，未作数据；如应属于某个表格，请更正。",
                        text,
                        cell_id=name,
                    )
                )

    def _table(self, table: Any, box: str = "") -> None:
        """Stage a table. One that only lays out other tables gives its place to these."""
        line = None if box else self._numbers.get(next(table.iter(f"{W}p"), None))
        where = f"{self._package.name}第{line}段处" if line else f"{self._package.name}文本框中"
        grid = read_grid(table, where)
        if _lays_out([cell.element for cell in grid.cells]):
            for cell in grid.cells:
                self._blocks_of(cell.element, box)
            return
        self._out.tables += 1
        number = self._out.tables
        for row in grid.deleted:
            text = "".join(one.text or "" for one in row.iter(f"{W}t", f"{W}delText"))
            self._changed(text, "", {"line": line})
        for row in grid.inserted:
            text = "".join(one.text or "" for one in row.iter(f"{W}t"))
            self._changed("", text, {"line": line})
        for row in grid.hidden:
            text = "".join(one.text or "" for one in row.iter(f"{W}t"))
            message = f"表格中有隐藏的行“{text[:40]}”，已照常读入；请核对是否应属正文。"
            self._out.findings.append(Finding("hidden_rows", message, text, line=line))
        for cell in grid.cells:
            self._cell(cell, number, box)

    def _cell(self, cell: GridCell, table: int, box: str) -> None:
        name = f"{f'{box}-' if box else ''}t{table:03d}-r{cell.row:03d}-c{cell.col:02d}"
        found = list(self._cell_paragraphs(cell.element))
        lines = [_Text(text, one.size, None if box else one.number) for one in found for text in one.lines]
        first = next((one.number for one in found if one.lines), found[0].number if found else None)
        place = {"line": None if box else first, "cell_id": name}
        for one in found:
            self._doubts(one, {**place, "line": place["line"] and one.number})
            self._boxes(one)
        hidden = "".join(one.hidden for one in found)
        hidden += "".join(
            one.text or "" for element in cell.covered for one in element.iter(f"{W}t")
        )  # Word shows only the first of merged cells
        if hidden.strip():
            self._out.blocks.append({"role": "隐藏的", "text": hidden, "size": 0.0, "line": place["line"]})
        self._out.cells.append(
            {
                "cell_id": name,
                "table_no": table,
                "row": cell.row,
                "col": cell.col,
                "row_span": cell.row_span,
                "col_span": cell.col_span,
                "lines": [{"text": line.text} for line in lines],
                "sizes": [line.size for line in lines],
                "paragraphs": [line.line for line in lines],
                "line": place["line"],
            }
        )

    def _cell_paragraphs(self, element: Any) -> Iterator[Paragraph]:
        """The paragraphs of a cell, those of tables inside it included, row by row."""
        for one in self._joined(parts_of(element, _BLOCKS)):
            if isinstance(one, Paragraph):
                yield one
                continue
            for cell in read_grid(one, f"{self._package.name}单元格中").cells:
                yield from self._cell_paragraphs(cell.element)

    def _doubts(self, paragraph: Paragraph, place: dict[str, Any]) -> None:
        """What of a paragraph a steward must know: tracked changes, notes, pictures."""
        if paragraph.removed or paragraph.added:
            self._changed("".join(paragraph.removed), "".join(paragraph.added), place)
        for what in dict.fromkeys(paragraph.unread):
            shown = "".join(paragraph.lines)[:40]
            pictured = "cell_id" in place and not what.startswith("注音")
            code = "cell_pictured" if pictured else "text_outside_tables"
            self._out.findings.append(
                Finding(code, f"“{shown}”处有{what}，没有读入。", f"{shown}|{what}", **place)
            )
        for kind, number in paragraph.notes:
            text = self._notes[kind].get(number, "")
            shown = "".join(paragraph.lines)[:40]
            self._out.findings.append(
                Finding(
                    "footnote_mark",
                    f"“{shown}”处有脚注“{text[:100]}”；脚注标记不计入文字。",
                    f"{shown}|{text}",
                    **place,
                )
            )

    def _changed(self, removed: str, added: str, place: dict[str, Any]) -> None:
        said = "，".join(
            f"{what}“{text[:60]}”" for what, text in (("删去", removed), ("加入", added)) if text
        )
        if said:
            self._out.findings.append(
                Finding(
                    "tracked_changes",
                    f"此处有未定的修订（{said}），已按接受修订读取；请核对定稿。",
                    f"{removed}|{added}",
                    **place,
                )
            )

    def _notes_of(self, kind: str) -> dict[str, str]:
        """The texts of the footnotes or endnotes, by id."""
        root = self._package.xml(next(iter(self._package.related(f"{kind}s")), ""))
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
                    self._out.findings.append(
                        Finding(
                            "text_outside_tables",
                            f"{what}中有文字“{text[:40]}”，未作数据。",
                            text,
                            cell_id=f"{kind}-{number}",
                        )
                    )


def _put_before(held: Paragraph, paragraph: Paragraph) -> None:
    """Put a paragraph whose end mark is deleted in front of the next, which goes on in its last line."""
    if held.lines and paragraph.lines:
        paragraph.lines = [*held.lines[:-1], held.lines[-1] + paragraph.lines[0], *paragraph.lines[1:]]
    else:
        paragraph.lines = held.lines or paragraph.lines
    if held.lines:
        paragraph.number, paragraph.size = held.number, held.size
    paragraph.hidden = held.hidden + paragraph.hidden
    for name in ("removed", "added", "notes", "boxes", "unread"):
        setattr(paragraph, name, [*getattr(held, name), *getattr(paragraph, name)])


def _lays_out(cells: Sequence[Any]) -> bool:
    """Whether a table only holds other tables in place: a single column, no cell with text but beside a real table."""
    holding = [cell for cell in cells if next(parts_of(cell, (f"{W}tbl",)), None) is not None]
    filled = [cell for cell in cells if any((one.text or "").strip() for one in cell.iter(f"{W}t"))]
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
