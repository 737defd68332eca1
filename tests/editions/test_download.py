"""Source files that lie at a URL: fetched once, verified, kept in a cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.editions.add import add_edition
from pipeline.editions.download import Unreachable, fetch, shown
from pipeline.editions.edition import load_edition
from pipeline.editions.files import file_sha256
from pipeline.editions.plan import plan
from pipeline.errors import XizeError
from pipeline.job import Options
from tests.served_files import move_to, served_files
from tests.typeset import bad


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, list[str]]]:
    """A folder, the address under which an HTTP server offers it, and the paths that were asked for."""
    folder = tmp_path_factory.mktemp("served")
    with served_files(folder) as (address, asked):
        yield folder, address, asked


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own for fetched files."""
    monkeypatch.setenv("XIZE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache"


def test_a_file_is_fetched_once_and_its_checksum_compared(
    cache: Path, served: tuple[Path, str, list[str]]
) -> None:
    folder, address, asked = served
    (folder / "a b.pdf").write_bytes(b"%PDF- one")
    url, sha256 = f"{address}/a%20b.pdf", file_sha256(folder / "a b.pdf")
    path = fetch(url, sha256)
    assert path == cache / sha256 / "a_b.pdf" and path.read_bytes() == b"%PDF- one"
    assert fetch(url, sha256) == path and asked.count("/a%20b.pdf") == 1
    path.write_bytes(b"%PDF- spoilt")  # a file of the cache that has changed is fetched again
    assert fetch(url, sha256).read_bytes() == b"%PDF- one" and asked.count("/a%20b.pdf") == 2
    with pytest.raises(XizeError, match="校验和不符") as other:
        fetch(url.replace("http://", "http://me:pass@"), "0" * 64)
    assert "pass" not in str(other.value)
    assert [file.name for file in cache.rglob("*") if file.is_file()] == ["a_b.pdf"]


def test_what_cannot_be_fetched_is_told_apart(
    cache: Path, served: tuple[Path, str, list[str]], tmp_path: Path
) -> None:
    with pytest.raises(XizeError, match="没有文件") as missing:
        fetch(f"{served[1]}/nowhere.pdf", "0" * 64)
    assert not isinstance(missing.value, Unreachable)  # trying again would not help
    with pytest.raises(Unreachable, match="无法取得http://127.0.0.1:1/x.pdf"):
        fetch("http://127.0.0.1:1/x.pdf?key=secret", "0" * 64)
    with pytest.raises(XizeError, match="无法使用地址nowhere://a/b"):
        fetch("nowhere://a/b", "0" * 64)
    with pytest.raises(XizeError, match="找不到该文件"):
        fetch(f"file://{tmp_path}/none.pdf", "0" * 64)
    (tmp_path / "there.pdf").write_bytes(b"x")
    assert (
        fetch(f"file://{tmp_path}/there.pdf", file_sha256(tmp_path / "there.pdf")) == tmp_path / "there.pdf"
    )
    assert not list(cache.rglob("*.pdf"))
    assert shown("https://me:pass@host/a.pdf?sig=1") == "https://host/a.pdf"


def test_an_edition_by_url_needs_no_file_in_its_folder(
    cache: Path, served: tuple[Path, str, list[str]], tmp_path: Path
) -> None:
    document = tmp_path / "document.pdf"
    bad.good(document, pages=1)
    edition = add_edition(tmp_path, "testland-2031", document, title="试用细则").edition
    move_to(edition.folder / "source.yaml", f"{served[1]}/moved.pdf")
    edition.path("pdf").rename(served[0] / "moved.pdf")
    job = plan(Options(tmp_path, "testland-2031"))
    assert job.path.is_relative_to(cache) and job.path.read_bytes() == document.read_bytes()
    text = (edition.folder / "source.yaml").read_text("utf-8")
    (edition.folder / "source.yaml").write_text(text.replace("url: http", "url: 'not an address' #"), "utf-8")
    with pytest.raises(XizeError, match=r"source.yaml第\d+行的键“files.第1项.url”有误"):
        load_edition(tmp_path, "testland-2031")
