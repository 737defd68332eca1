"""Pages that are too much, and reading processes that die: one sentence naming the page, exit code 2."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pikepdf
import psutil
import pytest
from pikepdf import Dictionary, Name

from pipeline.errors import XizeError
from pipeline.job import Limits
from pipeline.readers.pdf.open import open_pdf
from pipeline.readers.pdf.read import read_pdf
from tests.cli_home import one_sentence, xize
from tests.readers.pdf.test_decoders import write_page

RULES = "\n".join(f"{n % 400} {n % 299} m {n % 400 + 1} {n % 299} l S" for n in range(5000))
GLYPHS = "\n".join(f"BT /F1 5 Tf {n % 40 * 9} {n // 40 * 3 % 290} Td (abcdefghij) Tj ET" for n in range(2000))


def nested(path: Path, depth: int, times: int) -> Path:
    """Forms within each other, each painting the next so many times."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        inner = pdf.make_stream(b"0 0 m 9 9 l S", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 9, 9])
        for _ in range(depth):
            form = pdf.make_stream(
                b"/X1 Do " * times, Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 9, 9]
            )
            form.Resources = Dictionary(XObject=Dictionary(X1=inner))
            inner = form
        pdf.pages[0].Resources = Dictionary(XObject=Dictionary(X1=inner))
        pdf.pages[0].Contents = pdf.make_stream(b"/X1 Do")
        pdf.save(path)
    return path


@pytest.mark.parametrize("decoder", ["pdfium", "pdfplumber"])
@pytest.mark.parametrize(("depth", "times"), [(30, 2), (60, 10), (100, 1)])
def test_forms_without_end(depth: int, times: int, decoder: str, tmp_path: Path) -> None:
    path = nested(tmp_path / "nested.pdf", depth, times)
    with pytest.raises(XizeError, match=r"nested\.pdf第1页.*--max-") as error:
        read_pdf(path, decoder=decoder)
    assert error.value.exit_code == 2 and str(error.value).count("。") == 1


def test_forms_within_reason(tmp_path: Path) -> None:
    path = nested(tmp_path / "nested.pdf", 6, 4)
    with open_pdf(path) as pdf:
        assert 4**6 <= pdf.state(1).objects < 10_000
    assert read_pdf(path).pages.num_rows == 1


def test_a_full_page_is_read(tmp_path: Path) -> None:
    path = tmp_path / "full.pdf"
    write_page(path, RULES + GLYPHS)
    (page,) = read_pdf(path).pages.to_pylist()
    assert page["glyphs"] == 20_000
    assert read_pdf(path, limits=Limits(30_000, 1 << 20, 20)).pages.num_rows == 1


@pytest.mark.parametrize(
    ("options", "named"),
    [(["--max-objects", "4000"], "--max-objects"), (["--max-bytes", "40000"], "--max-bytes")],
)
def test_limits_of_the_command_line(options: list[str], named: str, tmp_path: Path) -> None:
    path = tmp_path / "full.pdf"
    write_page(path, RULES)
    refused = xize(None, "tables", path, *options)
    assert refused.code == 2 and refused.out == ""
    assert "full.pdf第1页" in one_sentence(refused.err) and named in refused.err
    assert xize(None, "tables", path, options[0], "900000").code == 0


def test_a_million_rulings_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "million.pdf"
    write_page(path, RULES * 200)
    begin = time.process_time()
    with pytest.raises(XizeError, match=r"million\.pdf第1页.*--max-objects"):
        read_pdf(path)
    assert time.process_time() - begin < 20


def test_glyphs_on_one_spot(tmp_path: Path) -> None:
    path = tmp_path / "spot.pdf"
    write_page(path, "BT /F1 9 Tf " + "1 0 0 1 50 100 Tm (a) Tj " * 90_000 + "ET")
    (page,) = read_pdf(path).pages.to_pylist()
    assert page["glyphs"] == 1


@pytest.mark.parametrize("times", [7, 18])
def test_a_page_that_takes_too_long(times: int, tmp_path: Path) -> None:
    """Whether this process reads it or, as one of more than 40,000 objects, another one."""
    path = tmp_path / "slow.pdf"
    write_page(path, RULES * times)
    with pytest.raises(XizeError, match=r"slow\.pdf第1页.*--max-seconds") as error:
        read_pdf(path, decoder="pdfplumber", limits=Limits(seconds=0))
    assert error.value.exit_code == 2


def test_a_reading_process_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "killed.pdf"
    write_page(path, RULES * 18)

    def kill() -> None:
        for _ in range(3000):
            for child in psutil.Process().children():
                if child.cpu_times().user > 0.9 and "resource_tracker" not in " ".join(child.cmdline()):
                    os.kill(child.pid, signal.SIGKILL)
                    return
            time.sleep(0.02)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(XizeError, match=r"读取killed\.pdf第1页时被系统中止") as error:
        read_pdf(path, decoder="pdfplumber")
    killer.join()
    assert error.value.exit_code == 2
