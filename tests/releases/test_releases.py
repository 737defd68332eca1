"""releases.py: what a release would change, and reading releases strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import XizeError
from pipeline.releases.catalogue import (
    list_releases,
    load_release,
)
from pipeline.releases.deltas import TableDelta, diff_summary
from pipeline.releases.publish import RunInfo, publish
from pipeline.releases.upkeep import prune, rollback
from pipeline.schema import TABLES, build
from tests.sample_tables import EDITION, sample_tables, source_info, truth_rows


def _publish(curated: Path, limit: int) -> None:
    publish(sample_tables(limit), source_info(), RunInfo(), curated)


def _deltas(before, after) -> dict[str, TableDelta]:
    return {delta.table: delta for delta in diff_summary(after, before)}


def test_the_same_tables_differ_in_nothing(tmp_path: Path) -> None:
    _publish(tmp_path, 2)
    deltas = _deltas(load_release(tmp_path, EDITION), sample_tables(2))
    assert list(deltas) == list(TABLES)
    assert all((delta.added, delta.removed, delta.changed) == (0, 0, 0) for delta in deltas.values())
    assert deltas["classes"].rows_before == deltas["classes"].rows_after == 2


def test_rows_added_removed_and_changed_are_counted_by_key() -> None:
    rows = truth_rows(2)["entries"]
    page = [{**rows[0], "page": 99}, {**rows[1], "text": "改"}]
    after = {**sample_tables(2), "entries": build("entries", [*page, *rows[5:]], EDITION)}
    delta = _deltas(sample_tables(2), after)["entries"]
    assert (delta.rows_before, delta.rows_after) == (len(rows), len(rows) - 3)
    assert (delta.added, delta.removed, delta.changed) == (0, 3, 2)
    back = _deltas(after, sample_tables(2))["entries"]
    assert (back.added, back.removed, back.changed) == (3, 0, 2)


def test_a_key_that_stands_twice_is_counted_by_rows() -> None:
    rows = truth_rows(1)["notes"] + [{"number": "1", "text": "甲", "source": "pdf"}]
    twice = [*rows, {"number": "1", "text": "乙", "source": "pdf"}]
    one, two = ({**sample_tables(1), "notes": build("notes", each, EDITION)} for each in (rows, twice))
    delta = _deltas(one, two)["notes"]
    assert (delta.added, delta.removed, delta.changed) == (1, 0, 0)


def test_everything_is_new_to_a_first_release() -> None:
    deltas = _deltas({}, sample_tables(1))
    assert deltas["classes"] == TableDelta("classes", 0, 1, 1, 0, 0)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    assert list_releases(tmp_path) == ()
    with pytest.raises(XizeError, match="还没有当前发布"):
        load_release(tmp_path, EDITION)
    with pytest.raises(XizeError, match="没有版本"):
        prune(tmp_path, EDITION)
    _publish(tmp_path, 1)
    with pytest.raises(XizeError, match=r"没有发布r002（现有：r001）"):
        load_release(tmp_path, EDITION, "r002")
    with pytest.raises(XizeError, match="不合规则"):
        rollback(tmp_path, "../..", "r001")


def test_a_damaged_latest_json_and_manifest_are_one_sentence(tmp_path: Path) -> None:
    _publish(tmp_path, 1)
    (tmp_path / EDITION / "latest.json").write_text("{")
    with pytest.raises(XizeError, match="latest.json无法读取.*xize rollback"):
        load_release(tmp_path, EDITION)
    rollback(tmp_path, EDITION, "r001")
    assert load_release(tmp_path, EDITION)["classes"].num_rows == 1
    (tmp_path / EDITION / "r001" / "manifest.json").write_text("[]")
    with pytest.raises(XizeError, match="不是发布清单"):
        load_release(tmp_path, EDITION)


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    _publish(tmp_path, 1)
    (tmp_path / EDITION / "r001" / "classes.parquet").write_bytes(b"not parquet")
    with pytest.raises(XizeError, match="classes.parquet与发布清单登记的校验和不符"):
        load_release(tmp_path, EDITION)
