"""The command line as a user runs it: a process of its own, in a home of its own with a small typeset rulebook."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.typeset import Layout, typeset
from tests.typeset.content import excerpt
from tests.typeset.layout import A3

EDITION = "demo-2025"
TRUTH = Path(__file__).parent / "data" / "shanghai-2025.truth.json"


@dataclass(frozen=True)
class Done:
    """How a command ended: exit code, both outputs, processor seconds that it and its workers took."""

    code: int
    out: str
    err: str
    seconds: float


def xize(home: Path | None, *arguments: str | Path, cwd: Path | None = None, **options: Any) -> Done:
    """Run ``xize`` with the arguments; ``options`` go to subprocess.Popen."""
    command = [sys.executable, "-m", "pipeline.cli", *(("--home", str(home)) if home else ())]
    environment = {key: value for key, value in os.environ.items() if key != "XIZE_HOME"}
    environment["PYTHONPATH"] = str(Path(__file__).parents[1])
    before = os.times()
    done = subprocess.run(
        [*command, *map(str, arguments)], cwd=cwd, env=environment, capture_output=True, text=True, timeout=240,
        check=False, **options,
    )  # fmt: skip
    after = os.times()
    seconds = sum(
        getattr(after, f"children_{kind}") - getattr(before, f"children_{kind}")
        for kind in ("user", "system")
    )
    return Done(done.returncode, done.stdout, done.stderr, seconds)


def small_truth() -> dict[str, Any]:
    """Two sections of one class each and three annexes of the known edition."""
    known = json.loads(TRUTH.read_text("utf-8"))
    return excerpt(known, classes=1, annex_rows=4, sections=2, annexes=3)


def print_rulebook(truth: dict[str, Any], path: Path) -> Path:
    """``truth`` as a PDF of a few pages, its columns so wide that no item wraps: what a wrap is, others test."""
    widths = {"class": 0.6, "title": 1.3, "skill": 1.3, "practice": 0.8, "one_plus_x": 1.3, "industry": 1.3}
    typeset(truth, Layout(path.stem, page=A3, landscape=True, size=6, widths=widths), path)
    return path


def replace_source(home: Path, path: Path) -> None:
    """Put another PDF in the edition's place and record its checksum, as a steward does with a reissued file."""
    folder = home / "raw" / EDITION
    target, source = folder / f"{EDITION}.pdf", folder / "source.yaml"
    old = sha256(target)
    target.write_bytes(path.read_bytes())
    source.write_text(source.read_text("utf-8").replace(old, sha256(target)), "utf-8")


def sha256(path: Path) -> str:
    """The checksum of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def snapshot(folder: Path) -> dict[str, str]:
    """Every file under a folder and its checksum."""
    return {
        path.relative_to(folder).as_posix(): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def one_sentence(text: str) -> str:
    """The only line of ``text``, which must be one Chinese sentence; fails on a traceback or several lines."""
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) == 1, text
    assert lines[0].endswith("。") and lines[0].count("。") == 1, text
    assert "Traceback" not in text, text
    return lines[0]
