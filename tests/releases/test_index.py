"""index.json says what is published, whoever wrote last."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.errors import XizeError
from pipeline.releases.catalogue import INDEX, Release, list_releases
from pipeline.releases.publish import RunInfo, publish
from pipeline.releases.storage import LocalStore, open_store
from pipeline.releases.upkeep import prune, rollback
from pipeline.schema import TABLES, build
from tests.sample_tables import EDITION, sample_tables, source_info


@pytest.fixture(params=["local", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty curated/, of both kinds of store."""
    if request.param == "local":
        yield str(tmp_path / "curated")
        return
    import fsspec

    yield "memory://test-index/curated"
    fsspec.filesystem("memory").rm("/test-index", recursive=True)


def _publish(url: str | Path, edition: str, limit: int = 1) -> Release:
    tables = (
        sample_tables(limit) if edition == EDITION else {name: build(name, [], edition) for name in TABLES}
    )
    return publish(tables, source_info(edition=edition), RunInfo(), url)


def _index(url: str) -> dict[str, dict]:
    return {one["edition"]: one for one in json.loads(open_store(url).read(INDEX))["editions"]}


def _check(url: str) -> None:
    """Every release found stands in the index, as its manifest says."""
    found = list_releases(url)
    index = _index(url)
    assert sorted(index) == sorted({one.edition for one in found})
    listed = [(name, one) for name, edition in index.items() for one in edition["releases"]]
    for (name, one), release in zip(listed, found, strict=True):
        assert (name, one["release"]) == (release.edition, release.release)
        assert one["rows"] == dict(release.rows) and one["created"] == release.manifest["created"]
        assert one["source"] == {"kind": "pdf", "sha256": release.manifest["source"]["sha256"]}
        assert (index[name]["current"] == one["release"]) == release.is_latest
        assert index[name]["title"] == source_info().title


def test_every_step_that_changes_what_is_published_writes_the_index(url: str) -> None:
    for edition, limit in ((EDITION, 1), ("anhui-2026", 1), (EDITION, 2), (EDITION, 3)):
        _publish(url, edition, limit)
        _check(url)
    assert [one["release"] for one in _index(url)[EDITION]["releases"]] == ["r001", "r002", "r003"]
    rollback(url, EDITION, "r002")
    _check(url)
    assert _index(url)[EDITION]["current"] == "r002"
    prune(url, EDITION, keep=1)
    _check(url)
    assert [one["release"] for one in _index(url)[EDITION]["releases"]] == ["r002", "r003"]
    # Whoever edited or lost it gets it back with the next step, also one that publishes nothing.
    for damage in (b"{}", b"not json", None):
        if damage is None:
            open_store(url).remove(INDEX)
        else:
            open_store(url).replace(INDEX, damage)
        assert not _publish(url, EDITION, 3).changed
        _check(url)


def test_editions_published_at_once_all_stand_in_the_index(tmp_path: Path) -> None:
    names = [f"{place}-{year}" for place in ("anhui", "jiangsu", "zhejiang") for year in (2024, 2025, 2026)]
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: _publish(tmp_path, name), names))
    _check(str(tmp_path))
    assert sorted(_index(str(tmp_path))) == sorted(names)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names, INDEX])


def test_what_cannot_be_read_keeps_nobody_from_publishing(tmp_path: Path) -> None:
    for edition in (EDITION, "anhui-2026"):
        _publish(tmp_path, edition)
    (tmp_path / "anhui-2026" / "r001" / "manifest.json").write_text("[")
    (tmp_path / "anhui-2026" / "latest.json").write_text("?")
    assert _publish(tmp_path, EDITION, 2).changed
    index = _index(str(tmp_path))
    assert index[EDITION]["current"] == "r002" and index["anhui-2026"]["current"] is None
    (lost,) = index["anhui-2026"]["releases"]
    assert lost["release"] == "r001" and lost["rows"] is None


def test_an_index_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    _publish(tmp_path, EDITION)
    (tmp_path / INDEX).unlink()
    (tmp_path / INDEX).mkdir()
    with pytest.raises(XizeError, match=r"发布已经生效，但无法写入.*index\.json.*。$"):
        _publish(tmp_path, EDITION, 2)
    assert list_releases(LocalStore(tmp_path).url, EDITION)[-1].is_latest
