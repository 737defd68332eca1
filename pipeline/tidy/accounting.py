"""Conservation: every printed character stands in a row, in a header or in a finding; the findings that say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from pipeline.findings import Finding
from pipeline.model import Cell
from pipeline.reading import RAISED, STRUCK, UNREADABLE, UNREADABLE_SHARE, Block, PageInfo
from pipeline.text import normalise, squeeze
from pipeline.tidy.annexes import AnnexResult
from pipeline.tidy.catalogue import Catalogue
from pipeline.tidy.entries import TidyEntries
from pipeline.tidy.stitch import DocumentTables, StitchedSection

_HIDDEN = {
    "invisible": "不可见",
    "white": "白色",
    "watermark": "水印",
    "outside": "页面之外的",
    "clipped": "被裁去的",
}


def characters(
    cells: Sequence[Cell],
    catalogue: Catalogue,
    entries: TidyEntries,
    annexes: AnnexResult,
    tables: DocumentTables,
) -> dict[str, int]:
    """Where the characters of all tables went: see ``Tidied.characters``.

    ``cells``: every cell of the document. The text of tables that are neither catalogue nor annex stands in findings
    only.
    """
    lacking = (_printed(catalogue, entries) - _told(entries)).total()
    dashes = {piece.cell_id for piece in entries.placeholders}
    placed = _unique(piece for pieces in catalogue.slots.values() for piece in pieces)
    published = _length(piece for piece in placed if piece.cell_id not in dashes) - lacking
    published += annexes.characters.get("rows", 0)
    structure = _length(_unique(catalogue.structure)) + annexes.characters.get("heads", 0)
    structure += _length(piece for table in tables.all for piece in table.repeated)
    in_findings = _length(_unique([*catalogue.unplaced, *chain(*catalogue.extra.values())])) + _length(
        _unique(entries.placeholders)
    )
    in_findings += _length(piece for table in tables.others for piece in table.pieces)
    in_findings += annexes.characters.get("findings", 0)
    total = _length(cells)
    return {
        "in_tables": total,
        "published": published,
        "structure": structure,
        "in_findings": in_findings,
        "lost": total - published - structure - in_findings,
    }


def doubts_of_tables(
    catalogue: Catalogue,
    entries: TidyEntries,
    tables: DocumentTables,
) -> list[Finding]:
    """Text of the catalogue that stands in no entry, cells whose span over a page break is uncertain, and tables under
    no heading."""
    return [
        *_not_in_entries(catalogue, entries),
        *_unlike_printed(catalogue, entries),
        *(_uncertain(piece) for table in tables.all for piece in table.uncertain),
        *(
            Finding(
                "table_outside_sections",
                f"第 {piece.page} 页有一个不在任何大类或附件之下的表格，其文字“{piece.text[:30]}”未作数据；请核对标题。",
                piece.text,
                **piece.place,
            )
            for table in tables.others
            for piece in table.pieces
            if piece.lines
        ),
    ]


def _not_in_entries(catalogue: Catalogue, entries: TidyEntries) -> Iterator[Finding]:
    for piece in _unique(catalogue.unplaced):
        yield Finding(
            "catalogue_text_unplaced",
            f"第 {piece.page} 页目录表中的文字“{piece.text[:30]}”不属于任何专业类或证书列，未作条目；请核对该处表格。",
            piece.text,
            table="entries",
            **piece.place,
        )
    for label, pieces in catalogue.extra.items():
        if texts := [piece.text for piece in _unique(pieces)]:
            message = f"目录表有证书之外的一列“{label}”，其中{len(texts)}格的文字只记在此处，未作条目。"
            evidence = f"{label}：{'；'.join(texts)}"
            yield Finding("catalogue_column_extra", message, evidence, table="entries", **pieces[0].place)
    for piece in _unique(entries.placeholders):
        message = f"单元格只印有“{piece.text}”，按空白处理。"
        yield Finding("placeholder", message, piece.text, table="entries", **piece.place)


def _unlike_printed(catalogue: Catalogue, entries: TidyEntries) -> Iterator[Finding]:
    """The characters of the catalogue's cells that stand in no entry, and those of entries that stand in no cell."""
    printed, told = _printed(catalogue, entries), _told(entries)
    for code, kind, more in (
        ("characters_lost", "目录表中有 {} 个字符没有进入任何条目", printed - told),
        ("characters_added", "条目中有 {} 个字符是目录表中没有的", told - printed),
    ):
        if more:
            shown = "".join(sorted(more.elements()))[:200]
            yield Finding(code, f"{kind.format(more.total())}；请连同输入文件报告。", shown, table="entries")


def _printed(catalogue: Catalogue, entries: TidyEntries) -> Counter[str]:
    """The characters of every slot, but for slots that hold only a placeholder."""
    dashes = {piece.cell_id for piece in entries.placeholders}
    printed = Counter[str]()
    for pieces in catalogue.slots.values():
        if not all(piece.cell_id in dashes for piece in pieces):
            printed.update(squeeze("".join(piece.text for piece in pieces)))
    return printed


def _told(entries: TidyEntries) -> Counter[str]:
    return Counter(char for row in entries.rows for char in squeeze(str(row["text"])))


def _uncertain(piece: Cell) -> Finding:
    message = f"第 {piece.page} 页的空单元格是否仍属于分页处之前的合并单元格，框线没有表明；请对照原件。"
    return Finding("span_uncertain", message, piece.cell_id, **piece.place)


def doubts_of_pages(
    tables: DocumentTables,
    annexes: AnnexResult,
    cells: Iterable[Cell],
    pages: Iterable[PageInfo],
    hidden: Iterable[Block],
) -> list[Finding]:
    """What of the pages is in no table: text outside tables, characters without a code, hidden text, pictures."""
    return [
        *_loose_text(tables.sections, annexes),
        *_undecodable(cells),
        *_hidden_text(hidden),
        *_pages_without_text(pages),
    ]


def _loose_text(sections: Sequence[StitchedSection], annexes: AnnexResult) -> Iterator[Finding]:
    """Text outside every table that is neither heading nor note nor list title: one finding per run of lines."""
    used = set(annexes.context)
    for section in sections:
        if section.section.kind == "notes":
            continue
        for run in (*chain(*((t.context, t.notes) for t in section.tables)), section.rest):
            lines = [line for line in run if line not in used and squeeze(line.text)]
            if lines:
                text = normalise("".join(line.text for line in lines))
                message = (
                    f"第 {lines[0].page} 页表格之外有文字“{text[:40]}”，未作数据；如应属于某个表格，请更正。"
                )
                yield Finding("text_outside_tables", message, text, **lines[0].place)


def unreadable_pages(findings: Iterable[Finding], pages: Iterable[PageInfo]) -> list[Finding]:
    """The findings, with one error for each page that is full of characters without a code in place of all others there."""
    full = [page.page for page in pages if UNREADABLE in page.checks]
    message = f"页超过 {UNREADABLE_SHARE:.0%} 的字没有编码，无法读出；请换一个由原稿导出的文件，或先做文字识别（OCR）。"
    return [
        *(
            Finding("undecodable_text", f"第 {n} {message}", f"page {n}", severity="error", page=n)
            for n in full
        ),
        *(finding for finding in findings if finding.page not in full),
    ]


def _undecodable(cells: Iterable[Cell]) -> Iterator[Finding]:
    """Cells with characters whose font does not tell which they are."""
    for cell in cells:
        if "�" in cell.text:
            message = f"单元格“{cell.text[:30]}”中有字体未给出编码的字符（以�代替）；请对照原件，在 corrections.yaml 中更正。"
            yield Finding("undecodable_text", message, cell.text, **cell.place)


def _hidden_text(hidden: Iterable[Block]) -> Iterator[Finding]:
    for block in hidden:
        text = normalise(block.line.text)[:300]
        if block.role == "repainted":
            message = f"第 {block.line.page} 页有在原处重复描绘的字（如以此加粗），只读一次。"
            yield Finding("text_repainted", message, text, **block.line.place)
            continue
        if block.role == "footnote_mark":
            mark, _, note = block.line.text.partition("\t")
            message = f"第 {block.line.page} 页单元格中有脚注标记“{mark}”，未作正文；注文为“{normalise(note)[:60]}”。"
            yield Finding("footnote_mark", message, text, **block.line.place)
            continue
        if block.role == RAISED:
            mark, _, cell = block.line.text.partition("\t")
            message = f"第 {block.line.page} 页“{cell[:40]}”中有小而升高的“{mark}”，没有找到其注文，已留在文字中；请核对是否脚注标记。"
            yield Finding("raised_mark", message, f"{mark}|{cell}", **block.line.place)
            continue
        if block.role == STRUCK:
            message = f"第 {block.line.page} 页的“{text[:60]}”被横线划去，已照常读入；请核对是否已删去。"
            yield Finding("struck_out", message, text, **block.line.place)
            continue
        kind = _HIDDEN.get(block.role, block.role)
        message = f"第 {block.line.page} 页有{kind}文字，未读入表格；如确为正文，请核对原件。"
        yield Finding("hidden_text", message, text, **block.line.place)


def _pages_without_text(pages: Iterable[PageInfo]) -> Iterator[Finding]:
    for page in pages:
        if page.glyphs == 0 and page.pictures > 0.3:
            message = f"第 {page.page} 页是没有文字层的图片，其内容没有读出；请先做文字识别（OCR）。"
            yield Finding("page_without_text", message, f"page {page.page}", page=page.page)


def _length(cells: Iterable[Cell]) -> int:
    return sum(len(cell.text) for cell in cells)


def _unique(cells: Iterable[Cell]) -> list[Cell]:
    return list({cell.cell_id: cell for cell in cells}.values())
