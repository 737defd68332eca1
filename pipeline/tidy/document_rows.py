"""Rows that rest on the document as a whole: majors, classes, notes, lines of the contents, names known from annexes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.findings import Finding
from pipeline.model import Line
from pipeline.text import normalise, squeeze
from pipeline.tidy.annexes import AnnexResult
from pipeline.tidy.catalogue import Catalogue, at_cell
from pipeline.tidy.outline import Outline, Section, note_texts
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


_SUFFIX = re.compile(r"(?:职业技能等级)?证书$")


def known_names(annex: AnnexResult) -> list[str]:
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


def organisations(annex: AnnexResult) -> set[str]:
    """The organisations that the annexes name, as printed."""
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
    return names


def at_line(line: Line) -> dict[str, object]:
    """Provenance of a row or finding that points at a printed line."""
    return {"page": line.page, "x0": line.x0, "top": line.top, "x1": line.x1, "bottom": line.bottom}


def note_rows(parts: Outline) -> list[Row]:
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


def major_rows(parts: Outline, catalogue: Catalogue) -> list[Row]:
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
    for i, (entry, heading) in enumerate(listed):
        if i not in taken:
            place = at_line(entry.line)
            rows.append(_major_row(heading.codes, heading, entry.page, False, place, len(rows) + 1))
    seen: set[object] = set()
    unique: list[Row] = []
    for row in rows:
        if row["major_code"] not in seen:
            seen.add(row["major_code"])
            unique.append(row)
    return unique


def _same_major(listed: MajorHeading, codes: Sequence[str], name: str) -> bool:
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


def class_rows(catalogue: Catalogue, majors: list[Row], findings: list[Finding]) -> list[Row]:
    """The 专业类, each under its 专业大类; a major that is printed nowhere else is added to ``majors``, doubts to
    ``findings``."""
    by_code = {str(row["major_code"]): row for row in majors}
    by_heading = {squeeze(str(row["name"])): row for row in majors}
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
                "ordinal": len(majors) + 1, "name": "", "toc_page": None, "present": False, **place,
            }  # fmt: skip
            majors.append(major)
            by_code[item.class_code[:2]] = major
            findings.append(
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
            findings.append(
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


def toc_lines(parts: Outline) -> list[TocLine]:
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
