"""Rows that headings and class cells give: majors, classes, notes; and the lines of the table of contents."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.findings import Finding
from pipeline.model import Line, LogicalTable
from pipeline.reading import Block, PageInfo
from pipeline.text import normalise, squeeze
from pipeline.tidy.catalogue import Catalogue, PrintedClass, name_key
from pipeline.tidy.headers import header_block
from pipeline.tidy.outline import Outline
from pipeline.tidy.sections import Section
from pipeline.tidy.stitch import DocumentTables
from pipeline.vocabulary.headings import FOOTNOTE, NUMERAL, MajorHeading, numeral, parse_annex, parse_major

Row = dict[str, object]
_PLACE = ("page", "x0", "top", "x1", "bottom")


@dataclass(frozen=True)
class TocLine:
    """A line of the table of contents: kind section | annex, its words, whether its heading stands in the body, and
    whether nothing says that what it names is in the file."""

    kind: str
    label: str
    found: bool
    number: str | None
    page: int | None
    absent: bool = False


def note_rows(parts: Outline) -> list[Row]:
    """The paragraphs under 说明; a number that occurs again gets #2, #3 …"""
    rows: list[Row] = []
    seen: Counter[str] = Counter()
    for section in (section for section in parts.sections if section.kind == "notes"):
        for position, lines in enumerate(_paragraphs(section), start=1):
            text = normalise("".join(line.text for line in lines))
            match = re.match(rf"^(?:[(\[]?(\d{{1,2}}|[{NUMERAL}]{{1,3}})[)\].、．:]+)", text)
            number = str(numeral(match[1]) if match else position)
            seen[number] += 1
            unique = number if seen[number] == 1 else f"{number}#{seen[number]}"
            rows.append({"number": unique, "text": text, **lines[0].place})
    return rows


def _paragraphs(section: Section) -> list[list[Line]]:
    """The lines of each paragraph of a section: a new one begins with a number, or with an indent behind a full stop."""
    lines = [item for item in section.content if isinstance(item, Line)]
    lefts = {round(line.x0) for line in lines}
    out: list[list[Line]] = []
    for line in lines:
        numbered = re.match(rf"^(?:[(\[]?(?:\d{{1,2}}|[{NUMERAL}]{{1,3}})[)\].、．])\D", normalise(line.text))
        indented = line.x0 > min(lefts) + 1.2 * line.size and len(lefts) > 1
        ended = bool(out) and out[-1][-1].text.rstrip().endswith(("。", ";", "；", ":", "："))
        if not out or numbered or (indented and ended):
            out.append([])
        out[-1].append(line)
    return out


def major_rows(parts: Outline, catalogue: Catalogue) -> list[Row]:
    """The 专业大类: headings in the body, and those only the table of contents names (``present`` False)."""
    listed = [(entry, major) for entry in parts.toc if (major := parse_major(entry.text)) is not None]
    first_codes = {
        one.heading: [code[:2] for code in one.codes] for one in reversed(catalogue.classes) if one.codes
    }
    rows: list[Row] = []
    for section in (section for section in parts.sections if section.kind == "major"):
        codes = list(section.codes) or first_codes.get(section.text, [])
        place = section.lines[0].place if section.lines else {"page": section.page}
        toc_page = None
        at = next((i for i, (_, major) in enumerate(listed) if _same_major(major, codes, section.name)), None)
        if at is not None:
            entry, major = listed.pop(at)
            toc_page, codes = entry.page, codes or list(major.codes)
        rows.append(_major_row(codes, section, toc_page, True, place, len(rows) + 1))
    for entry, major in listed:
        rows.append(_major_row(major.codes, major, entry.page, False, entry.line.place, len(rows) + 1))
    unique: dict[object, Row] = {}
    for row in rows:
        unique.setdefault(row["major_code"], row)
    return list(unique.values())


def _same_major(listed: Section | MajorHeading, codes: Sequence[str], name: str) -> bool:
    if listed.codes and codes:
        return listed.codes[0] == codes[0]
    return squeeze(listed.name) == squeeze(name)


def _major_row(
    codes: Sequence[str],
    section: Section | MajorHeading,
    toc_page: int | None,
    present: bool,
    place: Mapping[str, object],
    position: int,
) -> Row:
    return {
        "major_code": codes[0] if codes else name_key(section.name),
        "college_code": codes[1] if len(codes) > 1 else None,
        "bachelor_code": codes[2] if len(codes) > 2 else None,
        "ordinal": section.number or position,
        "name": normalise(section.name),
        "toc_page": toc_page,
        "present": present,
        **place,
    }


def class_rows(catalogue: Catalogue, majors: Sequence[Row]) -> tuple[list[Row], list[Row], list[Finding]]:
    """The 专业类, each under its 专业大类; the majors that are printed nowhere else; doubts about both."""
    by_code = {str(row["major_code"]): row for row in majors}
    by_name = {squeeze(str(row["name"])): row for row in majors}
    rows: list[Row] = []
    unnamed: list[Row] = []
    findings = [_without_code(row) for row in majors if row["major_code"] == name_key(str(row["name"]))]
    for item in catalogue.classes:
        heading = parse_major(item.heading)
        under = by_code.get(heading.codes[0]) if heading and heading.codes else None
        if under is None and heading is not None:
            under = by_name.get(squeeze(heading.name))
        codes = [item.codes[0][:2]] if item.codes else []
        place = item.cell.first.place
        major = by_code.get(codes[0], under) if codes else under or by_code.get(name_key(""))
        if major is None:
            # Neither a heading nor the table of contents names it: the code itself says which one it is.
            nameless = Section("major", "")
            major = _major_row(codes, nameless, None, False, place, len(majors) + len(unnamed) + 1)
            code = str(major["major_code"])
            by_code[code] = major
            unnamed.append(major)
            own = item.class_code if codes else item.name
            message = (
                f"专业类 {own} 所属的专业大类{f' {code} ' if codes else ''}既无标题也不在目录中；请核对原文。"
            )
            findings.append(Finding("major_heading_missing", message, own, table="majors", key=code, **place))
        elif codes and under is not None and major is not under:
            findings.append(_under_other_heading(item, under, major))
        college, bachelor = _other_codes(item.codes, major)
        rows.append(
            {
                "class_code": item.class_code,
                "code_printed": bool(item.codes),
                "college_code": college,
                "bachelor_code": bachelor,
                "name": item.name,
                "major_code": major["major_code"],
                **place,
            }
        )
    return rows, unnamed, findings


def _without_code(major: Row) -> Finding:
    code = str(major["major_code"])
    place: dict[str, Any] = {name: major[name] for name in _PLACE if name in major}
    message = f"专业大类“{major['name']}”没有印出代码，以由名称得出的{code}为键；请核对原文。"
    return Finding("major_code_missing", message, str(major["name"]), table="majors", key=code, **place)


def sections_without_rows(
    tables: DocumentTables, majors: Sequence[Row], hidden: Iterable[Block]
) -> Iterator[Finding]:
    """The 专业大类 that print a header and nothing below it: the header was read, no text but notes stands beside it, and
    another heading follows. (One without any table, or at a document's end, may have lost its rows.) The ``hidden`` blocks
    name the notes that marks stand for."""
    notes = {squeeze(one.line.text.partition("\t")[2]) for one in hidden if one.role == "footnote_mark"}
    keys = {squeeze(str(row["name"])): str(row["major_code"]) for row in majors}
    for one in tables.sections[:-1]:
        section = one.section
        key = keys.get(squeeze(section.name))
        if section.kind != "major" or key is None or not one.tables:
            continue
        if any(squeeze(line.text) not in notes and not FOOTNOTE.match(line.text) for line in one.rest):
            continue
        if all(_only_header(table) and not table.context for table in one.tables):
            message = f"专业大类“{section.name}”只印有表头，没有专业类；请核对原文。"
            place = one.tables[0].pieces[0].place
            yield Finding("section_header_only", message, section.text, table="majors", key=key, **place)


def _only_header(table: LogicalTable) -> bool:
    _, stop = header_block(table)
    return bool(stop) and not any(cell.text for cell in table.cells if cell.row >= stop)


def _under_other_heading(item: PrintedClass, under: Row, major: Row) -> Finding:
    code, place = item.class_code, item.cell.first.place
    message = f"专业类 {code}{item.name} 印在“{under['name']}”之下，按代码归入“{major['name']}”；请核对是否缺了标题。"
    evidence = f"{code}|{under['major_code']}"
    return Finding("class_under_other_heading", message, evidence, table="classes", key=code, **place)


def _other_codes(codes: Sequence[str], major: Mapping[str, object]) -> tuple[str | None, str | None]:
    """(college, bachelor) of the codes printed after the first: by the major's own codes, else by position."""
    rest = list(codes[1:])
    found: list[str | None] = []
    for name in ("college_code", "bachelor_code"):
        prefix = major.get(name)
        found.append(next((code for code in rest if prefix and code.startswith(str(prefix))), None))
    left = [code for code in rest if code not in found]
    college, bachelor = (one or (left.pop(0) if left else None) for one in found)
    return college, bachelor


def toc_lines(
    parts: Outline, pages: Sequence[PageInfo], tables: DocumentTables, loose: Sequence[str]
) -> tuple[list[TocLine], list[Finding]]:
    """The lines of the table of contents that name a 专业大类 or an annex, and whether it stands in the body; a finding for
    each annex that is not in the document.

    One may be there and not read where a page is a picture, a table stands under no heading, a line outside the tables
    (``loose``) has its title, or the contents name a page behind the file's last, which may have been cut off.
    """
    unread = bool(tables.others) or any(page.glyphs == 0 and page.pictures > 0.3 for page in pages)
    sections = [section for section in parts.sections if section.kind == "major"]
    majors = {section.codes[0] for section in sections if section.codes}
    names = {squeeze(section.name) for section in sections}
    annexes = [(s.number, squeeze(s.name)) for s in parts.sections if s.kind == "annex" and s.content]
    out: list[TocLine] = []
    findings: list[Finding] = []
    for entry in parts.toc:
        if (major := parse_major(entry.text)) is not None:
            code = major.codes[0] if major.codes else None
            found = code in majors or squeeze(major.name) in names
            out.append(TocLine("section", entry.text, found, code, entry.page))
        elif (annex := parse_annex(entry.text)) is not None and (annex[0] is not None or squeeze(annex[1])):
            number, title = annex
            found = any(n == number or (title and t == squeeze(title)) for n, t in annexes)
            label = None if number is None else str(number)
            words = squeeze(title) or squeeze(entry.text)
            known = found or unread or any(words in squeeze(text) for text in loose)
            absent = not known and (entry.page or 0) <= len(pages)
            out.append(TocLine("annex", entry.text, found, label, entry.page, absent))
            if absent:
                message = f"目录列有“{entry.text}”，正文中没有这一附件；请核对原文。"
                findings.append(Finding("toc_annex_absent", message, entry.text, page=entry.page or None))
    return out, findings
