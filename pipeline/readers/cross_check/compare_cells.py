"""Do two readings of a page agree? Pure functions over staged cells and camelot's tables.

Two readings agree on a cell when its four borders and its squeezed text are the same. What camelot is known to get
wrong makes no alarm of its own: thin, light or dashed lines that it does not see (fewer cells than ours) are one info
for the page, the sliver between doubled lines is no cell, letters painted twice and hidden text are no other text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.findings import Finding
from pipeline.model import Cell
from pipeline.readers.pdf.camelot import ENGINE, CamelotTable
from pipeline.readers.pdf.page import Bools, Floats
from pipeline.reading import Block, PageInfo
from pipeline.text import squeeze

_SAME = 0.6
_LEAST_SAME, _MOST_SAME = 3.0, 5.2
"""Borders nearer than ``_SAME`` letter heights (within these bounds, points) are the same border."""

_COARSE_SHARE = 0.25
"""From this share of a page's cells on, lines that camelot does not see are its weakness, not our error."""

_MANY = 12
"""More places than this on one page are reported together."""

_EVIDENCE = 240


@dataclass(frozen=True)
class Seen:
    """A cell as camelot read it: box in points, origin top left."""

    x0: float
    top: float
    x1: float
    bottom: float
    text: str


@dataclass(frozen=True)
class PageComparison:
    """What cross-checking a page came to.

    ``status``: ``agreed`` every cell alike · ``differs`` · ``coarser`` camelot sees fewer lines and contradicts
    nothing else · ``unseen`` it finds no table where there is one · ``empty`` neither finds a table · ``pixels`` the page
    was itself read with camelot · ``failed`` camelot could not read it. ``agreed``, ``text`` and ``structure`` are the
    cell_ids that are alike, alike but for their text, and differently bordered; the other cells keep their confidence.
    """

    page: int
    status: str
    cells: int
    agreed: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    structure: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def letter_size(cells: Sequence[Cell], blocks: Sequence[Block]) -> float:
    """The usual letter size of a page, points, each line weighing its characters."""
    lines = [line for cell in cells for line in cell.lines] + [b.line for b in blocks if b.role == "text"]
    sizes = np.repeat([line.size for line in lines], [max(len(line.text), 1) for line in lines])
    return float(np.median(sizes)) if len(sizes) else 10.0


def compare(
    info: PageInfo, cells: Sequence[Cell], blocks: Sequence[Block], tables: list[CamelotTable] | str | None
) -> PageComparison:
    """Compare one page's staged cells with camelot's tables."""
    if tables is None:
        return PageComparison(info.page, "pixels", len(cells))
    if isinstance(tables, str):
        message = f"第{info.page}页camelot未能读取，未作交叉核对。"
        failed = Finding("cross_check_failed", message, f"p{info.page} {tables}"[:_EVIDENCE], page=info.page)
        return PageComparison(info.page, "failed", len(cells), findings=(failed,))
    size = letter_size(cells, blocks)
    same = min(max(_SAME * size, _LEAST_SAME), _MOST_SAME)
    ours = _boxes(cells)
    theirs, strangers = _theirs(tables, ours, same, 3 * size)
    findings = [_stranger(info.page, table) for table in strangers]
    if not cells:
        return PageComparison(info.page, "differs" if findings else "empty", 0, findings=tuple(findings))
    if not theirs:
        message = f"第{info.page}页：camelot没有看出任何表格，无从核对。"
        unseen = Finding(
            "cross_check_unseen",
            message,
            f"p{info.page} {cells[0].engine}：{len(cells)}格 | {ENGINE}：无",
            page=info.page,
        )
        return PageComparison(info.page, "unseen", len(cells), findings=(unseen, *findings))
    boxes = _boxes(theirs)
    pairs = _pairs(cells, ours, boxes, same)
    hidden = "".join(squeeze(block.line.text) for block in blocks if block.role != "text")
    # Beyond the open end of a row stand page numbers and running heads, which camelot counts to the row.
    outside = hidden + "".join(squeeze(block.line.text) for block in blocks if block.role == "text")
    agreed: list[tuple[int, int]] = []
    differing: list[tuple[int, int]] = []
    for i, j in pairs.items():
        extra = outside if cells[i].open_top or cells[i].open_bottom else hidden
        (agreed if _same_text(cells[i].text, squeeze(theirs[j].text), extra) else differing).append((i, j))
    places = _places(
        ours,
        boxes,
        [i for i in range(len(cells)) if i not in pairs],
        sorted(set(range(len(theirs))) - set(pairs.values())),
    )
    # Where camelot sees no cell at all it contradicts nothing.
    blank = sum(len(mine) for mine, other in places if not other)
    places = [(mine, other) for mine, other in places if other]
    coarse = [(mine, other) for mine, other in places if len(other) <= 1 and len(mine) > len(other)]
    affected = blank + sum(len(mine) for mine, _ in coarse)
    structure: list[str] = []
    beyond = [
        cell
        for cell, share in zip(theirs, _shared(boxes, ours).max(axis=1), strict=True)
        if share < 0.05 and squeeze(cell.text)
    ]
    if beyond:
        findings.append(_beyond(info.page, beyond))
    status = "agreed"
    if (
        affected
        and len(coarse) == len(places)
        and (not coarse or affected >= max(4.0, _COARSE_SHARE * len(cells)))
    ):
        status = "coarser"
        message = f"第{info.page}页：camelot看出的框线较少，{affected}格未能核对。"
        evidence = f"p{info.page} {cells[0].engine}：{len(cells)}格 | {ENGINE}：{len(theirs)}格"
        findings.append(Finding("cross_check_coarser", message, evidence, page=info.page))
    elif places:
        structure = [cells[i].cell_id for mine, _ in places for i in mine]
        findings += _structure(info.page, cells, theirs, places)
    if differing:
        findings += _texts(info.page, cells, theirs, differing)
    if structure or differing or strangers or beyond:
        status = "differs"
    return PageComparison(
        info.page,
        status,
        len(cells),
        tuple(cells[i].cell_id for i, _ in agreed),
        tuple(cells[i].cell_id for i, _ in differing),
        tuple(structure),
        tuple(findings),
    )


def _boxes(cells: Sequence[Cell] | Sequence[Seen]) -> Floats:
    return np.array([(c.x0, c.top, c.x1, c.bottom) for c in cells], dtype=np.float64).reshape(-1, 4)


def _theirs(
    tables: Sequence[CamelotTable], ours: Floats, same: float, least: float
) -> tuple[list[Seen], list[CamelotTable]]:
    """camelot's cells (no slivers) of tables that stand where ours do, and its tables that stand elsewhere.

    Tables elsewhere count only when they are wider and higher than ``least`` and hold text in two cells.
    """
    cells: list[Seen] = []
    strangers = []
    for table in tables:
        x0, top, x1, bottom = table.grid.bbox
        if len(ours) and (_shared(np.array([[x0, top, x1, bottom]]), ours) > 0).any():
            cells += [
                Seen(c.x0, c.top, c.x1, c.bottom, text)
                for c, text in zip(table.grid.cells, table.texts, strict=True)
                if c.x1 - c.x0 > same and c.bottom - c.top > same
            ]
        elif min(x1 - x0, bottom - top) > least and sum(1 for text in table.texts if squeeze(text)) >= 2:
            strangers.append(table)
    return cells, strangers


def _shared(a: Floats, b: Floats) -> Floats:
    """(len(a), len(b)): the area that two boxes share, as a share of the smaller one."""
    wide = np.minimum(a[:, None, 2], b[None, :, 2]) - np.maximum(a[:, None, 0], b[None, :, 0])
    high = np.minimum(a[:, None, 3], b[None, :, 3]) - np.maximum(a[:, None, 1], b[None, :, 1])
    area_a = (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])
    area_b = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    smaller = np.maximum(np.minimum(area_a[:, None], area_b[None, :]), 1e-9)
    return np.asarray(np.clip(wide, 0, None) * np.clip(high, 0, None) / smaller)


def _pairs(cells: Sequence[Cell], ours: Floats, theirs: Floats, same: float) -> dict[int, int]:
    """Our cells and camelot's with the same borders; an open end of ours may lie anywhere."""
    near: Bools = np.abs(ours[:, None, :] - theirs[None, :, :]) <= same
    near[:, :, 1] |= np.array([cell.open_top for cell in cells])[:, None]
    near[:, :, 3] |= np.array([cell.open_bottom for cell in cells])[:, None]
    alike = near.all(axis=2) & (_shared(ours, theirs) > 0.5)
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for i, j in np.argwhere(alike).tolist():
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return pairs


def _places(
    ours: Floats, theirs: Floats, mine: Sequence[int], other: Sequence[int]
) -> list[tuple[list[int], list[int]]]:
    """Places where the readings differ: cells of ours and of camelot's that overlap, as index lists."""
    overlap = _shared(ours[list(mine)], theirs[list(other)]) > 0.2
    places = []
    left = list(range(len(mine)))
    while left:
        rows, cols = {left[0]}, set[int]()
        while True:
            more_cols = set(np.flatnonzero(overlap[sorted(rows)].any(axis=0)).tolist())
            more_rows = rows | set(np.flatnonzero(overlap[:, sorted(more_cols)].any(axis=1)).tolist())
            if more_cols == cols and more_rows == rows:
                break
            rows, cols = more_rows, more_cols
        places.append(([mine[i] for i in sorted(rows)], [other[j] for j in sorted(cols)]))
        left = [i for i in left if i not in rows]
    return places


def _same_text(ours: str, theirs: str, hidden: str) -> bool:
    """Whether two cell texts are the same printed letters.

    Their order does not count (the readers order lines of turned words differently), nor letters painted several times,
    nor text that the page hides and that this project keeps out of cells.
    """
    if ours == theirs:
        return True
    a, b = Counter(ours), Counter(theirs)
    if a == b or (a and any(b == Counter({c: n * k for c, n in a.items()}) for k in (2, 3, 4))):
        return True
    return bool(hidden) and not (a - b) and not (b - a) - Counter(hidden)


# Findings


def _quote(text: str) -> str:
    short = squeeze(text)
    return f"“{short if len(short) <= 60 else short[:60] + '…'}”"


def _mine(cells: Sequence[Cell]) -> str:
    said = "；".join(
        f"第{c.row + 1}行第{c.col + 1}列（{c.row_span}×{c.col_span}）{_quote(c.text)}" for c in cells
    )
    return said[:_EVIDENCE]


def _other(cells: Sequence[Seen]) -> str:
    said = "；".join(f"[{c.x0:.0f},{c.top:.0f},{c.x1:.0f},{c.bottom:.0f}]{_quote(c.text)}" for c in cells)
    return said[:_EVIDENCE] or "无"


def _structure(
    page: int, cells: Sequence[Cell], theirs: Sequence[Seen], places: Sequence[tuple[list[int], list[int]]]
) -> list[Finding]:
    """One finding per place, or one per table when there are many."""
    if len(places) > _MANY:
        tables: dict[int, tuple[list[int], list[int]]] = {}
        for mine, other in places:
            together = tables.setdefault(cells[mine[0]].table_no, ([], []))
            together[0].extend(mine)
            together[1].extend(other)
        places = list(tables.values())
    out = []
    for mine, other in places:
        own = [cells[i] for i in mine]
        first = own[0]
        box = _boxes(own)
        message = (
            f"第{page}页表{first.table_no}第{first.row + 1}行第{first.col + 1}列起：两种读法的框线不一致，"
            f"本读法为{len(mine)}格，camelot为{len(other)}格。"
        )
        out.append(
            Finding(
                "cross_check_structure",
                message,
                f"{first.cell_id} {first.engine}：{_mine(own)} | {ENGINE}：{_other([theirs[j] for j in other])}",
                page=page,
                x0=float(box[:, 0].min()),
                top=float(box[:, 1].min()),
                x1=float(box[:, 2].max()),
                bottom=float(box[:, 3].max()),
                cell_id=first.cell_id,
            )
        )
    return out


def _texts(
    page: int, cells: Sequence[Cell], theirs: Sequence[Seen], differing: Sequence[tuple[int, int]]
) -> list[Finding]:
    """One finding per cell, or one for the page when there are many."""
    shown = differing if len(differing) <= _MANY else differing[:1]
    out = []
    for i, j in shown:
        cell = cells[i]
        many = f"等{len(differing)}格" if len(shown) < len(differing) else ""
        out.append(
            Finding(
                "cross_check_text",
                f"第{page}页表{cell.table_no}第{cell.row + 1}行第{cell.col + 1}列{many}：两种读法的文字不一致。",
                f"{cell.cell_id} {cell.engine}：{_quote(cell.text)} | {ENGINE}：{_quote(theirs[j].text)}",
                page=page,
                x0=cell.x0,
                top=cell.top,
                x1=cell.x1,
                bottom=cell.bottom,
                cell_id=cell.cell_id,
            )
        )
    return out


def _stranger(page: int, table: CamelotTable) -> Finding:
    cells = [Seen(c.x0, c.top, c.x1, c.bottom, t) for c, t in zip(table.grid.cells, table.texts, strict=True)]
    return _only_theirs(
        page,
        [cell for cell in cells if squeeze(cell.text)],
        f"camelot看出一个{len(cells)}格的表格，本读法在该处没有表格。",
    )


def _beyond(page: int, cells: Sequence[Seen]) -> Finding:
    return _only_theirs(page, cells, f"camelot在本读法的表格之外还看出{len(cells)}个有文字的单元格。")


def _only_theirs(page: int, cells: Sequence[Seen], message: str) -> Finding:
    box = _boxes(cells)
    return Finding(
        "cross_check_structure",
        f"第{page}页：{message}",
        f"p{page} 本读法：无 | {ENGINE}：{_other(cells)}",
        page=page,
        x0=float(box[:, 0].min()),
        top=float(box[:, 1].min()),
        x1=float(box[:, 2].max()),
        bottom=float(box[:, 3].max()),
    )
