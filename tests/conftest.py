"""Fixtures that several test files share."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli_home import EDITION, Done, print_rulebook, small_truth, xize

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="session")
def small() -> dict[str, Any]:
    """What is printed in the small rulebook."""
    return small_truth()


@pytest.fixture(scope="session")
def reissued(tmp_path_factory: pytest.TempPathFactory, small: dict[str, Any]) -> Path:
    """The small rulebook as reissued: its first item reads otherwise and its first cell has one more."""
    later = copy.deepcopy(small)
    cells = later["sections"][0]["classes"][0]["cells"]
    filled = next(items for tiers in cells.values() for items in tiers.values() if items)
    filled[0] = "量子园艺师(四级/中级工)"
    filled.append("星际花艺师(三级/高级工)")
    return print_rulebook(later, tmp_path_factory.mktemp("print") / "reissued.pdf")


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, small: dict[str, Any]) -> tuple[Path, Done]:
    """A home whose small edition was added and run once, and how that run ended. Not to be changed."""
    home = tmp_path_factory.mktemp("home")
    rulebook = print_rulebook(small, tmp_path_factory.mktemp("print") / "rulebook.pdf")
    added = xize(home, "add", EDITION, rulebook)
    assert added.code == 0, added.err
    return home, xize(home, "run", EDITION, "--no-prefect")


@pytest.fixture
def home(published: tuple[Path, Done], tmp_path: Path) -> Path:
    """That home, for the test alone."""
    own = tmp_path / "home"
    shutil.copytree(published[0], own)
    return own


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium. One a module: playwright's loop would stand in the way of other modules' asyncio."""
    if not CHROMIUM.is_file():
        pytest.skip(f"Chromium is not installed ({CHROMIUM})")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        launched = driver.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield launched
        launched.close()
