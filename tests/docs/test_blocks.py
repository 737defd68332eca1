"""Every shell and Python block of the README and of docs/ is run, page by page, in a home of its own."""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.diff import compare, load_side
from pipeline.diff.output.lines import lines_of
from pipeline.diff.output.signoff import Opinion, SignedRelease, Signoff
from tests.cli_home import print_rulebook, small_truth, xize
from tests.typeset import Layout
from tests.typeset.word import print_word

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("README*.md"), *(ROOT / "docs").glob("*.md")])
THIS, NEXT = "shanghai-2025", "shanghai-2026"
BLOCK = re.compile(r"(?ms)^```(sh|python)\n(.*?)^```")
COMMAND = """#!{python}
import signal, subprocess, sys
words = sys.argv[1:]
command = [{python!r}, "-m", "pipeline.cli", *words]
if words[:1] == ["review"] and "--static" not in words:  # a server: until it says where, then Ctrl-C
    served = subprocess.Popen([*command, "--no-browser"], stdout=subprocess.PIPE, text=True)
    print(served.stdout.readline())
    served.send_signal(signal.SIGINT)
    sys.exit(served.wait(60))
code = subprocess.run(command).returncode
# 1 is an answer of these: there are differences; the certificate does not count; a part is lost.
sys.exit(0 if code == 1 and words[0] in ("diff", "compare", "check", "coverage") else code)
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone's home: this year's edition published from both of its sources, next year's from a PDF."""
    home = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "raw" / THIS, home / "raw" / THIS)
    rulebook = print_rulebook(small_truth(), home / "rulebook.pdf")
    for words in (
        ("run", THIS, "--no-prefect", "--source", "transcript", "--allow-incomplete"),
        ("run", THIS, "--no-prefect"),
        ("add", NEXT, rulebook),
        ("run", NEXT, "--no-prefect"),
    ):
        done = xize(home, *words)
        assert done.code == 0, done.err
    return home


def _signed(home: Path, path: Path, by: str) -> None:
    """What a reviewer exports from the page of the comparison."""
    sides = before, after = load_side(home, THIS), load_side(home, NEXT)
    named = [SignedRelease(edition=one.edition, release=one.release, sha256=one.sha256) for one in sides]
    line = next(one for one in lines_of(compare(before, after), before, after) if not one.quiet)
    at = datetime.datetime(2026, 1, 5, tzinfo=datetime.UTC)
    opinion = Opinion(group=line.group, change_ids=(line.id,), decision="accepted", by=by, at=at)
    made = Signoff(format="xize-signoff", version=1, before=named[0], after=named[1], decisions=(opinion,))
    path.write_text(made.model_dump_json(), "utf-8")


def _with_real_ids(page: str, home: Path) -> str:
    """The page's example ids (six hexadecimal digits that no finding has) replaced by ids of findings."""
    rows = json.loads(xize(home, "findings", THIS, "--format", "json").out)
    fresh = (row["finding_id"] for row in rows if row["table"] == "entries")
    known = {one: next(fresh) for one in dict.fromkeys(re.findall(r"\b(?:3f2a91|5b7c20|8c04d7)\b", page))}
    return re.sub(r"\b(?:3f2a91|5b7c20|8c04d7)\b", lambda found: known[found[0]], page)


@pytest.mark.long
@pytest.mark.parametrize(
    "page", [page for page in PAGES if BLOCK.search(page.read_text("utf-8"))], ids=lambda page: page.name
)
def test_the_blocks_run(page: Path, prepared: Path, tmp_path: Path) -> None:
    home = shutil.copytree(prepared, tmp_path / "clone")
    (tmp_path / "Downloads").mkdir()
    for copy in (tmp_path / "Downloads" / "rulebook.pdf", home / "final.pdf"):
        shutil.copy(home / "rulebook.pdf", copy)
    print_word(small_truth(), Layout("rulebook"), tmp_path / "Downloads" / "rulebook.docx")
    for name in ("zhang", "li"):
        _signed(home, home / f"{name}.json", name)
    command = tmp_path / "bin" / "xize"
    command.parent.mkdir()
    command.write_text(COMMAND.format(python=sys.executable), "utf-8")
    command.chmod(0o755)
    environment = {
        **os.environ, "HOME": str(tmp_path), "XIZE_HOME": str(home), "PYTHONPATH": str(ROOT),
        "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    blocks = BLOCK.findall(_with_real_ids(page.read_text("utf-8"), home))
    for shell in (block for language, block in blocks if language == "sh"):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", shell], cwd=home, env=environment, capture_output=True, text=True, check=False
        )  # fmt: skip
        assert done.returncode == 0, (shell, done.stdout[-800:], done.stderr[-2000:])
    program = "\n".join(block for language, block in blocks if language == "python")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=home, env=environment, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
