"""Fixtures of the flows' tests: one Prefect for all of them, homes with an edition."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.editions.add import add_edition
from tests.flows.prefect_home import command, prefect_in
from tests.typeset import Layout, bad, typeset
from tests.typeset.content import excerpt

EDITION = "testland-2026"
TRUTH = Path(__file__).parents[1] / "data" / "shanghai-2025.truth.json"


@pytest.fixture(scope="package")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Prefect as the command line sets it up, its server and database in a temporary folder."""
    with prefect_in(tmp_path_factory.mktemp("prefect")):
        yield


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one edition of three pages (tables, but no rulebook)."""
    document = tmp_path / "document.pdf"
    bad.good(document, pages=3)
    home = tmp_path / "home"
    (home / "raw").mkdir(parents=True)
    add_edition(home, EDITION, document, title="试用细则")
    return home


@pytest.fixture(scope="package")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small rulebook: one section with one class, and two annexes."""
    path = tmp_path_factory.mktemp("rulebook") / "rulebook.pdf"
    truth = json.loads(TRUTH.read_text("utf-8"))
    typeset(excerpt(truth, classes=1, annex_rows=2, sections=1, annexes=2), Layout("small"), path)
    return path


@pytest.fixture
def single(tmp_path: Path, rulebook: Path) -> Path:
    """A home with the rulebook as its only edition."""
    folder = tmp_path / "single"
    (folder / "raw").mkdir(parents=True)
    add_edition(folder, EDITION, rulebook, title="试用细则")
    return folder


@pytest.fixture(scope="package")
def ran(tmp_path_factory: pytest.TempPathFactory, rulebook: Path) -> Path:
    """Such a home in which ``xize run`` has published the rulebook. Not to be changed."""
    folder = tmp_path_factory.mktemp("ran")
    (folder / "raw").mkdir()
    add_edition(folder, EDITION, rulebook, title="试用细则")
    running = command(folder, "run", EDITION)
    out, said = running.communicate(timeout=240)
    assert running.returncode == 0 and not said, said
    assert "数据：" in out
    return folder


@pytest.fixture
def with_database(ran: Path, single: Path, home: Path) -> None:
    """Prefect's database in both homes, so that it need not be made anew."""
    for folder in (single, home):
        (folder / "staged" / ".prefect").mkdir(parents=True)
        shutil.copy(ran / "staged" / ".prefect" / "prefect.db", folder / "staged" / ".prefect")
