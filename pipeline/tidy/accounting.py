"""Conservation: every printed character stands in a row, in a header or in a finding; the findings that say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pipeline.findings import Finding
from pipeline.model import Cell, Line
from pipeline.reading import Block, PageInfo
from pipeline.text import normalise, squeeze
from pipeline.tidy.annexes import AnnexResult
from pipeline.tidy.catalogue import Catalogue, Entries, at_cell
from pipeline.tidy.document_rows import at_line
from pipeline.tidy.outline import Section
from pipeline.tidy.stitch import Stitched


def _length(cells: Iterable[Cell]) -> int:
    return sum(len(cell.text) for cell in cells)


Characters = dict[str, int]
"""``in_tables``, ``published``, ``structure``, ``in_findings``, ``lost``: see ``Tidied.characters``."""


def added(one: Mapping[str, int], other: Mapping[str, int]) -> Characters:
    """Two accounts as one."""
    return {name: one.get(name, 0) + other.get(name, 0) for name in (one or other)}


def account_for(
    cells: Sequence[Cell],
    catalogue: Catalogue,
    entries: Entries,
    catalogues: Sequence[Stitched],
    others: Sequence[Stitched],
) -> tuple[list[Finding], Characters]:
    """Conservation: every character of every table stands in a row, in a header or in a finding.

    ``cells``: all of a part's; ``others``: its tables that are neither catalogue nor annex.
    """
    found = list(_not_in_entries(catalogue, entries))
    unlike, lost = _unlike_printed(catalogue, entries)
    found += unlike
    found += _uncertain([*catalogues, *others])
    for table in others:
        found += [
            Finding(
                "table_outside_sections",
                f"第 {piece.page} 页有一个不在任何大类或附件之下的表格，其文字“{piece.text[:30]}”未作数据；请核对标题。",
                piece.text,
                **at_cell(piece),  # type: ignore[arg-type]
            )
            for cell in table.table.cells
            for piece in cell.pieces
            if piece.lines
        ]
    kept = {piece.cell_id for piece in entries.placeholders}
    placed = _unique(piece for pieces in catalogue.slots.values() for piece in pieces)
    repeated = (piece for table in (*catalogues, *others) for piece in table.repeated)
    return found, _account(
        cells,
        published=_length(piece for piece in placed if piece.cell_id not in kept) - lost,
        structure=_length(_unique(catalogue.structure)) + _length(repeated),
        in_findings=_length(_unique(catalogue.unplaced))
        + _length(_unique(entries.placeholders))
        + _length(piece for table in others for cell in table.table.cells for piece in cell.pieces),
    )


def account_for_annexes(
    cells: Sequence[Cell], annex: AnnexResult, tables: Sequence[Stitched]
) -> tuple[list[Finding], Characters]:
    """As :func:`account_for`, for annexes and their tables."""
    chars = annex.characters
    repeated = _length(piece for table in tables for piece in table.repeated)
    return list(_uncertain(tables)), _account(
        cells,
        published=chars.get("rows", 0),
        structure=chars.get("heads", 0) + repeated,
        in_findings=chars.get("findings", 0),
    )


def _account(cells: Sequence[Cell], published: int, structure: int, in_findings: int) -> Characters:
    total = _length(cells)
    return {
        "in_tables": total,
        "published": published,
        "structure": structure,
        "in_findings": in_findings,
        "lost": total - published - structure - in_findings,
    }


def _unlike_printed(catalogue: Catalogue, entries: Entries) -> tuple[list[Finding], int]:
    """The characters of the catalogue's cells that stand in no entry, and those of entries that stand in no cell, as
    findings; and how many are lost."""
    kept = {piece.cell_id for piece in entries.placeholders}
    printed = Counter[str]()
    for pieces in catalogue.slots.values():
        if not all(piece.cell_id in kept for piece in pieces):
            printed.update(squeeze("".join(piece.text for piece in pieces)))
    told = Counter(char for row in entries.rows for char in squeeze(str(row["text"])))
    found = []
    for code, kind, more in (
        ("characters_lost", "目录表中有 {} 个字符没有进入任何条目", printed - told),
        ("characters_added", "条目中有 {} 个字符是目录表中没有的", told - printed),
    ):
        if more:
            shown = "".join(sorted(more.elements()))[:200]
            message = f"{kind.format(more.total())}；请连同输入文件报告。"
            found.append(Finding(code, message, shown, table="entries"))
    return found, (printed - told).total()


def _not_in_entries(catalogue: Catalogue, entries: Entries) -> Iterator[Finding]:
    for piece in _unique(catalogue.unplaced):
        yield Finding(
            "catalogue_text_unplaced",
            f"第 {piece.page} 页目录表中的文字“{piece.text[:30]}”不属于任何专业类或证书列，未作条目；请核对该处表格。",
            piece.text,
            table="entries",
            **at_cell(piece),  # type: ignore[arg-type]
        )
    for piece in _unique(entries.placeholders):
        yield Finding(
            "placeholder",
            f"单元格只印有“{piece.text}”，按空白处理。",
            piece.text,
            table="entries",
            **at_cell(piece),  # type: ignore[arg-type]
        )


def _uncertain(tables: Iterable[Stitched]) -> Iterator[Finding]:
    for piece in (piece for table in tables for piece in table.uncertain):
        yield Finding(
            "span_uncertain",
            f"第 {piece.page} 页表首的空单元格可能仍属于上一页的合并单元格，暂按空白处理；请对照原件。",
            piece.cell_id,
            **at_cell(piece),  # type: ignore[arg-type]
        )


def _unique(cells: Iterable[Cell]) -> list[Cell]:
    return list({cell.cell_id: cell for cell in cells}.values())


def loose_text(
    sections: Sequence[tuple[Section, list[Stitched], list[Line]]], annex: AnnexResult | None = None
) -> Iterator[Finding]:
    """Text outside every table that is neither heading nor note nor list title: one finding per run of lines."""
    used = set(annex.context) if annex is not None else set()
    for section, tables, rest in sections:
        if section.kind == "notes":
            continue
        for run in (*(table.table.context for table in tables), rest):
            lines = [line for line in run if line not in used and squeeze(line.text)]
            if not lines:
                continue
            text = normalise("".join(line.text for line in lines))
            yield Finding(
                "text_outside_tables",
                f"第 {lines[0].page} 页表格之外有文字“{text[:40]}”，未作数据；如应属于某个表格，请更正。",
                text,
                **at_line(lines[0]),  # type: ignore[arg-type]
            )


_REASONS = {"invisible": "不可见", "white": "白色", "watermark": "水印", "outside": "页面之外的"}


def page_findings(pages: Sequence[PageInfo], hidden: Sequence[Block]) -> Iterator[Finding]:
    """What of a page is not in its tables because nobody sees it, or because it is a picture."""
    for block in hidden:
        yield Finding(
            "hidden_text",
            f"第 {block.line.page} 页有{_REASONS.get(block.role, block.role)}文字，未读入表格；如确为正文，请核对原件。",
            normalise(block.line.text)[:300],
            **at_line(block.line),  # type: ignore[arg-type]
        )
    for page in pages:
        if page.glyphs == 0 and page.pictures > 0.3:
            yield Finding(
                "page_without_text",
                f"第 {page.page} 页是没有文字层的图片，其内容没有读出；请先做文字识别（OCR）。",
                f"page {page.page}",
                page=page.page,
            )


def undecodable(cells: Sequence[Cell]) -> Iterator[Finding]:
    """Cells with characters whose font does not tell which they are."""
    for cell in cells:
        if "�" in cell.text:
            yield Finding(
                "undecodable_text",
                f"单元格“{cell.text[:30]}”中有字体未给出编码的字符（以�代替）；请对照原件，在 corrections.yaml 中更正。",
                cell.text,
                **at_cell(cell),  # type: ignore[arg-type]
            )
