"""What an edition learns from earlier ones: only what something settled, kept by its hash."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.editions.plan import plan
from pipeline.errors import XizeError
from pipeline.job import Job, Options
from pipeline.releases.learned import learned, printed, settled
from pipeline.releases.publish import RunInfo, publish
from pipeline.releases.upkeep import prune
from pipeline.text import squeeze
from pipeline.tidy.wraps.segment_model import Memory
from tests.sample_tables import EDITION, sample_tables, source_info

NEXT = "shanghai-2026"


def _job(home: Path, more: str = "") -> Job:
    folder = home / "raw" / NEXT
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.pdf").write_bytes(b"%PDF")
    (folder / "source.yaml").write_text(
        f"edition: {NEXT}\ntitle: 细则\njurisdiction: shanghai\nyear: 2026\nread: pdf\nfiles:\n"
        f"  - name: a.pdf\n    kind: pdf\n    sha256: {hashlib.sha256(b'%PDF').hexdigest()}\n{more}",
        encoding="utf-8",
    )
    return plan(Options(home, NEXT))


def _published(home: Path, **columns: list[Any]) -> dict[str, pa.Table]:
    tables = dict(sample_tables(1))
    entries = tables["entries"]
    for name, values in columns.items():
        index = entries.schema.get_field_index(name)
        column = pa.array(values[: len(entries)], entries.schema.field(index).type)
        entries = entries.set_column(index, entries.schema.field(index), column)
    tables["entries"] = entries
    publish(tables, source_info(), RunInfo({}, {}), home / "curated")
    return tables


def _row(key: str, **more: Any) -> dict[str, Any]:
    row = {"entry_id": key, "confidence": 0.99, "settled_by": None, "corrected": False, "source": "pdf"}
    return row | more


def test_only_what_something_settled_is_known() -> None:
    rows = [
        _row("layout", confidence=1.0), _row("likely"), _row("word", settled_by="word_file"),
        _row("steward", settled_by="steward", confidence=0.3), _row("typed", confidence=1.0, source="transcript"),
        _row("learned", settled_by="edition"), _row("doubted", confidence=1.0),
    ]  # fmt: skip
    doubt = {"code": "item_cut_off", "status": "open", "key": "doubted", "keys": ["learned", "steward"]}
    assert [row["entry_id"] for row in settled(rows, [doubt])] == ["layout", "word", "steward", "learned"]
    assert [row["entry_id"] for row in settled(rows, [doubt | {"status": "accepted"}])][-1] == "doubted"


def test_what_one_line_printed_is_no_boundary() -> None:
    slot = {"class_code": "6101", "kind": "title", "tier": "初级", "source": "pdf"}
    entries = [_row("1", cell_id="a", position=1, text="广播电视编辑记者资格证", **slot), _row("2", cell_id="b", position=2, text="播音员 A级", **slot)]  # fmt: skip
    cells = [{"cell_id": "a", "lines": [{"text": "广播电视编辑记"}, {"text": "者资格证"}]}, {"cell_id": "b", "lines": [{"text": "播音员 A级"}]}]  # fmt: skip
    known = printed(entries, cells)
    assert known == {("6101", "title", "初级"): "广播电视编辑记\n者资格证\n播音员A级\n"}
    memory = Memory(printed=known)
    assert memory.joins(("6101", "title", "初级"), "甲广播电视编辑", "记者资格证播音员")
    assert not memory.joins(("6101", "title", "初级"), "电视编辑记", "者资格证"), "a line ended here"
    assert not memory.joins(("6101", "title", "初级"), "新闻编辑", "记者资格证"), "never seen"
    assert not memory.joins(("6101", "title", "中级"), "广播电视编辑", "记者资格证"), "another cell"
    # A steward parted what one line printed; a corrected text stands in no cell; a transcript has no lines.
    split = [
        {**entries[0], "text": "广播电视编辑", "position": 0},
        {**entries[0], "text": "记者资格证"},
        entries[1],
    ]
    assert not Memory(printed=printed(split, cells)).joins(("6101", "title", "初级"), "电视编辑", "记者资格")
    assert printed([{**entries[0], "text": "广播电视"}, entries[1]], cells) == {}
    assert printed([{**row, "source": "transcript"} for row in entries], cells) == {}


def test_the_latest_earlier_edition_teaches(tmp_path: Path) -> None:
    half = [1.0, 0.95] * 1000
    tables = _published(tmp_path, confidence=half)
    job = learned(_job(tmp_path))
    assert job.memory is not None and job.inputs != _job(tmp_path).inputs
    sure = [row for row in tables["entries"].to_pylist() if row["confidence"] == 1.0]
    assert job.memory.items.keys() == {squeeze(row["text"]) for row in sure} and job.memory.coverage == 0.0
    (record,) = job.learned
    assert record["edition"] == EDITION and record["release"] == "r001" and record["role"] == "learned"
    # Another release that knows the same changes nothing; one that knows more does.
    less_sure = [1.0, 0.9] * 1000
    _published(tmp_path, confidence=less_sure)
    assert learned(_job(tmp_path)).inputs == job.inputs
    _published(tmp_path, confidence=half, settled_by=[None, "steward"] * 1000)
    more = learned(_job(tmp_path))
    assert more.inputs != job.inputs and more.memory is not None and more.memory.coverage == 1.0


def test_what_source_yaml_says_about_learning(tmp_path: Path) -> None:
    assert learned(_job(tmp_path)).memory is None, "nothing earlier, nothing learned"
    _published(tmp_path, confidence=[1.0] * 2000)
    assert learned(_job(tmp_path, "learn_from: none\n")).memory is None
    assert learned(_job(tmp_path, f"learn_from: [{EDITION}]\n")).memory is not None
    with pytest.raises(XizeError, match="要借鉴的版本shanghai-2024读不出.*learn_from: none"):
        learned(_job(tmp_path, "learn_from: shanghai-2024\n"))
    with pytest.raises(XizeError, match="本版本"):
        _job(tmp_path, f"learn_from: {NEXT}\n")
    (tmp_path / "curated" / EDITION / "r001" / "entries.parquet").write_bytes(b"PAR1")
    with pytest.raises(XizeError, match=f"要借鉴的版本{EDITION}读不出"):
        learned(_job(tmp_path))


def test_prune_keeps_what_another_release_learned_from(tmp_path: Path) -> None:
    for confidence in (0.9, 0.91, 0.92):
        _published(tmp_path, confidence=[confidence] * 2000)
    other = {
        name: table.set_column(
            0, table.schema.field(0), pa.array([NEXT] * len(table), table.schema.field(0).type)
        )
        for name, table in sample_tables(1).items()
    }
    record = {"role": "learned", "kind": "release", "edition": EDITION, "release": "r001", "sha256": "0" * 64}
    publish(other, source_info(edition=NEXT), RunInfo({"learned": [record]}, {}), tmp_path / "curated")
    assert prune(tmp_path / "curated", EDITION, keep=1) == ("r002",)
