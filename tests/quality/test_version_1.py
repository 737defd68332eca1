"""A home as version 1.0.0 left it: its ids, decision files, progress and sign-off go on counting.

tests/data/version-1.tar.gz was made by that version: two releases, an acceptance of four places, two corrections written by
``xize correct``, a finding marked as looked at, and a signed comparison of the releases.
"""

from __future__ import annotations

import json
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.findings import digits_of
from pipeline.job import Options
from pipeline.review.session import Session
from tests.api.conftest import serving
from tests.cli_home import EDITION, xize

DATA = Path(__file__).parents[1] / "data" / "version-1.tar.gz"
ACCEPTED, CORRECTED = "5e00f9b66f0b1f15", "6637aca74502a2c6"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    with tarfile.open(DATA) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def listed(home: Path, *options: str) -> dict[str, dict[str, Any]]:
    done = xize(home, "findings", EDITION, "--format", "json", "--status", "all", *options)
    assert done.code == 0, done.err
    return {digits_of(one["finding_id"]): one for one in json.loads(done.out)}


def test_a_release_of_version_1_is_read(old: Path) -> None:
    rows = listed(old, "--release", "r001")
    assert rows[ACCEPTED]["status"] == "accepted" and rows[CORRECTED]["status"] == "corrected"
    assert {one["finding_id"].partition(":")[0] for one in rows.values()} == {EDITION}
    assert rows[ACCEPTED]["queue"] == "reading" and 0 < rows[ACCEPTED]["chance"] < 1
    read = xize(old, "sql", f"select finding_id, queue from findings where finding_id = '{ACCEPTED}'")
    assert read.code == 0 and ACCEPTED in read.out, read.err


@pytest.mark.long
def test_a_release_of_version_1_is_browsed_exported_and_served(old: Path, tmp_path: Path) -> None:
    for words in (
        ("browse", f"{EDITION}@r002", "-o", tmp_path / "browse.html"),
        ("export", EDITION, "--xlsx", tmp_path / "a.xlsx", "--csv", tmp_path / "csv", "--sqlite", tmp_path / "a.db"),
        ("publish-site", tmp_path / "site"),
        ("verify", EDITION),
    ):  # fmt: skip
        done = xize(old, *words)
        assert done.code == 0, done.err
    with serving(old) as client:
        rows = client.get("/entries").json()
        asked = {"class": rows["rows"][0]["class_code"], "name": rows["rows"][0]["text"]}
        answer = client.get("/check", params=asked).json()
        assert answer["counts"] and answer["matches"][0]["release"] == "r002"
        assert client.get("/history", params={"name": asked["name"]}).json()["lives"]
        assert client.get("/coverage").json()["rows"] and client.get("/health").json()["problem"] is None
        assert client.get(f"/entries/{rows['rows'][0]['entry_id']}").status_code == 200
    with closing(sqlite3.connect(tmp_path / "a.db")) as con:
        assert con.execute("select count(*) from entries").fetchone() == (rows["total"],)
    assert (
        rows["total"]
        == json.loads(xize(old, "sql", "select count(*) as n from entries", "-f", "json").out)[0]["n"]
    )


@pytest.mark.long
def test_decisions_of_version_1_count(old: Path) -> None:
    folder = old / "raw" / EDITION
    before = {name: (folder / name).read_bytes() for name in ("accepted.yaml", "corrections.yaml")}
    run = xize(old, "run", EDITION, "--no-prefect")
    assert run.code == 0, run.err
    rows = listed(old)
    assert rows[ACCEPTED]["status"] == "accepted" and CORRECTED not in rows
    assert all((folder / name).read_bytes() == data for name, data in before.items())
    # Another decision goes below them; the same person may accept anew, by the whole id or the beginning of the digits.
    other = next(one for one in rows.values() if one["status"] == "open")
    for wanted in (other["finding_id"], f"{EDITION}:{ACCEPTED[:6]}"):
        assert xize(old, "accept", wanted, "--why", "再次核对", "--by", "李").code == 0
    accepted = yaml.safe_load((folder / "accepted.yaml").read_text("utf-8"))
    assert [digits_of(one["finding_id"]) for one in accepted] == [ACCEPTED, digits_of(other["finding_id"])]


def test_progress_and_sign_off_of_version_1_count(old: Path) -> None:
    session = Session(Options(old, EDITION), "李")
    try:
        seen = [one["id"] for one in session.state()["findings"] if one["reviewed"]]
    finally:
        session.close()
    assert seen == [f"{EDITION}:a78b1b0c8566b248"]
    (signed,) = (old / "raw" / EDITION / "signoff").glob("*.json")
    done = xize(old, "diff", f"{EDITION}@r001", f"{EDITION}@r002", "--signoff", signed)
    assert done.code == 1, done.err  # there are differences
    assert "全部变更均已认可" in done.out
