"""Header labels of an annex table, and every body row's cells put under the label they belong to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.readers.transcript import align
from pipeline.readers.transcript.evidence import Evidence
from pipeline.readers.transcript.source import RawCell, RawRow

_NUMBERS = frozenset({"序号", "编号", "序", "号"})
_DUE = 1.5
_HABIT = 3.5
"""Log-odds by which the usual place of a cell is preferred in a row that fits the header."""


@dataclass
class Labels:
    """The header of an annex table as columns.

    ``upper``: (column, columns covered, cell) of its first row; ``lower``: cells of its second row by column.
    ``positions``: the index as typed of every column; ``split``: the column whose label stands over two columns.
    ``grouped``: so many first columns are blank where a row goes on the numbered one above.
    """

    rows: list[RawRow]
    columns: int
    upper: list[tuple[int, int, RawCell]]
    lower: dict[int, RawCell]
    positions: list[int]
    split: int | None = None
    grouped: int = 1
    numbered: bool = False
    names: dict[int, str] = field(default_factory=dict)

    def name(self, col: int) -> str:
        """The printed word above a column."""
        return self.names.get(col, "")


def read_labels(header: Sequence[RawRow], body: Sequence[RawRow]) -> Labels:
    """The columns that a header names; blank ones at its end are none, one that hides a nested column has two."""
    first = header[0] if header else RawRow(0, ())
    lower = {i: header[1].cells[i] for i in header[1].filled} if len(header) > 1 else {}
    labelled = first.filled or [0]
    width = max([*labelled, *lower]) + 1
    if len(header) > 1 and body:
        width = max(width, _usual_width(body))
    numbered = bool(first.filled) and first.cells[labelled[0]].text in _NUMBERS
    most = max((len(row.filled) for row in body), default=0)
    split = None
    positions = list(range(width)) if len(header) > 1 else list(labelled)
    if len(header) == 1 and numbered and most == len(labelled) + 1:
        gaps = [i for i in range(labelled[0], width) if i not in labelled]
        split = (
            labelled.index(gaps[0] - 1) if gaps and gaps[0] - 1 in labelled else _split_label(labelled, body)
        )
    upper: list[tuple[int, int, RawCell]] = []
    if len(header) > 1:
        stops = [*labelled[1:], width]
        upper = [(a, b - a, first.cells[a]) for a, b in zip(labelled, stops, strict=True)]
        columns = width
    else:
        col = 0
        for k, index in enumerate(labelled):
            span = 2 if k == split else 1
            upper.append((col, span, first.cells[index]))
            col += span
        columns = col
    names = {c: raw.text for col, span, raw in upper for c in range(col, col + span)}
    names.update({c: raw.text for c, raw in lower.items()})
    labels = Labels(list(header), columns, upper, lower, positions, split, numbered=numbered, names=names)
    labels.grouped = _grouped(labels, body)
    return labels


def _usual_width(body: Sequence[RawRow]) -> int:
    widths = sorted(row.filled[-1] + 1 for row in body)
    return widths[int(0.98 * (len(widths) - 1))]


def _grouped(labels: Labels, body: Sequence[RawRow]) -> int:
    """How many first columns stay blank in most rows whose number is blank."""
    going_on = [row for row in body if row.filled and row.filled[0] > 0]
    if not going_on:
        return 1
    firsts = sorted(row.filled[0] for row in going_on)
    return max(1, firsts[len(firsts) // 2])


def _split_label(labelled: Sequence[int], body: Sequence[RawRow]) -> int:
    """Which label stands over two columns, where the header does not show it: rows with a cell more than labels are
    aligned to the labels, two cells under one of them; the one that most rows need."""
    n = len(labelled)
    evidence = Evidence(tuple(range(n)), ("",) * n)
    for row in body:
        if row.filled == list(range(n)):
            for col in range(n):
                evidence.add(col, row.cells[col])
    votes = [0.0] * n
    for row in body:
        if len(row.filled) != n + 1:
            continue
        scores = [evidence.score(row.cells[i], range(n)) for i in row.filled]
        for split in range(1, n):
            cols = [k if k <= split else k - 1 for k in range(n + 1)]
            # the second cell under the label is something else: it has no say
            votes[split] += sum(
                s[c] for k, (s, c) in enumerate(zip(scores, cols, strict=True)) if k != split + 1
            )
    return max(range(1, n), key=lambda k: votes[k]) if n > 1 else 0


Placing = tuple[RawRow, dict[int, RawCell], float]


def place_rows(body: Sequence[RawRow], labels: Labels) -> tuple[list[Placing], list[tuple[int, str, float]]]:
    """Every row's cells by column, with the alignment's confidence; and the doubtful rows (line, texts, confidence)."""
    out: list[Placing] = []
    doubtful: list[tuple[int, str, float]] = []
    usual = _usual_columns(labels)
    evidence = Evidence(tuple(range(labels.columns)), ("",) * labels.columns)
    filled = [1.0] * labels.columns
    fitting = 2.0
    taught: dict[int, list[tuple[int, RawCell]]] = {}
    for row in body:
        cols = [_usual(row, labels, usual).get(i, -1) for i in row.filled]
        if not _fits(row, cols, labels):
            continue
        fitting += 1
        for i, col in zip(row.filled, cols, strict=True):
            filled[col] += 1
            if len(row.filled) >= labels.columns - 1:
                evidence.add(col, row.cells[i])
                taught.setdefault(row.line, []).append((col, row.cells[i]))
    # How much likelier a column is filled than blank: a cell rather stands in one that mostly is.
    habit = [max(-_HABIT, min(_HABIT, math.log(f / max(fitting - f, 0.5)))) for f in filled]
    for row in body:
        if row.filled == [0] and not row.cells[0].text.isdigit() and labels.numbered:
            out.append((row, {0: row.cells[0]}, 1.0))
            continue
        own = taught.get(row.line, [])
        for col, cell in own:
            evidence.forget(col, cell)
        found, margin = _place(row, labels, _usual(row, labels, usual), evidence, habit)
        for col, cell in own:
            evidence.add(col, cell)
        confidence = 1.0 if margin >= 4 else round(1 / (1 + math.exp(-margin)), 4)
        out.append((row, {c: row.cells[i] for i, c in zip(row.filled, found, strict=True)}, confidence))
        if margin < align.NEAR:
            doubtful.append((row.line, " | ".join(row.cells[i].text for i in row.filled), confidence))
    return out, doubtful


def _usual_columns(labels: Labels) -> dict[int, int]:
    """Index as typed → column, where a row is typed like the header."""
    if len(labels.rows) > 1:
        return {i: i for i in range(labels.columns)}
    out: dict[int, int] = {}
    col = 0
    for k, index in enumerate(labels.positions):
        out[index] = col
        col += 2 if k == labels.split else 1
    if labels.split is not None:
        index = labels.positions[labels.split]
        if index + 1 not in out:
            out[index + 1] = labels.split + 1
    return out


def _usual(row: RawRow, labels: Labels, usual: dict[int, int]) -> dict[int, int]:
    """Index as typed → column for one row: where a hidden nested column is typed out, every column is."""
    if labels.split is not None and row.filled[-1] == labels.columns - 1:
        return {i: i for i in range(labels.columns)}
    return usual


def _fits(row: RawRow, cols: Sequence[int], labels: Labels) -> bool:
    if -1 in cols or len(set(cols)) < len(cols):
        return False
    if not labels.numbered:
        return True
    number = row.cells[0].text
    return number.isdigit() if number else True


def _place(
    row: RawRow, labels: Labels, usual: dict[int, int], evidence: Evidence, habit: Sequence[float]
) -> tuple[tuple[int, ...], float]:
    columns = labels.columns
    filled = row.filled
    cols = [usual.get(i, -1) for i in filled]
    whole = labels.split is not None and len(filled) == columns and filled == list(range(columns))
    if whole and labels.numbered and row.cells[0].text.isdigit():
        return tuple(range(columns)), math.inf
    scores: list[dict[int, float]] = []
    for k, i in enumerate(filled):
        cell = row.cells[i]
        number = cell.text.isdigit()
        allowed = range(1 if labels.numbered and not (number and k == 0) else 0, columns)
        if number and k == 0 and i == 0 and labels.numbered:
            allowed = range(1)
        score = {col: value + habit[col] for col, value in evidence.score(cell, list(allowed)).items()}
        if cols[k] in score and _fits(row, cols, labels):
            score[cols[k]] += _DUE / len(filled) ** 0.5
        scores.append(score)
    found = align.align(scores, *align.in_order(cols_or(filled, usual, columns), 0))
    if len(found.cols) != len(filled):
        return tuple(min(i, columns - 1) for i in filled), 0.0
    return found.cols, found.margin


def cols_or(filled: Sequence[int], usual: dict[int, int], columns: int) -> list[int]:
    """The usual column of every filled index; beyond the header, counting on."""
    last = max(usual)
    return [usual[i] if i in usual else (usual[last] + i - last if i > last else i) for i in filled]
