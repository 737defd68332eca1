"""Conservation: every printed character stands in a row, in a header or in a finding; the findings that say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pipeline.quality.findings import Finding
from pipeline.readers.staged import Block, PageInfo
from pipeline.text import normalise, squeeze
from pipeline.tidy.annexes import AnnexResult
from pipeline.tidy.catalogue import Catalogue, Entries, at_cell
from pipeline.tidy.document_rows import at_line
from pipeline.tidy.model import Cell, Line
from pipeline.tidy.sections import Section
from pipeline.tidy.stitch import Stitched

if TYPE_CHECKING:
    from pipeline.tidy.document import Tidied


def _length(cells: Iterable[Cell]) -> int:
    return sum(len(cell.text) for cell in cells)


def account_for(
    out: Tidied,
    cells: Sequence[Cell],
    catalogue: Catalogue,
    entries: Entries,
    annex: AnnexResult,
    stitched: Sequence[Stitched],
    others: Sequence[Stitched],
) -> None:
    """Conservation: every character of every table stands in a row, in a header or in a finding.

    ``stitched``: all tables of the part at hand, ``others`` among them those that are neither catalogue nor annex.
    """
    repeated = [piece for table in stitched for piece in table.repeated]
    structure = _unique(catalogue.structure)
    unplaced = _unique(catalogue.unplaced)
    placed: dict[str, Cell] = {}
    shared: Counter[str] = Counter()
    for pieces in catalogue.slots.values():
        for piece in pieces:
            placed[piece.cell_id] = piece
            shared[piece.cell_id] += 1
    kept = {piece.cell_id for piece in entries.placeholders}
    printed = Counter[str]()
    for pieces in catalogue.slots.values():
        if all(piece.cell_id in kept for piece in pieces):
            continue
        printed.update(squeeze("".join(piece.text for piece in pieces)))
    written = Counter(char for row in entries.rows for char in squeeze(str(row["text"])))
    missing = printed - written
    if missing:
        out.findings.append(
            Finding(
                "characters_lost",
                f"目录表中有 {sum(missing.values())} 个字符没有进入任何条目；请连同输入文件报告。",
                "".join(sorted(missing.elements()))[:200],
                table="entries",
            )
        )
    for piece in unplaced:
        out.findings.append(
            Finding(
                "catalogue_text_unplaced",
                f"第 {piece.page} 页目录表中的文字“{piece.text[:30]}”不属于任何专业类或证书列，未作条目；请核对该处表格。",
                piece.text,
                table="entries",
                **at_cell(piece),  # type: ignore[arg-type]
            )
        )
    for piece in _unique(entries.placeholders):
        out.findings.append(
            Finding(
                "placeholder",
                f"单元格只印有“{piece.text}”，按空白处理。",
                piece.text,
                table="entries",
                **at_cell(piece),  # type: ignore[arg-type]
            )
        )
    for table in stitched:
        for piece in table.uncertain:
            out.findings.append(
                Finding(
                    "span_uncertain",
                    f"第 {piece.page} 页表首的空单元格可能仍属于上一页的合并单元格，暂按空白处理；请对照原件。",
                    piece.cell_id,
                    **at_cell(piece),  # type: ignore[arg-type]
                )
            )
    for table in others:
        pieces = [piece for cell in table.table.cells for piece in cell.pieces if piece.lines]
        for piece in pieces:
            out.findings.append(
                Finding(
                    "table_outside_sections",
                    f"第 {piece.page} 页有一个不在任何大类或附件之下的表格，其文字“{piece.text[:30]}”未作数据；请核对标题。",
                    piece.text,
                    **at_cell(piece),  # type: ignore[arg-type]
                )
            )
    other = _length(piece for table in others for cell in table.table.cells for piece in cell.pieces)
    total = _length(cells)
    chars = annex.characters
    entry_chars = _length(piece for piece in placed.values() if piece.cell_id not in kept)
    published = entry_chars - sum(missing.values()) + chars.get("rows", 0)
    heads = _length(structure) + chars.get("heads", 0) + _length(repeated)
    in_findings = (
        _length(unplaced) + _length(_unique(entries.placeholders)) + other + chars.get("findings", 0)
    )
    account = {
        "in_tables": total,
        "published": published,
        "structure": heads,
        "in_findings": in_findings,
        "lost": total - published - heads - in_findings,
    }
    out.characters = {name: out.characters.get(name, 0) + count for name, count in account.items()}


def _unique(cells: Iterable[Cell]) -> list[Cell]:
    return list({cell.cell_id: cell for cell in cells}.values())


def loose_text(
    out: Tidied,
    sections: Sequence[tuple[Section, list[Stitched], list[Line]]],
    annex: AnnexResult,
) -> None:
    """Text outside every table that is neither heading nor note nor list title: one finding per run of lines."""
    used = set(annex.context)
    for section, tables, rest in sections:
        if section.kind == "notes":
            continue
        runs = [list(table.table.context) for table in tables] + [rest]
        for run in runs:
            lines = [line for line in run if line not in used and squeeze(line.text)]
            if not lines:
                continue
            text = normalise("".join(line.text for line in lines))
            out.findings.append(
                Finding(
                    "text_outside_tables",
                    f"第 {lines[0].page} 页表格之外有文字“{text[:40]}”，未作数据；如应属于某个表格，请更正。",
                    text,
                    **at_line(lines[0]),  # type: ignore[arg-type]
                )
            )


_REASONS = {"invisible": "不可见", "white": "白色", "watermark": "水印", "outside": "页面之外的"}


def page_findings(out: Tidied, pages: Sequence[PageInfo], hidden: Sequence[Block]) -> None:
    """What of a page is not in its tables because nobody sees it, or because it is a picture."""
    for block in hidden:
        out.findings.append(
            Finding(
                "hidden_text",
                f"第 {block.line.page} 页有{_REASONS.get(block.role, block.role)}文字，未读入表格；如确为正文，请核对原件。",
                normalise(block.line.text)[:300],
                **at_line(block.line),  # type: ignore[arg-type]
            )
        )
    for page in pages:
        if page.glyphs == 0 and page.pictures > 0.3:
            out.findings.append(
                Finding(
                    "page_without_text",
                    f"第 {page.page} 页是没有文字层的图片，其内容没有读出；请先做文字识别（OCR）。",
                    f"page {page.page}",
                    page=page.page,
                )
            )


def undecodable(out: Tidied, cells: Sequence[Cell]) -> None:
    """Cells with characters whose font does not tell which they are."""
    for cell in cells:
        if "�" in cell.text:
            out.findings.append(
                Finding(
                    "undecodable_text",
                    f"单元格“{cell.text[:30]}”中有字体未给出编码的字符（以�代替）；请对照原件，在 corrections.yaml 中更正。",
                    cell.text,
                    **at_cell(cell),  # type: ignore[arg-type]
                )
            )
