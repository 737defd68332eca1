"""Animals of the zoo: letters drawn twice, unseen, disguised, sideways, packed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .fonts import BASE, ZERO_WIDTH, font_file
from .sheet import PLAN, SIZE, XS, YS, H, Sheet, case, edges_of, expect


@case
def fake_bold(path: Path) -> list[dict[str, Any]]:
    """Characters drawn twice, a fifth of a point apart."""
    sheet = Sheet(path)
    sheet.table(twice=0.2)
    sheet.save()
    return [expect(PLAN)]


@case
def fake_bold_exact(path: Path) -> list[dict[str, Any]]:
    """Characters drawn twice at the very same place."""
    sheet = Sheet(path)
    sheet.table(twice=0.0)
    sheet.save()
    return [expect(PLAN)]


@case
def repeated_letters(path: Path) -> list[dict[str, Any]]:
    """Letters that truly stand twice side by side, small and tight, are no fake bold."""
    plan = ((0, 0, 1, 1, "工工"), (0, 1, 1, 1, "11、11"), (1, 0, 1, 1, "(一)(一)"), (1, 1, 1, 1, "111111"))
    sheet = Sheet(path)
    sheet.table(plan, (80.0, 200.0, 300.0), (120.0, 140.0, 160.0), size=4.0)
    sheet.save()
    return [expect(plan)]


@case
def white_text(path: Path) -> list[dict[str, Any]]:
    """White letters on white paper in cells."""
    sheet = Sheet(path)
    sheet.table()
    for row, col in ((1, 1), (3, 1), (4, 3)):
        sheet.text(XS[col] + 40, YS[row] + 13, "内部资料", color="#ffffff")
    sheet.save()
    return [expect(PLAN)]


@case
def invisible_text(path: Path) -> list[dict[str, Any]]:
    """Letters of render mode 3 in cells of a page that has visible text."""
    sheet = Sheet(path)
    sheet.table()
    for row, col in ((1, 1), (3, 1), (4, 3)):
        sheet.text(XS[col] + 40, YS[row] + 13, "请勿外传", mode=3)
    sheet.save()
    return [expect(PLAN)]


@case
def watermark(path: Path) -> list[dict[str, Any]]:
    """Large light letters askew over the table."""
    sheet = Sheet(path)
    sheet.canvas.saveState()
    sheet.canvas.setFillColor("#d9d9d9")
    sheet.canvas.translate(150, H - 260)
    sheet.canvas.rotate(30)
    for n, char in enumerate("征求意见稿"):
        sheet.canvas.setFont(sheet.face.which(char), 60)
        sheet.canvas.drawString(62 * n, 0, char)
    sheet.canvas.restoreState()
    sheet.table()
    sheet.save()
    return [expect(PLAN)]


@case
def page_furniture(path: Path) -> list[dict[str, Any]]:
    """Running head and page number close above and below the table stay out of its cells."""
    sheet = Sheet(path)
    sheet.text(220, YS[0] - 4, "内部资料", size=8)
    sheet.table(open_sides="b")
    sheet.text(270, YS[-1] + 12, "第 3 页", size=8)
    sheet.save()
    return [expect(PLAN)]


@case
def disguised_letters(path: Path) -> list[dict[str, Any]]:
    """Kangxi radicals, compatibility ideographs and zero-width spaces in the text map."""
    if not font_file(BASE):
        return []
    plan = (
        (0, 0, 1, 1, "一小人大"),
        (0, 1, 1, 1, "山石立示见"),
        (1, 0, 1, 1, "立理六更"),
        (1, 1, 1, 1, "工程师"),
    )
    drawn = (
        (0, 0, 1, 1, "\u2f00\u2f29\u2f08\u2f24"),
        (0, 1, 1, 1, "\u2f2d\u2f6f\u2f74\u2f70见"),
        (1, 0, 1, 1, "\uf9f7\uf9e4\uf9d1\uf901"),
        (1, 1, 1, 1, f"工{ZERO_WIDTH}程{ZERO_WIDTH}师{ZERO_WIDTH}"),
    )
    sheet = Sheet(path)
    sheet.table(drawn, (80.0, 200.0, 300.0), (120.0, 140.0, 160.0))
    sheet.save()
    return [expect(plan)]


@case
def long_cells(path: Path) -> list[dict[str, Any]]:
    """Cells of several lines, text close to the borders, one row very tall."""
    plan = (
        (0, 0, 1, 1, "甲\n乙\n丙\n丁"),
        (0, 1, 1, 1, "电工(四级/中级工)\n焊工"),
        (1, 0, 1, 1, ""),
        (1, 1, 1, 1, "1\n2\n3\n4\n5"),
    )
    sheet = Sheet(path)
    sheet.table(plan, (80.0, 100.0, 190.0), (120.0, 166.0, 225.0))
    sheet.save()
    return [expect(plan)]


@case
def sideways_text(path: Path) -> list[dict[str, Any]]:
    """One cell's words run upwards (text direction 90°)."""
    plan = ((0, 0, 2, 1, "机构名称"), (0, 1, 1, 1, "电工"), (1, 1, 1, 1, "焊工"))
    xs, ys = (80.0, 110.0, 260.0), (120.0, 160.0, 200.0)
    sheet = Sheet(path)
    sheet.rules(edges_of(plan, xs, ys))
    sheet.words(plan[1:], xs, ys)
    sheet.canvas.saveState()
    sheet.canvas.translate(98, H - 190)
    sheet.canvas.rotate(90)
    sheet.canvas.setFont(sheet.face.which("机"), SIZE)
    sheet.canvas.drawString(0, 0, "机构名称")
    sheet.canvas.restoreState()
    sheet.save()
    return [expect(plan)]


@case
def no_table(path: Path) -> list[dict[str, Any]]:
    """Text and a single line: no table at all."""
    sheet = Sheet(path)
    sheet.text(80, 100, "说明")
    sheet.line(80, 105, 400, 105)
    sheet.text(80, 130, "附件目录")
    sheet.save()
    return []


@case
def empty_cells(path: Path) -> list[dict[str, Any]]:
    """A table without any text is a table."""
    plan = tuple((r, c, rs, cs, "") for r, c, rs, cs, _ in PLAN)
    sheet = Sheet(path)
    sheet.table(plan)
    sheet.save()
    return [expect(plan)]


@case
def many_narrow_columns(path: Path) -> list[dict[str, Any]]:
    """Sixteen columns of 30 pt with 5 pt letters, rows of 9 pt."""
    xs = tuple(50.0 + 30 * n for n in range(17))
    ys = tuple(100.0 + 9.5 * n for n in range(9))
    plan = tuple((r, c, 1, 1, f"{r}、{c}" if (r + c) % 3 else "") for r in range(8) for c in range(16))
    sheet = Sheet(path)
    sheet.rules(edges_of(plan, xs, ys), width=0.25)
    for row, col, _, _, text in plan:
        if text:
            sheet.text(xs[col] + 2, ys[row] + 7, text, size=5)
    sheet.save()
    return [expect(plan)]
