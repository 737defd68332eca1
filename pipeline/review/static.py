"""The review as a read-only site: opens from a folder, without Python and without a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.editions.files import replace_folder
from pipeline.output.web import script_json
from pipeline.review import view
from pipeline.review.app import ASSETS, asset, page_html
from pipeline.review.session import Session

_MARK = "xize-review.json"
"""Stands in every site that was written here: only such a folder is written over."""


def write_site(session: Session, target: Path, report: Callable[[int, int], None] | None = None) -> Path:
    """Write the site to ``target`` (new, empty, or an earlier site): all of it or nothing. Gives index.html.

    Raises XizeError when something else lies there, or it cannot be written.
    """
    target = target.expanduser().absolute()
    replace_folder(target, _MARK, "审阅页的输出", lambda work: _fill(session, work, report))
    return target / "index.html"


def _fill(session: Session, work: Path, report: Callable[[int, int], None] | None) -> None:
    material = session.material
    state = session.state()
    state |= {"static": True, "by": "", "undo": ""}
    for folder in ("assets", "data", "pictures"):
        (work / folder).mkdir()
    for name in ASSETS:
        (work / "assets" / name).write_text(asset(name), encoding="utf-8")
    html = page_html(csrf="", static=True, title=material.edition.name)
    (work / "index.html").write_text(html, encoding="utf-8")
    (work / _MARK).write_text(
        json.dumps({"edition": material.edition.name, "release": material.release}), encoding="utf-8"
    )
    _script(work / "data" / "state.js", "state", state)
    # Rows behind findings that one decision settles may stand on any page: they come along.
    named = {row["finding_id"]: view.rows_of(material, row["finding_id"]) for row in material.findings}
    _script(work / "data" / "findings.js", "findings", named)
    for done, page in enumerate(material.pages, 1):
        _script(
            work / "data" / f"page-{page.number:05d}.js",
            f"page{page.number}",
            view.page(material, page.number),
        )
        if material.pictured:
            (work / "pictures" / f"{page.number:05d}.webp").write_bytes(session.pictures.get(page.number))
        if report:
            report(done, len(material.pages))


def _script(path: Path, name: str, value: Any) -> None:
    """A value as a script: a page opened from a folder may not fetch files, but may load scripts."""
    path.write_text(f'(window.XIZE=window.XIZE||{{}})["{name}"]={script_json(value)};\n', encoding="utf-8")
