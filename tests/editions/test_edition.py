"""edition.py and source_yaml.py: strict reading, checksums, and the lock between two runs."""

from __future__ import annotations

import hashlib
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.editions import source_yaml
from pipeline.editions.edition import edition_lock, editions, load_edition, resolve_home
from pipeline.editions.names import validate_name
from pipeline.editions.source_yaml import dump_yaml, line_of, load_yaml, parse_yaml
from pipeline.errors import XizeError

PROJECT = Path(__file__).parents[2]
BODY = b"%PDF-1.7 a file"
SOURCE = f"""\
# kept
edition: jiangsu-2026
title: 江苏省细则  # so is this
jurisdiction: jiangsu
year: 2026
read: pdf
files:
  - name: a.pdf
    kind: pdf
    sha256: {hashlib.sha256(BODY).hexdigest()}
headers:
  职业技能等级: skill
  低档: 初级
  名称列: {{field: name, kind: title}}
bounds:
  classes: {{min: 1, max: 9}}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "raw" / "jiangsu-2026"
    folder.mkdir(parents=True)
    (folder / "source.yaml").write_text(SOURCE, encoding="utf-8")
    (folder / "a.pdf").write_bytes(BODY)
    return tmp_path


def _rewrite(home: Path, old: str, new: str) -> Path:
    path = home / "raw" / "jiangsu-2026" / "source.yaml"
    assert old in SOURCE
    path.write_text(SOURCE.replace(old, new), encoding="utf-8")
    return path


def test_an_edition_is_read(home: Path) -> None:
    edition = load_edition(home, "jiangsu-2026")
    assert edition.source.title == "江苏省细则" and edition.source.year == 2026
    assert edition.source.headers["职业技能等级"].kind == "skill"
    assert edition.source.headers["低档"].tier == "初级"
    assert edition.source.headers["名称列"].field == "name"
    assert edition.source.bounds["classes"].max == 9
    path, digest = edition.verify()
    assert path == home / "raw/jiangsu-2026/a.pdf" and digest == hashlib.sha256(BODY).hexdigest()
    assert edition.staged_cells("pdf", digest) == home / f"staged/jiangsu-2026/pdf/{digest[:8]}/cells.parquet"
    assert editions(home) == ("jiangsu-2026",)


def test_the_projects_own_edition_is_whole() -> None:
    edition = load_edition(PROJECT, "shanghai-2025")
    for kind in ("pdf", "transcript"):
        edition.verify(kind)
        assert edition.file(kind).about and edition.file(kind).origin
    assert edition.source.read == "pdf" and edition.source.disclaimer


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: 江苏省细则  # so is this\n", "", "缺少键“title”"),
        ("    kind: pdf\n", "", "第8行缺少键“files.第1项.kind”"),
        ("read: pdf", "raed: pdf", "“read”"),
        ("title: 江苏省", "titel: x\ntitle: 江苏省", "第3行有不认识的键“titel”"),
        ("year: 2026", "year: soon", "第5行的键“year”有误（应是整数）"),
        ("read: pdf", "read: transcript", "read是“transcript”，但files中没有该kind"),
        ("jurisdiction: jiangsu", "jurisdiction: anhui", "应等于jurisdiction-year"),
        ("year: 2026", "year: 2026\nissued: 20260301", "第6行的键“issued”有误（应是日期，如2026-03-01）"),
        ("year: 2026", "year: 2026\nissued: 三月一日", "第6行的键“issued”有误（应是日期，如2026-03-01）"),
        ("year: 2026", "year: 2026\nsupersedes: jiangsu-2026", "应是同一地区的另一个版本"),
        ("职业技能等级: skill", "职业技能等级: {kind: sklil}", "headers.职业技能等级.kind"),
        ("classes: {min", "clases: {min", "没有名为clases的表"),
        ("min: 1", "min: 10", "min大于max"),
        ("    sha256: ", "    sha256: x", "第10行的键“files.第1项.sha256”有误（应是64位小写十六进制数）"),
        ("name: a.pdf", "name: ../a.pdf", "须是版本文件夹内的文件名"),
        ("files:\n", "files:\n  - {a: 'b}\n", "不是合法的YAML"),
    ],
)
def test_a_wrong_source_yaml_is_refused_in_one_sentence(home: Path, old: str, new: str, said: str) -> None:
    path = _rewrite(home, old, new)
    with pytest.raises(XizeError) as refusal:
        load_edition(home, "jiangsu-2026")
    sentence = str(refusal.value)
    assert said in sentence and str(path) in sentence
    assert "\n" not in sentence and sentence.endswith("。") and "请" in sentence


def test_a_folder_of_another_name_is_refused(home: Path) -> None:
    (home / "raw/jiangsu-2026").rename(home / "raw/anhui-2026")
    with pytest.raises(XizeError, match="与文件夹名“anhui-2026”不一致"):
        load_edition(home, "anhui-2026")


def test_a_missing_edition_names_those_there_are(home: Path) -> None:
    with pytest.raises(XizeError, match=r"xize add anhui-2026.*现有版本：jiangsu-2026"):
        load_edition(home, "anhui-2026")


def test_a_changed_file_is_refused_with_both_hashes(home: Path) -> None:
    (home / "raw/jiangsu-2026/a.pdf").write_bytes(BODY + b"!")
    expected, found = (hashlib.sha256(data).hexdigest() for data in (BODY, BODY + b"!"))
    with pytest.raises(XizeError, match=f"应为{expected}，实为{found}"):
        load_edition(home, "jiangsu-2026").verify()


@pytest.mark.parametrize(("data", "said"), [(None, "找不到"), (b"", "空文件")])
def test_a_missing_or_empty_file_is_refused(home: Path, data: bytes | None, said: str) -> None:
    path = home / "raw/jiangsu-2026/a.pdf"
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(XizeError, match=said):
        load_edition(home, "jiangsu-2026").verify()


@pytest.mark.parametrize(
    "name", ["shanghai", "Shanghai-2025", "shanghai_2025", "../x-2025", "-2025", "shanghai-25"]
)
def test_other_names_of_editions_are_refused(name: str) -> None:
    with pytest.raises(XizeError, match="不合规则"):
        validate_name(name)
    assert validate_name("inner-mongolia-2027") == ("inner-mongolia", 2027, 0)


def test_rewriting_keeps_comments(home: Path) -> None:
    path = home / "raw/jiangsu-2026/source.yaml"
    document = load_yaml(path)
    document["title"] = "新标题"
    dump_yaml(path, document)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# kept\n") and re.search(r"title: 新标题 +# so is this\n", text)
    assert [child.name for child in path.parent.iterdir() if child.name.startswith(".")] == []


def test_a_second_run_of_the_edition_is_refused(home: Path) -> None:
    attempt = (
        "import sys; from pathlib import Path; from pipeline.editions.edition import edition_lock\n"
        "with edition_lock(Path(sys.argv[1]), sys.argv[2]): print('held')"
    )

    def other(name: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", attempt, str(home), name]
        return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    with edition_lock(home, "jiangsu-2026"):
        refused = other("jiangsu-2026")
        assert refused.returncode != 0 and "正由另一个进程处理" in refused.stderr
        assert other("jiangsu-2027").stdout == "held\n"
    assert other("jiangsu-2026").stdout == "held\n"


def test_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIZE_HOME", str(home))
    assert resolve_home() == home
    assert resolve_home(PROJECT) == PROJECT
    monkeypatch.delenv("XIZE_HOME")
    assert resolve_home() == PROJECT
    with pytest.raises(XizeError, match="找不到文件夹"):
        resolve_home(home / "nowhere")


def test_a_list_is_parsed_item_by_item_as_a_whole() -> None:
    """known_yaml parses only those items that it does not know: values and line numbers are the same."""
    choice = random.Random(5).choice
    pieces = (
        "- a: 1\n", "- a: 1\n  b: 'x\n\n    y'\n", "  c: 2\n", "- |\n  text\n", "  more\n", "\n", "# note\n", "-\n  a: 3\n",
        "...\n", "---\n", "- &x {a: 1}\n", "- *x\n", "- a: 5", "6\n", "- 'q", "uote'\n", "\r\n", "- z: \u2028q\n", "[1]\n",
    )  # fmt: skip
    path, known = Path("decisions.yaml"), source_yaml._known_items.cache_info().hits

    def facts(read: Callable[[Path, bytes], Any], data: bytes) -> Any:
        try:
            document = read(path, data)
        except XizeError as error:
            return str(error)
        if not isinstance(document, list):
            return document
        lines = [[line_of(document, [n, *key]) for key in ((), ("a",), ("b",))] for n in range(len(document))]
        return list(document), lines

    for _ in range(150):
        data = b""
        for _ in range(4):
            data += "".join(choice(choice((pieces[:2], pieces))) for _ in range(3)).encode()
            assert facts(source_yaml.known_yaml, data) == facts(parse_yaml, data), data
    assert source_yaml._known_items.cache_info().hits > known + 200


def test_what_is_no_utf8_is_refused_wherever_it_stands() -> None:
    path = Path("corrections.yaml")
    for data in ("甲".encode("gbk"), b"- a: 1\n" + "- a: 甲\n".encode("gbk"), "- a: 甲\n".encode("utf-16")):
        with pytest.raises(XizeError, match=r"corrections.yaml不是UTF-8编码（第\d+字节起）：请另存为UTF-8。"):
            source_yaml.known_yaml(path, data)
