"""Known changes of the annexes, for ``next_year``: rows added, removed and changed in tables with merged cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.typeset.stock import ACTS, THINGS

if TYPE_CHECKING:
    from tests.diff.next_year import Book

Table = dict[str, Any]


# -- tables with merged cells (rows hold the value in every row that a merged cell covers)


def set_value(table: Table, row: int, column: int, value: str) -> str:
    """Another value in one row; a merged cell that covered the row is divided around it. Gives the old value."""
    at = len(table["header"]) + row
    merges = []
    for a, b, c, d in table["merges"]:
        if a <= at <= c and b <= column <= d and a >= len(table["header"]):
            parts = [(a, at - 1), (at, at), (at + 1, c)]
            merges += [[p, b, q, d] for p, q in parts if p <= q and (p, b) != (q, d)]
        else:
            merges.append([a, b, c, d])
    table["merges"] = merges
    old, table["rows"][row][column] = table["rows"][row][column], value
    return str(old)


def insert_row(table: Table, row: int, values: list[str]) -> None:
    """A row of its own (merged cells that it falls into are divided)."""
    head = len(table["header"])
    at = head + row
    merges = []
    for a, b, c, d in table["merges"]:
        if a < at <= c and a >= head:
            parts = [(a, at - 1), (at + 1, c + 1)]
            merges += [[p, b, q, d] for p, q in parts if (p, b) != (q, d)]
        else:
            shift = int(a >= at)
            merges.append([a + shift, b, c + shift, d])
    table["merges"] = merges
    table["rows"].insert(row, values)


def remove_row(table: Table, row: int) -> list[str]:
    """Take a row out; merged cells shrink."""
    at = len(table["header"]) + row
    merges = []
    for a, b, c, d in table["merges"]:
        a, c = a - int(a > at), c - int(c >= at)
        if c >= a and (a, b) != (c, d):
            merges.append([a, b, c, d])
    table["merges"] = merges
    return list(table["rows"].pop(row))


def renumber(table: Table, column: int = 0, start: int = 1) -> None:
    """Running numbers from ``start``."""
    for n, row in enumerate(table["rows"]):
        row[column] = str(start + n)


def _joined(values: list[str]) -> str:
    return " | ".join(v for v in values if v)


def _name(book: Book) -> str:
    return f"{book.dice.choice(THINGS)}{book.dice.choice(ACTS)}"


def _free(book: Book, key: str, table: Table, fits: Callable[[int], bool] = lambda _: True) -> int:
    """A row that no change has touched, and none next to it."""
    rows = [
        n for n in range(1, len(table["rows"]) - 1)
        if not any((key, table["rows"][m][-2:][0], table["rows"][m][1]) in book.touched for m in (n - 1, n, n + 1)) and fits(n)
    ]  # fmt: skip
    row = book.dice.choice(rows) if rows else 0
    mark(book, key, table, row)
    return row


def mark(book: Book, key: str, table: Table, row: int) -> None:
    """Remember a row as touched."""
    values = table["rows"][row]
    book.touched.add((key, values[-2:][0], values[1]))


def _tables(book: Book, title: str) -> list[Table] | None:
    for annex in book.truth["annexes"]:
        if title in annex["title"]:
            return list(annex["tables"])
    return None


def _change(
    book: Book, name: str, table: Table, column: int, column_name: str, new: Callable[[str], str]
) -> None:
    row = _free(book, name, table, lambda n: bool(table["rows"][n][column]))
    value = new(table["rows"][row][column])
    old = set_value(table, row, column, value)
    mark(book, name, table, row)
    if old != value:
        book.annex("annex_row_changed", name, column_name, old, value)


def _add(book: Book, name: str, table: Table, values: list[str], start: int = 1) -> None:
    at = _free(book, name, table)
    insert_row(table, at, values)
    renumber(table, 0, start)
    mark(book, name, table, at)
    book.annex("annex_row_added", name, None, None, _joined(table["rows"][at][1:]))


def _drop(book: Book, name: str, table: Table, start: int = 1) -> None:
    values = remove_row(table, _free(book, name, table))
    renumber(table, 0, start)
    book.annex("annex_row_removed", name, None, _joined(values[1:]), None)


def _association(book: Book) -> None:
    tables = _tables(book, "行业协会商会")
    if not tables or len(tables) < 2:
        return
    name, (double, loose) = "annex_4_associations", tables[:2]
    step = book.dice.choice(("add", "drop", "supervisor", "supervisor", "move", "name"))
    table = book.dice.choice((double, loose))
    start = int(table["rows"][0][0])
    if step == "add":
        near = table["rows"][len(table["rows"]) // 2]
        values = ["", f"中国{_name(book)}协会", *near[2:]]
        _add(book, name, table, values, start)
    elif step == "drop":
        _drop(book, name, table, start)
    elif step == "supervisor":
        others = sorted({row[2] for row in double["rows"] + loose["rows"]})
        _change(
            book, name, table, 2, "supervisor", lambda old: book.dice.choice([o for o in others if o != old])
        )
    elif step == "name":
        _change(book, name, table, 1, "name", lambda old: old[:2] + book.dice.choice(THINGS) + old[2:])
    else:
        row = _free(book, name, double)
        values = remove_row(double, row)
        insert_row(loose, at := _free(book, name, loose), ["", values[1], values[2], loose["rows"][0][3]])
        mark(book, name, loose, at)
        renumber(double, 0, 1)
        book.annex("annex_row_changed", name, "list", "双重管理", "脱钩")
        renumber(loose, 0, int(double["rows"][-1][0]) + 1)


def _evaluator(book: Book) -> None:
    tables = _tables(book, "社会培训评价组织")
    if tables:
        column, field = book.dice.choice(((1, "org"), (3, "occupation"), (4, "grades")))
        change = (
            (lambda old: "4、3" if old != "4、3" else "3")
            if column == 4
            else (lambda old: old[:2] + _name(book) + old[2:])
        )
        table = tables[0]
        row = book.dice.randrange(1, len(table["rows"]))
        if ("evaluator", row) not in book.touched:
            book.touched.add(("evaluator", row))
            old = set_value(table, row, column, value := change(table["rows"][row][column]))
            book.annex("annex_row_changed", "annex_5_evaluators", field, old, value)


def _assessment(book: Book) -> None:
    tables = _tables(book, "职业技能等级认定及专项")
    if not tables:
        return
    name, table = "annex_6_assessments", tables[0]
    column, field = book.dice.choice(
        ((4, "occupation_code"), (5, "occupation"), (6, "grades"), (6, "grades"))
    )
    if column == 6:
        _change(book, name, table, 6, field, lambda old: "5、4、3" if old != "5、4、3" else "4、3、2")
    elif column == 5:
        _change(book, name, table, 5, field, lambda old: f"{old}（{_name(book)}）")
    else:
        _change(book, name, table, 4, field, lambda old: old[:-2] + f"{book.dice.randrange(60, 99)}")


def _one_plus_x(book: Book) -> None:
    tables = _tables(book, "1+X证书目录")
    if not tables:
        return
    name, table = "annex_7_one_plus_x", tables[0]
    step = book.dice.choice(("batch", "batch", "org", "certificate", "add", "drop"))
    if step == "add":
        _add(
            book,
            name,
            table,
            ["", f"上海{_name(book)}有限公司", f"{_name(book)}应用职业技能等级证书", "第五批"],
        )
    elif step == "drop":
        _drop(book, name, table)
    elif step == "batch":
        _change(book, name, table, 3, "batch", lambda old: "第五批" if old != "第五批" else "第六批")
    elif step == "org":
        _change(book, name, table, 1, "org", lambda old: f"{_name(book)}（集团）股份有限公司")
    else:
        _change(book, name, table, 2, "certificate", lambda old: old[:2] + _name(book) + old[2:])


def _qualification(book: Book) -> None:
    tables = _tables(book, "国家职业资格目录")
    if not tables:
        return
    name, table = "annex_8_qualifications", tables[0]
    column, field = book.dice.choice(((3, "departments"), (4, "category"), (5, "legal_basis")))

    def new(old: str) -> str:
        if column == 4:
            return "水平评价类" if old == "准入类" else "准入类"
        if column == 3:
            return f"{old}\n国家{_name(book)}管理局"
        return f"{old}\n《{_name(book)}管理条例》"

    merged = {
        r - len(table["header"])
        for a, b, c, d in table["merges"]
        if c > a and b >= 3
        for r in range(a, c + 1)
    }
    row = _free(book, name, table, lambda n: n not in merged)
    old = set_value(table, row, column, new(table["rows"][row][column]))
    mark(book, name, table, row)
    book.annex(
        "annex_row_changed", name, field, old.replace("\n", ""), table["rows"][row][column].replace("\n", "")
    )


def _overseas(book: Book) -> None:
    tables = _tables(book, "境外职业资格证书")
    if not tables:
        return
    name, table = "annex_9_overseas", tables[0]
    step = book.dice.choice(("issuer", "certificate", "add", "drop"))
    if step == "add":
        near = table["rows"][len(table["rows"]) // 2]
        _add(
            book,
            name,
            table,
            [
                "",
                near[1],
                f"特许{_name(book)}师 (Chartered Q{book.dice.randrange(99)})",
                f"英国{_name(book)}学会",
            ],
        )
    elif step == "drop":
        _drop(book, name, table)
    elif step == "issuer":
        _change(book, name, table, 3, "issuer", lambda old: f"{_name(book)}国际学会 (International Society)")
    else:
        _change(book, name, table, 2, "certificate", lambda old: "高级" + old)


def _title(book: Book) -> None:
    tables = _tables(book, "职称系列")
    if tables:
        table = tables[0]
        column = book.dice.choice((2, 3, 4))
        rows = [
            n
            for n, row in enumerate(table["rows"])
            if len(row[column]) > 3 and ("title", n) not in book.touched
        ]
        if rows:
            row = book.dice.choice(rows)
            book.touched.add(("title", row))
            old = table["rows"][row][column]
            new = old[:-1] + ("员" if old[-1] == "师" else "师")
            table["rows"][row][column] = new
            book.annex("annex_row_changed", "annex_10_titles", "title", old, new)


def _mapping(book: Book) -> None:
    tables = _tables(book, "与职称对应表")
    if not tables:
        return
    name, table = "annex_11_mappings", tables[0]
    step = book.dice.choice(("rule", "rule", "qualification", "add", "drop"))
    if step == "add":
        _add(book, name, table, ["", f"注册{_name(book)}工程师", "工程师"])
    elif step == "drop":
        _drop(book, name, table)
    elif step == "qualification":
        _change(book, name, table, 1, "qualification", lambda old: "注册" + old)
    else:

        def new(old: str) -> str:
            if "\n" in old:
                return old.replace("：助理工程师", "：技术员").replace("：医士", "：助理医师")
            return f"{old}或高级{old}"

        row = _free(
            book,
            name,
            table,
            lambda n: "\n" not in table["rows"][n][2] or "：助理工程师" in table["rows"][n][2],
        )
        old = set_value(table, row, 2, value := new(table["rows"][row][2]))
        mark(book, name, table, row)
        if old != value:
            book.annex("annex_row_changed", name, "rule", old.replace("\n", ""), value.replace("\n", ""))


def _award(book: Book) -> None:
    tables = _tables(book, "科技或发明奖项目录")
    if tables:
        table = tables[0]
        column = book.dice.randrange(4)
        rows = [
            n
            for n, row in enumerate(table["rows"])
            if row[column] and ("award", n, column) not in book.touched
        ]
        row = book.dice.choice(rows)
        book.touched.add(("award", row, column))
        last = max(n for n, r in enumerate(table["rows"]) if r[column])
        if book.dice.random() < 0.5 and last + 1 < len(table["rows"]):
            table["rows"][last + 1][column] = new = f"上海市{_name(book)}成果奖"
            book.touched.add(("award", last + 1, column))
            book.annex("annex_row_added", "annex_1_awards", None, None, new)
        else:
            old = table["rows"][row][column]
            table["rows"][row][column] = new = old[:2] + book.dice.choice(THINGS) + old[2:]
            book.annex("annex_row_changed", "annex_1_awards", "name", old, new)


def _organiser(book: Book) -> None:
    tables = _tables(book, "行政机构名单")
    if tables and ("organiser", 0) not in book.touched:
        book.touched.add(("organiser", 0))
        table = tables[0]
        insert_row(table, 2, ["", f"国家{_name(book)}管理局"])
        renumber(table)
        book.annex("annex_row_added", "annex_2_organisers", None, None, table["rows"][2][1])


STEPS = [
    _association, _evaluator, _assessment, _one_plus_x, _qualification, _overseas, _title, _mapping, _award, _organiser,
]  # fmt: skip
