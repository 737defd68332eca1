"""Staged data: what a reader gives, as Arrow tables, and back to the dataclasses that tidying walks through.

``cells`` are the cells of the contract, a page at a time, ``blocks`` the printed lines outside every table (headings,
notes, page numbers) and hidden text, ``pages`` one row per page with its size and the reading's own checks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import islice, repeat
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.arrow import array, from_numpy, offsets, where
from pipeline.findings import Finding
from pipeline.model import Cell, Line

_BOX = [(name, pa.float32()) for name in ("x0", "top", "x1", "bottom")]
LINE = pa.struct([("text", pa.string()), *_BOX])
CELLS = pa.schema(
    [
        ("cell_id", pa.string()),
        ("page", pa.int32()),
        ("table_no", pa.int32()),
        ("row", pa.int32()),
        ("col", pa.int32()),
        ("row_span", pa.int32()),
        ("col_span", pa.int32()),
        *_BOX,
        ("lines", pa.list_(LINE)),
        ("engine", pa.string()),
        ("advances", pa.list_(pa.list_(pa.float32()))),
        ("sizes", pa.list_(pa.float32())),
        ("confidence", pa.float32()),
        ("open_top", pa.bool_()),
        ("open_bottom", pa.bool_()),
        ("line", pa.int32()),
        # Of a Word file: the number of the paragraph that each line stands in.
        ("paragraphs", pa.list_(pa.int32())),
        # Of a page whose characters were recognised: how sure each line is, 0-1.
        ("scores", pa.list_(pa.float32())),
    ]
)
BLOCKS = pa.schema(
    [
        ("page", pa.int32()),
        ("role", pa.string()),
        ("text", pa.string()),
        *_BOX,
        ("size", pa.float32()),
        ("advances", pa.list_(pa.float32())),
        ("line", pa.int32()),
    ]
)
LEFT_OUT = ("hidden", "outside", "clipped", "repainted")
"""Why glyphs of a page are left out on purpose: nobody sees them (invisible, white, a watermark), they stand beside the
page, are clipped away, or painted again on themselves."""
PAGES = pa.schema(
    [
        ("page", pa.int32()),
        ("width", pa.float32()),
        ("height", pa.float32()),
        ("turned", pa.int32()),
        ("glyphs", pa.int32()),
        ("rulings", pa.int32()),
        ("pictures", pa.float32()),
        ("tables", pa.int32()),
        ("engine", pa.string()),
        ("checks", pa.list_(pa.string())),
        *((name, pa.int32()) for name in LEFT_OUT),
        ("missing", pa.int32()),
        ("pictured", pa.int32()),
    ]
)

AGREED, SINGLE, PIXELS, TEXT_DIFFERS, STRUCTURE_DIFFERS = 1.0, 0.97, 0.9, 0.8, 0.6
"""How far a cell is trusted, the scale of the ``confidence`` column: two readings that know nothing of each other agree
on its borders and text; one reading of ruling lines that the file itself names; one of lines seen in the pixels of a
picture; two readings agree on the borders, but not on the text; two readings draw different borders there."""

RECOGNISED = "ocr"
"""The engine of a page whose characters were recognised in its picture."""

BROKEN, CUT, RESOURCE, STRUCTURE = "content_broken", "content_cut", "resource_broken", "structure_broken"
"""The checks that a damaged page fails: the data of its content or of a form on it are not whole; its content ends early
or says what no content says; the data of a font, a character map or a picture are not whole; objects that it needs are not
where the file says, or there are none."""

DAMAGE = frozenset({BROKEN, CUT, RESOURCE, STRUCTURE})
UNREADABLE = "unreadable"
"""The check that a page fails of whose printed glyphs more than :data:`UNREADABLE_SHARE` have no character."""
UNREADABLE_SHARE = 0.05

# A text transcript, a Word and an Excel file have no pages and no boxes: their cells and blocks are staged with their line
# number (Word: the paragraph's, Excel: the row's, counted over all sheets), and they have one page, whose ``checks`` hold
# the reader's findings as JSON. Tidying sets a line ``PITCH`` points below the line before and makes a column ``WIDTH``
# points wide.
TRANSCRIPT = "transcript"
"""The engine of a transcript's cells and of its page."""
WORD, EXCEL = "docx", "xlsx"
"""The engines of a Word and an Excel file's cells and page: there every line ended on purpose."""
PAGELESS = frozenset((TRANSCRIPT, WORD, EXCEL))
"""Kinds of source without pages."""
INFERRED = "transcript-inferred"
"""The engine of a cell that the transcript lacks: what it says is inferred."""
PITCH, WIDTH = 30.0, 100.0
SIZE, OPENS, HEADING = 10.0, 11.0, 16.0
"""Sizes of a transcript's text, of a word that begins a paragraph of its own, and of a heading."""


@dataclass(frozen=True, slots=True)
class Block:
    """A printed line outside every table (role ``text``), hidden text (role names the reason), a footnote's mark or what is struck out."""

    role: str
    line: Line


RAISED = "raised"
"""The role of a mark whose note its page does not have: it stands in its cell."""

STRUCK = "struck"
"""The role of text that is struck out: it stands in its cell."""


def footnote(mark: str, box: tuple[float, float, float, float], page: int, note: Line | None) -> Block:
    """The block of a footnote's mark: left out of its cell where its ``note`` is known."""
    text, role = (mark, RAISED) if note is None else (f"{mark}\t{note.text}", "footnote_mark")
    return Block(role, Line(text, *box, page))


@dataclass(frozen=True, slots=True)
class PageInfo:
    """One page: size in points (reading orientation), counts, share covered by pictures, failed checks.

    ``glyphs`` are read, ``hidden`` … ``repainted`` left out on purpose (see ``LEFT_OUT``), ``missing`` shown by the
    content but not read, None where that cannot be counted; blanks are not counted. ``pictured`` cells hold pictures
    but no text.
    """

    page: int
    width: float
    height: float
    turned: int
    glyphs: int
    rulings: int
    pictures: float
    tables: int
    engine: str
    checks: tuple[str, ...] = ()
    hidden: int = 0
    outside: int = 0
    clipped: int = 0
    repainted: int = 0
    missing: int | None = 0
    pictured: int = 0


@dataclass(frozen=True)
class Reading:
    """What a reader gives of a document (or of some of its pages), as Arrow tables."""

    cells: pa.Table
    blocks: pa.Table
    pages: pa.Table

    def save(self, folder: Path) -> None:
        """Write a Parquet file for each table into a folder."""
        import pyarrow.parquet as pq

        for field in fields(self):
            pq.write_table(getattr(self, field.name), folder / f"{field.name}.parquet", compression="zstd")

    @classmethod
    def load(cls, folder: Path) -> Reading:
        """What :meth:`save` wrote. Raises OSError and pyarrow.ArrowInvalid, which is a ValueError."""
        import pyarrow.parquet as pq

        # Not by read_table, which imports datasets and pandas first.
        return cls(*(pq.ParquetFile(folder / f"{field.name}.parquet").read() for field in fields(cls)))


def cell_id(page: int, table_no: int, row: int, col: int) -> str:
    """The name of a staged cell, readable by a steward: page, table on the page (from 1), row and column (from 0).

    >>> cell_id(12, 1, 3, 0)
    'p0012-t1-r003-c00'
    """
    return f"p{page:04d}-t{table_no}-r{row:03d}-c{col:02d}"


def to_reading(
    cells: Sequence[Cell],
    blocks: Sequence[Block],
    pages: Sequence[PageInfo],
    scores: Sequence[Sequence[float]] | None = None,
) -> Reading:
    """Dataclasses → Arrow. ``scores``: of recognised cells, how sure each line is."""
    lines = [line for cell in cells for line in cell.lines]
    per_cell = offsets([len(cell.lines) for cell in cells])
    boxes = pa.StructArray.from_arrays(
        [array(map(attrgetter(field.name), lines), field.type) for field in LINE], fields=list(LINE)
    )
    sizes = array((line.size for line in lines), pa.float32())
    cell_table = _table(
        CELLS,
        cells,
        lines=pa.ListArray.from_arrays(per_cell, boxes),
        advances=pa.ListArray.from_arrays(per_cell, _advances(lines)),
        sizes=pa.ListArray.from_arrays(per_cell, sizes),
        line=pa.nulls(len(cells), pa.int32()),
        paragraphs=pa.nulls(len(cells), CELLS.field("paragraphs").type),
        scores=array(scores or repeat(None, len(cells)), CELLS.field("scores").type),
    )
    outside = [block.line for block in blocks]
    block_table = _table(
        BLOCKS,
        outside,
        role=array((block.role for block in blocks), pa.string()),
        advances=_advances(outside),
        line=pa.nulls(len(blocks), pa.int32()),
    )
    return Reading(cell_table, block_table, _table(PAGES, pages))


def staged_without_pages(
    engine: str,
    cells: Sequence[Mapping[str, Any]],
    blocks: Sequence[Mapping[str, Any]],
    findings: Sequence[Finding],
    lines: int,
) -> Reading:
    """Rows of ``CELLS`` and ``BLOCKS`` (what they leave out is null, what is the same for all filled in) → a reading.

    ``lines``: how many lines, paragraphs or rows the document has.
    """
    same = {"engine": engine, "confidence": 1.0, "open_top": False, "open_bottom": False}
    whole = [
        {**same, **cell, "advances": [[1.0] * len(line["text"]) for line in cell["lines"]]} for cell in cells
    ]
    outside = [{**block, "advances": [1.0] * len(block["text"])} for block in blocks]
    page = {
        "page": 1,
        "width": WIDTH * max((cell["col"] + cell["col_span"] for cell in cells), default=1),
        "height": PITCH * (lines + 2),
        "turned": 0,
        "glyphs": sum(len(block["text"]) for block in blocks),
        "rulings": 0,
        "pictures": 0.0,
        "tables": len({cell["table_no"] for cell in cells}),
        "engine": engine,
        "checks": [json.dumps(asdict(finding), ensure_ascii=False) for finding in findings],
        **dict.fromkeys((*LEFT_OUT, "missing", "pictured"), 0),
    }
    return Reading(
        pa.Table.from_pylist(whole, schema=CELLS),
        pa.Table.from_pylist(outside, schema=BLOCKS),
        pa.Table.from_pylist([page], schema=PAGES),
    )


def _table(schema: pa.Schema, rows: Sequence[object], **given: pa.Array) -> pa.Table:
    """A table of the ``rows``' attributes, but for the columns that are ``given``."""
    columns = [
        given[field.name] if field.name in given else array(map(attrgetter(field.name), rows), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _advances(lines: Sequence[Line]) -> pa.Array:
    """One list of advances per line."""
    return array((line.advances for line in lines), pa.list_(pa.float32()))


def join_readings(parts: Iterable[Reading]) -> Reading:
    """Readings of page ranges as one, in page order."""
    parts = list(parts)
    # Blocks keep their reading order within a page.
    orders = {"cells": ("page", "table_no", "row", "col"), "blocks": ("page",), "pages": ("page",)}
    tables = {name: pa.concat_tables([getattr(part, name) for part in parts]) for name in orders}
    return Reading(**{name: in_order(tables[name].combine_chunks(), order) for name, order in orders.items()})


def in_order(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """The table sorted by integer columns, rows that are equal in them left in their order."""
    if len(table) == 0:
        return table
    order = np.lexsort([numbers(table.column(name)) for name in reversed(columns)])
    if (order == np.arange(len(order))).all():  # sorting would take the table's size in memory again
        return table
    return table.take(from_numpy(order)).combine_chunks()


def numbers(column: pa.ChunkedArray) -> np.ndarray:
    """A column of numbers without nulls (``to_numpy`` would import pandas)."""
    whole = column.combine_chunks()
    values = np.frombuffer(whole.buffers()[1], dtype=whole.type.to_pandas_dtype())
    return values[whole.offset : whole.offset + len(whole)]


def select_pages(reading: Reading, numbers: Sequence[int]) -> Reading:
    """Only some pages of a reading."""
    return Reading(
        *(where(table, "page", *numbers) for table in (reading.cells, reading.blocks, reading.pages))
    )


def cells_of(reading: Reading) -> list[Cell]:
    """Staged cells as dataclasses, in page, table, row, column order."""
    table = reading.cells
    names = [field.name for field in fields(Cell) if field.init]
    columns = [_lines(table) if name == "lines" else table.column(name).to_pylist() for name in names]
    return [Cell(*values) for values in zip(*columns, strict=True)]


def _lines(table: pa.Table) -> list[tuple[Line, ...]]:
    """The lines of each cell."""
    nested = table.column("lines").combine_chunks()
    boxes = nested.flatten()
    advances = table.column("advances").combine_chunks().flatten()
    values = advances.flatten().to_pylist()
    known: dict[float, float] = {}
    # A document has few different advances: each is kept once.
    shared = map(known.setdefault, values, values)
    lines = zip(
        *(boxes.field(field.name).to_pylist() for field in LINE),
        (tuple(islice(shared, n)) for n in advances.value_lengths().to_pylist()),
        table.column("sizes").combine_chunks().flatten().to_pylist(),
        strict=True,
    )
    return [
        tuple(
            Line(text, x0, top, x1, bottom, page, widths, size)
            for text, x0, top, x1, bottom, widths, size in islice(lines, n)
        )
        for n, page in zip(nested.value_lengths().to_pylist(), table.column("page").to_pylist(), strict=True)
    ]


def blocks_of(reading: Reading) -> list[Block]:
    """Printed lines outside tables as dataclasses, in reading order."""
    return [
        Block(
            row["role"],
            Line(
                row["text"], row["x0"], row["top"], row["x1"], row["bottom"], row["page"],
                tuple(row["advances"]), row["size"],
            ),
        )
        for row in reading.blocks.to_pylist()
    ]  # fmt: skip


def pages_of(reading: Reading) -> list[PageInfo]:
    """Pages as dataclasses."""
    return [PageInfo(**{**row, "checks": tuple(row["checks"])}) for row in reading.pages.to_pylist()]
