"""A document tidied whole or part by part: the same rows, the same account of its characters, nothing lost."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import XizeError
from pipeline.readers.pdf.read import read_pdf
from pipeline.reading import Reading, blocks_of, cells_of, pages_of, select_pages
from pipeline.tidy.document import Tidied, tidy
from pipeline.tidy.outline import Section, outline
from pipeline.tidy.parts import Part, parts_of
from pipeline.tidy.pieces import PageTable, pieces_in, pieces_of
from tests.quality.truth_tables import truth
from tests.test_speed_forked import alone
from tests.typeset import Layout, typeset
from tests.typeset.content import excerpt
from tests.typeset.layout import A3

MANY = {"whole": 0, "part": 1}
"""The annexes and every 专业大类 are each a part of their own."""


@pytest.fixture(scope="module")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four 专业大类 and seven annexes; items wrap in one column only, whose names the last annex prints whole."""
    small = excerpt(truth(), classes=2, annex_rows=12, sections=4, annexes=7)
    widths = {"class": 0.6, "title": 1.3, "skill": 1.3, "practice": 0.8, "one_plus_x": 0.5, "industry": 1.3}
    path = tmp_path_factory.mktemp("parts") / "rulebook.pdf"
    typeset(small, Layout(path.stem, page=A3, landscape=True, size=6, widths=widths), path)
    return path


@pytest.fixture(scope="module")
def reading(rulebook: Path) -> Reading:
    """What is read of it."""
    return read_pdf(rulebook, workers=1)


@pytest.fixture(scope="module")
def whole(reading: Reading) -> Tidied:
    """The document as one part."""
    return tidy(reading, {}, "rulebook.pdf")


def _in_parts(
    monkeypatch: pytest.MonkeyPatch, reading: Reading, keep: Any = None, **sizes: int
) -> tuple[Tidied, list[Part]]:
    """The document tidied in parts of such sizes, and its parts."""
    taken: list[list[Part]] = []

    def divide(sections: list[Section], **options: bool) -> list[Part]:
        taken.append(parts_of(sections, **sizes, **options))
        return taken[-1]

    monkeypatch.setattr("pipeline.tidy.document.parts_of", divide)
    tidied = tidy(reading, {}, "rulebook.pdf", keep)
    return tidied, taken[0]


def _rows(tidied: Tidied, *without: str) -> dict[str, list[str]]:
    """The rows of every table in an order of their own."""
    return {
        name: sorted(repr({key: row[key] for key in row if key not in without}) for row in rows)
        for name, rows in tidied.rows.items()
        if rows
    }


def _findings(tidied: Tidied) -> Counter[tuple[str, str, int | None]]:
    return Counter((finding.code, finding.message, finding.page) for finding in tidied.findings)


def _first_annex(whole: Tidied) -> int:
    """The page on which the annexes begin."""
    tables = (rows for name, rows in whole.rows.items() if name.startswith("annex_"))
    return min(int(str(row["page"])) for rows in tables for row in rows)


def test_the_whole_document_is_one_part(reading: Reading, whole: Tidied) -> None:
    sections = outline(pieces_of(reading), blocks_of(reading), pages_of(reading)).sections
    assert len(parts_of(sections)) == 1
    assert whole.characters["lost"] == 0 and whole.characters["in_tables"] > 5000
    assert len(whole.rows["majors"]) == 4 and len(whole.rows["classes"]) == 8
    assert sum(bool(rows) for name, rows in whole.rows.items() if name.startswith("annex_")) >= 7


def test_annexes_beside_the_catalogue(
    monkeypatch: pytest.MonkeyPatch, reading: Reading, whole: Tidied
) -> None:
    """Two parts: what comes of them is the same to the last value and in the same order."""
    tidied, parts = _in_parts(monkeypatch, reading, alone=1)
    assert [(bool(part.annexes), bool(part.others)) for part in parts] == [(True, False), (False, True)]
    assert {name: rows for name, rows in tidied.rows.items() if rows} == {
        name: rows for name, rows in whole.rows.items() if rows
    }
    assert tidied.characters == whole.characters and _findings(tidied) == _findings(whole)
    assert (tidied.toc, tidied.rule3, tidied.pages, tidied.tables) == (
        whole.toc, whole.rule3, whole.pages, whole.tables,
    )  # fmt: skip


@pytest.mark.parametrize(("sizes", "count"), [({"whole": 0, "part": 400}, 4), (MANY, 12)])
def test_many_parts(
    monkeypatch: pytest.MonkeyPatch, reading: Reading, whole: Tidied, sizes: dict[str, int], count: int
) -> None:
    """Parts so small learn little and are less sure of their items, but these are the same, and nothing is lost."""
    tidied, parts = _in_parts(monkeypatch, reading, **sizes)
    assert len(parts) >= count and parts[-1].others
    assert tidied.characters == whole.characters and tidied.characters["lost"] == 0
    assert Counter(f.code for f in tidied.findings) == Counter(f.code for f in whole.findings)
    found, known = _rows(tidied, "confidence"), _rows(whole, "confidence")
    assert found.keys() == known.keys()
    for name, rows in known.items():
        assert found[name] == rows, name
    ids = [row["entry_id"] for row in tidied.rows["entries"]]
    assert len(set(ids)) == len(ids)
    assert {row["entry_id"] for row in tidied.rows["credentials"]} == set(ids)
    assert tidied.toc == whole.toc


def test_rows_are_handed_on_as_they_are_made(monkeypatch: pytest.MonkeyPatch, reading: Reading) -> None:
    """With ``keep`` nothing is gathered: a large document's rows need not all be there at once."""
    kept: dict[str, list[Any]] = defaultdict(list)
    handed: list[str] = []

    def keep(table: str, rows: list[Any]) -> None:
        handed.append(table)
        kept[table] += rows

    tidied, _ = _in_parts(monkeypatch, reading, keep, **MANY)
    assert tidied.rows == {} and handed.count("entries") >= 4
    gathered, _ = _in_parts(monkeypatch, reading, **MANY)
    assert dict(kept) == gathered.rows


def test_copies_that_read_parts_change_nothing(rulebook: Path) -> None:
    """Annexes are read in forked copies of the process where another processor is free: the result does not tell."""
    printed = alone(
        "from functools import partial\nfrom pathlib import Path\nimport pipeline.forked as forked\n"
        "import pipeline.tidy.document as document\nfrom pipeline.readers.pdf.read import read_pdf\n"
        "whole = document.parts_of\nforks, fork = [], forked.os.fork\n"
        "def counted():\n    child = fork()\n    forks.append(child)\n    return child\n"
        f"reading = read_pdf(Path({str(rulebook)!r}), workers=1)\n"
        "forked.os.fork = counted\n"
        "for sizes in ({}, {'alone': 1}, {'whole': 0, 'part': 1}):\n"
        "    document.parts_of = partial(whole, **sizes)\n    found = []\n    forks.clear()\n"
        "    for processors in (1, 2):\n        forked.processors = lambda: processors\n"
        "        tidied = document.tidy(reading, {}, 'rulebook.pdf')\n"
        "        found.append((tidied.rows, tidied.findings, tidied.characters, tidied.toc))\n"
        "    print(found[0] == found[1], len(found[0][0]['entries']) > 400, len(forks) > 0)"
    )
    assert printed.splitlines() == ["True True True"] * 3


@pytest.mark.parametrize("sizes", [{}, {"alone": 1}])
def test_names_that_annexes_print_are_known_to_the_catalogue(
    monkeypatch: pytest.MonkeyPatch, reading: Reading, whole: Tidied, sizes: dict[str, int]
) -> None:
    """Some items are surer than in the same document without annexes, also where these are a part of their own."""
    bare, _ = _in_parts(monkeypatch, select_pages(reading, range(1, _first_annex(whole))), **sizes)
    tidied, _ = _in_parts(monkeypatch, reading, **sizes)
    without, known = (
        {row["entry_id"]: float(str(row["confidence"])) for row in one.rows["entries"]}
        for one in (bare, tidied)
    )
    assert known.keys() == without.keys()
    assert any(known[name] > without[name] for name in known)


@pytest.mark.parametrize("sizes", [{}, MANY])
def test_no_catalogue_in_any_part_is_said(
    monkeypatch: pytest.MonkeyPatch, reading: Reading, whole: Tidied, sizes: dict[str, int]
) -> None:
    annexes = select_pages(reading, range(_first_annex(whole), whole.pages + 1))
    with pytest.raises(XizeError, match=r"^rulebook\.pdf：没有找到专业目录表"):
        _in_parts(monkeypatch, annexes, **sizes)


# --- the division itself


def _section(kind: str, number: int, *weights: int) -> Section:
    """A section with a table for every weight: so many lines, and no cell pieces."""
    tables = [PageTable(number, i, 0.0, 10.0, 0, 0, 1, weight) for i, weight in enumerate(weights)]
    return Section(kind, f"{kind}{number}", number=number, content=[*tables])


def test_every_section_is_in_one_part_and_the_last_part_has_more_than_annexes() -> None:
    draw = random.Random(3)
    for _ in range(400):
        kinds = ["front", *draw.choices(["annex", "major", "notes", "catalogue"], k=draw.randint(0, 12))]
        sections = [
            _section(kind, i, *(draw.choice([0, 1, 30, 70, 500]) for _ in range(draw.randint(0, 3))))
            for i, kind in enumerate(kinds)
        ]
        for divide in (
            parts_of,
            partial(parts_of, whole=100, part=60, alone=20),
            partial(parts_of, whole=10_000, alone=0),
            partial(parts_of, whole=0, part=1),
        ):
            parts = divide(sections)
            assert parts[-1].others, [(s.kind, s.content) for s in sections]
            annexes = [s for part in parts for s in part.annexes]
            others = [s for part in parts for s in part.others]
            assert [id(s) for s in annexes] == [id(s) for s in sections if s.kind == "annex"]
            assert [id(s) for s in others] == [id(s) for s in sections if s.kind != "annex"]
            # Annexes come first: what they name is known to every part of the catalogue.
            alone = [bool(part.annexes) and not part.others for part in parts]
            assert alone == sorted(alone, reverse=True)
            assert all(not (part.annexes and part.others) for part in parts) or len(parts) == 1
            assert divide(sections, together=True) == [Part(tuple(annexes), tuple(others))]


def test_parts_are_about_as_large_as_wished() -> None:
    sections = [_section("front", 0), *(_section("major", n, 10, 20) for n in range(1, 41))]
    parts = parts_of(
        [*sections, *(_section("annex", n, 25) for n in range(8))], whole=1000, part=200, alone=50
    )
    sizes = [len(part.annexes) * 25 + len([s for s in part.others if s.content]) * 30 for part in parts]
    assert all(150 <= size <= 250 for size in sizes), sizes
    assert sum(sizes) == 40 * 30 + 8 * 25
    # As large as "whole" is still one part, or two where the annexes can teach themselves.
    both = [_section("front", 0), _section("major", 1, 600), _section("annex", 1, 400)]
    assert len(parts_of(both, whole=1000, alone=401)) == 1 and len(parts_of(both, whole=1000, alone=400)) == 2
    assert len(parts_of(both, whole=999, part=5000, alone=401)) == 2


# --- pieces


def test_pieces_of_columns_are_those_of_objects(reading: Reading) -> None:
    cells = cells_of(reading)
    columns, objects = pieces_of(reading), pieces_in(cells)
    assert columns.tables == objects.tables and len(columns.tables) == sum(
        page.tables for page in pages_of(reading)
    )
    for table in columns.tables:
        own = [cell for cell in cells if (cell.page, cell.table_no) == (table.page, table.table_no)]
        assert list(columns.load(table.start, table.stop)) == own
        assert list(objects.load(table.start, table.stop)) == own
        assert table.lines == sum(len(cell.lines) for cell in own)
        assert table.in_first_row == sum(cell.row == 0 for cell in own) >= 1
        assert (table.top, table.bottom) == (min(c.top for c in own), max(c.bottom for c in own))
    first, last = columns.tables[0], columns.tables[-1]
    assert (first.start, last.stop) == (0, len(cells))
    assert list(columns.load(0, last.stop)) == cells and list(columns.load(3, 3)) == []


def test_cells_of_a_table_need_not_stand_together(reading: Reading) -> None:
    cells = cells_of(reading)
    mixed = sorted(cells, key=lambda cell: (cell.row, cell.col, -cell.page))
    assert [c.cell_id for c in mixed] != [c.cell_id for c in cells]
    pieces = pieces_in(mixed)
    assert pieces.tables == pieces_of(reading).tables
    assert list(pieces.load(0, len(cells))) == sorted(cells, key=lambda c: (c.page, c.table_no, c.row, c.col))


def test_a_reading_without_tables_has_no_pieces(reading: Reading) -> None:
    empty = Reading(reading.cells.slice(0, 0), reading.blocks, reading.pages)
    assert pieces_of(empty).tables == pieces_in([]).tables == ()
    assert list(pieces_of(empty).load(0, 0)) == []


def test_pieces_of_some_pages_are_counted_from_their_first_cell(reading: Reading) -> None:
    """Columns that are a slice of larger ones: their numbers begin in the middle of a buffer."""
    half = len(reading.cells) // 2
    cut = Reading(reading.cells.slice(half), reading.blocks, reading.pages)
    assert pieces_of(cut).tables == pieces_in(cells_of(cut)).tables
    table = pieces_of(cut).tables[-1]
    assert list(pieces_of(cut).load(table.start, table.stop)) == cells_of(cut)[table.start :]


def test_a_transcript_is_tidied_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its annexes and its catalogue teach each other where blanks stand: whatever its size, it is one part."""
    from pipeline.readers.transcript.read import read_transcript

    head = "专业类别\t非教师系列职称\t\t\t技能等级证书\t\t\t执业资格证书\t\t\t1+X技能等级证书\t\t\t行业内其它权威证书\t\t"
    lines = [
        "## 一、61（51）农林牧渔大类", "", head, "\t初级\t中级\t高级" * 5, "6101农业类\t助理农艺师\t农艺师\t高级农艺师" + "\t" * 12,
        "", "## 附件1：名录", "", "序号\t名称", "1\t甲协会", "2\t乙协会",
    ]  # fmt: skip
    file = tmp_path / "t.txt"
    file.write_text("\n".join(lines), encoding="utf-8")
    transcript = read_transcript(file)
    known = tidy(transcript, {}, file.name)
    tidied, parts = _in_parts(monkeypatch, transcript, **MANY, alone=0)
    assert len(parts) == 1 and parts[0].annexes and parts[0].others
    assert tidied.rows == known.rows and known.characters["lost"] == 0
