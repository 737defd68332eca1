"""Where releases lie: a local folder, or any file system that fsspec or pyarrow knows.

Both kinds offer the same few steps; what differs is how a release appears whole or not at all. A local folder
is renamed into place. An object store has no rename, so a release's files are written in place and its
manifest.json last: a folder without a manifest is no release.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.editions.download import file_system
from pipeline.editions.files import LOCK, folder_lock, replace_file, write_synced
from pipeline.system import sync_folder

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

# The file that makes a folder a release; written last.
MARKER = "manifest.json"


def dump_json(document: object) -> bytes:
    """JSON bytes, readable, keys in the order given. Raises TypeError on values that are not JSON."""
    return (json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


class Store:
    """The folder curated/ on a file system of fsspec, where writing one object is atomic and renaming a folder is not.

    Paths are relative, with "/"; OSError is raised when a step fails. There is no lock: see to it that one process at a
    time writes to an edition.
    """

    def __init__(self, fs: AbstractFileSystem, root: str, url: str) -> None:
        self.fs = fs
        self.root = root.rstrip("/")
        self.url = url

    def _at(self, path: str) -> str:
        return f"{self.root}/{path}" if path else self.root

    def names(self, path: str) -> list[str]:
        """The names of what lies in folder ``path``, in order; [] when there is no such folder."""
        self.fs.invalidate_cache()
        try:
            found = self.fs.ls(self._at(path), detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted({name.rstrip("/").rsplit("/", 1)[-1] for name in found} - {LOCK})

    def exists(self, path: str) -> bool:
        """Whether a file or folder lies at ``path``."""
        self.fs.invalidate_cache()
        return bool(self.fs.exists(self._at(path)))

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises FileNotFoundError."""
        return bytes(self.fs.cat_file(self._at(path)))

    def replace(self, path: str, data: bytes) -> None:
        """Write a file in one atomic step: readers see the old bytes or the new, never a part."""
        place = self._at(path)
        self.fs.makedirs(place.rsplit("/", 1)[0], exist_ok=True)
        self.fs.pipe_file(place, data)

    def remove(self, path: str) -> None:
        """Remove a file or a whole folder, if it is there; a release vanishes at once."""
        # The marker first: without it the folder is no release.
        for place in (f"{path}/{MARKER}", path):
            if self.exists(place):
                self.fs.rm(self._at(place), recursive=True)

    def write_folder(self, path: str, files: Mapping[str, bytes]) -> None:
        """Make folder ``path`` with ``files`` (name → bytes): whole and re-read, or not at all."""
        others = [name for name in files if name != MARKER]
        for name in others:
            self.replace(f"{path}/{name}", files[name])
        for name in others:
            _check(name, self.read(f"{path}/{name}"), files[name])
        self.replace(f"{path}/{MARKER}", files[MARKER])

    def clean(self, path: str) -> None:
        """Remove what interrupted processes left in folder ``path``, while holding its lock: nothing where there is no lock,
        for a folder without a manifest may be another writer's at work."""

    def lock(self, path: str, message: str) -> AbstractContextManager[None]:
        """Keep other writers out of folder ``path``, where that can be done; XizeError(message) when there is one."""
        return nullcontext()


def _check(path: str, read: bytes, written: bytes) -> None:
    if read != written:
        raise OSError(5, "读回的内容与写入的不一致", path)


class LocalStore(Store):
    """curated/ as a folder of this machine, where a folder is renamed into place and can be locked."""

    def __init__(self, root: Path) -> None:
        from fsspec.implementations.local import LocalFileSystem

        super().__init__(LocalFileSystem(), root.as_posix(), str(root))
        self.folder = root

    def replace(self, path: str, data: bytes) -> None:
        replace_file(self.folder / path, data)
        sync_folder((self.folder / path).parent)

    def remove(self, path: str) -> None:
        place = self.folder / path
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
        place = self.folder / path
        work = place.with_name(f".{place.name}.tmp-{uuid.uuid4().hex[:8]}")
        try:
            work.mkdir(parents=True)
            for name, data in files.items():
                (work / name).parent.mkdir(parents=True, exist_ok=True)
                write_synced(work / name, data)
            for name, data in files.items():
                _check(name, (work / name).read_bytes(), data)
            for folder in {(work / name).parent for name in files} | {work}:
                sync_folder(folder)
            work.rename(place)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
        sync_folder(place.parent)

    def clean(self, path: str) -> None:
        for name in self.names(path):
            if name.startswith(".") and ".tmp-" in name:
                self.remove(f"{path}/{name}")

    def lock(self, path: str, message: str) -> AbstractContextManager[None]:
        return folder_lock(self.folder / path, message)


def open_store(url: str | Path) -> Store:
    """The store at ``url``: a path, ``file://…``, or any URL that fsspec or pyarrow understands.

    Raises XizeError when nothing installed understands it.
    """
    if isinstance(url, Path) or "://" not in url:
        return LocalStore(Path(url).expanduser().resolve())
    from fsspec.implementations.local import LocalFileSystem

    fs, root = file_system(url, "--curated")
    if isinstance(fs, LocalFileSystem):
        return LocalStore(Path(root))
    return Store(fs, root, url)
