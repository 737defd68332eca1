"""Rows that headings and class cells give: majors, classes, notes; and the lines of the table of contents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.findings import Finding
from pipeline.text import normalise, squeeze
from pipeline.tidy.catalogue import Catalogue
from pipeline.tidy.class_cells import PrintedClass
from pipeline.tidy.outline import Outline, note_texts
from pipeline.tidy.sections import Section
from pipeline.vocabulary.headings import MajorHeading, parse_annex, parse_major

Row = dict[str, object]


@dataclass(frozen=True)
class TocLine:
    """A line of the table of contents: kind section | annex, its words, whether its heading stands in the body."""

    kind: str
    label: str
    found: bool
    number: str | None
    page: int | None


def note_rows(parts: Outline) -> list[Row]:
    """The paragraphs under 说明; a number that occurs again gets #2, #3 …"""
    rows: list[Row] = []
    seen: Counter[str] = Counter()
    for section in parts.sections:
        if section.kind != "notes":
            continue
        for number, text, line in note_texts(section):
            seen[number] += 1
            unique = number if seen[number] == 1 else f"{number}#{seen[number]}"
            rows.append({"number": unique, "text": text, **line.place})
    return rows


def major_rows(parts: Outline, catalogue: Catalogue) -> list[Row]:
    """The 专业大类: headings in the body, and those only the table of contents names (``present`` False)."""
    listed = [(entry, major) for entry in parts.toc if (major := parse_major(entry.text)) is not None]
    first_codes = {
        one.heading: [code[:2] for code in one.codes] for one in reversed(catalogue.classes) if one.codes
    }
    rows: list[Row] = []
    taken: set[int] = set()
    for section in (section for section in parts.sections if section.kind == "major"):
        codes = list(section.codes) or first_codes.get(section.text, [])
        place = section.lines[0].place if section.lines else {"page": section.page}
        match = next(
            (i for i, (_, s) in enumerate(listed) if i not in taken and _same_major(s, codes, section.name)),
            None,
        )
        toc_page = None
        if match is not None:
            taken.add(match)
            entry, major = listed[match]
            toc_page, codes = entry.page, codes or list(major.codes)
        rows.append(_major_row(codes, section, toc_page, True, place, len(rows) + 1))
    for i, (entry, major) in enumerate(listed):
        if i not in taken:
            place = entry.line.place
            rows.append(_major_row(major.codes, major, entry.page, False, place, len(rows) + 1))
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
        "major_code": codes[0] if codes else section.name,
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
    findings: list[Finding] = []
    for item in catalogue.classes:
        heading = parse_major(item.heading)
        under = by_code.get(heading.codes[0]) if heading and heading.codes else None
        if under is None and heading is not None:
            under = by_name.get(squeeze(heading.name))
        code = item.class_code[:2]
        place = item.cell.first.place
        major = by_code.get(code, under)
        if major is None:
            # Neither a heading nor the table of contents names it: the code itself says which one it is.
            nameless = Section("major", "")
            major = _major_row([code], nameless, None, False, place, len(majors) + len(unnamed) + 1)
            by_code[code] = major
            unnamed.append(major)
            message = f"专业类 {item.class_code} 所属的专业大类 {code} 既无标题也不在目录中；请核对原文。"
            findings.append(
                Finding(
                    "major_heading_missing", message, item.class_code, table="majors", key=code, **place
                )  # fmt: skip
            )
        elif under is not None and major is not under:
            findings.append(_under_other_heading(item, under, major))
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
    return rows, unnamed, findings


def _under_other_heading(item: PrintedClass, under: Row, major: Row) -> Finding:
    return Finding(
        "class_under_other_heading",
        f"专业类 {item.class_code}{item.name} 印在“{under['name']}”之下，按代码归入“{major['name']}”；"
        f"请核对是否缺了标题。",
        f"{item.class_code}|{under['major_code']}",
        table="classes",
        key=item.class_code,
        **item.cell.first.place,
    )


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


def toc_lines(parts: Outline) -> list[TocLine]:
    """The lines of the table of contents that name a 专业大类 or an annex, and whether it stands in the body."""
    sections = [section for section in parts.sections if section.kind == "major"]
    majors = {section.codes[0] for section in sections if section.codes}
    names = {squeeze(section.name) for section in sections}
    annexes = [(s.number, squeeze(s.name)) for s in parts.sections if s.kind == "annex" and s.content]
    out: list[TocLine] = []
    for entry in parts.toc:
        if (major := parse_major(entry.text)) is not None:
            code = major.codes[0] if major.codes else None
            found = code in majors or squeeze(major.name) in names
            out.append(TocLine("section", entry.text, found, code, entry.page))
        elif (annex := parse_annex(entry.text)) is not None and (annex[0] is not None or squeeze(annex[1])):
            number, title = annex
            found = any(n == number or (title and t == squeeze(title)) for n, t in annexes)
            label = None if number is None else str(number)
            out.append(TocLine("annex", entry.text, found, label, entry.page))
    return out
