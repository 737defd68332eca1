"""What a command does not need it does not load: help and queries come at once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli_home import EDITION, Done

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


def test_questions_load_no_library_that_reads_or_checks(published: tuple[Path, Done]) -> None:
    questions = [
        ["sql", "select title, count(*) from entries join releases using (edition) group by title"],
        ["check", "--class", "6101", "--name", "农业经理人", "--grade", "3"],
        ["releases", EDITION],
    ]
    code = f"""
from typer.testing import CliRunner
from pipeline.cli import app
for question in {questions!r}:
    answer = CliRunner().invoke(app, ["--home", {str(published[0])!r}, *question])
    assert answer.output.strip() and isinstance(answer.exception, SystemExit | None), answer.exception
"""
    assert not loaded(code) & (HEAVY | {"pypdfium2", "sqlalchemy", "matplotlib"})


def test_sql_loads_little_but_duckdb(published: tuple[Path, Done]) -> None:
    code = f"""
from typer.testing import CliRunner
from pipeline.cli import app
answer = CliRunner().invoke(app, ["--home", {str(published[0])!r}, "sql", "select count(*) as n from entries"])
assert answer.exit_code == 0 and "n" in answer.output, answer.output
"""
    found = loaded(code)
    assert "duckdb" in found
    assert not found & (HEAVY | {"pypdfium2", "sqlalchemy", "matplotlib", "pyarrow", "numpy"})


def test_reading_loads_no_pandas(tmp_path: Path) -> None:
    """Every reading process would load it again."""
    pdf = ROOT / "raw" / "shanghai-2025" / "shanghai-2025.pdf"
    code = f"""
from pathlib import Path
from pipeline.readers.pdf.read import read_pdf
assert read_pdf(Path({str(pdf)!r}), pages=[20, 21, 22], workers=1).cells.num_rows > 50
"""
    assert not loaded(code) & HEAVY


def test_tidying_loads_no_library_that_validates() -> None:
    code = "import pipeline.run, pipeline.quality.assess, pipeline.releases.publish, pipeline.tidy.document"
    assert not loaded(code) & (HEAVY - {"pandas", "pdfminer"})


def test_a_run_loads_what_validates_only_beside(home: Path) -> None:
    """Pandas comes with Great Expectations, in the process of its own; the main one holds the document."""
    shutil.rmtree(home / "curated")
    code = f"""
from typer.testing import CliRunner
from pipeline.cli import app
answer = CliRunner().invoke(app, ["--home", {str(home)!r}, "run", {EDITION!r}, "--no-prefect"])
assert answer.exit_code == 0, answer.output
"""
    assert loaded(code) & HEAVY == set()
    assert (home / "curated" / EDITION / "r001" / "entries.parquet").is_file()


def test_the_package_of_expectations_is_cheap() -> None:
    assert not loaded("import expectations") & HEAVY
