"""A re-issued file: only the pages that have changed are read again."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pikepdf
import pyarrow.parquet as pq
import pytest

from pipeline.editions.edition import load_edition
from pipeline.job import Job, Options, plan
from pipeline.readers.pdf.page_keys import page_keys
from pipeline.readers.pdf.read import read_pdf
from pipeline.run import read
from pipeline.staging import pages_read, staged_folder

ROOT = Path(__file__).resolve().parent.parent
EDITION = "shanghai-2025"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose edition is the first 20 pages of the rulebook."""
    folder = tmp_path / "raw" / EDITION
    shutil.copytree(ROOT / "raw" / EDITION, folder)
    with pikepdf.open(folder / f"{EDITION}.pdf") as pdf:
        del pdf.pages[20:]
        pdf.save(tmp_path / "short.pdf")
    issue(tmp_path, tmp_path / "short.pdf")
    return tmp_path


def issue(home: Path, file: Path) -> Job:
    """Put ``file`` in the place of the edition's PDF and its checksum into source.yaml."""
    edition = load_edition(home, EDITION)
    path = edition.path("pdf")
    before = edition.file("pdf").sha256
    shutil.copyfile(file, path)
    source = edition.folder / "source.yaml"
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    source.write_text(source.read_text("utf-8").replace(before, after), "utf-8")
    return plan(Options(home, EDITION))


def test_one_changed_page_is_the_only_one_read_again(home: Path) -> None:
    job = plan(Options(home, EDITION))
    first = read(job)
    assert pages_read(job) == 20
    with pikepdf.open(job.path) as pdf:
        page = pdf.pages[12]
        page.contents_add(b"q 1 0 0 1 3 0 cm\n", prepend=True)
        page.contents_add(b"\nQ")
        pdf.save(home / "changed.pdf", object_stream_mode=pikepdf.ObjectStreamMode.generate)
    again = issue(home, home / "changed.pdf")
    assert staged_folder(again) != staged_folder(job)
    second = read(again)
    assert pages_read(again) == 1
    fresh = read_pdf(again.path, workers=1)
    for name in ("cells", "blocks", "pages"):
        assert getattr(second, name).equals(getattr(fresh, name)), name
    before = {json.dumps(row) for row in first.cells.to_pylist()}
    assert {row["page"] for row in second.cells.to_pylist() if json.dumps(row) not in before} == {13}


def test_pages_that_others_read_are_not_taken(home: Path) -> None:
    """Another program or decoder may read the same page otherwise."""
    job = plan(Options(home, EDITION))
    read(job)
    record = staged_folder(job) / "reading.json"
    known = json.loads(record.read_text("utf-8"))
    record.write_text(json.dumps({**known, "code": "another"}), "utf-8")
    with pikepdf.open(job.path) as pdf:
        pdf.docinfo["/Title"] = "Another"
        pdf.save(home / "same.pdf")
    again = issue(home, home / "same.pdf")
    read(again)
    assert pages_read(again) == 20

    record.write_text(json.dumps(known), "utf-8")
    shutil.rmtree(staged_folder(again))
    read(again)
    assert pages_read(again) == 0
    assert pq.read_table(staged_folder(again) / "cells.parquet").equals(read_pdf(again.path, workers=1).cells)


@pytest.mark.parametrize("change", ["content", "font", "rotation", "box"])
def test_whatever_a_page_shows_changes_its_key(home: Path, change: str) -> None:
    path = home / "short.pdf"
    with pikepdf.open(path) as pdf:
        page = pdf.pages[5]
        if change == "content":
            page.contents_add(b" ")
        elif change == "rotation":
            page.obj["/Rotate"] = 90
        elif change == "box":
            page.obj["/CropBox"] = pikepdf.Array([0, 0, 300, 300])
        else:
            fonts = pikepdf.Dictionary(dict(page.resources["/Font"].items()))
            name = next(iter(fonts))
            other = pikepdf.Dictionary(dict(fonts[name].items()))
            other["/BaseFont"] = pikepdf.Name("/Other")
            fonts[name] = pdf.make_indirect(other)
            resources = pikepdf.Dictionary(dict(page.resources.items()))
            resources["/Font"] = fonts
            page.obj["/Resources"] = resources
        pdf.save(home / "other.pdf")
    before, after = page_keys(path), page_keys(home / "other.pdf")
    assert None not in before and len(before) == len(after) == 20
    assert [n for n, (a, b) in enumerate(zip(before, after, strict=True), 1) if a != b] == [6]


def test_objects_in_a_circle_have_no_key(home: Path) -> None:
    with pikepdf.open(home / "short.pdf") as pdf:
        loop = pdf.make_indirect(pikepdf.Dictionary())
        loop["/Self"] = loop
        pdf.pages[3].resources["/Properties"] = pikepdf.Dictionary(A=loop)
        pdf.save(home / "loop.pdf")
    keys = page_keys(home / "loop.pdf")
    assert keys[3] is None and keys.count(None) == len({n for n, key in enumerate(keys) if key is None}) >= 1
    assert page_keys(home / "raw" / EDITION / "source.yaml") == ()
