"""What is published as a tree of files for any web server: releases, start page, feed and descriptions."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.editions.files import replace_folder
from pipeline.errors import XizeError
from pipeline.export.metadata import dcat, metadata_files
from pipeline.export.sheets import read_package
from pipeline.export.start_page import START_PAGE, start_page
from pipeline.output.web import render
from pipeline.releases.catalogue import INDEX, LATEST, Release, index_bytes, list_releases, read_file
from pipeline.releases.storage import MARKER, Store, dump_json
from pipeline.schema.changes import CHANGE_KINDS

SITE_MARK = "xize-site.json"
"""Stands in every tree that was written here: only such a folder is written over."""

_TITLE = "双师型教师专业认定细则数据"


def write_site(store: Store, target: Path, base_url: str = "") -> int:
    """Write every release found in ``store`` with what leads to it into the folder ``target``; how many releases.

    ``base_url``: the address at which the tree will stand, for those who read the feed and the catalogue elsewhere.
    Raises XizeError when nothing is published, a file is not the one that its manifest names, or ``target`` is no
    such tree or cannot be written: it stays as it was then.
    """
    releases = list_releases(store.url)
    if not releases:
        raise XizeError(f"{store.url}中还没有任何发布：请先运行“xize run 版本名”，或更正--home。")
    base_url = base_url and base_url.rstrip("/") + "/"

    def fill(work: Path) -> None:
        for release in releases:
            _copy(store, release, work)
        current = [one for one in releases if one.is_latest]
        described = [
            (one, read_package(store, one), f"{base_url}{one.edition}/{one.release}/") for one in current
        ]
        for one, package, folder in described:
            beside = folder if base_url else f"{one.release}/"
            for name, data in metadata_files(one, package, beside).items():
                (work / one.edition / name).write_bytes(data)
            (work / one.edition / LATEST).write_bytes(dump_json({"release": one.release}))
        (work / "dcat.jsonld").write_bytes(dump_json(dcat(described)))
        (work / "feed.xml").write_bytes(feed(store, releases, base_url))
        (work / INDEX).write_bytes(index_bytes(store))
        (work / START_PAGE).write_bytes(start_page(store, feed=True))
        (work / SITE_MARK).write_bytes(dump_json({"written_by": "xize publish-site"}))

    replace_folder(target.expanduser().absolute(), SITE_MARK, "xize publish-site写出的网站", fill)
    return len(releases)


def _copy(store: Store, release: Release, work: Path) -> None:
    """A release's files, each the one that its manifest names."""
    folder = work / release.edition / release.release
    for name in release.manifest["files"]:
        data = read_file(store, release, name)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / MARKER).write_bytes(store.read(f"{release.edition}/{release.release}/{MARKER}"))


def feed(store: Store, releases: Sequence[Release], base_url: str) -> bytes:
    """An Atom feed: an entry per release, newest first, with what changed."""
    newest = sorted(
        releases, key=lambda one: (one.manifest["created"], one.edition, one.release), reverse=True
    )
    told = {"uuid": _uuid, "summary": partial(_summary, store), "title": _TITLE}
    return render("pipeline.export", "feed.xml.j2", releases=newest, base_url=base_url, **told).encode()


def _uuid(*parts: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, '/'.join(('xize', *parts)))}"


def _summary(store: Store, release: Release) -> str:
    """How many changes of which kind since the release before, in one sentence."""
    rows: list[Mapping[str, Any]] = []
    if "changes.json" in release.manifest["files"]:
        rows = json.loads(read_file(store, release, "changes.json"))
    counts = Counter(row["change"] for row in rows)
    said = "、".join(f"{CHANGE_KINDS.get(kind, kind)}{count}处" for kind, count in counts.most_common())
    entries = release.rows.get("entries", 0)
    if not rows:
        return f"条目{entries}条；没有可比的变更。"
    before = f"{rows[0]['edition_before']}@{rows[0]['release_before']}"
    return f"条目{entries}条；与{before}相比：{said}。"
