"""What the reports' tests share: two releases and a table of changes between them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from tests.cli_home import EDITION, Done
from tests.report import sample


@pytest.fixture(scope="session")
def sides(published: tuple[Path, Done]) -> tuple[sample.Release, sample.Release]:
    """The small edition's release and the same published again."""
    before = sample.load(published[0], EDITION)
    return before, sample.later(before)


@pytest.fixture(scope="session")
def table(sides: tuple[sample.Release, sample.Release]) -> pa.Table:
    """A change of most kinds."""
    return sample.changes(sample.several(sides[0]), *sides)


@pytest.fixture(scope="session")
def crowd(sides: tuple[sample.Release, sample.Release]) -> pa.Table:
    """Five thousand changes."""
    return sample.changes(sample.crowd(sides[0], 5000), *sides)


@pytest.fixture
def own_home(published: tuple[Path, Done], tmp_path: Path) -> Path:
    """A home whose raw/ the test may write to."""
    home = tmp_path / "home"
    shutil.copytree(published[0] / "raw", home / "raw")
    return home
