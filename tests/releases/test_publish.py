"""publish.py: a release is all or nothing, and the same tables give the same bytes."""

from __future__ import annotations

import hashlib
import io
import json
import random
import re
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cmp_to_key
from itertools import zip_longest
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from pipeline.editions.files import folder_lock
from pipeline.errors import XizeError
from pipeline.releases.catalogue import (
    damaged_files,
    latest_name,
    list_releases,
    load_release,
    release_names,
)
from pipeline.releases.publish import SITE, Release, RunInfo, arrange, publish
from pipeline.releases.storage import open_store
from pipeline.releases.upkeep import prune, rollback
from pipeline.schema import KINDS, TABLES, TIERS, SchemaError, build
from pipeline.schema.types import Field, Table
from tests.sample_tables import EDITION, sample_tables, source_info, truth_rows

PROJECT = Path(__file__).parents[2]
STATS = {"pages": 125, "conservation": {"characters_in_tables": 10, "published": 10, "lost": 0}}


def _publish(curated: str | Path, limit: int = 1, kind: str = "pdf", **options: Any) -> Release:
    told = {name: options.pop(name) for name in ("allow_incomplete", "code_version") if name in options}
    run = RunInfo(STATS, {"success": True, "evaluated": 3}, **told)
    tables = options.pop("tables", sample_tables(limit))
    return publish(tables, source_info(kind=kind), run, curated, **options)


def _latest(curated: str | Path) -> str | None:
    return latest_name(open_store(curated), EDITION)


def test_a_release_is_whole_and_described(tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "static").mkdir(parents=True)
    (site / "index.html").write_text("<h1>校验</h1>", encoding="utf-8")
    (site / "static" / "a.css").write_text("h1 {}")
    release = _publish(tmp_path / "curated", 2, site=site, code_version="abc123")
    assert (release.release, release.changed, release.is_latest) == ("r001", True, True)
    folder = Path(release.folder)
    assert json.loads((folder.parent / "latest.json").read_text()) == {"release": "r001"}
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for name, declared in TABLES.items():
        table = pq.read_table(folder / f"{name}.parquet")
        assert table.schema.equals(declared.arrow), name
        assert table.schema.metadata is None
        assert manifest["files"][f"{name}.parquet"]["rows"] == table.num_rows
    on_disk = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert {name: record["sha256"] for name, record in manifest["files"].items()} == on_disk
    assert f"{SITE}/static/a.css" in on_disk and "datapackage.json" in on_disk
    assert manifest["source"]["kind"] == "pdf" and len(manifest["source"]["sha256"]) == 64
    assert manifest["versions"]["pyarrow"] == pa.__version__ and manifest["code_version"] == "abc123"
    assert manifest["conservation"] == STATS["conservation"] and manifest["validation"]["success"] is True
    assert manifest["findings"]["by_code"] == {"text_outside_tables": 1}
    assert manifest["allow_incomplete"] is False and manifest["corrected"] == {}


def test_corrected_rows_are_counted(tmp_path: Path) -> None:
    rows = truth_rows(1)["entries"]
    changed = build("entries", [{**rows[0], "corrected": True}, *rows[1:]], EDITION)
    release = _publish(tmp_path, tables={**sample_tables(1), "entries": changed})
    assert release.manifest["corrected"] == {"entries": 1}


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    tables = sample_tables(3)
    random.seed(7)
    shuffled = {}
    for name, table in tables.items():
        order = random.sample(range(table.num_rows), table.num_rows)
        mixed = table.take(pa.array(order, type=pa.int64()))
        # Other chunks and stray metadata must not show either.
        parts = [mixed.slice(0, 3), mixed.slice(3)]
        shuffled[name] = pa.concat_tables(parts).replace_schema_metadata({"made": "elsewhere"})
    assert not shuffled["entries"].replace_schema_metadata(None).equals(tables["entries"])
    one, two = _publish(tmp_path / "a", tables=tables), _publish(tmp_path / "b", tables=shuffled)
    for name in [*(f"{name}.parquet" for name in TABLES), "datapackage.json"]:
        assert (Path(one.folder) / name).read_bytes() == (Path(two.folder) / name).read_bytes(), name


def test_rows_stand_in_reading_order(tmp_path: Path) -> None:
    tables = sample_tables(3)
    backwards = {
        name: table.take(pa.array(range(table.num_rows)[::-1], pa.int64())) for name, table in tables.items()
    }
    _publish(tmp_path, tables=backwards)
    entries = load_release(tmp_path, EDITION)["entries"].to_pylist()
    cells = [(row["class_code"], list(KINDS).index(row["kind"]), TIERS.index(row["tier"])) for row in entries]
    assert cells == sorted(cells) and len(set(cells)) > 10
    for cell in set(cells):
        positions = [row["position"] for row, where in zip(entries, cells, strict=True) if where == cell]
        assert positions == list(range(1, len(positions) + 1))
    numbers = [row["no"] for row in load_release(tmp_path, EDITION)["annex_8_qualifications"].to_pylist()]
    assert numbers == sorted(numbers, key=int) and "10" in numbers


def test_nothing_changed_publishes_nothing(tmp_path: Path) -> None:
    _publish(tmp_path)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    again = _publish(tmp_path, code_version="other code", site=None)
    assert (again.release, again.changed, again.is_latest) == ("r001", False, True)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_a_changed_finding_is_a_change(tmp_path: Path) -> None:
    _publish(tmp_path)
    rows = [{**row, "status": "accepted"} for row in truth_rows(1)["findings"]]
    release = _publish(tmp_path, tables={**sample_tables(1), "findings": build("findings", rows, EDITION)})
    assert (release.release, release.changed) == ("r002", True)


def test_another_parquet_writer_is_no_change(tmp_path: Path) -> None:
    release = _publish(tmp_path)
    path = Path(release.folder) / "entries.parquet"
    pq.write_table(pq.read_table(path), path, compression="gzip")
    manifest = Path(release.folder) / "manifest.json"
    record = json.loads(manifest.read_text(encoding="utf-8"))
    record["files"]["entries.parquet"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(record), encoding="utf-8")
    assert not _publish(tmp_path).changed


def test_a_damaged_release_is_published_anew(tmp_path: Path) -> None:
    release = _publish(tmp_path)
    (Path(release.folder) / "classes.parquet").write_bytes(b"gone")
    assert damaged_files(open_store(tmp_path), EDITION, "r001") == ["classes.parquet"]
    assert _publish(tmp_path).release == "r002"


def test_another_source_becomes_latest_only_when_told(tmp_path: Path) -> None:
    _publish(tmp_path)
    transcript = _publish(tmp_path, kind="transcript")
    assert (transcript.release, transcript.changed, transcript.is_latest) == ("r002", True, False)
    assert _latest(tmp_path) == "r001"
    # Each source is compared with its own last release.
    assert not _publish(tmp_path).changed
    told = _publish(tmp_path, kind="transcript", latest=True)
    assert (told.release, told.changed, told.is_latest) == ("r002", False, True)
    assert _latest(tmp_path) == "r002"


def _with_error(status: str) -> Mapping[str, pa.Table]:
    row = {**truth_rows(1)["findings"][0], "severity": "error", "status": status}
    return {**sample_tables(1), "findings": build("findings", [row], EDITION)}


def test_errors_block_publishing(tmp_path: Path) -> None:
    for allowed in (False, True):
        with pytest.raises(XizeError, match="1个错误级发现"):
            _publish(tmp_path, tables=_with_error("open"), allow_incomplete=allowed)
    assert list(tmp_path.iterdir()) == []
    accepted = _publish(tmp_path, tables=_with_error("accepted"), allow_incomplete=True)
    assert accepted.changed and accepted.manifest["allow_incomplete"] is True


def test_tables_that_are_not_the_contracts_are_refused(tmp_path: Path) -> None:
    tables = sample_tables(1)
    for wrong, said in (
        ({name: table for name, table in tables.items() if name != "notes"}, "notes"),
        ({**tables, "extra": tables["notes"]}, "extra"),
        ({**tables, "notes": tables["notes"].drop_columns("text")}, "text"),
        ({**tables, "classes": sample_tables(1, "anhui-2026")["classes"]}, "another edition"),
    ):
        with pytest.raises(SchemaError, match=said):
            _publish(tmp_path, tables=wrong)
    assert list(tmp_path.iterdir()) == []


def test_frictionless_accepts_package_and_data(tmp_path: Path) -> None:
    import frictionless

    release = _publish(tmp_path)
    path = Path(release.folder) / "datapackage.json"
    report = frictionless.validate(str(path))
    assert report.valid, report.flatten(["resourceName", "message"])
    assert len(report.tasks) == len(TABLES)
    package = json.loads(path.read_text(encoding="utf-8"))
    assert "不是法律文本" in package["disclaimer"] and "no legal text" in package["description"]
    assert package["licenses"][0]["title"] and package["sources"][0]["sha256"]
    fields = {field["name"]: field for field in package["resources"][2]["schema"]["fields"]}
    assert fields["tier"]["constraints"]["enum"] == ["初级", "中级", "高级"]
    assert "/" in fields["tier"]["description"] and fields["tier"]["title_en"] == "Tier"


@pytest.mark.long
def test_killing_the_process_leaves_a_whole_release(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.releases.kill_publish", str(tmp_path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    outcomes = json.loads(run.stdout)
    assert len(outcomes) > 9
    assert all(
        one["killed"] or one["event"] == "time" for one in outcomes
    )  # (by the clock it may come too late)
    assert {one["latest"] for one in outcomes} == {"r001", "r002"}  # before and after the decisive step
    assert {one["event"] for one in outcomes} >= {"open", "os.rename", "os.mkdir", "time"}
    assert any(one["leftovers"] for one in outcomes)
    for one in outcomes:
        assert one["damaged"] == [], one
        assert one["after"] == {"latest": "r002", "names": ["latest.json", "r001", "r002"], "damaged": []}, (
            one
        )


@contextmanager
def _largest_file(size: int) -> Iterator[None]:
    """No file of this process may grow beyond ``size`` bytes: what a full disk feels like."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_publishes_nothing(tmp_path: Path) -> None:
    _publish(tmp_path)
    with _largest_file(4096), pytest.raises(XizeError, match="无法写入.*已发布的数据未受影响"):
        _publish(tmp_path, 2)
    assert open_store(tmp_path).names(EDITION) == ["latest.json", "r001"]
    assert _latest(tmp_path) == "r001" and damaged_files(open_store(tmp_path), EDITION, "r001") == []
    assert _publish(tmp_path, 2).release == "r002"


@pytest.mark.parametrize("place", ["file/curated", "/proc/curated"])
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(XizeError) as refusal:
        _publish(tmp_path / place)
    assert str(Path(place).name) in str(refusal.value) and "\n" not in str(refusal.value)


def test_two_publishes_at_once_are_refused(tmp_path: Path) -> None:
    _publish(tmp_path)
    with folder_lock(tmp_path / EDITION, "held"), pytest.raises(XizeError, match="正被另一个进程使用"):
        _publish(tmp_path, 2)
    assert release_names(open_store(tmp_path), EDITION) == ["r001"]


class FailingFileSystem(MemoryFileSystem):
    """An object store in memory that loses its connection after so many writes."""

    protocol = "failing"
    store: dict[str, Any] = {}
    pseudo_dirs: list[str] = [""]
    writes_left = 10_000

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **kwargs: Any) -> None:
        if FailingFileSystem.writes_left <= 0:
            raise ConnectionError(104, "connection lost")
        FailingFileSystem.writes_left -= 1
        super().pipe_file(path, value, mode, **kwargs)


fsspec.register_implementation("failing", FailingFileSystem, clobber=True)


@pytest.fixture
def bucket() -> Iterator[str]:
    yield "failing://bucket/curated"
    FailingFileSystem.writes_left = 10_000
    FailingFileSystem.store.clear()
    FailingFileSystem.pseudo_dirs[:] = [""]


def test_an_object_store_holds_releases(bucket: str) -> None:
    first = _publish(bucket)
    assert (first.release, first.is_latest, first.folder) == ("r001", True, f"{bucket}/{EDITION}/r001")
    assert not _publish(bucket).changed
    _publish(bucket, 2)
    assert [one.is_latest for one in list_releases(bucket)] == [False, True]
    assert load_release(bucket, EDITION)["classes"].num_rows == 2
    rollback(bucket, EDITION, "r001")
    assert load_release(bucket, EDITION)["classes"].num_rows == 1
    data = open_store(bucket).read(f"{EDITION}/r002/entries.parquet")
    assert pq.read_table(io.BytesIO(data)).schema.equals(TABLES["entries"].arrow)


def test_a_lost_connection_leaves_the_earlier_release_current(bucket: str) -> None:
    _publish(bucket)
    files = 2 * len(TABLES) + 3  # with a schema each; datapackage.json, the pending mark, manifest.json
    for writes in (0, 1, len(TABLES), files - 1):
        FailingFileSystem.writes_left = writes
        with pytest.raises(XizeError, match="connection lost.*已发布的数据未受影响"):
            _publish(bucket, 2)
        assert [one.release for one in list_releases(bucket)] == ["r001"]
        assert _latest(bucket) == "r001" and damaged_files(open_store(bucket), EDITION, "r001") == []
    # All files and the manifest are there, only latest.json is not: the next publish finishes that.
    FailingFileSystem.writes_left = files
    with pytest.raises(XizeError, match="connection lost"):
        _publish(bucket, 2)
    assert _latest(bucket) == "r001"
    whole = release_names(open_store(bucket), EDITION)[-1]
    FailingFileSystem.writes_left = 10_000
    finished = _publish(bucket, 2)
    assert (finished.release, finished.changed, finished.is_latest) == (whole, False, True)
    unfinished = prune(bucket, EDITION, 5)
    assert unfinished and release_names(open_store(bucket), EDITION) == ["r001", whole]
    assert {name for name in open_store(bucket).names(EDITION) if name.startswith("r")} == {"r001", whole}


def test_a_file_url_is_a_local_folder(tmp_path: Path) -> None:
    release = _publish(f"file://{tmp_path}/curated")
    assert (tmp_path / "curated" / EDITION / release.release / "manifest.json").is_file()
    assert _latest(tmp_path / "curated") == "r001"


def test_an_unknown_address_is_refused() -> None:
    with pytest.raises(XizeError, match="无法使用地址nonsense://x"):
        _publish("nonsense://x")


def test_a_licence_of_its_own_is_published(tmp_path: Path) -> None:
    source = replace(source_info(), licence="仅供测试", disclaimer="以原件为准")
    release = publish(sample_tables(1), source, RunInfo(), tmp_path)
    package = json.loads((Path(release.folder) / "datapackage.json").read_text(encoding="utf-8"))
    assert package["licenses"][0]["title"].startswith("仅供测试") and package["disclaimer"] == "以原件为准"


def test_a_rollback_outlasts_an_interrupted_publish(bucket: str) -> None:
    _publish(bucket)
    FailingFileSystem.writes_left = 2 * len(TABLES) + 3
    with pytest.raises(XizeError, match="connection lost"):
        _publish(bucket, 2)
    FailingFileSystem.writes_left = 10_000
    rollback(bucket, EDITION, "r001")
    again = _publish(bucket, 2)
    assert (again.release, again.changed, again.is_latest) == ("r002", False, False)
    assert _latest(bucket) == "r001"


_TEXTS = (
    "",
    "2",
    "10",
    "A/2",
    "A/10",
    "A/10/b",
    "B1",
    "附件10·2",
    "附件9·11",
    "附件9·2",
    "甲",
    "乙",
    "Ⅱ",
    "007",
    "7",
)


def _value(field: Field, draw: random.Random) -> object:
    """Any value that the field may have, from so few that rows often share it."""
    if field.nullable and draw.random() < 0.25:
        return None
    if pa.types.is_list(field.type):
        return []
    if field.enum is not None:
        return draw.choice(field.enum)
    if pa.types.is_string(field.type):
        return draw.choice(_TEXTS)
    if pa.types.is_boolean(field.type):
        return draw.random() < 0.5
    return draw.randint(1, 12) if pa.types.is_integer(field.type) else draw.choice([0.5, 1.0, 10.0, 2.25])


def _less(field: Field, descending: bool, one: Any, other: Any) -> int:
    """-1, 0 or 1: how two values of a column follow each other in a release."""
    if one == other:
        return 0
    if one is None or other is None:
        return 1 if one is None else -1
    if field.enum is not None:
        return -1 if field.enum.index(one) < field.enum.index(other) else 1
    if isinstance(one, str):
        for a, b in zip_longest(*(re.findall(r"\d+|\D+", text) for text in (one, other))):
            if a == b:
                continue
            if a is None or b is None:
                less = a is None
            elif a.isdigit() and b.isdigit():
                less = (int(a), a) < (int(b), b)
            else:
                less = a.isdigit() or (not b.isdigit() and a < b)
            return (1 if descending else -1) if less else (-1 if descending else 1)
    return (1 if descending else -1) if one < other else (-1 if descending else 1)


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_arranged_as_a_plain_sort_would(name: str) -> None:
    """By the declared order, then the key: numbers in texts by value, null last; what is equal stays in its order."""
    declared, draw = TABLES[name], random.Random(name)
    names = [*declared.order, *(key for key in declared.key if key not in declared.order)]
    for count in (0, 1, 150):
        rows = [{field.name: _value(field, draw) for field in declared.fields} for _ in range(count)]
        table = pa.Table.from_pylist(rows, schema=declared.arrow)

        def order(one: dict[str, Any], other: dict[str, Any]) -> int:
            for column in names:
                field = declared.by_name[column.lstrip("-")]
                if less := _less(field, column.startswith("-"), one[field.name], other[field.name]):
                    return less
            return 0

        # In chunks, as tables that are put together are.
        made = arrange(declared, pa.concat_tables([table.slice(0, count // 3), table.slice(count // 3)]))
        assert made.to_pylist() == sorted(table.to_pylist(), key=cmp_to_key(order))
        assert made.schema.equals(declared.arrow) and all(c.num_chunks <= 1 for c in made.columns)
        assert arrange(declared, made).equals(made)


def test_what_no_table_declares_together_is_arranged_too() -> None:
    """Descending texts and numbers with nulls among them."""
    fields = tuple(
        Field(name, name, name, "", "", kind, nullable=True)
        for name, kind in (("text", pa.string()), ("number", pa.float32()), ("row", pa.int32()))
    )
    declared = Table("t", "t", "t", "", "", fields, key=("row",), order=("-text", "-number"))
    rows = [("A2", 1.0), (None, 3.0), ("A10", None), ("A10", 2.0), ("A2", 7.0), (None, None), ("A10", 2.0)]
    table = pa.Table.from_pylist(
        [{"text": text, "number": number, "row": i} for i, (text, number) in enumerate(rows)],
        schema=declared.arrow,
    )
    assert arrange(declared, table)["row"].to_pylist() == [3, 6, 2, 4, 0, 1, 5]


def test_columns_that_are_not_the_contracts_are_refused() -> None:
    table = sample_tables(1)["classes"]
    for wrong in (
        table.drop_columns(["name"]),
        table.append_column("more", table["name"]),
        table.select(table.column_names[::-1]),
        table.set_column(0, "edition", table["edition"].cast(pa.large_string())),
    ):
        with pytest.raises(SchemaError, match=r"^classes: columns are not the contract's: \w"):
            arrange(TABLES["classes"], wrong)


def test_a_connection_lost_after_latest_json_moved_is_said_so(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(bucket)

    def lost(
        self: FailingFileSystem, path: str, recursive: bool = False, maxdepth: int | None = None
    ) -> None:
        raise ConnectionError(104, "connection lost")

    with monkeypatch.context() as broken:
        broken.setattr(FailingFileSystem, "rm", lost)  # what comes after: the pending mark goes
        with pytest.raises(
            XizeError, match="当前发布已经是r002，只是此后的收尾没有完成（connection lost）"
        ) as told:
            _publish(bucket, 2)
    assert "未受影响" not in str(told.value) and _latest(bucket) == "r002"
    # The answer to the write itself is lost, though it was done.
    written = FailingFileSystem.pipe_file

    def unheard(self: FailingFileSystem, path: str, value: bytes, **kwargs: Any) -> None:
        written(self, path, value, **kwargs)
        if path.endswith("latest.json"):
            raise ConnectionError(104, "connection lost")

    with monkeypatch.context() as broken:
        broken.setattr(FailingFileSystem, "pipe_file", unheard)
        with pytest.raises(XizeError, match="当前发布已经是r003"):
            _publish(bucket, 3)
    assert _latest(bucket) == "r003"
    again = _publish(bucket, 3)
    assert (again.release, again.changed, again.is_latest) == ("r003", False, True)


def test_a_connection_that_stays_lost_leaves_open_what_is_current(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(bucket)
    lost: list[str] = []
    written, read = FailingFileSystem.pipe_file, FailingFileSystem.cat_file

    def unheard(self: FailingFileSystem, path: str, value: bytes, **kwargs: Any) -> None:
        written(self, path, value, **kwargs)
        if path.endswith("latest.json"):
            lost.append(path)
            raise ConnectionError(104, "connection lost")

    def gone(self: FailingFileSystem, path: str, **kwargs: Any) -> Any:
        if lost:
            raise ConnectionError(104, "connection lost")
        return read(self, path, **kwargs)

    with monkeypatch.context() as broken:
        broken.setattr(FailingFileSystem, "pipe_file", unheard)
        broken.setattr(FailingFileSystem, "cat_file", gone)
        with pytest.raises(XizeError, match="当前发布是否已改为r002无法确认（connection lost）") as told:
            _publish(bucket, 2)
    assert "未受影响" not in str(told.value) and _latest(bucket) == "r002"
