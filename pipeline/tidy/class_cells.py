"""The class cells of the catalogue → classes; a cell that a page break has cut is one class with what it was cut from."""

from __future__ import annotations

import re
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

    ``page``: where it was printed last. ``apart`` tells it from a class of the same name under another heading, where
    neither has a code. ``pieces``: (kind, tier) → the cell pieces in which its items stand.
    """

    codes: list[str]
    name: str
    cell: GridCell
    heading: str
    page: int
    apart: str = ""
    pieces: dict[tuple[str, str], list[Cell]] = field(default_factory=dict)

    @property
    def class_code(self) -> str:
        """The first code printed; the name where no code is printed."""
        return self.codes[0] if self.codes else self.name + self.apart


def parse_class(cell_lines: Iterable[Line]) -> tuple[list[str], str]:
    """(codes in printed order, name) of a class cell. Codes printed without a blank between are told apart by length."""
    text = _CUT_CODE.sub(r"\1\2", " ".join(normalise(line.text) for line in cell_lines))
    codes: list[str] = []
    for run in _CODE.findall(text):
        if len(run) > 4 and len(run) % 4 == 0:
            codes += [run[i : i + 4] for i in range(0, len(run), 4)]
        else:
            codes.append(run)
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
    codes, name = parse_class(line for cell in cells for line in cell.lines)
    first = cells[0]
    page = first.first.page
    if not codes and not name:
        return current
    if current is not None and _goes_on(current, codes, name, page):
        return current
    again = next((one for one in classes if _same_class(one, codes, name, heading)), None)
    if again is not None:
        if again.name != name and name and again.name:
            message = f"代码 {codes[0]} 既是“{again.name}”又是“{name}”，条目并入前者；请核对原文。"
            findings.append(_finding("class_code_repeated", message, f"{again.name}|{name}", codes[0], first))
        again.page = page
        return again
    fresh = PrintedClass(codes, name, first, heading, page)
    if not codes:
        if any(other.class_code == name for other in classes):
            fresh.apart = f"（{squeeze(heading)}）"
        message = f"专业类“{name}”没有印出代码，暂以名称代替；请核对原文。"
        findings.append(_finding("class_code_missing", message, name, name, first))
    classes.append(fresh)
    return fresh


def _finding(code: str, message: str, evidence: str, key: str, cell: GridCell) -> Finding:
    return Finding(code, message, evidence, table="classes", key=key, **cell.first.place)


def _goes_on(current: PrintedClass, codes: Sequence[str], name: str, page: int) -> bool:
    """Whether a class cell is the current class going on, which takes over the codes and the name it was cut from."""
    if codes and codes == current.codes and name in ("", current.name):
        return True
    if page <= current.page:
        return False
    if set(codes) <= set(current.codes) and current.name.endswith(name):
        return True  # the rest of a class cell that was printed whole before
    unfinished = not current.name.endswith("类")
    if _rest_of_codes(current, codes) and (not name or unfinished):
        # The page break cut the class cell: its last codes or its name stand on the next page.
        current.codes += [code for code in codes if code not in current.codes]
        current.name += name
        return True
    if not codes and unfinished:
        current.name += name
        return True
    return False


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
