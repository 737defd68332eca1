"""A whole document: staged reading → rows of every curated table, findings, conservation of characters.

The one way from ``staged`` on, whichever reader ran: outline → stitched tables → line rules → catalogue and annexes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from pipeline.errors import XizeError
from pipeline.forked import aside
from pipeline.page_spans import page_spans
from pipeline.quality.findings import Finding
from pipeline.readers.staged import PageInfo, Reading, blocks_of, cells_of, pages_of
from pipeline.readers.transcript import tidying as transcript
from pipeline.tidy.accounting import account_for, loose_text, page_findings
from pipeline.tidy.annexes import Annex, AnnexResult, read_annexes
from pipeline.tidy.catalogue import is_catalogue, read_catalogue, read_entries
from pipeline.tidy.document_rows import (
    Row,
    TocLine,
    at_line,
    class_rows,
    known_names,
    major_rows,
    note_rows,
    organisations,
    toc_lines,
)
from pipeline.tidy.items import LineRules, learn_rules, with_intended_lines
from pipeline.tidy.levels import expand, read_rule3
from pipeline.tidy.model import Cell, LogicalTable
from pipeline.tidy.sections import Section, outline
from pipeline.tidy.stitch import Stitched, stitch


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


def tidy(reading: Reading, header_map: Mapping[str, str], where: str) -> Tidied:
    """Tidy a reading.

    ``header_map``: printed header words → kind (or annex field) from source.yaml; ``where``: the file's name for
    messages. Raises XizeError when the pages carry no text, when no catalogue table is found, or when a column group
    cannot be named.
    """
    typed = transcript.is_transcript(reading)
    if typed:
        cells, blocks, pages = transcript.restore(reading)
    else:
        cells, blocks, pages = cells_of(reading), blocks_of(reading), pages_of(reading)
    out = Tidied(pages=len(pages), tables=sum(page.tables for page in pages))
    _check_readable(pages, cells, where)
    parts = outline(cells, blocks, pages)
    sections = [(section, *stitch(section)) for section in parts.sections]
    catalogues: list[tuple[Stitched, Section]] = []
    annexes: list[tuple[Section, list[Stitched]]] = []
    others: list[Stitched] = []
    for section, tables, _ in sections:
        if section.kind == "annex":
            annexes.append((section, tables))
            continue
        for table in tables:
            if section.kind == "major" or is_catalogue(table.table):
                catalogues.append((table, section))
            else:
                others.append(table)
    if not any(is_catalogue(table.table) for table, _ in catalogues):
        raise XizeError(
            f"{where}：没有找到专业目录表（表头为五类证书、下分初级、中级、高级的带线表格）；"
            f"请确认这是认定细则，或用“xize tables”查看该文件读出了哪些表格。"
        )
    annex_tables = {
        f"annex{index}": [table.table for table in tables] for index, (_, tables) in enumerate(annexes)
    }
    rules = learn_rules({"catalogue": [table.table for table, _ in catalogues], **annex_tables})
    if typed:
        rules = transcript.line_rules(rules, annex_tables, cells)

    def annexes_read() -> AnnexResult:
        return read_annexes(
            [
                Annex(section.number, section.name or section.text, section.page, tuple(t.table for t in ts))
                for section, ts in annexes
            ],
            rules=rules if typed else with_intended_lines(rules, annex_tables),
            header_map=header_map,
        )

    # The annexes are read aside, while this process prepares the catalogue, which asks for the names in them last.
    annex_of = lru_cache(aside(annexes_read))
    catalogue, _ = read_catalogue(
        [(table.table, section.text) for table, section in catalogues], _kinds_only(header_map), where
    )

    def names() -> Iterator[str]:
        yield from known_names(annex_of())

    entries = read_entries(catalogue, rules, names(), lambda: organisations(annex_of()))
    annex = annex_of()
    notes = note_rows(parts)
    out.rule3 = read_rule3([str(row["text"]) for row in notes])
    out.rows = {
        "majors": major_rows(parts, catalogue),
        "entries": entries.rows,
        "credentials": [row for entry in entries.rows for row in expand(_for_credentials(entry), out.rule3)],
        "notes": notes,
        **annex.rows,
    }
    out.rows["classes"] = class_rows(catalogue, out)
    out.toc = toc_lines(parts)
    out.findings += catalogue.findings + entries.findings + annex.findings
    account_for(
        out,
        cells,
        catalogue,
        entries,
        annex,
        [t for t, _ in catalogues],
        [t for _, ts in annexes for t in ts],
        others,
    )
    loose_text(out, parts, sections, annex)
    page_findings(out, pages, parts.hidden, cells)
    out.rows["entries"] = [_plain(row) for row in out.rows["entries"]]
    if typed:
        out.rows = {name: list(transcript.with_lines(rows)) for name, rows in out.rows.items()}
        out.findings = transcript.findings_with_lines([*transcript.findings_of(reading), *out.findings])
    return out


def _plain(row: Row) -> Row:
    return {key: value for key, value in row.items() if not key.startswith("_")}


def _for_credentials(row: Row) -> Row:
    return {key: value for key, value in _plain(row).items() if key != "requires_attention"}


def _kinds_only(header_map: Mapping[str, str]) -> dict[str, str]:
    from pipeline.schema import KINDS

    return {word: kind for word, kind in header_map.items() if kind in KINDS or kind in ("ignore", "class")}


def _check_readable(pages: Sequence[PageInfo], cells: Sequence[Cell], where: str) -> None:
    scans = [page.page for page in pages if page.glyphs == 0 and page.pictures > 0.3]
    if (
        scans
        and len(scans) >= max(1, sum(1 for page in pages if page.glyphs == 0) / 2)
        and (len(scans) > len(pages) / 2 or not cells)
    ):
        raise XizeError(
            f"{where} 第 {page_spans(scans)} 页：是没有文字层的扫描图，读不出文字；请先做文字识别（OCR），"
            f"或改用文字稿（--source transcript）。"
        )


__all__ = ["LineRules", "LogicalTable", "Tidied", "TocLine", "at_line", "tidy"]
