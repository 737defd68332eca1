"""Labelled documents for training: invented editions, typeset, read with our reader, and what segmentation should find.

An edition is a province that ``tests/typeset`` invents (no word of a known rulebook's items) in a layout. Its PDF is read
like any other; what tidying asks segmentation is recorded, and the truth says which lines end an item.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any
from unittest import mock
from zlib import crc32

from benchmarks.corpus import read_tables
from benchmarks.items import truth_cells
from benchmarks.score import Part, score_entries
from pipeline.model import Slot
from pipeline.text import squeeze
from pipeline.tidy.wraps import segment
from pipeline.tidy.wraps.segment_model import CellLines, Item, Memory
from pipeline.tidy.wraps.segment_weights import Weights
from tests.typeset import Layout, available, typeset
from tests.typeset.layout import A3, B4
from tests.typeset.province import province

Truth = dict[str, Any]


@dataclass(frozen=True)
class InventedEdition:
    """An invented province (``seed``) in a layout, with so many majors and classes in each, of which a share is ``hard``."""

    seed: int
    layout: Layout
    majors: int = 6
    classes: int = 4
    hard: float = 0.6

    @property
    def name(self) -> str:
        """The layout's name: it names the files."""
        return self.layout.name


_WIDE = {"class": 0.85, "skill": 1.5, "practice": 0.8}
_NARROW = {"class": 1.0, "skill": 1.3}

TRAINING = (
    InventedEdition(101, Layout("train-a4-wide", landscape=True, widths=_WIDE)),
    InventedEdition(102, Layout("train-a4-portrait", size=6, leading=1.15, padding=1.5, margins=(50, 24, 50, 24), widths=_NARROW)),
    InventedEdition(103, Layout("train-a3-word", page=A3, size=9, breaking="word", justify=True, valign="middle", widths=_WIDE)),
    InventedEdition(104, Layout("train-a4-char", landscape=True, font="STSong-Light", breaking="char", widths=_WIDE)),
    InventedEdition(105, Layout("train-b4-indent", page=B4, landscape=True, size=8, indent=8, spacing=0.3, widths=_WIDE)),
    InventedEdition(106, Layout("train-a4-small", landscape=True, size=6.5, header="repeat", class_cell="inline", widths=_WIDE)),
    InventedEdition(107, Layout("train-a4-narrow", size=7, padding=2, margins=(50, 30, 50, 30), breaking="word", widths=_NARROW)),
    InventedEdition(108, Layout("train-a3-large", page=A3, landscape=True, size=11, para_gap=2, cut="closed")),
    InventedEdition(109, Layout("train-chromium", "chromium", landscape=True, size=7, widths=_WIDE)),
    InventedEdition(110, Layout("train-writer", "writer", landscape=True, size=7, leading=1.15, widths=_WIDE)),
)  # fmt: skip
"""Editions to train on. Those of other producers than the canvas are left out where asked, or where a producer is missing."""

_HELD_OUT = (
    InventedEdition(201, Layout("held-a4-wide", landscape=True, size=7, leading=1.3, widths={"class": 0.8, "skill": 1.4})),
    InventedEdition(202, Layout("held-a4-portrait", size=6.5, padding=2, margins=(50, 30, 50, 30), breaking="word")),
    InventedEdition(203, Layout("held-a3-justified", page=A3, size=8.5, justify=True, rule="double", widths=_WIDE)),
    InventedEdition(204, Layout("held-a4-char", landscape=True, font="STSong-Light", size=8, breaking="char", mirror=True)),
    InventedEdition(205, Layout("held-chromium", "chromium", landscape=True, size=7.5, leading=1.3, widths=_WIDE)),
    InventedEdition(206, Layout("held-writer", "writer", page=B4, landscape=True, size=8, leading=1.2, widths=_WIDE)),
)  # fmt: skip
HELD_OUT = (
    *(replace(one, hard=0.0) for one in _HELD_OUT),
    *(replace(one, layout=replace(one.layout, name=f"hard-{one.name}")) for one in _HELD_OUT),
)
"""Editions to test on: other provinces, other layouts; with ordinary items, and with as many hard ones as those trained on."""


@dataclass(frozen=True)
class LabelledDocument:
    """What tidying asks segmentation about the catalogue of a PDF (``cells``, ``names`` and ``issuers`` known from annexes), and the
    right answer: ``ends``, per cell, the numbers of the lines that end an item; None where the truth has no such cell."""

    name: str
    truth: Truth
    cells: list[CellLines]
    names: list[str]
    ends: list[frozenset[int] | None]
    issuers: Sequence[str] = ()


@contextmanager
def _segmenting(
    weights: Mapping[str, Weights] | None,
) -> Iterator[list[tuple[list[CellLines], list[str], list[str]]]]:
    """Lets tidying segment with ``weights``, and records the cells, names and issuers of each call."""
    calls: list[tuple[list[CellLines], list[str], list[str]]] = []
    plain = segment.segment_all

    def recording(
        cells: Iterable[CellLines],
        extra: Iterable[str] = (),
        issuers: Iterable[str] = (),
        memory: Memory | None = None,
    ) -> list[list[Item]]:
        calls.append((list(cells), list(extra), list(issuers)))
        return plain(*calls[-1], memory, weights)

    with mock.patch.object(segment, "segment_all", recording):
        yield calls


def remembered(truth: Truth, share: float) -> Memory:
    """What an earlier edition that printed a ``share`` of the items would have settled: always the same ones."""
    items: dict[str, frozenset[Slot]] = {}
    for slot, texts in truth_cells(truth).items():
        for text in texts:
            if crc32(f"{slot[0]}{text}".encode()) < share * 2**32:
                items[text] = items.get(text, frozenset()) | {slot}
    return Memory(items, share)


def printed(edition: InventedEdition, folder: Path) -> LabelledDocument:
    """Typeset an edition (unless its PDF stands in ``folder``) and read it."""
    beside = folder / f"{edition.name}.truth.json"
    if not beside.exists():
        made = province(
            edition.seed, majors=edition.majors, classes=edition.classes, scale=0.2, hard=edition.hard
        )
        truth = typeset(made, edition.layout, folder / f"{edition.name}.pdf", second_pass=False)
        beside.write_text(json.dumps(truth, ensure_ascii=False), "utf-8")
    return labelled(edition.name, folder, json.loads(beside.read_text("utf-8")))


def printable(editions: Iterable[InventedEdition], all_producers: bool) -> list[InventedEdition]:
    """The editions that can be printed here: with our own canvas, or with every producer on this machine."""
    return [
        edition
        for edition in editions
        if edition.layout.engine == "canvas" or (all_producers and available(edition.layout.engine) is None)
    ]


def labelled(name: str, folder: Path, truth: Truth) -> LabelledDocument:
    """Read ``folder/name.pdf`` and label the lines of its catalogue by the truth."""
    right = {"".join(texts): texts for texts in truth_cells(truth).values()}
    with _segmenting(None) as calls:
        read_tables(name, folder, {"allow_incomplete": True})
    cells, names, issuers = max(
        calls, key=lambda call: sum(_text(cell) in right for cell in call[0] if cell.texts)
    )
    return LabelledDocument(
        name, truth, cells, names, [label(cell, right.get(_text(cell))) for cell in cells], issuers
    )


def _text(cell: CellLines) -> str:
    return "".join(map(squeeze, cell.texts))


def label(cell: CellLines, items: Sequence[str] | None) -> frozenset[int] | None:
    """The lines of a cell that end an item; None where an item ends within a line, or the text is another one."""
    if not items or _text(cell) != "".join(map(squeeze, items)):
        return None
    after = list(accumulate(len(squeeze(line)) for line in cell.texts))
    wanted = set(accumulate(len(squeeze(item)) for item in items))
    if not wanted <= set(after):
        return None
    return frozenset(number for number, length in enumerate(after) if length in wanted)


def score(document: LabelledDocument, folder: Path, weights: Mapping[str, Weights] | None) -> Part:
    """Score the items that tidying finds in a document with other weights (``benchmarks/score.py``)."""
    with _segmenting(weights):
        tables, _ = read_tables(document.name, folder, {"allow_incomplete": True})
    return score_entries(document.truth, tables["entries"].to_pylist())
