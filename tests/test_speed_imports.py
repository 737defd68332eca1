"""What a command does not need it does not load: help and queries come at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {
    "pandas",
    "great_expectations",
    "prefect",
    "camelot",
    "pdfplumber",
    "pdfminer",
    "scipy",
    "cv2",
    "fastapi",
}


def loaded(code: str) -> set[str]:
    """The top-level modules that a Python process has loaded after ``code``."""
    code += "\nimport sys; print('\\n' + ' '.join({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", ["--help", "run --help", "sql --help"])
def test_help_loads_no_library_that_reads_or_checks(arguments: str) -> None:
    code = f"""
from typer.testing import CliRunner
from pipeline.cli import app
assert CliRunner().invoke(app, {arguments.split()!r}).exit_code == 0
"""
    assert not loaded(code) & (HEAVY | {"numpy", "pyarrow", "duckdb", "pypdfium2"})


def test_reading_loads_no_pandas(tmp_path: Path) -> None:
    """Every reading process would load it again."""
    pdf = ROOT / "raw" / "shanghai-2025" / "shanghai-2025.pdf"
    code = f"""
from pathlib import Path
from pipeline.readers.pdf import read_pdf
assert read_pdf(Path({str(pdf)!r}), pages=[20, 21, 22], workers=1).cells.num_rows > 50
"""
    assert not loaded(code) & HEAVY


def test_a_run_loads_great_expectations_elsewhere() -> None:
    code = """
from pipeline.run import load_libraries
load_libraries()
"""
    assert not loaded(code) & (HEAVY - {"pandas", "pdfminer"})
