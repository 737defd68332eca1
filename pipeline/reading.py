"""Staged data: what a reader gives, as Arrow tables, and back to the dataclasses that tidying walks through.

``cells`` are the table cell pieces of the contract, ``blocks`` the printed lines outside every table (headings,
notes, page numbers) and hidden text, ``pages`` one row per page with its size and the reading's own checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.arrow import array, from_numpy, offsets
from pipeline.model import Cell, Line

LINE = pa.struct(
    [
        ("text", pa.string()),
        ("x0", pa.float32()),
        ("top", pa.float32()),
        ("x1", pa.float32()),
        ("bottom", pa.float32()),
    ]
)
CELLS = pa.schema(
    [
        ("cell_id", pa.string()),
        ("page", pa.int32()),
        ("table_no", pa.int32()),
        ("row", pa.int32()),
        ("col", pa.int32()),
        ("row_span", pa.int32()),
        ("col_span", pa.int32()),
        ("x0", pa.float32()),
        ("top", pa.float32()),
        ("x1", pa.float32()),
        ("bottom", pa.float32()),
        ("lines", pa.list_(LINE)),
        ("engine", pa.string()),
        ("advances", pa.list_(pa.list_(pa.float32()))),
        ("sizes", pa.list_(pa.float32())),
        ("confidence", pa.float32()),
        ("open_top", pa.bool_()),
        ("open_bottom", pa.bool_()),
        ("line", pa.int32()),
    ]
)
BLOCKS = pa.schema(
    [
        ("page", pa.int32()),
        ("role", pa.string()),
        ("text", pa.string()),
        ("x0", pa.float32()),
        ("top", pa.float32()),
        ("x1", pa.float32()),
        ("bottom", pa.float32()),
        ("size", pa.float32()),
        ("advances", pa.list_(pa.float32())),
        ("line", pa.int32()),
    ]
)
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
    ]
)


# A text transcript has no pages and no boxes: its cells and blocks are staged with their line number, and it has one page.
# Tidying sets a line ``PITCH`` points below the line before and makes a column ``WIDTH`` points wide.
TRANSCRIPT = "transcript"
"""The engine of a transcript's cells and of its page, whose ``checks`` hold the reader's findings as JSON."""
INFERRED = "transcript-inferred"
"""The engine of a cell that the transcript lacks: what it says is inferred."""
PITCH, WIDTH = 30.0, 100.0
SIZE, OPENS, HEADING = 10.0, 11.0, 16.0
"""Sizes of a transcript's text, of a word that begins a paragraph of its own, and of a heading."""


@dataclass(frozen=True, slots=True)
class Block:
    """A printed line outside every table (role ``text``), or hidden text (role names the reason)."""

    role: str
    line: Line


@dataclass(frozen=True, slots=True)
class PageInfo:
    """One page: size in points (reading orientation), counts, share covered by pictures, failed checks."""

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


@dataclass(frozen=True)
class Reading:
    """What a reader gives of a document (or of some of its pages), as Arrow tables."""

    cells: pa.Table
    blocks: pa.Table
    pages: pa.Table


def cell_id(page: int, table_no: int, row: int, col: int) -> str:
    """The name of a cell piece, readable by a steward: page, table on the page (from 1), row and column (from 0)."""
    return f"p{page:04d}-t{table_no}-r{row:03d}-c{col:02d}"


def to_reading(cells: Sequence[Cell], blocks: Sequence[Block], pages: Sequence[PageInfo]) -> Reading:
    """Dataclasses → Arrow."""
    lines = [line for cell in cells for line in cell.lines]
    per_cell = offsets([len(cell.lines) for cell in cells])
    columns: dict[str, pa.Array] = {
        field.name: array(map(attrgetter(field.name), cells), field.type)
        for field in CELLS
        if field.name not in ("lines", "advances", "sizes", "line")
    }
    columns["lines"] = pa.ListArray.from_arrays(
        per_cell,
        pa.StructArray.from_arrays(
            [array(map(attrgetter(field.name), lines), field.type) for field in LINE],
            fields=list(LINE),
        ),
    )
    columns["advances"] = pa.ListArray.from_arrays(per_cell, _advances(lines))
    columns["sizes"] = pa.ListArray.from_arrays(per_cell, array((line.size for line in lines), pa.float32()))
    columns["line"] = pa.nulls(len(cells), pa.int32())
    cell_table = pa.table([columns[field.name] for field in CELLS], schema=CELLS)

    outside = [block.line for block in blocks]
    columns = {
        field.name: array(map(attrgetter(field.name), outside), field.type)
        for field in BLOCKS
        if field.name not in ("role", "advances", "line")
    }
    columns["role"] = array((block.role for block in blocks), pa.string())
    columns["advances"] = _advances(outside)
    columns["line"] = pa.nulls(len(blocks), pa.int32())
    block_table = pa.table([columns[field.name] for field in BLOCKS], schema=BLOCKS)
    page_table = pa.table(
        [array(map(attrgetter(field.name), pages), field.type) for field in PAGES], schema=PAGES
    )
    return Reading(cell_table, block_table, page_table)


def _advances(lines: Sequence[Line]) -> pa.Array:
    """One list of advances per line."""
    return array((line.advances for line in lines), pa.list_(pa.float32()))


def join_readings(parts: Iterable[Reading]) -> Reading:
    """Readings of page ranges as one, in page order."""
    parts = list(parts)
    cells = pa.concat_tables([p.cells for p in parts]).combine_chunks()
    blocks = pa.concat_tables([p.blocks for p in parts]).combine_chunks()
    pages = pa.concat_tables([p.pages for p in parts]).combine_chunks()
    # Parts that come in order are in order (sorting them all the same would take their size in memory again).
    return Reading(
        in_order(cells, ("page", "table_no", "row", "col")),
        in_order(blocks, ("page",)),  # which keep their reading order within a page
        in_order(pages, ("page",)),
    )


def in_order(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """The table sorted by integer columns, rows that are equal in them left in their order."""
    if len(table) == 0:
        return table
    keys = [numbers(table.column(name)) for name in reversed(columns)]
    order = np.lexsort(keys)
    if (order == np.arange(len(order))).all():
        return table
    return table.take(from_numpy(order)).combine_chunks()


def numbers(column: pa.ChunkedArray) -> np.ndarray:
    """A column of numbers without nulls (``to_numpy`` would import pandas)."""
    whole = column.combine_chunks()
    values = np.frombuffer(whole.buffers()[1], dtype=whole.type.to_pandas_dtype())
    return values[whole.offset : whole.offset + len(whole)]


def select_pages(reading: Reading, numbers: Sequence[int]) -> Reading:
    """Only some pages of a reading."""
    import pyarrow.compute as pc

    chosen = array(sorted(numbers), pa.int32())
    return Reading(
        *(
            table.filter(pc.is_in(table.column("page"), chosen))
            for table in (reading.cells, reading.blocks, reading.pages)
        )
    )


def cells_of(reading: Reading) -> list[Cell]:
    """Staged cells as dataclasses, in page, table, row, column order."""
    table = reading.cells
    names = (
        "cell_id", "page", "table_no", "row", "col", "row_span", "col_span", "x0", "top", "x1", "bottom",
        "engine", "confidence", "open_top", "open_bottom",
    )  # fmt: skip
    columns = [table.column(name).to_pylist() for name in names]
    counts, lines = _lines(table)
    out = []
    for n, (
        name, page, table_no, row, col, row_span, col_span, x0, top, x1, bottom, engine, confidence, open_top,
        open_bottom,
    ) in zip(counts, zip(*columns, strict=True), strict=True):  # fmt: skip
        own = tuple(
            Line(text, a, b, c, d, page, advances, size)
            for text, a, b, c, d, advances, size in islice(lines, n)
        )
        out.append(
            Cell(
                name, page, table_no, row, col, row_span, col_span, x0, top, x1, bottom, own, engine, confidence,
                open_top, open_bottom,
            )
        )  # fmt: skip
    return out


def _lines(table: pa.Table) -> tuple[list[int], Iterator[tuple[Any, ...]]]:
    """How many lines each cell has, and all lines, flat: text, x0, top, x1, bottom, advances, size."""
    nested = table.column("lines").combine_chunks()
    flat = nested.flatten()
    advances = table.column("advances").combine_chunks().flatten()
    values = advances.flatten().to_pylist()
    known: dict[float, float] = {}
    # A document has few different advances: each is kept once.
    shared = map(known.setdefault, values, values)
    sizes = table.column("sizes").combine_chunks().flatten()
    columns = [flat.field(field.name).to_pylist() for field in LINE]
    return (
        nested.value_lengths().to_pylist(),
        zip(
            *columns,
            (tuple(islice(shared, n)) for n in advances.value_lengths().to_pylist()),
            sizes.to_pylist(),
            strict=True,
        ),
    )


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
