"""adding.py: ``xize add`` makes an edition's folder whole, or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pikepdf
import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from pipeline.editions.add import add_edition
from pipeline.editions.edition import load_edition
from pipeline.errors import XizeError

pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))


def _pdf(path: Path, lines: list[tuple[str, int]], title: str = "", password: str | None = None) -> Path:
    """A page with each line of text in its size."""
    canvas = Canvas(str(path), encrypt=password)
    canvas.setTitle(title)
    for row, (text, size) in enumerate(lines):
        canvas.setFont("STSong-Light", size)
        canvas.drawString(72, 760 - 40 * row, text)
    canvas.save()
    return path


@pytest.fixture
def rulebook(tmp_path: Path) -> Path:
    lines = [("2026年江苏省教师", 22), ("认定细则（试行）", 22), ("目录", 12), ("一、农林牧渔大类", 12)]
    return _pdf(tmp_path / "in.pdf", lines, title="Microsoft Word - 3.doc")


def test_a_new_edition(tmp_path: Path, rulebook: Path) -> None:
    added = add_edition(tmp_path, "jiangsu-2026", rulebook, origin="官网")
    assert added.changed and added.kind == "pdf"
    edition = load_edition(tmp_path, "jiangsu-2026")
    assert edition.source.title == "2026年江苏省教师认定细则(试行)"
    assert (edition.source.jurisdiction, edition.source.year, edition.source.read) == ("jiangsu", 2026, "pdf")
    path, digest = edition.verify()
    assert path.read_bytes() == rulebook.read_bytes()
    assert digest == hashlib.sha256(rulebook.read_bytes()).hexdigest()
    assert edition.file().origin == "官网"
    assert sorted(child.name for child in (tmp_path / "raw").iterdir()) == ["jiangsu-2026"]


def test_what_pdfminer_warns_of_is_not_shown(
    tmp_path: Path, rulebook: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Fonts without a bounding box, as browsers print them."""
    with pikepdf.open(rulebook, allow_overwriting_input=True) as pdf:
        for font in pdf.pages[0].Resources.Font.values():
            for one in font.get("/DescendantFonts", []):
                del one["/FontDescriptor"]["/FontBBox"]
        pdf.save(rulebook)
    assert add_edition(tmp_path, "jiangsu-2026", rulebook).changed
    assert caplog.messages == []


def test_the_metadata_gives_the_title_where_type_is_of_one_size(tmp_path: Path) -> None:
    plain = _pdf(tmp_path / "in.pdf", [("目录", 12), ("一、农林牧渔大类", 12)], title="江苏省细则")
    assert add_edition(tmp_path, "jiangsu-2026", plain).edition.source.title == "江苏省细则"


@pytest.mark.parametrize(
    ("stated", "title", "said"),
    [
        ("上海市细则".encode("gbk").decode("latin-1"), "上海市细则", "编码有误，已经还原"),
        ("上海市细则".encode().decode("cp1252"), "上海市细则", "编码有误，已经还原"),
        ("江苏省细则".encode().decode("cp1252", "ignore"), "in", "标题是乱码"),  # bytes are missing
        (
            "江苏省实施细则（2026年）".encode().decode("latin-1"),
            "江苏省实施细则(2026年)",
            "编码有误，已经还原",
        ),
        ("江苏省细则".encode().decode("gb18030", "replace"), "in", "标题是乱码"),
        ("\x00\x01\x02细则", "in", "标题是乱码"),
        ("\ue001\ue002\ue003细则", "in", "标题是乱码"),
        ("\ufffd\ufffd细则", "in", "标题是乱码"),
        ("ÉÏº£\u0141ÊÐ§", "in", "标题是乱码"),
        ("----====....", "in", "标题是乱码"),
        ("䅟䉡㑇䍺䧹", "in", "标题是乱码"),
        ("细" * 500, "in", "标题是乱码"),
        ("", "in", "文件中没有标题"),
        ("Règles générales 2026", "Règles générales 2026", ""),
        ("Rulebook 2026", "Rulebook 2026", ""),
        ("認定細則", "認定細則", ""),
    ],
)
def test_a_garbled_title_is_repaired_or_left_out(tmp_path: Path, stated: str, title: str, said: str) -> None:
    plain = _pdf(tmp_path / "in.pdf", [("目录", 12), ("一、农林牧渔大类", 12)], title=stated)
    added = add_edition(tmp_path, "jiangsu-2026", plain)
    assert added.edition.source.title == title
    assert (said in added.remark) if said else not added.remark


def test_bytes_of_another_encoding_in_the_metadata(tmp_path: Path) -> None:
    """As producers write them: the raw bytes of GBK or UTF-8 in a string that is read as PDFDocEncoding."""
    for number, charset in enumerate(("gbk", "utf-8")):
        path = _pdf(tmp_path / "in.pdf", [("目录", 12), ("一、农林", 12)], title="T" * 40)
        raw = "江苏省教师认定细则".encode(charset).ljust(40)
        data = path.read_bytes()
        assert data.count(b"(" + b"T" * 40 + b")") == 1
        path.write_bytes(data.replace(b"T" * 40, raw))
        added = add_edition(tmp_path, f"jiangsu-{2026 + number}", path)
        assert (added.edition.source.title, "已经还原" in added.remark) == ("江苏省教师认定细则", True)


def test_a_garbled_printed_title_gives_way_to_the_metadata(tmp_path: Path) -> None:
    lines = [("䅟䉡㑇䍺䧹", 22), ("目录", 12), ("一、农林牧渔大类", 12)]
    rulebook = _pdf(tmp_path / "in.pdf", lines, title="江苏省细则")
    assert add_edition(tmp_path, "jiangsu-2026", rulebook).edition.source.title == "江苏省细则"


def test_the_same_file_again_changes_nothing_and_another_is_refused(tmp_path: Path, rulebook: Path) -> None:
    add_edition(tmp_path, "jiangsu-2026", rulebook)
    source = tmp_path / "raw/jiangsu-2026/source.yaml"
    before = source.read_bytes()
    assert not add_edition(tmp_path, "jiangsu-2026", rulebook).changed
    other = _pdf(tmp_path / "other.pdf", [("另一份", 20)])
    with pytest.raises(XizeError, match="已有另一个pdf文件"):
        add_edition(tmp_path, "jiangsu-2026", other)
    assert source.read_bytes() == before
    load_edition(tmp_path, "jiangsu-2026").verify()


def test_a_transcript_joins_the_edition_and_comments_stay(tmp_path: Path, rulebook: Path) -> None:
    add_edition(tmp_path, "jiangsu-2026", rulebook)
    source = tmp_path / "raw/jiangsu-2026/source.yaml"
    source.write_text("# steward's own words\n" + source.read_text(encoding="utf-8"), encoding="utf-8")
    transcript = tmp_path / "t.txt"
    transcript.write_text("## 2026 年江苏省教师认定细则\n\n目录\n", encoding="utf-8")
    add_edition(tmp_path, "jiangsu-2026", transcript)
    edition = load_edition(tmp_path, "jiangsu-2026")
    assert [file.kind for file in edition.source.files] == ["pdf", "transcript"]
    assert edition.source.read == "pdf"
    edition.verify("transcript")
    assert source.read_text(encoding="utf-8").startswith("# steward's own words\n")


def test_a_transcript_alone(tmp_path: Path) -> None:
    transcript = tmp_path / "t.txt"
    transcript.write_text("\ufeff\n## 2026 年江苏省教师认定细则\n目录\n", encoding="utf-8")
    edition = add_edition(tmp_path, "jiangsu-2026", transcript).edition
    assert edition.source.title == "2026年江苏省教师认定细则" and edition.source.read == "transcript"


def test_an_encrypted_pdf_asks_for_the_password(tmp_path: Path) -> None:
    locked = _pdf(tmp_path / "in.pdf", [("江苏省细则", 20), ("目录", 10)], "江苏省细则", "geheim")
    with pytest.raises(XizeError, match="已加密：请用--password"):
        add_edition(tmp_path, "jiangsu-2026", locked)
    assert (
        add_edition(tmp_path, "jiangsu-2026", locked, password="geheim").edition.source.title == "江苏省细则"
    )


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("in.pdf", b"<html>not found</html>", "不是PDF"),
        ("in.pdf", b"", "空文件"),
        ("in.doc", b"\xd0\xcf\x11\xe0\xff\xff", "不是PDF、Word、Excel文件，也不是UTF-8"),
        ("in.pdf", b"%PDF-1.7\n%broken", "损坏|没有任何页面"),
    ],
)
def test_bad_files_leave_nothing_behind(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(XizeError, match=said) as refusal:
        add_edition(tmp_path, "jiangsu-2026", path)
    assert str(path) in str(refusal.value)
    assert not list(tmp_path.glob("raw/*"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(XizeError, match="无法读取.*nowhere.pdf"):
        add_edition(tmp_path, "jiangsu-2026", tmp_path / "nowhere.pdf")


def test_a_strangers_file_in_the_folder_is_not_overwritten(tmp_path: Path, rulebook: Path) -> None:
    folder = tmp_path / "raw/jiangsu-2026"
    folder.mkdir(parents=True)
    (folder / "jiangsu-2026.pdf").write_bytes(b"%PDF-1.7 another")
    with pytest.raises(XizeError, match="已存在且内容不同"):
        add_edition(tmp_path, "jiangsu-2026", rulebook)
    assert (folder / "jiangsu-2026.pdf").read_bytes() == b"%PDF-1.7 another"
    assert not (folder / "source.yaml").exists()


def test_a_later_version_of_the_year_and_what_is_known_of_its_validity(
    tmp_path: Path, rulebook: Path
) -> None:
    facts = {"issued": "2025-12-20", "effective_from": "2026-01-01", "document_no": "苏教师〔2025〕1号"}
    added = add_edition(tmp_path, "jiangsu-2025-2", rulebook, **facts, supersedes="jiangsu-2025")
    source = load_edition(tmp_path, "jiangsu-2025-2").source
    assert added.changed and (source.jurisdiction, source.year) == ("jiangsu", 2025)
    said = source.model_dump(mode="json")
    assert {name: said[name] for name in facts} == facts and source.supersedes == "jiangsu-2025"
    # The same file again with something new to say; what it says already is not written over.
    add_edition(tmp_path, "jiangsu-2025", rulebook)
    assert add_edition(tmp_path, "jiangsu-2025", rulebook, effective_from="2025-01-01").changed
    assert not add_edition(tmp_path, "jiangsu-2025", rulebook, effective_from="2025-01-01").changed
    with pytest.raises(XizeError, match="已写作“2025-01-01”"):
        add_edition(tmp_path, "jiangsu-2025", rulebook, effective_from="2025-02-01")
    text = (tmp_path / "raw" / "jiangsu-2025" / "source.yaml").read_text("utf-8")
    assert "effective_from: '2025-01-01'" in text and "# The kind of the file that is read" in text
    with pytest.raises(XizeError, match="应是同一地区的另一个版本"):
        add_edition(tmp_path, "jiangsu-2026", rulebook, supersedes="anhui-2025")
    assert not (tmp_path / "raw" / "jiangsu-2026").exists()


@pytest.mark.parametrize(
    "name", ["jiangsu-2025-0", "jiangsu-2025-02", "jiangsu-2025-100", "jiangsu-2025-", "jiangsu-25"]
)
def test_other_names_are_refused(tmp_path: Path, rulebook: Path, name: str) -> None:
    with pytest.raises(XizeError, match="版本名"):
        add_edition(tmp_path, name, rulebook)
