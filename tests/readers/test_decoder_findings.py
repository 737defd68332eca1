"""Where the two decoders disagree about a page, the cross-check says so."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pikepdf

from pipeline.job import Options, plan
from pipeline.readers.cross_check.compare_decoders import compare_decoders, only_in, page_finding
from pipeline.readers.pdf.read import open_pdf
from pipeline.run import check_reading, read
from tests.cli_home import EDITION
from tests.readers.test_decoders import write_page

TABLE = "BT /F1 12 Tf 50 250 Td (Hello) Tj ET 50 200 m 200 200 l S "
# A number that no standard allows: one library reads 2--00 as 2, the other as 200.
ODD = "50 150 m 2--00 150 l S"


def test_a_plain_page_is_seen_alike(tmp_path: Path) -> None:
    write_page(tmp_path / "plain.pdf", TABLE)
    assert compare_decoders(tmp_path / "plain.pdf", [1]) == []


def test_a_line_that_they_end_elsewhere_is_a_finding(tmp_path: Path) -> None:
    write_page(tmp_path / "odd.pdf", TABLE + ODD)
    (finding,) = compare_decoders(tmp_path / "odd.pdf", [1])
    assert (finding.code, finding.level, finding.page) == ("decoder_disagreement", "warning", 1)
    assert "只有pdfium读出1条线；只有pdfplumber读出1条线" in finding.message
    assert finding.top == finding.bottom is not None


def test_lost_and_invented_glyphs_are_named(tmp_path: Path) -> None:
    pages = []
    for number, text in enumerate(("Hello", "Hallo!")):
        path = tmp_path / f"{number}.pdf"
        write_page(path, TABLE.replace("Hello", text))
        with open_pdf(path) as reader:
            pages.append(reader.decode(1))
    first, second = pages
    assert only_in(first, second).texts == ("e",)
    assert only_in(second, first).texts == ("a", "!")
    finding = page_finding(first, second)
    assert (
        finding is not None
        and "只有pdfium读出1个字（“e”）；只有pdfplumber读出2个字（“a!”）" in finding.message
    )
    empty = replace(
        first.glyphs(first.boxes[:, 0] < 0), rulings=first.rulings[:0], ruling_light=first.ruling_light[:0]
    )
    lost = only_in(first, empty)
    assert len(lost.texts) == 5 and len(lost.lines) == 1 and not only_in(empty, first)


def test_a_cross_checked_run_reports_it(home: Path) -> None:
    folder = home / "raw" / EDITION
    (path,) = folder.glob("*.pdf")
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[1].contents_add(f"\nq {ODD} Q\n".encode())
        pdf.save(path)
    source = folder / "source.yaml"
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    source.write_text(source.read_text("utf-8").replace(before, after), "utf-8")
    job = plan(Options(home, EDITION, cross_check=True))
    _, findings, _ = check_reading(job, read(job))
    assert [one.page for one in findings if one.code == "decoder_disagreement"] == [2]
    plain = replace(job, options=replace(job.options, cross_check=False))
    assert not [one for one in check_reading(plain, read(plain))[1] if one.code == "decoder_disagreement"]
