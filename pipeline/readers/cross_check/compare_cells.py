"""Do two readings of a page agree? Pure functions over staged cells and camelot's tables.

Two readings agree on a cell when its four borders and its squeezed text are the same. What camelot is known to get
wrong makes no alarm of its own: thin, light or dashed lines that it does not see (fewer cells than ours) are one info
for the page, the sliver between doubled lines is no cell, letters painted twice and hidden text are no other text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.findings import Finding
from pipeline.model import Cell
from pipeline.readers.pdf.camelot import ENGINE, CamelotCell, CamelotTable
from pipeline.readers.pdf.intersections import components
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

_Place = tuple[list[Cell], list[CamelotCell]]
"""Our cells and camelot's that overlap and are not the same."""


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
    """Compare one page's staged cells with camelot's ``tables``: None where the page was itself read with camelot, a
    text where camelot failed and why."""
    page = info.page
    if tables is None:
        return PageComparison(page, "pixels", len(cells))
    if isinstance(tables, str):
        message = f"第{page}页camelot未能读取，未作交叉核对。"
        failed = Finding("cross_check_failed", message, f"p{page} {tables}"[:_EVIDENCE], page=page)
        return PageComparison(page, "failed", len(cells), findings=(failed,))
    size = letter_size(cells, blocks)
    same = min(max(_SAME * size, _LEAST_SAME), _MOST_SAME)
    theirs, elsewhere = _theirs(tables, _boxes(cells), same, 3 * size)
    findings = [_elsewhere(page, table) for table in elsewhere]
    if not cells:
        return PageComparison(page, "differs" if findings else "empty", 0, findings=tuple(findings))
    if not theirs:
        evidence = f"p{page} {cells[0].engine}：{len(cells)}格 | {ENGINE}：无"
        unseen = Finding(
            "cross_check_unseen", f"第{page}页：camelot没有看出任何表格，无从核对。", evidence, page=page
        )
        return PageComparison(page, "unseen", len(cells), findings=(unseen, *findings))
    pairs = _pairs(cells, theirs, same)
    agreed, differing = _by_text([(cells[i], theirs[j]) for i, j in pairs.items()], blocks)
    places = _places(
        [cell for i, cell in enumerate(cells) if i not in pairs],
        [cell for j, cell in enumerate(theirs) if j not in pairs.values()],
    )
    coarser = _unseen_lines(places, len(cells))
    places = [] if coarser else [(mine, other) for mine, other in places if other]
    outside = [cell for cell in _outside(theirs, cells) if squeeze(cell.text)]
    if outside:
        message = f"camelot在本读法的表格之外还看出{len(outside)}个有文字的单元格。"
        findings.append(_only_theirs(page, outside, message))
    if coarser:
        message = f"第{page}页：camelot看出的框线较少，{coarser}格未能核对。"
        evidence = f"p{page} {cells[0].engine}：{len(cells)}格 | {ENGINE}：{len(theirs)}格"
        findings.append(Finding("cross_check_coarser", message, evidence, page=page))
    findings += _structure(page, places) + _texts(page, differing)
    differs = places or differing or elsewhere or outside
    return PageComparison(
        page,
        "differs" if differs else "coarser" if coarser else "agreed",
        len(cells),
        tuple(cell.cell_id for cell, _ in agreed),
        tuple(cell.cell_id for cell, _ in differing),
        tuple(cell.cell_id for mine, _ in places for cell in mine),
        tuple(findings),
    )


def _boxes(cells: Sequence[Cell] | Sequence[CamelotCell]) -> Floats:
    return np.array([(c.x0, c.top, c.x1, c.bottom) for c in cells], dtype=np.float64).reshape(-1, 4)


def _theirs(
    tables: Sequence[CamelotTable], ours: Floats, same: float, least: float
) -> tuple[list[CamelotCell], list[CamelotTable]]:
    """camelot's cells (no slivers) of tables that stand where ours do, and its tables that stand elsewhere.

    Tables elsewhere count only when they are wider and higher than ``least`` and hold text in two cells.
    """
    cells: list[CamelotCell] = []
    elsewhere = []
    for table in tables:
        x0, top, x1, bottom = table.bbox
        if len(ours) and (_shared(np.array([table.bbox]), ours) > 0).any():
            cells += [c for c in table.cells if c.x1 - c.x0 > same and c.bottom - c.top > same]
        elif min(x1 - x0, bottom - top) > least and sum(1 for c in table.cells if squeeze(c.text)) >= 2:
            elsewhere.append(table)
    return cells, elsewhere


def _shared(a: Floats, b: Floats) -> Floats:
    """(len(a), len(b)): the area that two boxes share, as a share of the smaller one."""
    wide = np.minimum(a[:, None, 2], b[None, :, 2]) - np.maximum(a[:, None, 0], b[None, :, 0])
    high = np.minimum(a[:, None, 3], b[None, :, 3]) - np.maximum(a[:, None, 1], b[None, :, 1])
    area_a = (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])
    area_b = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    smaller = np.maximum(np.minimum(area_a[:, None], area_b[None, :]), 1e-9)
    return np.asarray(np.clip(wide, 0, None) * np.clip(high, 0, None) / smaller)


def _pairs(cells: Sequence[Cell], theirs: Sequence[CamelotCell], same: float) -> dict[int, int]:
    """Our cells and camelot's with the same borders, by index; an open end of ours may lie anywhere."""
    a, b = _boxes(cells), _boxes(theirs)
    near: Bools = np.abs(a[:, None, :] - b[None, :, :]) <= same
    near[:, :, 1] |= np.array([cell.open_top for cell in cells])[:, None]
    near[:, :, 3] |= np.array([cell.open_bottom for cell in cells])[:, None]
    alike = near.all(axis=2) & (_shared(a, b) > 0.5)
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for i, j in np.argwhere(alike).tolist():
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return pairs


def _by_text(
    pairs: Sequence[tuple[Cell, CamelotCell]], blocks: Sequence[Block]
) -> tuple[list[tuple[Cell, CamelotCell]], list[tuple[Cell, CamelotCell]]]:
    """Pairs of cells with the same text, and those without."""
    hidden = "".join(squeeze(block.line.text) for block in blocks if block.role != "text")
    # Beyond the open end of a row stand page numbers and running heads, which camelot counts to the row.
    every = hidden + "".join(squeeze(block.line.text) for block in blocks if block.role == "text")
    agreed: list[tuple[Cell, CamelotCell]] = []
    differing: list[tuple[Cell, CamelotCell]] = []
    for cell, other in pairs:
        extra = every if cell.open_top or cell.open_bottom else hidden
        (agreed if _same_text(cell.text, squeeze(other.text), extra) else differing).append((cell, other))
    return agreed, differing


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


def _places(ours: Sequence[Cell], theirs: Sequence[CamelotCell]) -> list[_Place]:
    """Where the readings differ: cells of ours and those of camelot's (perhaps none) that overlap them."""
    overlap = np.argwhere(_shared(_boxes(ours), _boxes(theirs)) > 0.2)
    groups = components(len(ours) + len(theirs), [(i, len(ours) + j) for i, j in overlap.tolist()])
    return [
        ([ours[k] for k in group if k < len(ours)], [theirs[k - len(ours)] for k in group if k >= len(ours)])
        for group in groups
        if group[0] < len(ours)
    ]


def _unseen_lines(places: Sequence[_Place], cells: int) -> int:
    """How many of our ``cells`` camelot's reading says nothing of, when all that differs is that it sees fewer lines:
    in no place at all, or over so many cells that it is its weakness; else 0."""
    # Where camelot sees no cell at all it contradicts nothing.
    blank = sum(len(mine) for mine, other in places if not other)
    seen = [(mine, other) for mine, other in places if other]
    coarse = sum(len(mine) for mine, other in seen if len(other) == 1 and len(mine) > 1)
    if any(len(other) > 1 or len(mine) == 1 for mine, other in seen):
        return 0
    return blank + coarse if not seen or blank + coarse >= max(4.0, _COARSE_SHARE * cells) else 0


def _outside(theirs: Sequence[CamelotCell], cells: Sequence[Cell]) -> list[CamelotCell]:
    """camelot's cells that lie where none of ours does."""
    shared = _shared(_boxes(theirs), _boxes(cells)).max(axis=1)
    return [cell for cell, share in zip(theirs, shared.tolist(), strict=True) if share < 0.05]


# Findings


def _quote(text: str) -> str:
    short = squeeze(text)
    return f"“{short if len(short) <= 60 else short[:60] + '…'}”"


def _mine(cells: Sequence[Cell]) -> str:
    said = "；".join(
        f"第{c.row + 1}行第{c.col + 1}列（{c.row_span}×{c.col_span}）{_quote(c.text)}" for c in cells
    )
    return said[:_EVIDENCE]


def _other(cells: Sequence[CamelotCell]) -> str:
    said = "；".join(f"[{c.x0:.0f},{c.top:.0f},{c.x1:.0f},{c.bottom:.0f}]{_quote(c.text)}" for c in cells)
    return said[:_EVIDENCE] or "无"


def _with_box(finding: Finding, cells: Sequence[Cell] | Sequence[CamelotCell]) -> Finding:
    """The finding with the box around ``cells``."""
    box = _boxes(cells)
    x0, top = map(float, box[:, :2].min(axis=0))
    x1, bottom = map(float, box[:, 2:].max(axis=0))
    return replace(finding, x0=x0, top=top, x1=x1, bottom=bottom)


def _structure(page: int, places: Sequence[_Place]) -> list[Finding]:
    """One finding per place, or one per table when there are many."""
    if len(places) > _MANY:
        tables: dict[int, _Place] = {}
        for mine, other in places:
            together = tables.setdefault(mine[0].table_no, ([], []))
            together[0].extend(mine)
            together[1].extend(other)
        places = list(tables.values())
    out = []
    for mine, other in places:
        first = mine[0]
        message = (
            f"第{page}页表{first.table_no}第{first.row + 1}行第{first.col + 1}列起：两种读法的框线不一致，"
            f"本读法为{len(mine)}格，camelot为{len(other)}格。"
        )
        evidence = f"{first.cell_id} {first.engine}：{_mine(mine)} | {ENGINE}：{_other(other)}"
        found = Finding("cross_check_structure", message, evidence, page=page, cell_id=first.cell_id)
        out.append(_with_box(found, mine))
    return out


def _texts(page: int, differing: Sequence[tuple[Cell, CamelotCell]]) -> list[Finding]:
    """One finding per cell, or one for the page when there are many."""
    shown = differing if len(differing) <= _MANY else differing[:1]
    many = f"等{len(differing)}格" if len(shown) < len(differing) else ""
    out = []
    for cell, other in shown:
        message = (
            f"第{page}页表{cell.table_no}第{cell.row + 1}行第{cell.col + 1}列{many}：两种读法的文字不一致。"
        )
        evidence = f"{cell.cell_id} {cell.engine}：{_quote(cell.text)} | {ENGINE}：{_quote(other.text)}"
        found = Finding("cross_check_text", message, evidence, page=page, cell_id=cell.cell_id)
        out.append(_with_box(found, [cell]))
    return out


def _elsewhere(page: int, table: CamelotTable) -> Finding:
    message = f"camelot看出一个{len(table.cells)}格的表格，本读法在该处没有表格。"
    return _only_theirs(page, [cell for cell in table.cells if squeeze(cell.text)], message)


def _only_theirs(page: int, cells: Sequence[CamelotCell], message: str) -> Finding:
    evidence = f"p{page} 本读法：无 | {ENGINE}：{_other(cells)}"
    return _with_box(Finding("cross_check_structure", f"第{page}页：{message}", evidence, page=page), cells)
