"""Files and folders on disk: checksums, writing in one atomic step, a lock on a folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import XizeError


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_synced(path: Path, data: bytes) -> None:
    """Write a file and have the disk keep it. Raises OSError."""
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def replace_file(path: Path, data: bytes) -> None:
    """Write a file in one atomic step: readers see the old bytes or the new. Raises OSError; the old file stays."""
    beside = path.with_name(f".{path.name}.tmp-{uuid.uuid4().hex[:8]}")
    try:
        write_synced(beside, data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def save_file(path: Path, data: bytes) -> None:
    """As :func:`replace_file`, its folder made if need be, but raises XizeError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, data)
    except OSError as error:
        raise XizeError(
            f"无法写入{path}（{error.strerror or error}）：请检查路径、权限与磁盘空间，并关闭正打开它的程序；原文件没有变动。"
        ) from error


def replace_folder(target: Path, mark: str, what: str, fill: Callable[[Path], None]) -> None:
    """Let ``fill`` make a folder beside ``target``, then put it there in place of an earlier one.

    Only a folder that is new, empty, or holds a file ``mark`` (which ``fill`` makes) is replaced; ``what`` says in
    Chinese what that is. Raises XizeError when something else lies there, or it cannot be written: ``target`` stays as it was.
    """
    if target.exists() and (not target.is_dir() or (any(target.iterdir()) and not (target / mark).is_file())):
        raise XizeError(f"{target}已存在且不是{what}：请换一个文件夹，或先清空它。")
    work = target.with_name(f".{target.name}.tmp-{uuid.uuid4().hex[:8]}")
    old = work.with_name(f"{work.name}-old")
    try:
        try:
            work.mkdir(parents=True)
            fill(work)
            if target.exists():
                target.rename(old)
            work.rename(target)
        finally:
            if old.exists() and not target.exists():
                old.rename(target)
            for folder in (work, old):
                shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise XizeError(f"无法写入{target}（{error.strerror}）：请检查磁盘空间与权限。") from error


LOCK = ".lock"
"""The file by which a folder is locked. It stays behind, unlocked."""

DECISIONS_LOCK = ".decisions.lock"
"""The file by which a steward's files in raw/<edition> are locked."""

DECISIONS_WAIT = 60.0
"""Seconds to wait for the decisions that others write: on a busy machine many may come before."""


@contextmanager
def folder_lock(folder: Path, message: str) -> Iterator[None]:
    """Hold an exclusive lock on ``folder`` (made if need be); the system frees it however the process ends.

    Raises XizeError(message) when another process (or another holder in this one) has it, and when the folder cannot
    be made or locked.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error) from error
    with _locked(folder / LOCK, message):
        yield


@contextmanager
def decisions_lock(folder: Path) -> Iterator[None]:
    """Hold the decision files of ``folder`` (raw/<edition>) from reading them until they are written again.

    Who holds it already (in the same thread) gets it again. Raises XizeError when somebody else holds it for long, and
    when there is no such folder.
    """
    if not folder.is_dir():
        raise XizeError(f"找不到文件夹{folder}：请先用“xize add”建立该版本，或把文件夹放回原处。")
    with _locked(folder / DECISIONS_LOCK, f"{folder}中的决定正由别人写入：请稍后再试。", DECISIONS_WAIT):
        yield


@contextmanager
def _locked(path: Path, message: str, wait: float = 0.0) -> Iterator[None]:
    from filelock import FileLock, Timeout

    folder = path.parent
    lock = FileLock(path, timeout=wait, poll_interval=0.01, fallback_to_soft=False, is_singleton=wait > 0)
    try:
        lock.acquire()
    except Timeout:
        raise XizeError(message) from None
    except NotImplementedError as error:
        raise XizeError(f"无法锁定文件夹{folder}：请换用支持文件锁的磁盘。") from error
    except OSError as error:
        raise _unusable(folder, error) from error
    try:
        yield
    finally:
        lock.release()


def _unusable(folder: Path, error: OSError) -> XizeError:
    return XizeError(f"无法使用文件夹{folder}（{error.strerror}）：请检查其权限与磁盘空间。")
