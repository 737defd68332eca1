"""The class cells of the catalogue → classes; a cell that a page break has cut is one class with what it was cut from."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.findings import Finding
from pipeline.model import Cell, GridCell, Line
from pipeline.text import normalise, squeeze

_CODE = re.compile(r"\d{4,}")
_CUT_CODE = re.compile(r"(?<!\d)(\d{1,3}) (?=\d)|(?<=\d)() (?=\d{1,3}(?![\dA-Za-z]))")
"""The blank of a line end within a code: one of its parts is shorter than any code."""


@dataclass(eq=False)
class PrintedClass:
    """A 专业类 as printed: its codes in printed order, its name, the cell it stands in, its items' cells.

    ``page``: where it was printed last. ``occurrence`` tells it from classes of the same name under other headings, where
    none has a code. ``pieces``: (kind, tier) → the cell pieces in which its items stand.
    """

    codes: list[str]
    name: str
    cell: GridCell
    heading: str
    page: int
    occurrence: int = 1
    pieces: dict[tuple[str, str], list[Cell]] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)  # of its class cell, where it was printed last

    @property
    def class_code(self) -> str:
        """The first code printed; the key of its name where no code is printed."""
        return self.codes[0] if self.codes else name_key(self.name, self.occurrence)


def name_key(name: str, occurrence: int = 1) -> str:
    """The key of what has a name and no code: N and the first 8 hex digits of the name's SHA-256.

    ``name_key("农业类")`` gives ``N8e66b217``, and ``N8e66b217-2`` for a second one of that name.
    """
    key = "N" + hashlib.sha256(name.encode()).hexdigest()[:8]
    return key if occurrence == 1 else f"{key}-{occurrence}"


def parse_class(cell_lines: Iterable[Line]) -> tuple[list[str], str]:
    """(codes in printed order, name) of a class cell. Codes printed without a blank between are told apart by their ends,
    which are the same for one class, else by the usual length of four."""
    text = _CUT_CODE.sub(r"\1\2", " ".join(normalise(line.text) for line in cell_lines))
    codes: list[str] = []
    for run in _CODE.findall(text):
        parts = [
            [run[i : i + size] for i in range(0, len(run), size)] for size in (4, 6) if len(run) % size == 0
        ]
        alike = (part for part in parts if len({code[1:] for code in part}) == 1)
        codes += next(alike, parts[0] if parts else [run])
    name = squeeze(_CODE.sub("", text))
    return codes, re.sub(r"^[/、,，;；|()\[\]\-]+|[/、,，;；|\-]+$|[(\[][/、,，\s]*[)\]]", "", name)


def class_of(
    cells: Sequence[GridCell],
    classes: list[PrintedClass],
    current: PrintedClass | None,
    heading: str,
    findings: list[Finding],
) -> PrintedClass | None:
    """The class that a row with these class cells belongs to.

    It is the ``current`` one going on (an empty, repeated or cut class cell), one of ``classes`` printed again, or a
    new one, which is added to ``classes``; doubts are added to ``findings``.
    """
    lines = [line for cell in cells for line in cell.lines]
    codes, name = parse_class(lines)
    first = cells[0]
    page = first.first.page
    if not codes and not name:
        return current
    if current is not None and page > current.page and _completes(current, lines):
        return current
    if current is not None and _goes_on(current, classes, codes, name, page):
        current.lines += lines
        return current
    again = next((one for one in classes if _same_class(one, codes, name, heading)), None)
    if again is not None:
        if again.name != name and name and again.name:
            message = f"代码 {codes[0]} 既是“{again.name}”又是“{name}”，条目并入前者；请核对原文。"
            findings.append(_finding("class_code_repeated", message, f"{again.name}|{name}", codes[0], first))
        again.page, again.lines = page, lines
        return again
    fresh = PrintedClass(codes, name, first, heading, page, lines=lines)
    classes.append(fresh)
    return fresh


def without_codes(classes: Iterable[PrintedClass]) -> list[Finding]:
    """Number the classes that have the same name and no code, and say of each that it has none. (Names grow while a
    table is read: this comes last.)"""
    seen: Counter[str] = Counter()
    findings = []
    for one in classes:
        if not one.codes:
            seen[one.name] += 1
            one.occurrence = seen[one.name]
            key = one.class_code
            message = f"专业类“{one.name}”没有印出代码，以由名称得出的{key}为键；请核对原文。"
            findings.append(_finding("class_code_missing", message, one.name, key, one.cell))
    return findings


def _finding(code: str, message: str, evidence: str, key: str, cell: GridCell) -> Finding:
    return Finding(code, message, evidence, table="classes", key=key, **cell.first.place)


def _goes_on(
    current: PrintedClass, classes: Sequence[PrintedClass], codes: Sequence[str], name: str, page: int
) -> bool:
    """Whether a class cell is the current class going on, which takes over the codes and the name it was cut from."""
    if codes and codes == current.codes and name in ("", current.name):
        return True
    if page <= current.page:
        return False
    if set(codes) <= set(current.codes) and name in _ends(current):
        return True  # the rest of a class cell that was printed whole before
    unfinished = not current.name.endswith("类")
    if _rest_of_codes(current, codes) and (not name or unfinished):
        # The page break cut the class cell: its last codes or its name stand on the next page.
        current.codes += [code for code in codes if code not in current.codes]
        current.name += name
        return True
    if not codes and unfinished and (current.codes or _name_is_cut(current, classes, name)):
        current.name += name
        return True
    return False


def _completes(current: PrintedClass, lines: list[Line]) -> bool:
    """Whether a page break cut a code of the current class: with what stands below it the cell is that of one class."""
    codes, name = parse_class([*current.lines, *lines])
    codes_alone = (
        not current.codes and not parse_class(lines)[1]
    )  # the name stands first, its codes below the break
    if (
        (current.name.endswith("类") and not codes_alone)
        or not name.endswith("类")
        or not codes
        or len(codes) > 3
    ):
        return False
    if any(code[1:] != codes[0][1:] for code in codes):
        return False
    current.codes, current.name = codes, name
    current.lines += lines
    return True


def _ends(current: PrintedClass) -> set[str]:
    """What a class cell says from each of its lines on."""
    lines = [line for line in current.cell.lines if line.text.strip()]
    return {"", current.name, *(parse_class(lines[at:])[1] for at in range(len(lines)))}


def _name_is_cut(current: PrintedClass, classes: Iterable[PrintedClass], rest: str) -> bool:
    """Whether ``rest``, below a page break, completes a name without a code: with it, it ends in 类 as all others do."""
    return rest.endswith("类") and all(one.name.endswith("类") for one in classes if one is not current)


def _same_class(known: PrintedClass, codes: Sequence[str], name: str, heading: str) -> bool:
    """Whether a class cell prints a known class again: by its first code; without any, by its name and heading."""
    if codes:
        return known.codes[:1] == codes[:1]
    return not known.codes and known.name == name and known.heading == heading


def _rest_of_codes(current: PrintedClass, codes: Sequence[str]) -> bool:
    """Codes that complete the current class: same last three digits, none of them printed yet."""
    if not codes or not current.codes:
        return False
    return (
        all(code[1:] == current.codes[0][1:] and code not in current.codes for code in codes)
        and len(current.codes) + len(codes) <= 3
    )
