"""Commands end with what is done next, help goes by who uses it, and what is nested too deep is one sentence."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli.app import app
from tests.cli_home import EDITION, Done, one_sentence, print_rulebook, small_truth, xize
from tests.review.conftest import ROOT, doubtful_truth, serving


def _next(done: Done) -> str:
    assert done.code == 0, done.err
    last = done.out.splitlines()[-1]
    assert last.startswith("下一步：xize ")
    return last


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An edition that is published once."""
    home = tmp_path_factory.mktemp("next")
    for words in (
        ("add", EDITION, print_rulebook(doubtful_truth(), home / "doubtful.pdf")),
        ("run", EDITION, "--no-prefect"),
    ):
        assert xize(home, *words).code == 0
    return home


@pytest.mark.long
def test_every_command_of_the_work_ends_with_the_next_step(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    rulebook = print_rulebook(doubtful_truth(), tmp_path / "doubtful.pdf")
    assert _next(xize(home, "add", EDITION, rulebook)) == f"下一步：xize run {EDITION}"
    assert _next(xize(home, "add", EDITION, rulebook)) == f"下一步：xize run {EDITION}"
    tried = xize(home, "run", EDITION, "--no-prefect", "--no-publish")
    assert _next(tried) == f"下一步：xize review {EDITION}，或xize run {EDITION}"
    run = xize(home, "run", EDITION, "--no-prefect")
    assert _next(run) == f"下一步：xize review {EDITION}，或xize export {EDITION} --xlsx {EDITION}.xlsx"
    assert xize(home, "export", EDITION, "--xlsx", tmp_path / "out.xlsx").code == 0  # as it says
    # Nothing to carry is no error.
    later = "demo-2026"
    assert _next(xize(home, "add", later, print_rulebook(small_truth(), tmp_path / "later.pdf")))
    compared = xize(home, "run", later, "--no-prefect", "--no-publish").out  # a new edition: with last year's
    assert f"与{EDITION}@r001相比：" in compared and "还没有发布过。" in compared and "处" in compared
    nothing = xize(home, "carry", EDITION, later)
    assert "没有可转移的决定" in nothing.out and _next(nothing) == f"下一步：xize run {later}"
    first, second = json.loads(xize(home, "findings", EDITION, "--format", "json").out)[:2]
    accepted = xize(home, "accept", first["finding_id"], "--why", "原文如此", "--by", "李")
    assert _next(accepted) == f"下一步：xize run {EDITION}"
    assert _next(xize(home, "carry", EDITION, later)) == f"下一步：xize run {later}"
    assert _next(xize(home, "correct", second["finding_id"])) == f"下一步：xize run {EDITION}"
    (home / "raw" / EDITION / "corrections.yaml").unlink()
    with serving(home) as served:
        served.process.send_signal(signal.SIGTERM)  # as by Ctrl-C
        assert served.process.stdout is not None
        assert served.process.stdout.read() == f"下一步：xize run {EDITION}，或xize findings {EDITION}\n"


def test_help_goes_by_who_uses_it() -> None:
    shown = xize(None, "--help").out
    panels = ("Steward:", "Analyst:", "Reviewer:", "Operator:")
    assert [shown.index(panel) for panel in panels] == sorted(shown.index(panel) for panel in panels)
    for command, panel in (("carry", 0), ("history", 1), ("review", 2), ("rollback", 3)):
        end = shown.index(panels[panel + 1]) if panel < 3 else len(shown)
        assert shown.index(panels[panel]) < shown.index(f"│ {command} ") < end
    assert all(one.rich_help_panel for one in app.registered_commands)
    # Completion is on: the shell asks, and gets the commands.
    environment = {"_XIZE_COMPLETE": "complete_bash", "COMP_WORDS": "xize car", "COMP_CWORD": "1"}
    program = "import sys; sys.argv = ['xize']; from pipeline.cli.app import app; app(prog_name='xize')"
    done = subprocess.run(
        [sys.executable, "-c", program], env={**environment, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )  # fmt: skip
    assert done.stdout.split() == ["carry"], done.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    ["raw/{}/accepted.yaml", "raw/{}/corrections.yaml", "raw/{}/source.yaml", "curated/{}/latest.json"],
)
def test_what_is_nested_too_deep_is_one_sentence(home: Path, name: str) -> None:
    path = home / name.format(EDITION)
    before = path.read_bytes() if path.is_file() else None
    path.write_text("[" * 30_000 + "]" * 30_000, "utf-8")
    try:
        done = xize(home, "run", EDITION, "--no-prefect")
        assert done.code == 2 and str(path) in one_sentence(done.err.strip())
        if name.endswith("yaml"):
            assert "嵌套过深" in done.err
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)


@pytest.mark.long
def test_a_review_file_nested_too_deep_is_said_on_the_page(home: Path) -> None:
    import httpx

    path = home / "raw" / EDITION / "review.json"
    path.write_text("[" * 200_000 + "]" * 200_000, "utf-8")
    try:
        with serving(home) as served, httpx.Client(base_url=served.origin) as client:
            client.get(served.address)
            assert str(path) in one_sentence(client.get("/api/state").json()["problem"])
    finally:
        path.unlink()
