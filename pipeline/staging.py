"""staged/: what was read of a source, kept by its checksum, so that an unchanged source is not read again."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.editions.files import replace_folder, save_file

if TYPE_CHECKING:
    from pipeline.job import Job
    from pipeline.reading import Reading


def staged_folder(job: Job) -> Path:
    """staged/<edition>/<source>/<sha8>"""
    return job.edition.staged_cells(job.kind, job.sha256).parent


@contextmanager
def work_folder(job: Job) -> Iterator[Path]:
    """A folder for what a run needs only meanwhile, in the home and not among the system's temporary files.

    What a killed run left there is deleted first: the edition is locked. Raises OSError.
    """
    place = job.options.home / "staged" / job.edition.name
    place.mkdir(parents=True, exist_ok=True)
    for old in place.glob(".work-*"):
        shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".work-", dir=place) as folder:
        yield Path(folder)


def load_staged(job: Job) -> Reading | None:
    """What is staged for this source, if the same code read it; None otherwise."""
    folder, key = staged_folder(job), _reading_key(job)
    known = _record(folder)
    return _stored(folder) if {name: known.get(name) for name in key} == key else None


def _record(folder: Path, name: str = "reading.json") -> dict[str, Any]:
    """What a small file of a folder says; nothing where there is none that can be read."""
    try:
        return dict(json.loads((folder / name).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        return {}


def _stored(folder: Path) -> Reading | None:
    from pipeline.reading import Reading

    try:
        return Reading.load(folder)
    except (OSError, ValueError):
        return None


def known_pages(job: Job) -> Reading | None:
    """Pages of this PDF that an earlier file of the same edition and source already held, as they were read then.

    A page counts as the same when it has the same number, is made of the same content (``readers.page_keys``) and was
    read by the same code and decoder. None where there is no such page.
    """
    from pipeline.reading import join_readings, select_pages

    earlier = [(folder, known) for folder, known in _earlier(job) if known.get("pages")]
    if job.kind != "pdf" or not earlier:
        return None
    wanted = {key: number for number, key in enumerate(_page_keys(job), start=1) if key is not None}
    parts: list[Reading] = []
    for folder, known in earlier:
        same = [number for number, key in enumerate(known["pages"], start=1) if wanted.get(key) == number]
        reading = _stored(folder) if same else None
        if reading is not None:
            parts.append(select_pages(reading, same))
            for number in same:
                del wanted[known["pages"][number - 1]]
    return join_readings(parts) if parts else None


def _earlier(job: Job) -> list[tuple[Path, dict[str, Any]]]:
    """What else is staged for this edition and source by the same code and decoder: folder and key, latest first."""
    mine = _reading_key(job) | {"sha256": ""}
    found = []
    for path in staged_folder(job).parent.glob("[!.]*/reading.json"):
        known = _record(path.parent)
        if {name: known.get(name) for name in mine} | {"sha256": ""} == mine:
            found.append((path.stat().st_mtime, path.parent, known))
    return [(folder, known) for _, folder, known in sorted(found, key=lambda one: one[0], reverse=True)]


def _page_keys(job: Job) -> tuple[str | None, ...]:
    return _page_keys_of(job.path, job.sha256, job.options.password)


@lru_cache(maxsize=1)
def _page_keys_of(path: Path, sha256: str, password: str) -> tuple[str | None, ...]:
    """Asked for before and after reading; the checksum tells that it is still the same file."""
    from pipeline.readers.pdf.page_keys import page_keys

    return page_keys(path, password)


def pages_read(job: Job) -> int | None:
    """How many pages were read when the staged reading was made (the others came from an earlier one); None: unknown."""
    read = _record(staged_folder(job)).get("read")
    return read if isinstance(read, int) else None


def _reading_key(job: Job) -> dict[str, Any]:
    return {"sha256": job.sha256, "code": readers_digest(), "decoder": job.options.decoder}


_SHARED = ("model.py", "reading.py", "text.py", "findings.py")
"""Modules beside readers/ that decide what a reading looks like."""


@lru_cache(maxsize=1)
def readers_digest() -> str:
    """Digest of the reading code: other code may read the same file otherwise."""
    digest = hashlib.sha256()
    here = Path(__file__).resolve().parent
    for path in (*(here / name for name in _SHARED), *sorted((here / "readers").rglob("*.py"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def store_staged(job: Job, reading: Reading, read: int | None = None) -> Path:
    """Write a reading to staged/, all files or none; gives the path of cells.parquet.

    ``read``: how many of its pages were read for it, None for all of them.
    """
    folder = staged_folder(job)

    def fill(made: Path) -> None:
        reading.save(made)
        record = {**_reading_key(job), "read": len(reading.pages) if read is None else read}
        if job.kind == "pdf":
            record["pages"] = _page_keys(job)
        (made / "reading.json").write_text(json.dumps(record), encoding="utf-8")

    replace_folder(folder, "cells.parquet", "暂存的读取结果", fill)
    return folder / "cells.parquet"


def same_inputs(job: Job, release: str) -> str | None:
    """The digest of other inputs that are known to give ``release`` again (new code, say, with the same result)."""
    known = _record(staged_folder(job).parent, "same.json")
    return str(known["inputs"]) if known.get("release") == release else None


def note_same(job: Job, release: str) -> None:
    """Remember that these inputs gave ``release`` again, so that the next run need not find out anew."""
    known = {"release": release, "inputs": job.inputs}
    save_file(staged_folder(job).parent / "same.json", json.dumps(known).encode())
