"""Where releases lie: a local folder, or any file system that fsspec or pyarrow knows.

Both kinds offer the same few steps; what differs is how a release appears whole or not at all. A local folder
is renamed into place. An object store has no rename, so a release's files are written in place and its
manifest.json last: a folder without a manifest is no release.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pipeline.editions.edition import folder_lock
from pipeline.errors import XizeError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

# The file that makes a folder a release; written last.
MARKER = "manifest.json"


def dump_json(document: object) -> bytes:
    """JSON bytes, readable, keys in the order given. Raises TypeError on values that are not JSON."""
    return (json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


class Store(Protocol):
    """The folder curated/. Paths are relative, with "/"; OSError is raised when a step fails."""

    url: str

    def names(self, path: str) -> list[str]:
        """The names of what lies in folder ``path``, in order; [] when there is no such folder."""

    def exists(self, path: str) -> bool:
        """Whether a file or folder lies at ``path``."""

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises FileNotFoundError."""

    def replace(self, path: str, data: bytes) -> None:
        """Write a file in one atomic step: readers see the old bytes or the new, never a part."""

    def remove(self, path: str) -> None:
        """Remove a file or a whole folder, if it is there; a release vanishes at once."""

    def write_folder(self, path: str, files: Mapping[str, bytes]) -> None:
        """Make folder ``path`` with ``files`` (name → bytes): whole and re-read, or not at all."""

    def clean(self, path: str) -> None:
        """Remove what interrupted processes left in folder ``path``; only while holding its lock."""

    def lock(self, path: str, message: str) -> AbstractContextManager[None]:
        """Keep other writers out of folder ``path``; XizeError(message) when there is one."""


def _check(path: str, read: bytes, written: bytes) -> None:
    if hashlib.sha256(read).digest() != hashlib.sha256(written).digest():
        raise OSError(5, "读回的内容与写入的不一致", path)


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class LocalStore:
    """curated/ as a folder of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = str(root)

    def names(self, path: str) -> list[str]:
        """See Store."""
        folder = self.root / path
        return sorted(child.name for child in folder.iterdir()) if folder.is_dir() else []

    def exists(self, path: str) -> bool:
        """See Store."""
        return (self.root / path).exists()

    def read(self, path: str) -> bytes:
        """See Store."""
        return (self.root / path).read_bytes()

    def replace(self, path: str, data: bytes) -> None:
        """See Store."""
        place = self.root / path
        temporary = place.with_name(f".{place.name}.tmp-{uuid.uuid4().hex[:8]}")
        try:
            self._write(temporary, data)
            temporary.replace(place)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(place.parent)

    def remove(self, path: str) -> None:
        """See Store."""
        place = self.root / path
        if not place.is_dir():
            place.unlink(missing_ok=True)
            return
        # Renamed first: a folder that is half deleted must not look like a release.
        doomed = place
        if ".tmp-" not in place.name:
            doomed = place.with_name(f".{place.name}.tmp-{uuid.uuid4().hex[:8]}")
            place.rename(doomed)
        shutil.rmtree(doomed)

    def write_folder(self, path: str, files: Mapping[str, bytes]) -> None:
        """See Store."""
        place = self.root / path
        work = place.with_name(f".{place.name}.tmp-{uuid.uuid4().hex[:8]}")
        try:
            work.mkdir(parents=True)
            folders = {work}
            for name, data in files.items():
                target = work / name
                if target.parent not in folders:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    folders.add(target.parent)
                self._write(target, data)
            for name, data in files.items():
                _check(name, (work / name).read_bytes(), data)
            for folder in folders:
                _sync_folder(folder)
            work.rename(place)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
        _sync_folder(place.parent)

    def clean(self, path: str) -> None:
        """See Store."""
        for name in self.names(path):
            if name.startswith(".") and ".tmp-" in name:
                self.remove(f"{path}/{name}")

    @contextmanager
    def lock(self, path: str, message: str) -> Iterator[None]:
        """See Store."""
        with folder_lock(self.root / path, message):
            yield

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        with path.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())


class ObjectStore:
    """curated/ on an fsspec file system, where writing one object is atomic and renaming a folder is not.

    There is no lock: see to it that one process at a time writes to an edition.
    """

    def __init__(self, fs: AbstractFileSystem, root: str, url: str) -> None:
        self.fs = fs
        self.root = root.rstrip("/")
        self.url = url

    def _at(self, path: str) -> str:
        return f"{self.root}/{path}" if path else self.root

    def names(self, path: str) -> list[str]:
        """See Store."""
        self.fs.invalidate_cache()
        try:
            found = self.fs.ls(self._at(path), detail=False)
        except FileNotFoundError:
            return []
        return sorted({name.rstrip("/").rsplit("/", 1)[-1] for name in found})

    def exists(self, path: str) -> bool:
        """See Store."""
        self.fs.invalidate_cache()
        return bool(self.fs.exists(self._at(path)))

    def read(self, path: str) -> bytes:
        """See Store."""
        return bytes(self.fs.cat_file(self._at(path)))

    def replace(self, path: str, data: bytes) -> None:
        """See Store."""
        place = self._at(path)
        self.fs.makedirs(place.rsplit("/", 1)[0], exist_ok=True)
        self.fs.pipe_file(place, data)

    def remove(self, path: str) -> None:
        """See Store."""
        # The marker first: without it the folder is no release.
        for place in (f"{path}/{MARKER}", path):
            if self.exists(place):
                self.fs.rm(self._at(place), recursive=True)

    def write_folder(self, path: str, files: Mapping[str, bytes]) -> None:
        """See Store."""
        for name in sorted(files, key=lambda name: name == MARKER):
            if name == MARKER:
                for done, data in files.items():
                    if done != MARKER:
                        _check(done, self.read(f"{path}/{done}"), data)
            self.replace(f"{path}/{name}", files[name])

    def clean(self, path: str) -> None:
        """See Store. Nothing: without a lock, a folder without a manifest may be another writer's at work."""

    @contextmanager
    def lock(self, path: str, message: str) -> Iterator[None]:
        """See Store. No lock exists on an object store."""
        yield


def open_store(url: str | Path) -> Store:
    """The store at ``url``: a path, ``file://…``, or any URL that fsspec or pyarrow understands.

    Raises XizeError when nothing installed understands it.
    """
    if isinstance(url, Path) or "://" not in url:
        return LocalStore(Path(url).expanduser().resolve())
    import fsspec
    from fsspec.implementations.local import LocalFileSystem

    try:
        fs, root = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as reason:
        fs, root = _arrow(url, reason)
    if isinstance(fs, LocalFileSystem):
        return LocalStore(Path(root))
    return ObjectStore(fs, root, url)


def _arrow(url: str, reason: Exception) -> tuple[AbstractFileSystem, str]:
    """pyarrow's own file systems (S3, GCS, HDFS …) where fsspec has no driver installed."""
    from fsspec.implementations.arrow import ArrowFSWrapper
    from pyarrow import ArrowInvalid
    from pyarrow.fs import FileSystem

    try:
        fs, root = FileSystem.from_uri(url)
    except (ArrowInvalid, OSError, ValueError) as error:
        raise XizeError(
            f"无法使用地址{url}（{reason}；{error}）：请检查--curated或安装相应的fsspec驱动。"
        ) from error
    return ArrowFSWrapper(fs), root
