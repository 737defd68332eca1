"""What the README and the pages of docs/ show works: commands exist, Python snippets run, links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from pipeline.cli.app import app
from tests.cli_home import EDITION, Done, xize

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("README*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("*/README.md")])


def _blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```", path.read_text("utf-8"))


def _commands(path: Path) -> list[list[str]]:
    lines = "".join(_blocks(path, "sh")).splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.startswith("xize ")]


@pytest.mark.parametrize("path", [path for path in PAGES if _commands(path)], ids=lambda path: path.stem)
def test_the_commands_shown_exist_with_their_options(path: Path) -> None:
    group: Any = get_command(app)
    for _, name, *arguments in _commands(path):
        known = {
            option
            for parameter in group.commands[name].params
            for option in [*parameter.opts, *parameter.secondary_opts]
        }
        assert {word for word in arguments if word.startswith("-")} <= known, (name, arguments)


def test_both_languages_show_the_same() -> None:
    english, chinese = ROOT / "README.md", ROOT / "README.zh-CN.md"
    for language in ("sh", "python"):
        assert _blocks(english, language) == _blocks(chinese, language) != []


def test_the_python_of_the_readme_runs(published: tuple[Path, Done]) -> None:
    program = "\n".join(_blocks(ROOT / "README.md", "python")).replace("shanghai-2025", EDITION)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=published[0],
        env={**os.environ, "PYTHONPATH": str(ROOT), "XIZE_HOME": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "class_code" in done.stdout and "skill" in done.stdout


def test_the_queries_of_the_readme_run(published: tuple[Path, Done], tmp_path: Path) -> None:
    asked = [words[1:] for words in _commands(ROOT / "README.md") if words[1] in ("sql", "releases")]
    assert len(asked) > 3
    for words in asked:
        done = xize(published[0], *(word.replace("shanghai-2025", EDITION) for word in words), cwd=tmp_path)
        assert done.code == 0, done.err
    assert (tmp_path / "grade-3.csv").is_file()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
        assert "://" in target or (path.parent / target).exists(), target
