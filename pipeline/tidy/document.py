"""A whole document: staged reading → rows of every curated table, findings, conservation of characters.

The one way from ``staged`` on, whichever reader ran: outline → stitched tables → line rules → catalogue and annexes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from pipeline.arrow import release
from pipeline.errors import XizeError
from pipeline.findings import Finding
from pipeline.forked import aside_in_steps
from pipeline.model import Cell, Line, LogicalTable
from pipeline.reading import PageInfo, Reading, blocks_of, pages_of
from pipeline.text import page_spans
from pipeline.tidy import transcript
from pipeline.tidy.accounting import (
    account_for,
    account_for_annexes,
    added,
    loose_text,
    page_findings,
    undecodable,
)
from pipeline.tidy.annexes import Annex, AnnexResult, Earlier, read_annexes
from pipeline.tidy.catalogue import Catalogue, Counted, is_catalogue, page_of, read_catalogue, read_entries
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
from pipeline.tidy.grades.levels import expand, read_rule3
from pipeline.tidy.grades.names import organisation_names
from pipeline.tidy.outline import Section, outline
from pipeline.tidy.parts import Part, parts_of, tables_of
from pipeline.tidy.pieces import PageTable, Pieces, pieces_in, pieces_of
from pipeline.tidy.stitch import Stitched, stitch
from pipeline.tidy.wraps.breaks import Habits
from pipeline.tidy.wraps.items import LineRules, learn_rules, with_intended_lines


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


Keep = Callable[[str, list[Row]], None]
"""Takes rows of a table as they are made."""


def tidy(reading: Reading, header_map: Mapping[str, str], where: str, keep: Keep | None = None) -> Tidied:
    """Tidy a reading.

    ``header_map``: printed header words → kind (or annex field) from source.yaml; ``where``: the file's name for
    messages. ``keep`` takes the rows as they are made, part by part of a large document (see ``parts``); without it they
    are gathered in ``Tidied.rows``. Raises XizeError when the pages carry no text, when no catalogue table is found, or
    when a column group cannot be named.
    """
    typed = transcript.is_transcript(reading)
    if typed:
        cells, blocks, pages = transcript.restore(reading)
        pieces = pieces_in(cells)
    else:
        blocks, pages, pieces = blocks_of(reading), pages_of(reading), pieces_of(reading)
    out = Tidied(pages=len(pages), tables=sum(page.tables for page in pages))
    _check_readable(pages, bool(pieces.tables), where)
    whole = outline(pieces, blocks, pages)
    notes = note_rows(whole)
    out.rule3 = read_rule3([str(row["text"]) for row in notes])

    def put(table: str, rows: list[Row]) -> None:
        rows = transcript.with_lines(rows) if typed else rows
        if keep is None:
            out.rows.setdefault(table, []).extend(rows)
        else:
            keep(table, rows)

    put("notes", notes)
    parts = parts_of(whole.sections, together=typed)
    pictured = frozenset(page.page for page in pages if not page.tables and page.pictures)
    so_far = _SoFar(pieces, header_map, where, typed, out, put, pictured, many=len(parts) > 2)
    beside: Iterator[Habits | AnnexPart] = iter(())
    with so_far.copies:
        for part in parts:
            if part.others:
                _read_part(so_far, part, beside, last=part is parts[-1])
            else:
                so_far.take(*beside)
                # In a copy of this process, while it begins with the part that comes next.
                beside = so_far.aside(partial(_annex_steps, so_far, part))
            release()
    majors = major_rows(whole, so_far.catalogue)
    put("classes", class_rows(so_far.catalogue, majors, out.findings))
    put("majors", majors)
    out.toc = toc_lines(whole)
    out.findings += page_findings(pages, whole.hidden)
    if typed:
        out.findings = transcript.findings_with_lines([*transcript.findings_of(reading), *out.findings])
    return out


@dataclass(frozen=True)
class AnnexPart:
    """What comes of annexes: rows by table, findings, an account of their characters, and what they leave for others."""

    result: AnnexResult
    findings: list[Finding]
    characters: Mapping[str, int]


@dataclass
class _SoFar:
    """A document while its parts are read: where its pieces come from and its rows go, and what a part leaves for those
    after it: classes, counts, whole names and organisations that annexes print, how its producer breaks lines."""

    pieces: Pieces
    header_map: Mapping[str, str]
    where: str
    typed: bool
    out: Tidied
    put: Keep
    pictured: frozenset[int] = frozenset()
    many: bool = False
    found: bool = False
    catalogue: Catalogue = field(default_factory=Catalogue)
    counted: Counted = field(default_factory=Counted)
    annexes: Earlier = field(default_factory=Earlier)
    names: set[str] = field(default_factory=set)
    organisations: set[str] = field(default_factory=set)
    habits: Habits = field(default_factory=Habits)
    copies: ExitStack = field(default_factory=ExitStack)

    def aside(self, steps: Callable[[], Iterator[Habits | AnnexPart]]) -> Iterator[Habits | AnnexPart]:
        """Annexes read in a copy of this process, which ends with ``copies`` when nobody waits for it any more."""
        return self.copies.enter_context(closing(aside_in_steps(steps)))

    def take(self, *steps: Habits | AnnexPart) -> None:
        """Take over what was read of annexes (see ``_annex_steps``)."""
        for step in steps:
            if isinstance(step, Habits):
                self.habits += step
                continue
            self.out.findings += step.findings
            self.out.characters = added(self.out.characters, step.characters)
            self.annexes = step.result.after
            self.names.update(known_names(step.result))
            self.organisations.update(organisations(step.result))
            for name, rows in step.result.rows.items():
                self.put(name, rows)


@dataclass(frozen=True)
class _Stitched:
    """Sections with their stitched tables and the lines after the last, and all cells that stand in them."""

    sections: list[tuple[Section, list[Stitched], list[Line]]]
    cells: list[Cell]

    @property
    def groups(self) -> dict[str, list[LogicalTable]]:
        """The tables of each section: those of an annex are of one design."""
        return {
            f"annex{index}": [table.table for table in tables]
            for index, (_, tables, _) in enumerate(self.sections)
        }


def _annex_steps(so_far: _SoFar, part: Part) -> Iterator[Habits | AnnexPart]:
    """A part that consists of annexes alone: what it shows of the producer's habits; then what comes of it."""
    annexes = _stitched(so_far, part.annexes)
    rules, habits = learn_rules(annexes.groups, so_far.habits)
    yield habits
    yield _annexes_read(so_far, annexes, with_intended_lines(rules, annexes.groups))


def _annexes_read(so_far: _SoFar, annexes: _Stitched, rules: LineRules) -> AnnexPart:
    result = read_annexes(
        [
            Annex(section.number, section.name or section.text, section.page, tuple(t.table for t in tables))
            for section, tables, _ in annexes.sections
        ],
        rules=rules,
        header_map=so_far.header_map,
        earlier=so_far.annexes,
    )
    findings = [*result.findings, *loose_text(annexes.sections, result), *undecodable(annexes.cells)]
    tables = [table for _, tables, _ in annexes.sections for table in tables]
    more, characters = account_for_annexes(annexes.cells, result, tables)
    return AnnexPart(result, [*findings, *more], characters)


def _read_part(so_far: _SoFar, part: Part, beside: Iterator[Habits | AnnexPart], last: bool) -> None:
    """Read a part with catalogue tables; its rows, findings and account go into ``so_far``, its cells are forgotten.

    ``beside``: the steps of annexes that are being read in a copy of this process.
    """
    out = so_far.out
    own = _stitched(so_far, part.others)
    catalogues: list[tuple[Stitched, Section]] = []
    others: list[Stitched] = []
    for section, tables, _ in own.sections:
        for table in tables:
            if section.kind == "major" or is_catalogue(table.table):
                catalogues.append((table, section))
            else:
                others.append(table)
    so_far.found = so_far.found or any(is_catalogue(table.table) for table, _ in catalogues)
    if last and not so_far.found:
        raise XizeError(
            f"{so_far.where}：没有找到专业目录表（表头为五类证书、下分初级、中级、高级的带线表格）；"
            f"请确认这是认定细则，或用“xize tables”查看该文件读出了哪些表格。"
        )
    groups = {"catalogue": [table.table for table, _ in catalogues]}
    if part.annexes:
        annexes = _stitched(so_far, part.annexes)
        rules, habits = learn_rules({**groups, **annexes.groups}, so_far.habits)
        if so_far.typed:
            rules = transcript.line_rules(rules, annexes.groups, [*own.cells, *annexes.cells])

        def steps() -> Iterator[Habits | AnnexPart]:
            intended = rules if so_far.typed else with_intended_lines(rules, annexes.groups)
            yield _annexes_read(so_far, annexes, intended)

        beside = so_far.aside(steps)
    else:
        so_far.take(*islice(beside, 1))
        rules, habits = learn_rules(groups, so_far.habits)
        if so_far.typed:
            rules = transcript.line_rules(rules, {}, own.cells)
    so_far.habits += habits
    so_far.catalogue = catalogue = read_catalogue(
        [(table.table, section.text) for table, section in catalogues],
        _kinds_only(so_far.header_map),
        so_far.where,
        so_far.catalogue,
        transcript.line_of if so_far.typed else page_of,
    )

    def names() -> Iterator[str]:
        so_far.take(*beside)
        yield from sorted(so_far.names)

    entries = read_entries(
        catalogue,
        rules,
        names(),
        lambda: organisation_names(sorted(so_far.organisations)),
        so_far.counted,
        so_far.many,
    )
    so_far.put("entries", entries.rows)
    so_far.put(
        "credentials",
        [row for entry in entries.rows for row in expand(_for_credentials(entry), out.rule3)],
    )
    more, characters = account_for(own.cells, catalogue, entries, [t for t, _ in catalogues], others)
    out.characters = added(out.characters, characters)
    out.findings += [
        *catalogue.findings, *more, *loose_text(own.sections), *undecodable(own.cells),
    ]  # fmt: skip


def _stitched(so_far: _SoFar, sections: Sequence[Section]) -> _Stitched:
    """Sections with their tables stitched; tables whose cells stand together are loaded together."""
    tables = sorted((table for section in sections for table in tables_of(section)), key=lambda t: t.start)
    cells: list[Cell] = []
    at: dict[int, int] = {}
    first = 0
    for index, table in enumerate(tables):
        if index + 1 == len(tables) or tables[index + 1].start != table.stop:
            begin = tables[first].start
            at.update((one.start, len(cells) + one.start - begin) for one in tables[first : index + 1])
            cells.extend(so_far.pieces.load(begin, table.stop))
            first = index + 1

    def cells_of(table: PageTable) -> Sequence[Cell]:
        return cells[at[table.start] : at[table.start] + table.stop - table.start]

    return _Stitched([(section, *stitch(section, cells_of, so_far.pictured)) for section in sections], cells)


def _for_credentials(row: Row) -> Row:
    return {key: value for key, value in row.items() if key != "requires_attention"}


def _kinds_only(header_map: Mapping[str, str]) -> dict[str, str]:
    from pipeline.schema import KINDS

    return {word: kind for word, kind in header_map.items() if kind in KINDS or kind in ("ignore", "class")}


def _check_readable(pages: Sequence[PageInfo], has_cells: bool, where: str) -> None:
    scans = [page.page for page in pages if page.glyphs == 0 and page.pictures > 0.3]
    if (
        scans
        and len(scans) >= max(1, sum(1 for page in pages if page.glyphs == 0) / 2)
        and (len(scans) > len(pages) / 2 or not has_cells)
    ):
        raise XizeError(
            f"{where} 第 {page_spans(scans)} 页：是没有文字层的扫描图，读不出文字；请先做文字识别（OCR），"
            f"或改用文字稿（--source transcript）。"
        )


__all__ = ["LineRules", "LogicalTable", "Tidied", "TocLine", "at_line", "tidy"]
