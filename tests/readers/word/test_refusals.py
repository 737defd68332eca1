"""Files that are no good: one sentence each, and nothing is written."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import XizeError
from pipeline.readers.word import office
from pipeline.readers.word.read import read_word
from tests.cli_home import print_rulebook, small_truth, xize
from tests.typeset.word import cell, paragraph, row, save, table

BODY = table([row([cell(paragraph("甲"))])], [1000])


def _good(path: Path) -> Path:
    return save(path, BODY)


def _rewritten(path: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """A good file whose parts are changed."""
    with zipfile.ZipFile(_good(path)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, change(name, data))
    return path


def _cut(path: Path) -> Path:
    path.write_bytes(_good(path).read_bytes()[:700])
    return path


def _encrypted(path: Path) -> Path:
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)
    path.write_bytes(
        head + "EncryptionInfo".encode("utf-16-le") + "EncryptedPackage".encode("utf-16-le") + bytes(500)
    )
    return path


def _bomb(path: Path) -> Path:
    blanks = b" " * (1 << 20)
    return _rewritten(path, lambda name, data: data + blanks * 300 if name == "word/document.xml" else data)


def _with_macro(path: Path) -> Path:
    return _rewritten(
        path,
        lambda name, data: data.replace(
            b"wordprocessingml.document.main", b"ms-word.document.macroEnabled.main"
        ),
    )


def _with_a_macro_part(path: Path) -> Path:
    _good(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("word/vbaProject.bin", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500))
    return path


def _of_two_files(path: Path) -> Path:
    return save(path, f'{BODY}<w:altChunk r:id="r9"/>')


def _web_page(path: Path) -> Path:
    path.write_text("<html><body><table><tr><td>甲</td></tr></table></body></html>", "utf-8")
    return path


def _without_grid(path: Path) -> Path:
    return save(path, f"{BODY}<w:tbl><w:tblPr/>{row([cell(paragraph('乙'))])}</w:tbl>")


def _with_entities(path: Path) -> Path:
    declared = b'<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><w:document'
    return _rewritten(path, lambda name, data: data.replace(b"<w:document", declared, 1))


def _broken_xml(path: Path) -> Path:
    return _rewritten(path, lambda name, data: data[:-30] if name == "word/document.xml" else data)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_cut, "已损坏"),
        (_broken_xml, "已损坏"),
        (_encrypted, "已加密"),
        (_bomb, "压缩炸弹"),
        (_with_macro, "宏"),
        (_with_a_macro_part, "宏"),
        (_of_two_files, "altChunk"),
        (_without_grid, "没有列的定义"),
        (_with_entities, "文档类型声明"),
        (lambda path: save(path, paragraph()), "没有任何文字"),
    ],
)
def test_one_sentence_and_nothing_added(tmp_path: Path, make: Callable[[Path], Path], said: str) -> None:
    path = make(tmp_path / "bad.docx")
    with pytest.raises(XizeError, match=said) as refused:
        read_word(path)
    assert "bad.docx" in str(refused.value) and "\n" not in str(refused.value)
    home = tmp_path / "home"
    home.mkdir()
    answer = xize(home, "add", "testland-2030", path, "--title", "某细则")
    assert answer.code != 0 and said in answer.err and not list(home.rglob("source.yaml"))


def test_a_web_page_is_no_word_file(tmp_path: Path) -> None:
    answer = xize(tmp_path, "add", "testland-2030", _web_page(tmp_path / "export.doc"))
    assert answer.code != 0 and "另存为.docx" in answer.err and not (tmp_path / "raw").exists()


def test_what_a_file_holds_decides_not_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "raw" / "testland-2030"
    word = _good(tmp_path / "a.pdf")
    answer = xize(tmp_path, "add", "testland-2030", word, "--title", "某细则")
    assert answer.code == 0 and "a.pdf的内容是细则的Word文件（.docx）" in answer.out
    print_rulebook(small_truth(), tmp_path / "a.pdf").rename(tmp_path / "b.docx")
    answer = xize(tmp_path, "add", "testland-2030", tmp_path / "b.docx")
    assert answer.code == 0 and "b.docx的内容是细则的PDF（.pdf）" in answer.out
    assert {one.name for one in folder.iterdir()} == {
        "source.yaml", "testland-2030.docx", "testland-2030.pdf"
    }  # fmt: skip


def test_a_file_without_tables_is_no_rulebook(tmp_path: Path) -> None:
    path = save(tmp_path / "letter.docx", paragraph("通知", "Title") + paragraph("各学校："))
    assert xize(tmp_path, "add", "testland-2030", path).code == 0
    answer = xize(tmp_path, "run", "testland-2030", "--no-prefect")
    assert answer.code != 0 and "没有找到专业目录表" in answer.err and not (tmp_path / "curated").exists()


def _program(folder: Path, script: str) -> None:
    """A stand-in for LibreOffice: what it would do to a file that it cannot or will not read."""
    path = folder / "soffice"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)


def test_old_files_need_libreoffice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "old.doc"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "WordDocument\0".encode("utf-16-le"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(XizeError, match="本机没有安装（找不到soffice）"):
        read_word(path)
    _program(tmp_path, "exit 0")
    with pytest.raises(XizeError, match="LibreOffice读不了该文件"):
        read_word(path)


def test_a_conversion_that_does_not_end_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "old.doc"
    path.write_bytes(b"{\\rtf1 }")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(office, "_SECONDS", 1)
    _program(tmp_path, f"sleep 60 & echo $! > {tmp_path}/child; wait")
    with pytest.raises(XizeError, match="已停止"):
        read_word(path)
    child = int((tmp_path / "child").read_text())
    stat_file = Path(f"/proc/{child}/stat")
    assert not stat_file.exists() or stat_file.read_text().split()[2] == "Z"
