"""A whole document: staged reading → rows of every curated table, findings, conservation of characters.

The one way from ``staged`` on, whichever reader ran: outline → stitched tables → line rules → catalogue and annexes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.errors import XizeError
from pipeline.quality.findings import Finding
from pipeline.readers.staged import Block, PageInfo, Reading, blocks_of, cells_of, pages_of
from pipeline.readers.transcript import tidying as transcript
from pipeline.text import normalise, squeeze
from pipeline.tidy.annexes import Annex, AnnexResult, read_annexes
from pipeline.tidy.catalogue import Catalogue, Entries, at_cell, is_catalogue, read_catalogue, read_entries
from pipeline.tidy.items import LineRules, learn_rules, with_intended_lines
from pipeline.tidy.levels import expand, read_rule3
from pipeline.tidy.model import Cell, Line, LogicalTable
from pipeline.tidy.names import organisation_names
from pipeline.tidy.sections import Outline, Section, note_texts, outline, parse_annex, parse_major
from pipeline.tidy.stitch import Stitched, stitch

Row = dict[str, object]


@dataclass(frozen=True)
class TocLine:
    """A line of the table of contents: kind section | annex, its words, whether its heading stands in the body."""

    kind: str
    label: str
    found: bool
    number: str | None
    page: int | None


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
    else:
        rules = with_intended_lines(rules, annex_tables)
    catalogue, _ = read_catalogue(
        [(table.table, section.text) for table, section in catalogues], _kinds_only(header_map), where
    )
    annex = read_annexes(
        [
            Annex(section.number, section.name or section.text, section.page, tuple(t.table for t in tables))
            for section, tables in annexes
        ],
        rules=rules,
        header_map=header_map,
    )
    entries = read_entries(catalogue, rules, _known_names(annex), _organisations(annex))
    notes = _notes(parts)
    out.rule3 = read_rule3([str(row["text"]) for row in notes])
    out.rows = {
        "majors": _majors(parts, catalogue),
        "entries": entries.rows,
        "credentials": [row for entry in entries.rows for row in expand(_for_credentials(entry), out.rule3)],
        "notes": notes,
        **annex.rows,
    }
    out.rows["classes"] = _classes(catalogue, out)
    out.toc = _toc(parts)
    out.findings += catalogue.findings + entries.findings + annex.findings
    _account(
        out,
        cells,
        catalogue,
        entries,
        annex,
        [t for t, _ in catalogues],
        [t for _, ts in annexes for t in ts],
        others,
    )
    _loose_text(out, parts, sections, annex)
    _page_findings(out, pages, parts.hidden, cells)
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
            f"{where} 第 {spans(scans)} 页：是没有文字层的扫描图，读不出文字；请先做文字识别（OCR），"
            f"或改用文字稿（--source transcript）。"
        )


def spans(numbers: Iterable[int]) -> str:
    """Page numbers as short text: 1-3、5."""
    out: list[str] = []
    run: list[int] = []
    for number in [*sorted(set(numbers)), None]:
        if run and number != run[-1] + 1:
            out.append(str(run[0]) if run[0] == run[-1] else f"{run[0]}-{run[-1]}")
            run = []
        if number is not None:
            run.append(number)
    return "、".join(out)


_SUFFIX = re.compile(r"(?:职业技能等级)?证书$")


def _known_names(annex: AnnexResult) -> list[str]:
    """Whole names that the annexes print: certificates, qualifications, occupations, titles."""
    names: set[str] = set()
    for table, column in (
        ("annex_7_one_plus_x", "certificate"),
        ("annex_8_qualifications", "name"),
        ("annex_8_qualifications", "sub_name"),
        ("annex_5_evaluators", "occupation"),
        ("annex_6_assessments", "occupation"),
        ("annex_10_titles", "title"),
        ("annex_11_mappings", "qualification"),
    ):
        for row in annex.rows.get(table, []):
            value = row.get(column)
            if isinstance(value, str) and value:
                names.update((value, _SUFFIX.sub("", value)))
    return sorted(name for name in names if len(name) > 1)


def _organisations(annex: AnnexResult) -> frozenset[str]:
    names: set[str] = set()
    for table, column in (
        ("annex_4_associations", "name"),
        ("annex_5_evaluators", "org"),
        ("annex_6_assessments", "org"),
        ("annex_7_one_plus_x", "org"),
    ):
        for row in annex.rows.get(table, []):
            value = row.get(column)
            if isinstance(value, str) and value:
                names.add(value)
    return organisation_names(sorted(names))


def at_line(line: Line) -> dict[str, object]:
    """Provenance of a row or finding that points at a printed line."""
    return {"page": line.page, "x0": line.x0, "top": line.top, "x1": line.x1, "bottom": line.bottom}


def _notes(parts: Outline) -> list[Row]:
    rows: list[Row] = []
    seen: Counter[str] = Counter()
    for section in parts.sections:
        if section.kind != "notes":
            continue
        for number, text, line in note_texts(section):
            seen[number] += 1
            unique = number if seen[number] == 1 else f"{number}#{seen[number]}"
            rows.append({"number": unique, "text": text, **at_line(line)})
    return rows


def _majors(parts: Outline, catalogue: Catalogue) -> list[Row]:
    """The 专业大类: headings in the body, and those only the table of contents names (``present`` False)."""
    rows: list[Row] = []
    listed = []
    for entry in parts.toc:
        found = parse_major(entry.text)
        if found is not None:
            listed.append((entry, found))
    first_codes = {
        row.heading: [code[:2] for code in row.codes] for row in reversed(catalogue.classes) if row.codes
    }
    sections = [section for section in parts.sections if section.kind == "major"]
    taken: set[int] = set()
    for section in sections:
        codes = list(section.codes) or first_codes.get(section.text, [])
        match = next(
            (i for i, (_, s) in enumerate(listed) if _same_major(s, codes, section.name) and i not in taken),
            None,
        )
        toc_page = listed[match][0].page if match is not None else None
        if match is not None:
            taken.add(match)
            codes = codes or list(listed[match][1].codes)
        place = at_line(section.lines[0]) if section.lines else {"page": section.page}
        rows.append(_major_row(codes, section, toc_page, True, place, len(rows) + 1))
    for i, (entry, section) in enumerate(listed):
        if i not in taken:
            rows.append(
                _major_row(
                    list(section.codes), section, entry.page, False, at_line(entry.line), len(rows) + 1
                )
            )
    seen: set[object] = set()
    unique: list[Row] = []
    for row in rows:
        if row["major_code"] not in seen:
            seen.add(row["major_code"])
            unique.append(row)
    return unique


def _same_major(listed: Section, codes: Sequence[str], name: str) -> bool:
    if listed.codes and codes:
        return listed.codes[0] == codes[0]
    return squeeze(listed.name) == squeeze(name)


def _major_row(
    codes: Sequence[str],
    section: Section,
    toc_page: int | None,
    present: bool,
    place: Mapping[str, object],
    position: int,
) -> Row:
    return {
        "major_code": codes[0] if codes else section.name,
        "college_code": codes[1] if len(codes) > 1 else None,
        "bachelor_code": codes[2] if len(codes) > 2 else None,
        "ordinal": section.number or position,
        "name": normalise(section.name),
        "toc_page": toc_page,
        "present": present,
        **place,
    }


def _classes(catalogue: Catalogue, out: Tidied) -> list[Row]:
    by_code = {str(row["major_code"]): row for row in out.rows["majors"]}
    by_heading = {squeeze(str(row["name"])): row for row in out.rows["majors"]}
    rows: list[Row] = []
    for item in catalogue.classes:
        section = parse_major(item.heading)
        under = by_code.get(section.codes[0]) if section and section.codes else None
        if under is None and section is not None:
            under = by_heading.get(squeeze(section.name))
        major = by_code.get(item.class_code[:2], under)
        place = at_cell(item.cell.first)
        if major is None:
            # Neither a heading nor the table of contents names it: the code itself says which one it is.
            major = {
                "major_code": item.class_code[:2], "college_code": None, "bachelor_code": None,
                "ordinal": len(out.rows["majors"]) + 1, "name": "", "toc_page": None, "present": False, **place,
            }  # fmt: skip
            out.rows["majors"].append(major)
            by_code[item.class_code[:2]] = major
            out.findings.append(
                Finding(
                    "major_heading_missing",
                    f"专业类 {item.class_code} 所属的专业大类 {item.class_code[:2]} 既无标题也不在目录中；请核对原文。",
                    item.class_code,
                    table="majors",
                    key=item.class_code[:2],
                    **place,  # type: ignore[arg-type]
                )
            )
        elif under is not None and major is not under:
            out.findings.append(
                Finding(
                    "class_under_other_heading",
                    f"专业类 {item.class_code}{item.name} 印在“{under['name']}”之下，按代码归入“{major['name']}”；"
                    f"请核对是否缺了标题。",
                    f"{item.class_code}|{under['major_code']}",
                    table="classes",
                    key=item.class_code,
                    **place,  # type: ignore[arg-type]
                )
            )
        college, bachelor = _other_codes(item.codes, major)
        rows.append(
            {
                "class_code": item.class_code,
                "college_code": college,
                "bachelor_code": bachelor,
                "name": item.name,
                "major_code": major["major_code"],
                **place,
            }
        )
    return rows


def _other_codes(codes: Sequence[str], major: Mapping[str, object]) -> tuple[str | None, str | None]:
    """(college, bachelor) of the codes printed after the first: by the major's own codes, else by position."""
    rest = list(codes[1:])
    by_prefix: dict[str, str | None] = {}
    for name in ("college_code", "bachelor_code"):
        prefix = major.get(name)
        by_prefix[name] = next((c for c in rest if prefix and c.startswith(str(prefix))), None)
    if any(by_prefix.values()):
        left = [code for code in rest if code not in by_prefix.values()]
        for name, value in by_prefix.items():
            if value is None and left:
                by_prefix[name] = left.pop(0)
        return by_prefix["college_code"], by_prefix["bachelor_code"]
    return (rest[0] if rest else None), (rest[1] if len(rest) > 1 else None)


def _toc(parts: Outline) -> list[TocLine]:
    majors = {(s.codes[0] if s.codes else squeeze(s.name)) for s in parts.sections if s.kind == "major"}
    names = {squeeze(s.name) for s in parts.sections if s.kind == "major"}
    annexes = [(s.number, squeeze(s.name)) for s in parts.sections if s.kind == "annex" and s.content]
    out: list[TocLine] = []
    for entry in parts.toc:
        major = parse_major(entry.text)
        if major is not None:
            found = (major.codes[0] if major.codes else squeeze(major.name)) in majors or squeeze(
                major.name
            ) in names
            out.append(
                TocLine("section", entry.text, found, major.codes[0] if major.codes else None, entry.page)
            )
            continue
        annex = parse_annex(entry.text)
        if annex is not None and (annex[0] is not None or squeeze(annex[1])):
            number, title = annex
            found = any(n == number or (title and t == squeeze(title)) for n, t in annexes)
            out.append(
                TocLine("annex", entry.text, found, None if number is None else str(number), entry.page)
            )
    return out


def _length(cells: Iterable[Cell]) -> int:
    return sum(len(cell.text) for cell in cells)


def _account(
    out: Tidied,
    cells: Sequence[Cell],
    catalogue: Catalogue,
    entries: Entries,
    annex: AnnexResult,
    catalogue_tables: Sequence[Stitched],
    annex_tables: Sequence[Stitched],
    others: Sequence[Stitched],
) -> None:
    """Conservation: every character of every table stands in a row, in a header or in a finding."""
    stitched = [*catalogue_tables, *annex_tables, *others]
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
    out.characters = {
        "in_tables": total,
        "published": published,
        "structure": heads,
        "in_findings": in_findings,
        "lost": total - published - heads - in_findings,
    }


def _unique(cells: Iterable[Cell]) -> list[Cell]:
    return list({cell.cell_id: cell for cell in cells}.values())


def _loose_text(
    out: Tidied,
    parts: Outline,
    sections: Sequence[tuple[Section, list[Stitched], list[Line]]],
    annex: AnnexResult,
) -> None:
    """Text outside every table that is neither heading nor note nor list title: one finding per run of lines."""
    used = {id(line) for line in annex.context}
    for section, tables, rest in sections:
        if section.kind == "notes":
            continue
        runs = [list(table.table.context) for table in tables] + [rest]
        for run in runs:
            lines = [line for line in run if id(line) not in used and squeeze(line.text)]
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


def _page_findings(
    out: Tidied, pages: Sequence[PageInfo], hidden: Sequence[Block], cells: Sequence[Cell]
) -> None:
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


__all__ = ["LineRules", "LogicalTable", "Tidied", "TocLine", "at_line", "spans", "tidy"]
