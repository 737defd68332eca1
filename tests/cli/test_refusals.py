"""What stands in the way of a run ends it with one sentence; what is published stays as it was."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.editions.edition import edition_lock
from tests.cli_home import EDITION, one_sentence, replace_source, sha256, snapshot, xize
from tests.typeset import bad

RUN = ("run", EDITION, "--no-prefect")

# What the sentence must say beside the file's name.
REFUSED = {
    "not_a_pdf": "PDF",
    "html_error_page": "PDF",
    "truncated_half": "不完整",
    "truncated_most": "不完整",
    "encrypted_aes256": "--password",
    "encrypted_rc4": "--password",
    "scan": "没有找到专业目录表",  # recognised (the extra ocr is there), and no rulebook
    "no_table": "表",
    "no_catalogue": "表",
    "no_pages": "没有任何页面",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_document_is_refused(name: str, home: Path, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.pdf"
    bad.BAD[name](path)
    replace_source(home, path)
    before = snapshot(home / "curated")
    done = xize(home, *RUN)
    assert done.code != 0
    sentence = one_sentence(done.err)
    assert f"{EDITION}.pdf" in sentence and REFUSED[name] in sentence
    assert snapshot(home / "curated") == before
    assert xize(home, "releases").code == 0


@pytest.mark.parametrize("name", ["empty", "not_a_pdf", "truncated_most", "encrypted_aes256", "no_pages"])
def test_a_bad_document_is_not_added(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.pdf"
    bad.BAD[name](path)
    done = xize(tmp_path, "add", "demo-2026", path)
    assert done.code != 0 and path.name in one_sentence(done.err)
    assert list((tmp_path / "raw").glob("*")) == [] if (tmp_path / "raw").exists() else True


@pytest.mark.long
def test_a_password_opens_an_encrypted_document(home: Path, tmp_path: Path) -> None:
    import pikepdf

    path, locked = home / "raw" / EDITION / f"{EDITION}.pdf", tmp_path / "locked.pdf"
    with pikepdf.open(path) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(user=bad.PASSWORD, owner="o", R=6))
    replace_source(home, locked)
    wrong = xize(home, *RUN, "--password", "wrong")
    assert wrong.code != 0 and "密码" in one_sentence(wrong.err)
    opened = xize(home, *RUN, "--password", bad.PASSWORD)
    assert opened.code == 0 and "条目" in opened.out


@pytest.mark.long
def test_a_scanned_page_among_printed_ones_is_recognised_and_named(home: Path, tmp_path: Path) -> None:
    import pikepdf

    path, mixed, scan = (
        home / "raw" / EDITION / f"{EDITION}.pdf",
        tmp_path / "mixed.pdf",
        tmp_path / "scan.pdf",
    )
    bad.scan(scan, pages=1)
    with pikepdf.open(path) as pdf, pikepdf.open(scan) as pages:
        pdf.pages.insert(1, pages.pages[0])
        pdf.save(mixed)
    replace_source(home, mixed)
    done = xize(home, *RUN)
    assert done.code == 0
    listed = json.loads(xize(home, "findings", EDITION, "--page", "2", "--format", "json").out)
    codes = {row["code"] for row in listed}
    assert "table_outside_sections" in codes and "page_without_text" not in codes


def test_an_empty_file_is_refused(home: Path) -> None:
    (home / "raw" / EDITION / f"{EDITION}.pdf").write_bytes(b"")
    done = xize(home, *RUN)
    assert done.code != 0 and "空文件" in one_sentence(done.err)


def test_a_changed_file_is_refused_with_both_checksums(home: Path) -> None:
    path = home / "raw" / EDITION / f"{EDITION}.pdf"
    expected, before = sha256(path), snapshot(home / "curated")
    path.write_bytes(path.read_bytes() + b"\n")
    done = xize(home, *RUN)
    sentence = one_sentence(done.err)
    assert done.code != 0 and expected in sentence and sha256(path) in sentence
    assert snapshot(home / "curated") == before


def test_a_missing_file_or_edition_is_named(home: Path) -> None:
    (home / "raw" / EDITION / f"{EDITION}.pdf").unlink()
    assert f"{EDITION}.pdf" in one_sentence(xize(home, *RUN).err)
    assert "xize add other-2025" in one_sentence(xize(home, "run", "other-2025", "--no-prefect").err)
    assert "Shanghai" in one_sentence(xize(home, "run", "Shanghai", "--no-prefect").err)
    missing = xize(home / "nowhere", *RUN)
    assert missing.code != 0 and "nowhere" in one_sentence(missing.err)


@pytest.mark.parametrize(
    "key", ["edition", "title", "jurisdiction", "year", "read", "files", "sha256", "kind", "name"]
)
def test_a_missing_key_of_source_yaml_is_named(key: str, home: Path) -> None:
    source = home / "raw" / EDITION / "source.yaml"
    text = source.read_text("utf-8")
    if key == "files":
        text = text[: text.index("files:")]
    else:
        text = re.sub(
            rf"(?m)^(  - |    |){key}: .*\n",
            lambda found: "  - " if found[1] == "  - " else "",
            text,
            count=1,
        )
        text = text.replace("  -     ", "  - ")
    source.write_text(text, "utf-8")
    before = snapshot(home / "curated")
    done = xize(home, *RUN)
    assert done.code != 0
    sentence = one_sentence(done.err)
    assert "source.yaml" in sentence and key in sentence
    assert snapshot(home / "curated") == before


@pytest.mark.long
def test_a_curated_folder_that_cannot_be_made(home: Path) -> None:
    blocked = home / "blocked"
    blocked.write_text("no folder")
    done = xize(home, *RUN, "--curated", blocked / "curated")
    assert done.code != 0 and "blocked" in one_sentence(done.err)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_curated_folder(home: Path, reissued: Path) -> None:
    replace_source(home, reissued)
    folder = home / "curated" / EDITION
    folder.chmod(0o555)
    try:
        done = xize(home, *RUN)
        assert done.code != 0 and "curated" in one_sentence(done.err)
    finally:
        folder.chmod(0o755)


def _no_large_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


@pytest.mark.long
def test_a_disk_that_takes_no_more(home: Path, reissued: Path) -> None:
    """A limit on the size of files stands for a full disk: the system refuses the write."""
    replace_source(home, reissued)
    before = snapshot(home / "curated")
    reading = xize(home, *RUN, preexec_fn=_no_large_files)
    assert reading.code != 0 and "staged" in one_sentence(reading.err)
    # Once the reading is staged, the first that does not fit is what is published.
    assert xize(home, *RUN, "--no-publish").code == 0
    publishing = xize(home, *RUN, preexec_fn=_no_large_files)
    assert publishing.code != 0 and one_sentence(publishing.err)
    assert snapshot(home / "curated") == before


def test_a_second_run_at_the_same_time_is_refused(home: Path) -> None:
    with edition_lock(home, EDITION):
        done = xize(home, *RUN)
    assert done.code != 0 and EDITION in one_sentence(done.err) and "另一个进程" in done.err


@pytest.mark.long
def test_two_runs_at_once_make_one_release(home: Path, reissued: Path) -> None:
    replace_source(home, reissued)
    command = [sys.executable, "-m", "pipeline.cli", "--home", str(home), *RUN]
    runs = [
        subprocess.Popen(
            command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    ended = [(*run.communicate(timeout=240), run.returncode) for run in runs]
    assert 0 in {code for _, _, code in ended}
    for out, err, code in ended:
        assert "没有变化" in out or "数据" in out if code == 0 else "另一个进程" in one_sentence(err)
    assert sorted(path.name for path in (home / "curated" / EDITION).glob("r*")) == ["r001", "r002"]


def test_a_word_of_another_encoding_is_no_answer() -> None:
    """As a terminal set to GBK gives it: what is looked for by it would not be found, and that is an answer, too."""
    name = os.fsdecode("农作物植保员".encode("gbk"))
    for words in (["check", "--class", "6101", "--name", name], ["sql", f"select '{name}'"]):
        done = xize(None, *words)
        assert (done.code, done.out) == (2, "") and "不是utf-8编码" in one_sentence(done.err)


def test_nobody_listens(home: Path) -> None:
    """Standard output and error are closed: the exit code still tells."""
    for words, code in (("sql 'select 1' -f json", 0), ("sql 'select 1' -f csv", 0), ("sql 'select x'", 2)):
        command = f"exec {sys.executable} -m pipeline.cli --home '{home}' {words} >&- 2>&-"
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        assert subprocess.run(["sh", "-c", command], env=environment, check=False).returncode == code


def test_nothing_is_written_among_the_data(home: Path, tmp_path: Path) -> None:
    release, raw = home / "curated" / EDITION / "r001", home / "raw" / EDITION
    before = snapshot(home)
    for words in (
        ["sql", "select 1 as a", "-f", "parquet", "-o", release / "entries.parquet"],
        ["export", EDITION, "--csv", release],
        ["export", EDITION, "--sqlite", raw / "source.yaml"],
        ["publish-site", release / "site"],
        ["tables", raw / f"{EDITION}.pdf", "-o", raw / "corrections.yaml"],
    ):
        done = xize(home, *words)
        assert done.code == 2 and "不能写入" in one_sentence(done.err)
    assert snapshot(home) == before
    assert xize(home, "export", EDITION, "--csv", tmp_path / "csv").code == 0
