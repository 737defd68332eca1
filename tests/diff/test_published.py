"""changes.json: every release says what changed since the one before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli_home import EDITION, Done, one_sentence, print_rulebook, replace_source, small_truth, xize


def _changes(home: Path, edition: str, release: str) -> list[dict]:
    return json.loads((home / "curated" / edition / release / "changes.json").read_text("utf-8"))


@pytest.mark.long
def test_a_release_carries_its_changes(published: tuple[Path, Done], tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(published[0], home)
    assert _changes(home, EDITION, "r001") == []
    truth = small_truth()
    truth["sections"][0]["classes"][0]["cells"]["title"]["初级"][0] = "试验员"
    replace_source(home, print_rulebook(truth, tmp_path / "again.pdf"))
    done = xize(home, "run", EDITION)
    assert done.code == 0, done.err
    made = _changes(home, EDITION, "r002")
    shown = xize(home, "diff", f"{EDITION}@r001", f"{EDITION}@r002", "--format", "json")
    assert made and made == json.loads(shown.out)
    assert {(one["release_before"], one["release_after"]) for one in made} == {("r001", "r002")}
    # The first release of next year's edition is compared with what is current of this one.
    (tmp_path / "again.pdf").rename(tmp_path / "next.pdf")
    assert xize(home, "add", "demo-2026", tmp_path / "next.pdf", "--title", "明年的细则").code == 0
    done = xize(home, "run", "demo-2026")
    assert done.code == 0, done.err
    following = _changes(home, "demo-2026", "r001")
    shown = xize(home, "diff", EDITION, "demo-2026", "--format", "json")
    assert following and following == json.loads(shown.out)
    assert {one["edition_before"] for one in following} == {EDITION}
    assert "完好" in one_sentence(xize(home, "verify", "demo-2026").out)
