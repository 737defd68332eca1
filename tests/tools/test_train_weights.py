"""The trainer, on tiny editions: the same weights each time, a file that loads, better than no weights at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.tidy.wraps.segment import CellProblem
from pipeline.tidy.wraps.segment_model import SURE, CellLines
from pipeline.tidy.wraps.segment_weights import Weights, load_weights, own_weights
from pipeline.tidy.wraps.segment_words import learn
from tests.typeset import Layout
from tests.typeset.fonts import BASE, font_file
from tools.labelled import InventedEdition, LabelledDocument, label, printed, score
from tools.train_weights import examples_of, loss, train, write

NARROW = {"size": 7.0, "margins": (50, 30, 50, 30), "padding": 2.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not font_file(BASE):
        pytest.skip("PyPI package justmytype-intl-cjk is not installed")
    return tmp_path_factory.mktemp("editions")


def _edition(seed: int, folder: Path) -> LabelledDocument:
    layout = Layout(f"tiny-{seed}", toc=False, **NARROW)  # type: ignore[arg-type]
    return printed(InventedEdition(seed, layout, majors=2, classes=2), folder)


@pytest.fixture(scope="module")
def documents(folder: Path) -> list[LabelledDocument]:
    return [_edition(seed, folder) for seed in (1, 2)]


def test_nearly_every_cell_is_labelled(documents: list[LabelledDocument]) -> None:
    for document in documents:
        filled = [ends for cell, ends in zip(document.cells, document.ends, strict=True) if cell.texts]
        assert len(filled) > 20 and sum(ends is not None for ends in filled) > 0.9 * len(filled)


def test_the_same_documents_give_the_same_file(documents: list[LabelledDocument], tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        write(tmp_path / name, train(documents[:1]), ["tiny"], 30.0)
    assert (tmp_path / "a.yaml").read_bytes() == (tmp_path / "b.yaml").read_bytes()
    found = load_weights(tmp_path / "a.yaml")
    alike = [name for name in found["printed"].item if "remembered" in name or name == "level_heads_inside"]
    taken = {name: found["printed"].item[name] for name in alike}
    assert found["typed"].item == {**own_weights()["typed"].item, **taken}
    assert len(alike) == 5 and found["typed"].gap == own_weights()["typed"].gap
    assert list(found["printed"].gap) == list(own_weights()["printed"].gap)
    assert list(found["printed"].item) == list(own_weights()["printed"].item)
    assert any(found["printed"].gap.values()) and any(found["printed"].item.values())


def test_trained_weights_beat_none(documents: list[LabelledDocument], folder: Path) -> None:
    trained = train(documents[:1])
    none = Weights(dict.fromkeys(trained.gap, 0.0), dict.fromkeys(trained.item, 0.0))
    held_out = documents[1]
    with_them = score(held_out, folder, own_weights() | {"printed": trained})
    without = score(held_out, folder, own_weights() | {"printed": none})
    assert with_them.expected > 100
    assert with_them.f1 > 0.9 and with_them.f1 > without.f1 + 0.01  # of one hard edition it learns little


def test_labels_are_the_lines_that_end_an_item() -> None:
    cell = CellLines(("茶艺师", "评茶", "员(四级)", "制茶工"), (0.0,) * 3)
    assert label(cell, ["茶艺师", "评茶员（四级）", "制茶工"]) == {0, 2, 3}
    assert label(cell, ["茶艺师评", "茶员（四级）", "制茶工"]) is None
    assert label(cell, ["茶艺师", "评茶员（四级）"]) is None
    assert label(cell, None) is None


def test_the_gradient_is_that_of_the_loss() -> None:
    names = ["茶艺师", "评茶员", "制茶工", "茶叶加工工", "咖啡师", "调饮师", "品酒师", "酿酒师"]
    settled = [CellLines(tuple(names[k:] + names[:k]), (SURE,) * (len(names) - 1)) for k in range(len(names))]
    doubtful = [
        CellLines(("茶艺师", "评茶", "员", "咖啡师"), (0.0, 1.0, 0.0)),
        CellLines(("茶叶加", "工工", "调饮师"), (0.0, 0.0)),
    ]
    document = LabelledDocument("", {}, doubtful, [], [frozenset({0, 2, 3}), frozenset({1, 2})])
    lessons = learn([*settled, *doubtful])
    examples = examples_of(document, {k: CellProblem(cell, lessons) for k, cell in enumerate(doubtful)})
    assert examples is not None and len(examples.right) == 5
    here = np.linspace(-0.5, 0.5, sum(map(len, examples.names)))
    _, gradient = loss(here, [examples], 2.0)
    for k, slope in enumerate(gradient):
        step = np.zeros(len(here))
        step[k] = 1e-5
        higher, lower = (loss(here + sign * step, [examples], 2.0)[0] for sign in (1, -1))
        assert (higher - lower) / 2e-5 == pytest.approx(slope, abs=1e-4)
