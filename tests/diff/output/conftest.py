"""What the reports' tests share: two releases and a table of changes between them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.diff import Side, load_side
from tests.cli_home import EDITION, Done
from tests.diff.output import sample


@pytest.fixture(scope="session")
def released(published: tuple[Path, Done]) -> tuple[Side, Side]:
    """The small edition's release and the same published again."""
    before = load_side(published[0], f"{EDITION}@r001")
    return before, sample.later(before)


@pytest.fixture(scope="session")
def table(released: tuple[Side, Side]) -> pa.Table:
    """A change of most kinds."""
    return sample.changes(sample.several(released[0]), *released)


@pytest.fixture(scope="session")
def crowd(released: tuple[Side, Side]) -> pa.Table:
    """Five thousand changes."""
    return sample.changes(sample.crowd(released[0], 5000), *released)


@pytest.fixture
def own_home(published: tuple[Path, Done], tmp_path: Path) -> Path:
    """A home whose raw/ the test may write to."""
    home = tmp_path / "home"
    shutil.copytree(published[0] / "raw", home / "raw")
    return home


@pytest.fixture
def sides(released: tuple[Side, Side], own_home: Path) -> tuple[Side, Side]:
    """Both releases with the files of the test's own home."""
    before, after = (replace(side, home=own_home) for side in released)
    return before, after
