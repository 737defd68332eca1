"""Animals of the zoo: tables cut by page ends, several tables on a page, turned and cropped pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .post import crop, turn
from .sheet import PLAN, SMALL, XS, ZOO, Case, H, Sheet, W, case, edges_of, expect


def _open(sides: str) -> Case:
    def make(path: Path) -> list[dict[str, Any]]:
        sheet = Sheet(path)
        sheet.table(open_sides=sides)
        sheet.save()
        return [expect(PLAN)]

    return make


ZOO["cut_top"] = _open("t")
ZOO["cut_bottom"] = _open("b")
ZOO["cut_both"] = _open("tb")


@case
def cut_one_column(path: Path) -> list[dict[str, Any]]:
    """At the page's end only the merged last column goes on: its bottom border alone is missing."""
    plan = (
        (0, 0, 1, 1, "1"),
        (0, 1, 1, 1, "甲"),
        (0, 2, 3, 1, "电工"),
        (1, 0, 1, 1, "2"),
        (1, 1, 1, 1, "乙"),
        (2, 0, 1, 1, "3"),
        (2, 1, 1, 1, "丙"),
    )
    sheet = Sheet(path)
    xs, ys = XS[:4], tuple(H - 120 + 22 * n for n in range(4))
    edges = edges_of(plan, xs, ys) - {("h", ys[3], xs[2], xs[3])}
    sheet.rules(edges)
    sheet.words(plan, xs, ys)
    sheet.save()
    return [expect(plan)]


@case
def merged_over_three_pages(path: Path) -> list[dict[str, Any]]:
    """The middle page of a merged column: its cell has neither top nor bottom border, no horizontal line crosses it."""
    n = 6
    plan = (
        *((r, 0, 1, 1, str(r)) for r in range(n)), (0, 1, n, 1, ""),
        *((r, 2, 1, 1, "甲乙丙丁戊己"[r]) for r in range(n)), *((r, 3, 1, 1, "电工") for r in range(n)),
    )  # fmt: skip
    xs, ys = (60.0, 100.0, 280.0, 400.0, 520.0), tuple(60.0 + 20 * r for r in range(n + 1))
    sheet = Sheet(path)
    sheet.rules(edges_of(plan, xs, ys) - {("h", ys[0], xs[1], xs[2]), ("h", ys[-1], xs[1], xs[2])})
    sheet.words(plan, xs, ys)
    sheet.save()
    return [expect(plan)]


@case
def cut_cell_overflows(path: Path) -> list[dict[str, Any]]:
    """A merged cell goes on over the page's end; a browser lets its second line hang below the rulings."""
    plan = (
        (0, 0, 1, 1, "1"),
        (0, 1, 1, 1, "甲"),
        (0, 2, 1, 1, "机构名称"),
        (1, 0, 1, 1, "2"),
        (1, 1, 1, 1, "乙"),
        (1, 2, 1, 1, "农业\n农村厅"),
    )
    xs, ys = XS[:4], (H - 110, H - 92, H - 74)
    sheet = Sheet(path)
    sheet.rules(edges_of(plan, xs, ys) - {("h", ys[2], xs[2], xs[3])})
    sheet.words(plan, xs, ys)
    sheet.text(280, H - 40, "3", size=8)
    sheet.save()
    return [expect(plan)]


@case
def cut_row_of_one_line(path: Path) -> list[dict[str, Any]]:
    """The continuation of a cut row is all that stands on the page: three vertical-bounded cells over one bottom line."""
    plan = ((0, 0, 1, 1, ""), (0, 1, 1, 1, "焊工"), (0, 2, 1, 1, "二级"))
    sheet = Sheet(path)
    sheet.table(plan, XS[:4], (60.0, 90.0), open_sides="t")
    sheet.save()
    return [expect(plan)]


@case
def two_tables(path: Path) -> list[dict[str, Any]]:
    """Two tables, a heading between them, a line of text below."""
    sheet = Sheet(path)
    sheet.text(80, 100, "标题一")
    sheet.table()
    sheet.text(80, 262, "标题二")
    sheet.table(SMALL, (80.0, 200.0, 460.0), (280.0, 305.0, 330.0))
    sheet.text(80, 352, "说明")
    sheet.save()
    return [expect(PLAN), expect(SMALL)]


@case
def two_tables_near(path: Path) -> list[dict[str, Any]]:
    """Two tables of different columns only 7 pt apart."""
    sheet = Sheet(path)
    sheet.table()
    sheet.table(SMALL, (80.0, 200.0, 460.0), (237.0, 260.0, 283.0))
    sheet.save()
    return [expect(PLAN), expect(SMALL)]


@case
def two_tables_near_unit(path: Path) -> list[dict[str, Any]]:
    """Rulings cell by cell, rows of 14 pt, 8 pt between two tables of equal width: short strokes, yet no dashes."""
    plan = tuple((r, c, 1, 1, "甲乙丙丁"[r]) for r in range(4) for c in range(2))
    below = ((0, 0, 1, 2, "标题"), (1, 0, 1, 1, "一"), (1, 1, 1, 1, "二"))
    sheet = Sheet(path)
    sheet.table(plan, (80.0, 200.0, 460.0), tuple(100.0 + 14 * n for n in range(5)), style="unit", size=8)
    sheet.table(below, (80.0, 250.0, 460.0), (164.0, 178.0, 192.0), style="unit", size=8)
    sheet.save()
    return [expect(plan), expect(below)]


@case
def two_tables_side_by_side(path: Path) -> list[dict[str, Any]]:
    """Two tables beside each other at the same height."""
    sheet = Sheet(path)
    sheet.table(SMALL, (60.0, 150.0, 270.0), (120.0, 145.0, 170.0))
    other = tuple((r, c, rs, cs, t + "二") for r, c, rs, cs, t in SMALL)
    sheet.table(other, (300.0, 400.0, 530.0), (120.0, 145.0, 170.0))
    sheet.save()
    return [expect(SMALL), expect(other)]


def _turned(by: int) -> Case:
    def make(path: Path) -> list[dict[str, Any]]:
        sheet = Sheet(path)
        sheet.table()
        sheet.save()
        turn(path, "all", by)
        return [expect(PLAN)]

    return make


for _by in (90, 180, 270):
    ZOO[f"rotate_{_by}"] = _turned(_by)


@case
def crop_box(path: Path) -> list[dict[str, Any]]:
    """A media box with negative origin around the crop box."""
    sheet = Sheet(path)
    sheet.table()
    sheet.save()
    crop(path, 25)
    return [expect(PLAN)]


@case
def crop_hides(path: Path) -> list[dict[str, Any]]:
    """Words and a table outside the crop box are not on the paper."""
    import pikepdf

    sheet = Sheet(path)
    sheet.table()
    sheet.table(SMALL, (80.0, 200.0, 460.0), (700.0, 725.0, 750.0))
    sheet.save()
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[0].obj["/CropBox"] = pikepdf.Array([40, H - 400, W - 40, H - 40])
        pdf.save(path)
    return [expect(PLAN)]


@case
def two_pages(path: Path) -> list[dict[str, Any]]:
    """The same table on two pages, the second landscape."""
    sheet = Sheet(path)
    sheet.table()
    sheet.canvas.showPage()
    sheet.canvas.setPageSize((H, W))
    sheet.height = W
    sheet.table(style="fill")
    sheet.save()
    return [expect(PLAN, 1), expect(PLAN, 2)]
