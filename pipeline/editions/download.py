"""Files by URL: fetched into a cache folder, their checksum verified.

A URL is a path, ``file://…``, ``https://…``, ``s3://…`` or whatever else fsspec or pyarrow understands.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from pipeline.editions.files import file_sha256
from pipeline.errors import XizeError
from pipeline.system import private_folder

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

CACHE_VARIABLE = "XIZE_CACHE"


class Unreachable(XizeError):
    """A file could not be fetched for a reason that may pass: trying again can help."""


def shown(url: str) -> str:
    """The URL as messages may show it: without user, password and signature."""
    parts = urlsplit(url)
    if not parts.scheme:
        return url
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def local_path(url: str) -> Path | None:
    """The path that a URL names on this machine, None for a file elsewhere."""
    if "://" not in url:
        return Path(url)
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def cache_folder() -> Path:
    """Where fetched files are kept: $XIZE_CACHE, else a folder of this user's own among the temporary files."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        folder = Path(named).expanduser()
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    return private_folder("xize-cache")


def fetch(url: str, sha256: str) -> Path:
    """The file at ``url`` as a local path, its checksum verified; what was fetched before is taken from the cache.

    A file on this machine is not copied. Raises XizeError when it is missing, not accessible or not the one that
    ``sha256`` (hexadecimal) names, Unreachable when it cannot be fetched just now, OSError for a local disk's faults.
    """
    path = local_path(url)
    if path is not None:
        if not path.exists() and not path.is_symlink():
            raise XizeError(f"{path}：找不到该文件；请核对路径，并确认读取它的机器都能访问。")
        if file_sha256(path) != sha256:
            raise XizeError(f"{path}与source.yaml登记的校验和不符：请恢复原文件，或核对后更新其中的sha256。")
        return path
    name = re.sub(r"[^\w.-]+", "_", PurePosixPath(unquote(urlsplit(url).path)).name) or "document"
    place = cache_folder() / sha256 / name
    if place.is_file() and file_sha256(place) == sha256:
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=place.parent) as folder:
        beside = Path(folder) / name
        _download(url, str(beside))
        found = file_sha256(beside)
        if found != sha256:
            raise XizeError(
                f"{shown(url)}与source.yaml登记的校验和不符（应为{sha256}，实为{found}）："
                "请核对该地址的文件；若确系新文件，请更新source.yaml中的sha256。"
            )
        beside.replace(place)
    return place


def _download(url: str, place: str) -> None:
    # The proxy of the house, if there is one.
    options = {"client_kwargs": {"trust_env": True}} if url.startswith(("http://", "https://")) else {}
    fs, remote = file_system(url, "source.yaml中的url", **options)
    try:
        fs.get_file(remote, place)
    except FileNotFoundError as error:
        raise XizeError(f"{shown(url)}处没有文件：请核对source.yaml中的url。") from error
    except PermissionError as error:
        raise XizeError(f"{shown(url)}不允许读取：请检查访问权限。") from error
    except Exception as error:  # every driver has errors of its own (aiohttp's, botocore's)
        status = getattr(error, "status", 500)
        kind = XizeError if isinstance(status, int) and 400 <= status < 500 else Unreachable
        reason = f"HTTP {status}" if kind is XizeError else type(error).__name__
        raise kind(f"无法取得{shown(url)}（{reason}）：请检查地址、权限与网络，然后再运行。") from error


def file_system(url: str, check: str, **options: Any) -> tuple[AbstractFileSystem, str]:
    """The driver of a URL (fsspec's, else pyarrow's own) and the place there.

    Raises XizeError when nothing installed understands the URL; ``check`` says where it was written.
    """
    import fsspec

    try:
        fs, place = fsspec.core.url_to_fs(url, **options)
    except (ImportError, ValueError) as reason:
        from fsspec.implementations.arrow import ArrowFSWrapper
        from pyarrow import ArrowInvalid
        from pyarrow.fs import FileSystem

        try:
            arrow, place = FileSystem.from_uri(url)
        except (ArrowInvalid, OSError, ValueError) as error:
            raise XizeError(
                f"无法使用地址{shown(url)}（{reason}；{error}）：请检查{check}或安装相应的fsspec驱动。"
            ) from error
        fs = ArrowFSWrapper(arrow)
    return fs, place
