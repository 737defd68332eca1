"""A whole document: staged reading → rows of every curated table, findings, conservation of characters.

The one way from ``staged`` on, whichever reader ran: outline → stitched tables → line rules → annexes → catalogue →
entries → credentials → account of the characters → findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from pipeline.errors import XizeError
from pipeline.findings import Finding
from pipeline.model import Cell
from pipeline.reading import Block, PageInfo, Reading, blocks_of, cells_of, pages_of
from pipeline.schema import KINDS
from pipeline.text import page_spans
from pipeline.tidy import pageless
from pipeline.tidy.accounting import characters, doubts_of_pages, doubts_of_tables, unreadable_pages
from pipeline.tidy.annexes import Annex, read_annexes
from pipeline.tidy.beside import WordFile
from pipeline.tidy.catalogue import is_catalogue, page_of, read_catalogue
from pipeline.tidy.entries import known_names, organisations, read_entries
from pipeline.tidy.grades.levels import expand, read_rule3
from pipeline.tidy.outline import outlined, without_boxes
from pipeline.tidy.section_rows import (
    Row,
    TocLine,
    class_rows,
    major_rows,
    note_rows,
    sections_without_rows,
    toc_lines,
)
from pipeline.tidy.stitch import DocumentTables, document_tables
from pipeline.tidy.wraps.breaks import CERTAIN_WRAPS
from pipeline.tidy.wraps.items import LineRules, hard_lines, learn_rules, with_intended_lines
from pipeline.tidy.wraps.segment_model import Memory


@dataclass
class Tidied:
    """Rows by table (without edition and source), findings, and what validation and the manifest need to know.

    ``characters``: squeezed characters ``in_tables``, ``published`` in rows, ``structure`` (headers, banners,
    repeated headers), ``in_findings`` and ``lost`` (the rest).
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    toc: list[TocLine] = field(default_factory=list)
    rule3: Mapping[int, str] = field(default_factory=dict)
    characters: dict[str, int] = field(default_factory=dict)
    pages: int = 0
    tables: int = 0


def tidy(
    reading: Reading,
    header_map: Mapping[str, str],
    where: str,
    beside: WordFile | None = None,
    memory: Memory | None = None,
) -> Tidied:
    """Tidy a reading.

    ``header_map``: printed header words → kind (or annex field) from source.yaml; ``where``: the file's name for
    messages; ``beside``: the Word file that settles a PDF; ``memory``: the items that earlier editions settled. Raises
    XizeError when the pages carry no text, no catalogue table is found, or a column group cannot be named.
    """
    engine = pageless.engine_of(reading)
    cells, blocks, pages = pageless.restore(reading) if engine else _of_pages(reading)
    _check_readable(pages, bool(cells), where)
    cells, parts = outlined(cells, blocks, pages)
    notes = note_rows(parts)
    rule3 = read_rule3([str(row["text"]) for row in notes])
    tables = document_tables(parts.sections, pages)
    _check_catalogue(tables, where)
    rules = _line_rules(tables, pages, cells, engine, beside)
    annexes = read_annexes(_annexes(tables), lambda cell: hard_lines(cell, rules), header_map)
    place = partial(pageless.place_of, engine) if engine else page_of
    catalogue = read_catalogue(tables.catalogue, _kinds_only(header_map), where, place)
    # What the annexes name helps to read the entries: whole names, and by whom certificates are issued.
    entries = read_entries(
        catalogue, rules, known_names(annexes.rows), organisations(annexes.rows), beside, memory
    )
    majors = major_rows(parts, catalogue)
    classes, unnamed, class_doubts = class_rows(catalogue, majors)
    rows = {
        "notes": notes,
        **annexes.rows,
        "entries": entries.rows,
        "credentials": [row for entry in entries.rows for row in expand(entry, rule3)],
        "classes": classes,
        "majors": [*majors, *unnamed],
    }
    findings = [
        *annexes.findings,
        *catalogue.findings,
        *doubts_of_tables(catalogue, entries, tables),
        *doubts_of_pages(tables, annexes, cells, pages, parts.hidden),
        *class_doubts,
        *sections_without_rows(tables, majors, parts.hidden),
        *_room_doubts(rules, bool(engine)),
        *entries.differing,
        *(beside.differences(rows) if beside is not None else ()),
    ]
    loose = [finding.evidence for finding in findings if finding.code == "text_outside_tables"]
    toc, absent = toc_lines(parts, pages, tables, loose)
    findings = unreadable_pages([*findings, *absent], pages)
    if engine:
        rows = {name: pageless.with_lines(some, engine) for name, some in rows.items()}
        findings = pageless.findings_with_lines([*pageless.findings_of(reading), *findings], engine)
    counted = characters(cells, catalogue, entries, annexes, tables)
    return Tidied(rows, findings, toc, rule3, counted, len(pages), sum(page.tables for page in pages))


def _of_pages(reading: Reading) -> tuple[list[Cell], list[Block], list[PageInfo]]:
    """Cells, lines outside tables (those in boxes, too) and pages."""
    cells, boxed = without_boxes(cells_of(reading))
    return cells, [*blocks_of(reading), *(Block("text", line) for line in boxed)], pages_of(reading)


def _line_rules(
    tables: DocumentTables,
    pages: Sequence[PageInfo],
    cells: Sequence[Cell],
    engine: str | None,
    beside: WordFile | None,
) -> LineRules:
    """How lines become items and intended lines: by layout, by what a source without pages says, by the Word file."""
    rules = learn_rules(tables.groups, {page.page: (page.width, page.height) for page in pages})
    if engine:
        rules = pageless.line_rules(rules, tables.annex_groups, cells, engine)
    else:
        rules = with_intended_lines(rules, tables.annex_groups)
    return rules if beside is None else beside.settled_lines(rules, tables.annex_groups)


def _room_doubts(rules: LineRules, typed: bool) -> list[Finding]:
    """Said of a document too short to tell how much room its columns have."""
    if typed or not rules.breaks.is_guess:
        return []
    message = (
        f"全文只有{rules.breaks.certain}处折行落在括号之内（不足{CERTAIN_WRAPS}处），列宽余量只能由最宽的行估计，"
        f"条目起止较少依据版面；请多核对可信度低的条目。"
    )
    return [Finding("room_uncertain", message, str(rules.breaks.certain))]


def _annexes(tables: DocumentTables) -> list[Annex]:
    return [
        Annex(one.section.number, one.section.name or one.section.text, one.section.page, one.tables)
        for one in tables.annexes
    ]


def _kinds_only(header_map: Mapping[str, str]) -> dict[str, str]:
    return {word: kind for word, kind in header_map.items() if kind in KINDS or kind in ("ignore", "class")}


def _check_catalogue(tables: DocumentTables, where: str) -> None:
    if not any(is_catalogue(table) for table, _ in tables.catalogue):
        raise XizeError(
            f"{where}：没有找到专业目录表（表头为五类证书、下分初级、中级、高级的带线表格）；"
            f"请确认这是认定细则，或用“xize tables”查看该文件读出了哪些表格。"
        )


def _check_readable(pages: Sequence[PageInfo], has_cells: bool, where: str) -> None:
    scans = [page.page for page in pages if page.glyphs == 0 and page.pictures > 0.3]
    empty = sum(page.glyphs == 0 for page in pages)
    if scans and 2 * len(scans) >= empty and (2 * len(scans) > len(pages) or not has_cells):
        raise XizeError(
            f"{where} 第 {page_spans(scans)} 页：是没有文字层的扫描图，读不出文字；请安装识别组件（pip install "
            f"'xize[ocr]'）后再运行，或先做文字识别（OCR），或改用文字稿（--source transcript）。"
        )
