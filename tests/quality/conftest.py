"""The known edition as a steward finds it: published, with the findings of its last run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.quality.assess import assess, set_statuses
from pipeline.releases.last_findings import store_last_findings
from pipeline.releases.publish import RunInfo, publish
from tests.quality.truth_tables import EDITION, truth_tables
from tests.sample_tables import source_info


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The edition published, its findings as the last run left them."""
    home = tmp_path_factory.mktemp("pristine")
    folder = home / "raw" / EDITION
    folder.mkdir(parents=True)
    shutil.copy(Path(__file__).parents[2] / "raw" / EDITION / "source.yaml", folder)
    tables, findings = assess(truth_tables(), edition=EDITION, source="pdf")
    tables = set_statuses(tables, findings, edition=EDITION, source="pdf")
    store_last_findings(home, EDITION, tables["findings"])
    publish(tables, source_info(), RunInfo(), home / "curated")
    return home


@pytest.fixture
def home(tmp_path: Path, pristine: Path) -> Path:
    """That home, for the test alone."""
    shutil.copytree(pristine, tmp_path / "home")
    return tmp_path / "home"
