"""Help is Chinese where the locale is, for every command and option."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.cells import cell_len
from typer.main import get_command

from pipeline.cli.app import app
from pipeline.cli.chinese import as_key, refusal, texts, translations
from pipeline.cli.shared import wrapped

Refused: Any = typer.BadParameter.__mro__[2]  # what every wrong command line raises; Typer does not export it
ROOT = Path(__file__).parents[2]


def test_every_text_has_its_chinese_and_no_other_has() -> None:
    group = get_command(app)
    shown = {as_key(getattr(owner, name)) for owner, name in texts(group)}
    assert shown == set(translations())
    assert all(re.search("[一-鿿]", text) for text in translations().values())


@pytest.mark.parametrize(
    ("language", "words"), [("zh_CN.UTF-8", "整理人：从文件到发布"), ("C.UTF-8", "Steward: from")]
)
def test_the_locale_decides(language: str, words: str) -> None:
    known = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "--help"], capture_output=True, text=True, check=True,
        env={**known, "LANG": language, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert words in done.stdout and ("选项" in done.stdout) == language.startswith("zh")


def test_no_help_is_cut_off() -> None:
    """Whatever the width: every character of every text stands there, a line end or not."""
    group = get_command(app)
    program = """if True:
        import sys
        from pipeline.cli.app import app
        from pipeline.cli.chinese import translate
        from typer.main import get_command
        group = get_command(app)
        translate(group)
        for words in ([], *([name] for name in group.commands)):
            group.main([*words, "--help"], prog_name="xize", standalone_mode=False)
    """
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env={**os.environ, "COLUMNS": "80", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert "…" not in done.stdout and "[default" not in done.stdout and "[required]" not in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    # A panel's last column, line after line: what wraps reads on.
    shown = "".join(re.sub(r"^│ .*?\s{2,}|[│\s]", "", line) for line in done.stdout.splitlines())
    known = translations()
    for owner, name in texts(group):
        if name == "help" and (text := known[as_key(getattr(owner, name))]):
            assert re.sub(r"\s", "", text.partition("。")[0]) in shown, text


def test_sentences_break_between_words() -> None:
    text = "如有误请在corrections.yaml中用join更正（错误的可能约42%；另有3处），无误则接受。"
    for width in (20, 24, 31, 60):
        lines = wrapped(text, width)
        assert "".join(lines) == text and all(cell_len(line) <= width for line in lines)
        assert not any(line[0] in "，；）。" or line[-1] in "（" for line in lines)
        assert all(any(word in line for line in lines) for word in ("corrections.yaml", "join", "42%"))
    assert wrapped("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]


def refusals() -> set[str]:
    """What the parser says of wrong names, of arguments that lack or are too many, of options with a wrong value or none."""
    group: Any = get_command(app)
    lines = [(group, ["--hom", "x"])]
    lines += [(group, [name]) for name in ("rnu", "nothing-like-it")]
    for command in group.commands.values():
        arguments = ["x" for one in command.params if one.param_type_name == "argument"]
        options = [one.opts[0] for one in command.params if one.param_type_name == "option"]
        lines += [(command, words) for words in ([], ["x"] * 9, ["--no-such-option"])]
        lines += [
            (command, [*arguments, name + value]) for name in options for value in ("", "=-1", "=1.5", "=x")
        ]
    said = set()
    for command, line in lines:
        try:
            context = command.make_context("xize", list(line))
            if command is group:
                group.resolve_command(context, line)
        except Refused as refused:
            said.add(refused.format_message())
    return said


def test_a_wrong_command_line_is_told_of_in_chinese() -> None:
    said = refusals()
    assert len(said) > 50
    english = re.compile(
        "Missing|Option|Invalid|No such|Input|Got|Value error|requires|does not|possible|mean"
    )
    assert not [text for text in map(refusal, said) if english.search(text) or text[-1] != "。"]
