"""staged/: what was read of a source, kept by its checksum, so that an unchanged source is not read again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import XizeError

if TYPE_CHECKING:
    from pipeline.readers.staged import Reading
    from pipeline.run import Job

_READING_FILES = ("cells", "blocks", "pages")


def staged_folder(job: Job) -> Path:
    """staged/<edition>/<source>/<sha8>"""
    return job.edition.staged_cells(job.kind, job.sha256).parent


def load_staged(job: Job) -> Reading | None:
    """What is staged for this source, if the same code read it; None otherwise."""
    import pyarrow.parquet as pq

    from pipeline.readers.staged import Reading

    folder = staged_folder(job)
    try:
        known = json.loads((folder / "reading.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if known != _reading_key(job):
        return None
    try:
        parts = [pq.read_table(folder / f"{name}.parquet") for name in _READING_FILES]
    except (OSError, ValueError):
        return None
    return Reading(*parts)


def _reading_key(job: Job) -> dict[str, str]:
    return {"sha256": job.sha256, "code": readers_digest(), "decoder": job.options.decoder}


@lru_cache(maxsize=1)
def readers_digest() -> str:
    """Digest of the reading code: other code may read the same file otherwise."""
    digest = hashlib.sha256()
    for path in sorted((Path(__file__).resolve().parent / "readers").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def store_staged(job: Job, reading: Reading) -> Path:
    """Write a reading to staged/, all files or none; gives the path of cells.parquet."""
    import pyarrow.parquet as pq

    folder = staged_folder(job)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            for name in _READING_FILES:
                pq.write_table(getattr(reading, name), beside / f"{name}.parquet", compression="zstd")
            (beside / "reading.json").write_text(json.dumps(_reading_key(job)), encoding="utf-8")
            if folder.exists():
                shutil.rmtree(folder)
            os.chmod(beside, 0o755)
            beside.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise XizeError(
            f"无法写入暂存文件夹{folder}（{error.strerror}）：请检查磁盘空间与权限；已发布的数据没有变动。"
        ) from error
    return folder / "cells.parquet"


def _same_path(job: Job) -> Path:
    return job.edition.staged_cells(job.kind, job.sha256).parents[1] / "same.json"


def same_inputs(job: Job, release: str) -> str | None:
    """The digest of other inputs that are known to give ``release`` again (new code, say, with the same result)."""
    try:
        known = json.loads(_same_path(job).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return str(known["inputs"]) if known.get("release") == release else None


def note_same(job: Job, release: str) -> None:
    """Remember that these inputs gave ``release`` again, so that the next run need not find out anew."""
    path = _same_path(job)
    beside = path.with_suffix(".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps({"release": release, "inputs": job.inputs}), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise XizeError(
            f"无法写入暂存文件夹{path.parent}（{error.strerror}）：请检查磁盘空间与权限；已发布的数据没有变动。"
        ) from error
