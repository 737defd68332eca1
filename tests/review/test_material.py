"""What the page shows and how rows would become, without a browser."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import XizeError
from pipeline.job import Options
from pipeline.quality.corrections.file import load_corrections
from pipeline.releases.last_findings import last_findings_path
from pipeline.review import preview, view
from pipeline.review.load import load
from pipeline.review.session import Session
from pipeline.review.static import write_site
from pipeline.run import run
from tests.cli_home import EDITION, snapshot
from tests.review.conftest import REPEATED, TWO_IN_ONE


@pytest.fixture
def session(doubtful: Path) -> Any:
    made = Session(Options(doubtful, EDITION), "李")
    yield made
    made.close()


def entry(session: Session, text: str) -> dict[str, Any]:
    return next(row for row in session.material.rows["entries"] if row["text"] == text)


def correction(session: Session, text: str, **more: Any) -> dict[str, Any]:
    row = entry(session, text)
    where = {"class": row["class_code"], "kind": row["kind"], "tier": row["tier"]}
    return {"where": where, "action": "replace", "from": text, "reason": "误植", **more}


def test_a_closed_session_leaves_nothing_at_work(doubtful: Path) -> None:
    """A process that ends while pdfium is at work crashes."""
    shutil.rmtree(doubtful / "staged" / EDITION / "pictures", ignore_errors=True)
    before = set(threading.enumerate())
    session = Session(Options(doubtful, EDITION), "李")
    assert session.pictures.get(1)[8:12] == b"WEBP" and session.pictures._document is not None
    session.close()
    assert session.pictures._document is None
    assert not [thread.name for thread in set(threading.enumerate()) - before]


def test_the_findings_stand_in_the_order_of_the_work(session: Session) -> None:
    found = session.state()["findings"]
    assert [one["rows"] for one in found] == sorted((one["rows"] for one in found), reverse=True)
    repeated = next(one for one in found if REPEATED in one["message"])
    behind = view.rows_of(session.material, repeated["id"])
    assert [row["text"] for row in behind["rows"]] == [REPEATED]
    assert behind["rows"][0]["where"]["position"] in (4, 5)
    page = view.page(session.material, repeated["page"])
    cell = next(one for one in page["cells"] if one["id"] == repeated["cell"])
    assert cell["severity"] == "warning"
    x0, top, x1, bottom = cell["box"]
    for row in page["rows"]:
        if row["cell"] == cell["id"]:
            assert x0 - 1 <= row["box"][0] and row["box"][2] <= x1 + 1
            assert top - 1 <= row["box"][1] and row["box"][3] <= bottom + 1


def test_a_second_correction_builds_on_the_first(session: Session) -> None:
    words = "中途改过师(五级/初级工)"
    first = session.preview(correction(session, TWO_IN_ONE, to=words))
    [change] = first["changes"]
    assert [row[1] for row in change["before"] if row[0] == "-"] == [TWO_IN_ONE]
    assert [row[1:] for row in change["after"] if row[0] == "+"] == [[words, "五级/初级工"]]
    session.correct(correction(session, TWO_IN_ONE, to=words))
    assert session.state()["waiting"] == 1
    second = correction(session, TWO_IN_ONE, to="末了师(四级/中级工)")
    with pytest.raises(XizeError, match="第9行的更正.*不再适用：该处没有条目“量子园艺师"):
        session.correct(second)
    [change] = session.preview({**second, "from": words})["changes"]
    assert [row[1:] for row in change["before"] if row[0] == "-"] == [[words, "五级/初级工"]]
    # and the same once the whole reading has been tidied in the background, as a run does
    session.warm()
    until = time.monotonic() + 60
    while session.preview({**second, "from": words})["basis"] != "read":
        assert time.monotonic() < until
        time.sleep(0.3)
    with pytest.raises(XizeError, match="不再适用"):
        session.preview(second)
    assert len(load_corrections(session.material.edition.corrections)) == 1


def test_the_reason_and_the_name_are_asked_for(session: Session) -> None:
    for lacking, by in (({"reason": ""}, "李"), ({}, "  ")):
        session.by = by
        with pytest.raises(XizeError, match="须"):
            session.correct(correction(session, TWO_IN_ONE, to="甲师", **lacking))
    with pytest.raises(XizeError, match="没有可撤销"):
        session.undo()
    assert not session.material.edition.corrections.exists()


def test_pending_are_those_after_what_the_rows_know(tmp_path: Path) -> None:
    path = tmp_path / "corrections.yaml"
    one = "- where: {class: 6101, kind: skill, tier: 初级}\n  action: drop\n  from: 甲\n  reason: x\n  by: y\n  date: 2026-01-01\n"
    head = "# 抬头\n"
    path.write_text(head + one + "# 第二项\n" + one.replace("甲", "乙"), "utf-8")
    corrections = load_corrections(path)

    def waiting(known: str | None) -> list[object]:
        applied = None if known is None else hashlib.sha256(known.encode()).hexdigest()
        return [item.expect for item in preview.pending(path, corrections, applied)[0]]

    assert waiting(None) == waiting("") == waiting(head) == ["甲", "乙"]
    assert waiting(head + one) == waiting((head + one).rstrip("\n")) == ["乙"]
    assert waiting(path.read_text("utf-8")) == []
    assert waiting("anything else\n") == ["甲", "乙"]


def test_an_unpublished_run_is_shown_from_what_is_staged(doubtful: Path) -> None:
    # The last run found something that no release has.
    path = last_findings_path(doubtful, EDITION)
    table = pq.read_table(path)
    rows = table.to_pylist()
    rows.append(
        {**rows[0], "finding_id": EDITION + ":" + "f" * 16, "severity": "error", "code": "value_missing"}
    )
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    material = load(Options(doubtful, EDITION))
    assert material.release is None
    assert "没有发布" in material.notice
    assert any(row["text"] == REPEATED for row in material.rows["entries"])
    state = view.state(material, [{**row, "status": "open"} for row in material.findings], set(), set())
    assert state["findings"][0]["severity"] == "error"
    # a correction that no longer applies: the cells can be looked at all the same
    (doubtful / "raw" / EDITION / "corrections.yaml").write_text(
        "- where: {class: 6101, kind: skill, tier: 初级}\n  action: drop\n  from: 没有这一条\n  reason: x\n  by: y\n  date: 2026-01-01\n",
        "utf-8",
    )
    material = load(Options(doubtful, EDITION))
    assert "不再适用" in material.notice
    assert material.cells and not material.rows
    released = load(Options(doubtful, EDITION), "r001")
    assert released.release == "r001" and not released.notice


def test_a_run_without_publishing_is_shown_as_it_left_it(doubtful: Path) -> None:
    """Nothing is read or tidied again for it: the page of a long rulebook would come late."""
    corrections = doubtful / "raw" / EDITION / "corrections.yaml"
    drop = "- where: {class: 6101, kind: skill, tier: 初级, position: 5}\n  action: drop\n  from: %s\n  reason: x\n  by: y\n  date: 2026-01-01\n"
    corrections.write_text(drop % REPEATED, "utf-8")
    run(Options(doubtful, EDITION, publish=False))
    staged = doubtful / "staged" / EDITION
    shutil.rmtree(staged / "pdf")
    session = Session(Options(doubtful, EDITION), "李")
    try:
        assert session.material.release is None and "所示为那次运行的结果" in session.material.notice
        assert [row["text"] for row in session.material.rows["entries"]].count(REPEATED) == 1
        assert session.material.cells and session.state()["waiting"] == 0
        session.correct(correction(session, TWO_IN_ONE, to="甲师"))
        assert session.state()["waiting"] == 1
        assert not (staged / "pdf").exists()
    finally:
        session.close()
    # Rows of another run are not those of the findings: then it is tidied anew.
    findings = last_findings_path(doubtful, EDITION)
    pq.write_table(pq.read_table(findings), findings, compression="none")
    assert "已按现有的更正整理" in load(Options(doubtful, EDITION)).notice
    assert (staged / "pdf").exists()


def test_before_any_run_there_is_one_sentence(doubtful: Path) -> None:
    import shutil

    shutil.rmtree(doubtful / "curated")
    shutil.rmtree(doubtful / "staged")
    with pytest.raises(XizeError, match=f"请先运行“xize run {EDITION}”"):
        load(Options(doubtful, EDITION))
    with pytest.raises(XizeError, match="nowhere-2030"):
        load(Options(doubtful, "nowhere-2030"))


def test_reading_the_page_writes_nothing_of_the_edition(session: Session) -> None:
    before = snapshot(session.folder)
    session.state()
    for number in range(1, len(session.material.pages) + 1):
        view.page(session.material, number)
    assert snapshot(session.folder) == before


def test_a_site_is_written_over_and_nothing_else_is(session: Session, tmp_path: Path) -> None:
    target = tmp_path / "site"
    for _ in range(2):
        assert write_site(session, target) == target / "index.html"
    names = {path.name for path in (target / "pictures").iterdir()}
    assert names == {f"{page.number:05d}.webp" for page in session.material.pages}
    text = (target / "data" / "state.js").read_text("utf-8")
    state = json.loads(text[text.index("]=") + 2 : text.rindex(";")])
    assert state["edition"] == EDITION and str(tmp_path) not in text
    other = tmp_path / "mine"
    other.mkdir()
    (other / "letter.txt").write_text("x", "utf-8")
    with pytest.raises(XizeError, match="已存在"):
        write_site(session, other)
    assert [path.name for path in other.iterdir()] == ["letter.txt"]
