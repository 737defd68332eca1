"""Four eyes: a release of an edition with ``approval: required`` becomes current when a second person approved it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.releases.catalogue import latest_name
from pipeline.releases.storage import open_store
from tests.cli_home import EDITION, print_rulebook, small_truth, xize


@pytest.mark.long
def test_a_release_waits_for_a_second_person(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    assert xize(home, "add", EDITION, print_rulebook(small_truth(), tmp_path / "small.pdf")).code == 0
    source = home / "raw" / EDITION / "source.yaml"
    source.write_text(source.read_text("utf-8") + "approval: required\n", "utf-8")
    store = open_store(str(home / "curated"))
    manifest = home / "curated" / EDITION / "r001" / "manifest.json"

    run = xize(home, "run", EDITION, "--no-prefect", "--by", "李")
    assert run.code == 0 and f"xize approve {EDITION} r001" in run.out, run.err
    assert latest_name(store, EDITION) is None and "[待批准]" in xize(home, "releases", EDITION).out
    # Neither who prepared it, nor another way, makes it the current one.
    for words in (
        ("approve", EDITION, "--by", "李"),
        ("rollback", EDITION, "r001"),
        ("run", EDITION, "--no-prefect", "--latest"),
    ):
        refused = xize(home, *words)
        assert refused.code != 0 and "另一人批准" in refused.err, words
        assert latest_name(store, EDITION) is None
    # Damaged files are not approved.
    notes = manifest.with_name("notes.parquet")
    whole = notes.read_bytes()
    notes.write_bytes(whole[:-1])
    assert "xize verify" in xize(home, "approve", EDITION, "--by", "王").err
    notes.write_bytes(whole)
    done = xize(home, "approve", EDITION, "--by", "王")
    assert done.code == 0 and "已由王批准，已是当前发布" in done.out, done.err
    approval = json.loads(manifest.read_text("utf-8"))["approval"]
    assert (approval["prepared_by"], approval["approved_by"]) == ("李", "王") and approval["approved_at"]
    assert latest_name(store, EDITION) == "r001"
    assert xize(home, "verify", EDITION).code == 0
    assert "没有等待批准的发布" in xize(home, "approve", EDITION, "--by", "王").err
    again = xize(home, "run", EDITION, "--no-prefect", "--by", "李")
    assert again.code == 0 and "approve" not in again.out
