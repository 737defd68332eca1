"""The static tree as readers use it: over a plain file server, in Chromium, and by the catalogues' own tools."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from xml.etree import ElementTree

import frictionless
import mlcroissant
import pytest
import rdflib
from ruamel.yaml import YAML

from pipeline.releases.catalogue import load_release
from tests.cli_home import EDITION, Done, xize
from tests.served_files import served_files

ATOM = {"a": "http://www.w3.org/2005/Atom"}
DCAT = {"dcat": rdflib.DCAT, "spdx": rdflib.Namespace("http://spdx.org/rdf/terms#")}


@pytest.fixture(scope="module")
def twice(published: tuple[Path, Done], reissued: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two releases, the second of the document as reissued."""
    home = tmp_path_factory.mktemp("twice") / "home"
    shutil.copytree(published[0], home)
    raw = home / "raw" / EDITION
    shutil.rmtree(raw)
    assert xize(home, "add", EDITION, reissued).code == 0
    done = xize(home, "run", EDITION, "--no-prefect")
    assert done.code == 0, done.err
    return home


@pytest.fixture(scope="module")
def tree(twice: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its static tree."""
    target = tmp_path_factory.mktemp("web") / "site"
    done = xize(twice, "publish-site", target)
    assert done.code == 0 and "2个发布" in done.out, done.err
    return target


def test_a_plain_file_server_serves_it(tree: Path, browser: Any) -> None:
    with served_files(tree) as (address, _):
        index = json.load(urlopen(f"{address}/index.json"))
        assert [one["release"] for one in index["editions"][0]["releases"]] == ["r001", "r002"]
        assert json.load(urlopen(f"{address}/{EDITION}/latest.json")) == {"release": "r002"}
        page = browser.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"{address}/index.html")
        page.wait_for_selector("body[data-ready]")
        page.fill("#q", "量子园艺师")
        assert "中级" in page.inner_text("#lives")
        page.click("text=浏览")
        page.wait_for_selector("body[data-ready]")
        page.fill("#q", "星际花艺师")
        assert page.locator("#rows tbody tr").count() == 1
        page.locator("#rows tbody tr").click()
        page.click("text=历年情况")
        page.wait_for_selector("#lives tr")
        assert "星际花艺师" in page.inner_text("#lives")
        page.close()
        assert said == []


def test_the_feed_says_what_changed(tree: Path) -> None:
    root = ElementTree.parse(tree / "feed.xml").getroot()
    entries = root.findall("a:entry", ATOM)
    assert [one.findtext("a:title", "", ATOM)[-5:] for one in entries] == ["@r002", "@r001"]
    assert "新增条目" in entries[0].findtext("a:summary", "", ATOM)
    ids = [one.findtext("a:id", "", ATOM) for one in entries]
    assert len(set(ids)) == 2 and all(one.startswith("urn:uuid:") for one in ids)
    assert root.findtext("a:updated", "", ATOM) == entries[0].findtext("a:updated", "", ATOM)
    for link in root.iter(f"{{{ATOM['a']}}}link"):
        assert (tree / link.get("href", "")).is_file()


def test_it_replaces_its_own_folder_and_no_other(twice: Path, tree: Path, tmp_path: Path) -> None:
    own = tmp_path / "site"
    shutil.copytree(tree, own)
    (own / "stale.txt").write_text("old")
    assert xize(twice, "publish-site", own, "--base-url", "https://example.org/x").code == 0
    assert not (own / "stale.txt").exists() and "https://example.org/x/" in (own / "feed.xml").read_text(
        "utf-8"
    )
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    done = xize(twice, "publish-site", other)
    assert done.code != 0 and "不是xize publish-site写出的网站" in done.err
    assert [one.name for one in other.iterdir()] == ["thesis.txt"]
    broken = tmp_path / "home"
    shutil.copytree(twice / "curated", broken / "curated")
    (broken / "curated" / EDITION / "r001" / "entries.parquet").write_bytes(b"x")
    done = xize(broken, "publish-site", own)
    assert done.code != 0 and "校验和不符" in done.err and (own / "index.html").is_file()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["home", "other", "site"]


def test_the_ecosystems_own_tools_read_it(tree: Path, twice: Path, tmp_path: Path) -> None:
    wanted = [row["text"] for row in load_release(twice / "curated", EDITION)["entries"].to_pylist()]
    assert xize(twice, "export", EDITION, "--metadata", tmp_path / "about").code == 0
    for folder in (tree / EDITION, tmp_path / "about"):
        dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
        assert [row["entries/text"].decode() for row in dataset.records("entries")] == wanted
        graph = rdflib.Graph().parse(folder / "dcat.jsonld", format="json-ld")
        query = "select ?url ?sum where {?file dcat:downloadURL ?url; spdx:checksum/spdx:checksumValue ?sum}"
        files = {str(row[0]).rsplit("/", 1)[-1]: str(row[1]) for row in graph.query(query, initNs=DCAT)}
        manifest = json.loads((tree / EDITION / "r002" / "manifest.json").read_text("utf-8"))
        assert files == {
            name: one["sha256"] for name, one in manifest["files"].items() if name.endswith(".parquet")
        }
        cited = YAML(typ="safe").load(folder / "CITATION.cff")
        assert cited["cff-version"] == "1.2.0" and cited["version"] == "r002" and cited["authors"]
    report = frictionless.validate(str(tree / EDITION / "r002" / "datapackage.json"))
    assert report.valid and len(report.tasks) == sum(name.endswith(".parquet") for name in manifest["files"])
    package = json.loads((tree / EDITION / "r002" / "datapackage.json").read_text("utf-8"))
    assert (package["contract"], manifest["contract"]) == (2, 2)
