"""Train the weights by which printed lines become items, on documents that this program makes itself.

    python tools/train_weights.py --out weights.yaml                     train, test, write a file
    python tools/train_weights.py --producers all --out weights.yaml     with Chromium and LibreOffice, where they are
    python tools/train_weights.py --measure weights.yaml                 test a file again, train nothing

Options: ``--seed N`` moves the invented provinces, ``--editions N`` trains on the first N editions only, ``--l2 X`` is how
strongly weights are pulled to zero, ``--folder DIR`` keeps the PDFs there, ``--facsimile EDITION`` tests on an edition of
raw/ as well (its truth: tests/data/EDITION.truth.json).

What it does: invented provinces are typeset (``tools/labelled.py``) and read with our reader; the known truth says which
lines end an item. The model is the one that ``pipeline.tidy.wraps.segment`` applies: a semi-Markov conditional random
field over the divisions of a cell (Sarawagi and Cohen 2004), with the features of ``segment_weights``. Its likelihood,
less ``l2 / 2`` times the squares of all weights, is maximised with L-BFGS, which uses no chance: the same seed, fonts and
producers give the same weights. Some weights may have one sign only (``SIGNS``).

The file has the form of ``pipeline/tidy/wraps/weights.yaml``. The weights for transcripts (``typed``) are not trained
here: they are taken over from the package's file, but for those that are taken from printed lines (memory, ``_ALIKE``) and the
prior of a paragraph's beginning. docs/weights.md describes features, editions and scores.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML
from scipy.optimize import minimize

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pipeline.tidy.wraps.segment import (  # noqa: E402
    CellProblem,
    OpenLines,
    first_problems,
    fixed_odds,
    gaps_of,
    is_settled,
    parts_of,
)
from pipeline.tidy.wraps.segment_model import Candidates, divide  # noqa: E402
from pipeline.tidy.wraps.segment_weights import (  # noqa: E402
    WEIGHTS,
    Weights,
    gap_features,
    item_features,
    load_weights,
)
from pipeline.tidy.wraps.segment_words import Floats, learn  # noqa: E402
from tools.labelled import (  # noqa: E402
    HELD_OUT,
    TRAINING,
    InventedEdition,
    LabelledDocument,
    labelled,
    printable,
    printed,
    remembered,
    score,
)

L2 = 30.0
_DIGITS = 4


@dataclass(frozen=True)
class Examples:
    """Parts of cells with every item that could be made of them, and those that are right.

    ``gap``, ``item``: features, a row per gap and per item; ``fixed``: log-odds of gaps that weights do not touch (NaN: of
    the others); ``behind``: per gap, the number of the line before it; ``right``: numbers of the right items.
    """

    names: tuple[list[str], list[str]]
    items: Candidates
    gap: Floats
    item: Floats
    fixed: Floats
    behind: list[int]
    right: list[int]


def examples_of(document: LabelledDocument, problems: Mapping[int, CellProblem]) -> Examples | None:
    """The examples of a document's cells (by number); parts whose right division is none of the candidates are left out."""
    parts: list[tuple[OpenLines, frozenset[int]]] = []
    for number, problem in problems.items():
        ends = document.ends[number]
        if ends is not None:
            parts += [(part, ends) for part in parts_of(problem) if part.high - part.low > 1]
    if not parts:
        return None
    items = Candidates()
    behind: list[int] = []
    for part, _ in parts:
        start = len(items.lines)
        cell, low, high = part.problem.cell, part.low, part.high
        items.add_part(cell.texts[low:high], [0.0] * (high - low - 1), is_settled(cell, low, high), cell.slot)
        behind += range(start, len(items.lines) - 1)
    gaps = gaps_of([part for part, _ in parts])
    near = [part.problem.near for part, _ in parts for _ in range(part.low, part.high)]
    gap = gap_features(gaps)
    item = item_features(items, parts[0][0].problem.lessons, near)
    kept, right = [], []
    for (part, ends), place in zip(parts, items.parts, strict=True):
        found = _division(part, ends, items, place)
        if found is not None:
            kept.append(place)
            right += found
    items.parts = kept
    return Examples(
        (list(gap), list(item)), items, _table(gap.values()), _table(item.values()), fixed_odds(gaps, typed=False),
        behind, right,
    )  # fmt: skip


def _table(features: Iterable[Floats]) -> Floats:
    return np.stack([np.asarray(feature, dtype=float) for feature in features], axis=1)


def _division(
    part: OpenLines, ends: frozenset[int], items: Candidates, place: tuple[int, int, int, int]
) -> list[int] | None:
    """The numbers of the right items of a part; None where one is no candidate."""
    start, stop, low, high = place
    spans = {(items.first[k], items.last[k]): k for k in range(low, high)}
    out = []
    first = start
    for line in range(start, stop):
        if line + 1 == stop or line - start + part.low in ends:
            if (first, line) not in spans:
                return None
            out.append(spans[first, line])
            first = line + 1
    return out


def loss(
    weights: Floats, examples: Sequence[Examples], l2: float | Floats, prior: float | Floats = 0.0
) -> tuple[float, Floats]:
    """Minus the log-likelihood of the right divisions, with the penalty on weights far from their ``prior`` (``l2``: of all,
    or of each); and its gradient."""
    gradient = l2 * (weights - prior)
    value = 0.5 * float(gradient @ (weights - prior))
    for one in examples:
        size = one.gap.shape[1]
        free = np.isnan(one.fixed)
        ending = np.zeros(len(one.items.lines))
        ending[one.behind] = np.where(free, one.gap @ weights[:size], one.fixed)
        scores = one.item @ weights[size:] + ending[one.items.last]
        found = divide(one.items, scores.tolist())
        value += sum(found.total) - float(scores[one.right].sum())
        more = np.array(found.posterior)  # how much more often an item comes than it should
        more[one.right] -= 1.0
        boundary = np.bincount(one.items.last, more, len(ending))[one.behind]
        gradient = gradient + np.concatenate([(boundary * free) @ one.gap, more @ one.item])
    return value, gradient


SIGNS = {
    **dict.fromkeys(("geometry", "words", "known", "known_and_long", "in_resembling_cell",
                     "remembered_here", "remembered_in_kind", "remembered_elsewhere"), 1),
    **dict.fromkeys(("goes_on", "unbalanced", "opens_badly", "ends_badly", "one_character", "issuer_inside",
                     "not_remembered", "level_heads_inside", "paper_only", "latin_alone", "further_papers", "bare_levels_inside",
                     "title_after_certification"), -1),
}  # fmt: skip
"""What some features may speak for only: more room never speaks for a wrap, an open bracket never for an item,
and what is known never against one."""


PRIOR = {
    "unbalanced": -5.0, "opens_badly": -3.0, "ends_badly": -3.0, "one_character": -3.0, "levels_inside": -2.0,
    "level_heads_inside": -2.0, "paper_only": -1.5, "begins_in_issuer": -2.0, "organisation_alone": -1.0,
    "latin_alone": -1.0, "further_papers": -1.0, "bare_levels_inside": -2.0, "title_after_certification": -1.0,
    "further_issuers": -2.0, "issuer_inside": -2.0, "acronyms_inside": -2.0, "repeated": -0.5,
    "remembered_here": 5.0, "remembered_in_kind": 1.0, "remembered_elsewhere": 0.0, "not_remembered": -3.0,
    "paragraph": 2.5,
}  # fmt: skip
"""Features that are seldom asked and then say much, and what any text of the field lets expect of them: they are pulled to that
(by ``_RARE`` of the penalty), all others to zero."""
_RARE = 0.1
_ALIKE = ("level_heads_inside",)
"""Of the words of a transcript this is weighed as of printed lines, as is what memory counts."""


def fit(examples: Sequence[Examples], l2: float) -> Floats:
    """The weights that make the right divisions likeliest: of gaps, then of items."""
    gaps, items = examples[0].names
    names = [*gaps, *items]
    bounds = [
        (0.0 if SIGNS.get(name, 0) > 0 else None, 0.0 if SIGNS.get(name, 0) < 0 else None) for name in names
    ]
    prior = np.array([PRIOR.get(name, 0.0) for name in names])
    penalties = np.array([l2 * _RARE if name in PRIOR else l2 for name in names])
    done = minimize(
        loss,
        prior,
        (examples, penalties, prior),
        "L-BFGS-B",
        jac=True,
        bounds=bounds,
        options={"maxiter": 300, "ftol": 1e-7},
    )
    return np.asarray(done.x, dtype=float)


KNOWN = (0.0, 0.3, 0.6, 0.95)
"""Shares of its items that an earlier edition has settled, of the documents that are trained on: nothing known, some, most."""


def short_ones(document: LabelledDocument) -> list[LabelledDocument]:
    """A document's first classes, three at a time, as documents of their own: a short text teaches little."""
    codes = list(dict.fromkeys(cell.slot[0] for cell in document.cells))
    out = []
    for start in range(0, _SHORT * _SHORT, _SHORT):
        wanted = set(codes[start : start + _SHORT])
        numbers = [number for number, cell in enumerate(document.cells) if cell.slot[0] in wanted]
        if numbers:
            low, high = numbers[0], numbers[-1] + 1
            cells = [replace(c, near=tuple(n - low for n in c.near)) for c in document.cells[low:high]]
            out.append(replace(document, cells=cells, ends=document.ends[low:high]))
    return out


_SHORT = 3


def train(documents: Sequence[LabelledDocument], l2: float = L2) -> Weights:
    """Weights for printed lines, trained on labelled documents: each with nothing known, with a share of its items, and in
    short pieces."""
    examples = []
    for number, document in enumerate(documents):
        for share in (KNOWN[0], KNOWN[1 + number % (len(KNOWN) - 1)]):
            lessons = learn(
                document.cells, document.names, document.issuers, remembered(document.truth, share)
            )
            found = examples_of(document, dict(enumerate(first_problems(document.cells, lessons))))
            if found is not None:
                examples.append(found)
        for short in short_ones(document):
            found = examples_of(
                short,
                dict(enumerate(first_problems(short.cells, learn(short.cells, short.names, short.issuers)))),
            )
            if found is not None:
                examples.append(found)
    return _named(fit(examples, l2), examples[0])


def _named(values: Floats, examples: Examples) -> Weights:
    gap, item = examples.names
    rounded = [round(value, _DIGITS) for value in values.tolist()]
    return Weights(
        dict(zip(gap, rounded[: len(gap)], strict=True)), dict(zip(item, rounded[len(gap) :], strict=True))
    )


def write(path: Path, weights: Weights, trained_on: Sequence[str], l2: float) -> None:
    """Write a file of the form of the package's own, with its weights for transcripts."""
    yaml = YAML()
    content = yaml.load(WEIGHTS)
    alike = {name: weights.item[name] for name in weights.item if "remembered" in name or name in _ALIKE}
    content["typed"]["item"].update(alike)
    content["typed"]["gap"]["paragraph"] = PRIOR["paragraph"]
    content["printed"] = {
        "model": "semi-Markov conditional random field (Sarawagi and Cohen 2004), tools/train_weights.py",
        "trained_on": list(trained_on),
        "l2": l2,
        "gap": dict(weights.gap),
        "item": dict(weights.item),
    }
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(content, file)


def measure(
    documents: Sequence[LabelledDocument], folder: Path, models: Mapping[str, Mapping[str, Weights]]
) -> str:
    """A table for Markdown: per document its items, and per model F1 and how many items are read wrongly."""
    lines = [
        "| edition | items | " + " | ".join(f"{name}: F1 | wrong" for name in models) + " |",
        "|---|---:|" + "---:|---:|" * len(models),
    ]
    for document in documents:
        parts = [score(document, folder, model) for model in models.values()]
        figures = " | ".join(f"{part.f1:.4f} | {part.found - part.right}" for part in parts)
        lines.append(f"| {document.name} | {parts[0].expected} | {figures} |")
    return "\n".join(lines)


def facsimile(edition: str, folder: Path) -> LabelledDocument:
    """An edition of raw/ with its truth of tests/data."""
    truth = json.loads((ROOT / "tests" / "data" / f"{edition}.truth.json").read_text("utf-8"))
    shutil.copyfile(next((ROOT / "raw" / edition).glob("*.pdf")), folder / f"{edition}.pdf")
    return labelled(edition, folder, truth)


def _shifted(editions: Iterable[InventedEdition], seed: int) -> list[InventedEdition]:
    """The same layouts with other provinces."""
    if not seed:
        return list(editions)
    return [
        replace(one, seed=one.seed + 1000 * seed, layout=replace(one.layout, name=f"{one.name}-{seed}"))
        for one in editions
    ]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train the weights by which lines become items.")
    parser.add_argument("--out", type=Path, help="file to write")
    parser.add_argument("--measure", type=Path, help="file to test, without training")
    parser.add_argument("--producers", choices=("canvas", "all"), default="canvas")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--editions", type=int, help="train on so many editions only")
    parser.add_argument("--l2", type=float, default=L2)
    parser.add_argument("--folder", type=Path, help="where PDFs are kept (else a temporary folder)")
    parser.add_argument("--facsimile", help="an edition of raw/ to test on as well")
    found = parser.parse_args()
    if not (found.out or found.measure):
        parser.error("say --out FILE or --measure FILE")
    return found


def main() -> int:
    """Command line: train (or load), write, test."""
    options = arguments()
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="xize-train-") as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        everyone = options.producers == "all"
        if options.measure:
            models = {"package": load_weights(), "file": load_weights(options.measure)}
        else:
            editions = printable(_shifted(TRAINING, options.seed), everyone)[: options.editions]
            documents = [printed(edition, folder) for edition in editions]
            print(f"{len(documents)} editions read after {time.perf_counter() - begin:.0f} s", flush=True)
            trained = train(documents, options.l2)
            write(options.out, trained, [edition.name for edition in editions], options.l2)
            print(f"{options.out} written after {time.perf_counter() - begin:.0f} s", flush=True)
            models = {"package": load_weights(), "trained": load_weights(options.out)}
        tests = [
            printed(edition, folder) for edition in printable(_shifted(HELD_OUT, options.seed), everyone)
        ]
        if options.facsimile:
            tests.append(facsimile(options.facsimile, folder))
        print(measure(tests, folder, models))
    print(f"done after {time.perf_counter() - begin:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
