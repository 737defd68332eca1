"""Staged data: what a reader gives, as Arrow tables, and back to the dataclasses that tidying walks through.

``cells`` are the table cell pieces of the contract, ``blocks`` the printed lines outside every table (headings,
notes, page numbers) and hidden text, ``pages`` one row per page with its size and the reading's own checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from pipeline.tidy.model import Cell, Line

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
    plain = (
        "cell_id", "page", "table_no", "row", "col", "row_span", "col_span", "x0", "top", "x1", "bottom",
        "engine", "confidence", "open_top", "open_bottom",
    )  # fmt: skip
    columns: dict[str, list[object]] = {name: [getattr(cell, name) for cell in cells] for name in plain}
    columns["lines"] = [
        [{"text": ln.text, "x0": ln.x0, "top": ln.top, "x1": ln.x1, "bottom": ln.bottom} for ln in cell.lines]
        for cell in cells
    ]
    columns["advances"] = [[list(ln.advances) for ln in cell.lines] for cell in cells]
    columns["sizes"] = [[ln.size for ln in cell.lines] for cell in cells]
    columns["line"] = [None] * len(cells)
    cell_table = pa.table(
        {field.name: pa.array(columns[field.name], field.type) for field in CELLS}, schema=CELLS
    )
    block_table = pa.Table.from_pylist(
        [
            {
                "page": b.line.page,
                "role": b.role,
                "text": b.line.text,
                "x0": b.line.x0,
                "top": b.line.top,
                "x1": b.line.x1,
                "bottom": b.line.bottom,
                "size": b.line.size,
                "advances": list(b.line.advances),
            }
            for b in blocks
        ],
        schema=BLOCKS,
    )
    page_table = pa.Table.from_pylist(
        [{name: getattr(p, name) for name in PAGES.names} for p in pages], schema=PAGES
    )
    return Reading(cell_table, block_table, page_table)


def join_readings(parts: Iterable[Reading]) -> Reading:
    """Readings of page ranges as one, in page order."""
    parts = list(parts)
    cells = pa.concat_tables([p.cells for p in parts])
    blocks = pa.concat_tables([p.blocks for p in parts])
    pages = pa.concat_tables([p.pages for p in parts])
    cells = cells.sort_by(
        [("page", "ascending"), ("table_no", "ascending"), ("row", "ascending"), ("col", "ascending")]
    )
    pages = pages.sort_by([("page", "ascending")])
    # Blocks keep their reading order within a page: a stable sort by page alone (pyarrow's is not documented as such).
    order = sorted(range(len(blocks)), key=blocks.column("page").to_pylist().__getitem__)
    return Reading(
        cells.combine_chunks(),
        blocks.take(pa.array(order, pa.int64())).combine_chunks(),
        pages.combine_chunks(),
    )


def cells_of(reading: Reading) -> list[Cell]:
    """Staged cells as dataclasses, in page, table, row, column order."""
    out = []
    for row in reading.cells.to_pylist():
        lines = tuple(
            Line(ln["text"], ln["x0"], ln["top"], ln["x1"], ln["bottom"], row["page"], tuple(advances), size)
            for ln, advances, size in zip(row["lines"], row["advances"], row["sizes"], strict=True)
        )
        out.append(
            Cell(
                row["cell_id"], row["page"], row["table_no"], row["row"], row["col"], row["row_span"],
                row["col_span"], row["x0"], row["top"], row["x1"], row["bottom"], lines, row["engine"],
                row["confidence"], row["open_top"], row["open_bottom"],
            )
        )  # fmt: skip
    return out


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
