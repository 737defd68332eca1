"""Reading sign-offs back: what is refused, how reviewers' files are merged, what is kept and reported."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from rich.console import Console

from pipeline.diff import Side
from pipeline.diff.output.signoff import read_back, render, signoff_path
from pipeline.errors import XizeError
from tests.cli_home import one_sentence

Sides = tuple[Side, Side]


def _file(path: Path, sides: Sides, decisions: list[dict[str, Any]], changed: Any = None) -> Path:
    document: dict[str, Any] = {"format": "xize-signoff", "version": 1, "decisions": decisions}
    for name, side in zip(("before", "after"), sides, strict=True):
        document[name] = {"edition": side.edition, "release": side.release, "sha256": side.sha256}
    path.write_text(json.dumps({**document, **(changed or {})}, ensure_ascii=False), "utf-8")
    return path


def _decision(
    table: pa.Table, group: str, verdict: str, by: str, at: str, comment: str = ""
) -> dict[str, Any]:
    ids = [row["change_id"] for row in table.to_pylist() if row["group"] == group]
    return {"group": group, "change_ids": ids, "decision": verdict, "comment": comment, "by": by, "at": at}


def _groups(table: pa.Table) -> list[str]:
    rows = table.to_pylist()
    return list(dict.fromkeys(row["group"] for row in rows if row["change"] != "entry_reordered"))


def test_merge_and_keep(table: pa.Table, sides: Sides, tmp_path: Path) -> None:
    first, second, third, *rest = _groups(table)
    wang = _file(
        tmp_path / "wang.json", sides,
        [
            _decision(table, first, "queried", "王", "2026-03-01T08:00:00Z", "请核对"),
            _decision(table, second, "accepted", "王", "2026-03-01T08:01:00Z"),
            _decision(table, third, "accepted", "王", "2026-03-01T08:02:00Z"),
        ],
    )  # fmt: skip
    li = _file(
        tmp_path / "li.json", sides,
        [
            _decision(table, second, "queried", "李", "2026-03-01T16:01:00+08:00", "原文如此[b]？"),
            _decision(table, third, "accepted", "李", "2026-03-01T16:02:00+08:00"),
        ],
    )  # fmt: skip
    summary = read_back([wang, li], table, *sides)
    total = len(rest) + 3
    assert summary.counts == {"accepted": 1, "queried": 1, "conflict": 1, "open": total - 3}
    assert summary.reviewers == {"王": 3, "李": 2} and not summary.complete
    assert [signed.group for signed in summary.of("conflict")] == [second]

    # A later word of the same reviewer replaces the earlier one; what was kept counts on.
    again = _file(
        tmp_path / "again.json", sides, [_decision(table, second, "accepted", "李", "2026-03-02T00:00:00Z")]
    )
    summary = read_back([again], table, *sides)
    assert summary.counts == {"accepted": 2, "queried": 1, "conflict": 0, "open": total - 3}
    # The older file once more changes nothing, nor does asking without a file.
    before = signoff_path(*sides).read_bytes()
    assert read_back([li, wang], table, *sides).counts == summary.counts
    assert signoff_path(*sides).read_bytes() == before
    assert read_back([], table, *sides).counts == summary.counts
    # Taken back: open again.
    back = _file(
        tmp_path / "back.json", sides, [_decision(table, first, "open", "王", "2026-03-03T00:00:00Z")]
    )
    assert read_back([back], table, *sides).counts["open"] == total - 2

    console = Console(width=160, record=True, file=(tmp_path / "out.txt").open("w", encoding="utf-8"))
    console.print(render(read_back([wang, li], table, *sides)))
    text = console.export_text()
    assert "未签" in text and "签核人：李 2项、王 2项" in text
    everything = [
        _decision(table, group, "accepted", "赵", "2026-03-04T00:00:00Z") for group in _groups(table)
    ]
    whole = _file(tmp_path / "all.json", sides, everything)
    assert read_back([whole], table, *sides).complete


def test_grown_group_and_strays(table: pa.Table, sides: Sides, tmp_path: Path) -> None:
    """A group is open while one of its places is; a decision about unknown changes is kept and reported."""
    group = "feedfacefeedface"
    decision = _decision(table, group, "accepted", "王", "2026-03-01T08:00:00Z")
    fewer = {**decision, "change_ids": decision["change_ids"][:-1]}
    stray = {**decision, "group": "0" * 16, "change_ids": ["1" * 16]}
    summary = read_back([_file(tmp_path / "a.json", sides, [fewer, stray])], table, *sides)
    assert summary.counts["accepted"] == 0 and summary.strays == 1
    kept = json.loads(signoff_path(*sides).read_text("utf-8"))
    assert {row["group"] for row in kept["decisions"]} == {group, "0" * 16}
    later = {**decision, "at": "2026-03-02T08:00:00Z"}
    summary = read_back([_file(tmp_path / "b.json", sides, [later])], table, *sides)
    assert [(signed.group, signed.places) for signed in summary.of("accepted")] == [(group, 3)]


_WHOLE = {"group": "x", "change_ids": ["y"], "decision": "accepted", "by": "王", "at": "2026-03-01T08:00:00Z"}


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"format": "other"}, "不是有效的签核文件"),
        ({"extra": 1}, "不是有效的签核文件"),
        ({"decisions": [{"group": "x"}]}, "不是有效的签核文件"),
        ({"decisions": [{"group": "x", "change_ids": ["y"], "decision": "accepted", "by": "王", "at": "2026-03-01T08:00:00"}]},
         "第1项.at：应写明时区"),
        ({"version": 2}, "version：只能是1之一"),
        ({"decisions": [{**_WHOLE, "by": "  "}]}, "没有署名"),
        ({"decisions": [{**_WHOLE, "comment": "\x1b[31m"}]}, "控制字符"),
        ({"decisions": [{**_WHOLE, "comment": "长" * 4001}]}, "至多4000字"),
        ({"decisions": [{**_WHOLE, "at": "9999-01-01T00:00:00Z"}]}, "将来"),
        ({"decisions": [{**_WHOLE, "decision": "yes"}]}, "只能是.*accepted.*之一"),
    ],
)  # fmt: skip
def test_no_signoff(
    changed: dict[str, Any], word: str, table: pa.Table, sides: Sides, tmp_path: Path
) -> None:
    path = _file(tmp_path / "x.json", sides, [], changed)
    with pytest.raises(XizeError, match=word) as caught:
        read_back([path], table, *sides)
    one_sentence(str(caught.value))
    assert not signoff_path(*sides).exists()


def test_other_data_is_refused(table: pa.Table, sides: Sides, tmp_path: Path) -> None:
    before, after = sides
    decision = _decision(table, _groups(table)[0], "accepted", "王", "2026-03-01T08:00:00Z")
    files = {**after.manifest["files"], "entries.parquet": {"sha256": "0" * 64, "bytes": 1, "rows": 1}}
    other = replace(after, manifest={**after.manifest, "files": files})
    good = _file(tmp_path / "good.json", sides, [decision])
    bad = _file(tmp_path / "bad.json", (before, other), [decision])
    for paths in ([bad], [good, bad]):
        with pytest.raises(XizeError, match="校验和不符") as caught:
            read_back(paths, table, *sides)
        one_sentence(str(caught.value))
        assert not signoff_path(*sides).exists()  # nothing of the good file either
    with pytest.raises(XizeError, match="而不是"):
        read_back([_file(tmp_path / "turned.json", (after, before), [decision])], table, *sides)
    # The time of publishing and the validation site are no content.
    later = {**after.manifest, "created": "2030-01-01T00:00:00+00:00"}
    assert replace(after, manifest=later).sha256 == after.sha256
    # What is kept is refused, too, once the release holds other data.
    read_back([good], table, *sides)
    with pytest.raises(XizeError, match="校验和不符"):
        read_back([], table, before, other)


def test_unreadable(table: pa.Table, sides: Sides, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"format": ', "utf-8")
    for path, word in ((tmp_path / "none.json", "找不到"), (broken, "不是有效"), (tmp_path, "无法读取")):
        with pytest.raises(XizeError, match=word) as caught:
            read_back([path], table, *sides)
        one_sentence(str(caught.value))
