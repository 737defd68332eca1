"""Printed PDFs with damaged bytes: the pages that lose something are named, and no others."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pyarrow as pa
import pytest

from pipeline.errors import XizeError
from pipeline.quality.checks.pages import damaged_pages as damaged_page_findings
from pipeline.readers.pdf.damage import open_structure
from pipeline.readers.pdf.open import open_pdf
from pipeline.readers.pdf.read import read_pages, read_pdf
from pipeline.reading import BROKEN, cells_of, pages_of
from tests.cli_home import EDITION, one_sentence, replace_source, snapshot, xize
from tests.typeset.bad import BAD, PASSWORDS, good

PAGE = 2


def _zeros(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(40) + data[middle + 40 :]


def _ends_early(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + b" " * (len(data) - middle)


def _other_checksum(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 0xFF])


def _no_checksum(data: bytes) -> bytes:
    return data[:-4] + b"\n" * 4


def _spoil(path: Path, stream: tuple[int, int], how: Callable[[bytes], bytes]) -> None:
    """Change the bytes of a stream (object and generation number) as they are stored in the file."""
    data = path.read_bytes()
    head = re.search(rb"(?<!\d)%d %d obj\b.*?\bstream\r?\n" % stream, data, re.DOTALL)
    assert head is not None
    start, stop = head.end(), data.index(b"endstream", head.end())
    stored = data[start:stop].rstrip(b"\r\n")
    changed = how(stored)
    assert len(changed) == len(stored) and changed != stored
    path.write_bytes(data[:start] + changed + data[start + len(stored) :])


def _flate(path: Path) -> Path:
    """The document with every stream compressed as most producers do, and kept in objects of its own."""
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        for page in pdf.pages:
            page.contents_coalesce()
        pdf.save(path, recompress_flate=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return path


def damaged(path: Path, password: str = "") -> dict[int, set[str]]:
    """The checks that the damaged pages of a document fail."""
    with open_pdf(path, password) as pdf:
        states = {number: set(pdf.state(number).checks) for number in range(1, pdf.page_count + 1)}
    return {number: checks for number, checks in states.items() if checks}


def content(path: Path, page: int = PAGE, password: str = "") -> tuple[int, int]:
    """The object and generation number of a page's content stream."""
    with pikepdf.open(path, password=password) as pdf:
        return pdf.pages[page - 1].Contents.objgen


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "plain.pdf"
    good(path, 4)
    return _flate(path)


@pytest.mark.parametrize("decoder", ["pdfium", "pdfplumber"])
@pytest.mark.parametrize(
    ("how", "found"),
    [(_zeros, True), (_ends_early, True), (_other_checksum, True), (_no_checksum, False)],
)
def test_damage_is_a_check_of_its_page(
    plain: Path, decoder: str, how: Callable[[bytes], bytes], found: bool
) -> None:
    whole = len(cells_of(read_pages(plain, [PAGE], decoder=decoder)))
    _spoil(plain, content(plain), how)
    reading = read_pdf(plain, decoder=decoder)
    assert [info.page for info in pages_of(reading) if BROKEN in info.checks] == [PAGE] * found
    if not found:
        assert len([cell for cell in cells_of(reading) if cell.page == PAGE]) == whole


def test_whole_documents_have_no_damaged_page(plain: Path) -> None:
    assert not damaged(plain)
    for name, password in PASSWORDS.items():
        path = plain.with_name(f"{name}.pdf")
        BAD[name](path)
        assert not damaged(path, password)


def test_ascii85_around_the_compressed_data(tmp_path: Path) -> None:
    path = tmp_path / "ascii.pdf"
    good(path, 3)
    with pikepdf.open(path) as pdf:
        names = [str(name) for name in pdf.pages[PAGE - 1].Contents.Filter]
    assert names == ["/ASCII85Decode", "/FlateDecode"], "as reportlab writes it"
    assert not damaged(path)
    _spoil(path, content(path), lambda data: data[:50] + data[50:90][::-1] + data[90:])
    assert damaged(path) == {PAGE: {BROKEN}}


def test_an_encrypted_document(tmp_path: Path) -> None:
    for name, password in PASSWORDS.items():
        path = tmp_path / f"{name}.pdf"
        BAD[name](path)
        _spoil(path, content(path, password=password), _zeros)
        assert damaged(path, password) == {PAGE: {BROKEN}}, name


def test_a_form_names_the_pages_that_it_is_painted_on(plain: Path) -> None:
    with pikepdf.open(plain, allow_overwriting_input=True) as pdf:
        form = pdf.make_stream(
            "".join(f"{n} {n * n % 97} m {n * 7 % 89} 50 l S\n" for n in range(99)).encode(),
            Type=pikepdf.Name.XObject,
            Subtype=pikepdf.Name.Form,
        )
        form.BBox = [0, 0, 100, 100]
        for page in (pdf.pages[0], pdf.pages[3]):
            page.add_resource(form, pikepdf.Name.XObject, pikepdf.Name.Fm1)
            page.contents_add(b"/Fm1 Do")
            page.contents_coalesce()
        pdf.save(plain, compress_streams=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    with pikepdf.open(plain) as pdf:
        form_number = pdf.pages[0].Resources.XObject.Fm1.objgen
    _spoil(plain, form_number, _zeros)
    assert damaged(plain) == {1: {BROKEN}, 4: {BROKEN}}


def test_damage_elsewhere_is_no_pages(plain: Path) -> None:
    """An attachment that nobody can open takes nothing from a page."""
    with pikepdf.open(plain, allow_overwriting_input=True) as pdf:
        pdf.Root.PieceInfo = pikepdf.Dictionary(Own=pdf.make_stream(b"private data " * 400))
        pdf.save(plain, compress_streams=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    with pikepdf.open(plain) as pdf:
        private = pdf.Root.PieceInfo.Own.objgen
    _spoil(plain, private, lambda data: data[:8] + b"\xff" * 8 + data[16:])
    assert not damaged(plain)


def test_xize_tables_says_so_beside_the_tables(plain: Path) -> None:
    _spoil(plain, content(plain), _zeros)
    done = xize(None, "tables", plain, "--format", "csv")
    assert done.code == 0 and done.out
    assert one_sentence(done.err).startswith(f"第{PAGE}页内容流损坏")
    assert not xize(None, "tables", plain, "--pages", "1,3", "--format", "csv").err


def test_the_file_is_looked_at_again_when_it_changes(plain: Path) -> None:
    assert not damaged(plain)
    _spoil(plain, content(plain), _zeros)
    assert damaged(plain) == {PAGE: {BROKEN}}


def test_a_document_without_its_catalogue(plain: Path) -> None:
    plain.write_bytes(plain.read_bytes().replace(b"/Root ", b"/Rout "))
    with pytest.raises(XizeError, match="plain.pdf：PDF 结构已损坏"), open_structure(plain):
        pass


@pytest.mark.long
def test_a_run_refuses_a_damaged_page_until_it_is_accepted(home: Path, tmp_path: Path) -> None:
    damaged = _flate(Path(shutil.copy(home / "raw" / EDITION / f"{EDITION}.pdf", tmp_path / "damaged.pdf")))
    # Near the end of a page's content: its tables are read, what is printed last is lost.
    _spoil(damaged, content(damaged), lambda data: data[:-60] + bytes(40) + data[-20:])
    replace_source(home, damaged)
    before = snapshot(home / "curated")
    refused = xize(home, "run", EDITION, "--no-prefect", "--allow-incomplete")
    assert refused.code == 1
    assert f"第 {PAGE} 页内容流损坏，读出的内容可能不全或有误" in one_sentence(refused.err)
    assert snapshot(home / "curated") == before
    listed = json.loads(xize(home, "findings", EDITION, "--code", "page_damaged", "--format", "json").out)
    assert [(row["page"], row["severity"], row["status"]) for row in listed] == [(PAGE, "error", "open")]
    done = xize(home, "accept", listed[0]["finding_id"], "--why", "取不到别的文件", "--by", "李")
    assert done.code == 0, done.err
    run = xize(home, "run", EDITION, "--no-prefect", "--allow-incomplete")
    assert run.code == 0, run.err
    assert (home / "curated" / EDITION / "r002").is_dir()


@pytest.mark.long
def test_a_page_without_characters_is_one_error(home: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(home / "raw" / EDITION / f"{EDITION}.pdf", tmp_path / "nameless.pdf"))
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        last = pdf.pages[-1]
        last.Resources = pikepdf.Dictionary(
            Font={
                name: pikepdf.Dictionary({key: value for key, value in font.items() if key != "/ToUnicode"})
                for name, font in last.Resources.Font.items()
            }
        )
        number = len(pdf.pages)
        pdf.save(path)
    replace_source(home, path)
    refused = xize(home, "run", EDITION, "--no-prefect", "--allow-incomplete")
    assert refused.code == 1 and f"第 {number} 页超过 5% 的字没有编码" in one_sentence(refused.err)
    listed = json.loads(xize(home, "findings", EDITION, "--code", "undecodable_text", "--format", "json").out)
    assert [(row["page"], row["severity"]) for row in listed] == [(number, "error")]


def test_the_findings_of_pages() -> None:
    pages = pa.Table.from_pylist(
        [
            {"page": 1, "glyphs": 9, "checks": []},
            {"page": 2, "glyphs": 7, "checks": ["ragged"]},
            {"page": 3, "glyphs": 5, "checks": [BROKEN]},
        ]
    )
    found = [(one.page, one.level, one.message) for one in damaged_page_findings(pages)]
    ((page, level, message),) = found
    assert (
        (page, level) == (3, "error") and message.startswith("第 3 页内容流损坏") and message.count("。") == 1
    )
