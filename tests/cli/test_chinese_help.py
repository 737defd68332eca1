"""Help is Chinese where the locale is, for every command and option."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from pipeline.cli.app import app
from pipeline.cli.chinese import as_key, texts, translations

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
