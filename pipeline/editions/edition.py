"""An edition on disk: its folder, source.yaml, checksums, and the lock that keeps two runs apart."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.editions.files import file_sha256, folder_lock
from pipeline.editions.names import in_order, validate_name
from pipeline.errors import XizeError

if TYPE_CHECKING:
    from pipeline.editions.source_yaml import Source, SourceFile

HOME_VARIABLE = "XIZE_HOME"


def resolve_home(explicit: str | Path | None = None) -> Path:
    """The folder of raw/, staged/ and curated/: ``explicit``, else $XIZE_HOME, else the project's own.

    Raises XizeError when the folder named does not exist.
    """
    if explicit is not None and not str(explicit).strip():
        raise XizeError("--home是空的：请给出文件夹，或去掉--home。")
    named = explicit or os.environ.get(HOME_VARIABLE)
    if named:
        home = Path(named).expanduser().resolve()
        if not home.is_dir():
            raise XizeError(
                f"找不到文件夹{home}：请先建立该文件夹，或更正--home（环境变量{HOME_VARIABLE}）。"
            )
        return home
    project = Path(__file__).resolve().parents[2]
    return project if (project / "raw").is_dir() else Path.cwd()


@dataclass(frozen=True)
class Edition:
    """An edition's folder under ``home`` and what its source.yaml says."""

    name: str
    home: Path
    source: Source

    @property
    def folder(self) -> Path:
        """raw/<edition>"""
        return self.home / "raw" / self.name

    @property
    def corrections(self) -> Path:
        """raw/<edition>/corrections.yaml (which need not exist)."""
        return self.folder / "corrections.yaml"

    def file(self, kind: str | None = None) -> SourceFile:
        """The source file of ``kind`` (default: the one that source.yaml says is read). Raises XizeError."""
        wanted = kind or self.source.read
        for file in self.source.files:
            if file.kind == wanted:
                return file
        have = "、".join(file.kind for file in self.source.files)
        raise XizeError(
            f"{self.folder / 'source.yaml'}中没有kind为{wanted}的文件（现有：{have}）："
            "请在files中登记，或改用--source。"
        )

    def settling(self, kind: str) -> SourceFile | None:
        """The Word file that settles the source of ``kind``: one beside a PDF, unless source.yaml says otherwise."""
        if kind != "pdf" or self.source.settle == "none":
            return None
        return next((file for file in self.source.files if file.kind == "docx"), None)

    def path(self, kind: str | None = None) -> Path:
        """Where the source file of ``kind`` lies. Raises XizeError when source.yaml names none."""
        return self.folder / self.file(kind).name

    def verify(self, kind: str | None = None) -> tuple[Path, str]:
        """(path, sha256) of the source file of ``kind``, after comparing its checksum with source.yaml's.

        A file that source.yaml gives a url for and that is not in the folder is fetched (pipeline.editions.download).
        Raises XizeError when the file is missing or empty, or when its checksum is not the one recorded.
        """
        file, path = self.file(kind), self.path(kind)
        if file.url is not None and not path.exists():
            from pipeline.editions.download import fetch

            return fetch(file.url, file.sha256), file.sha256
        try:
            empty, found = path.stat().st_size == 0, file_sha256(path)
        except FileNotFoundError:
            raise XizeError(f"找不到{path}：请把文件放回原处，或更正source.yaml中files的name。") from None
        except OSError as error:
            raise XizeError(f"无法读取{path}（{error.strerror}）：请检查文件及其权限。") from error
        if empty:
            raise XizeError(f"{path}是空文件：请换上完整的文件并更新source.yaml中的sha256。")
        if found != file.sha256:
            raise XizeError(
                f"{path}与source.yaml登记的校验和不符（应为{file.sha256}，实为{found}）："
                "请恢复原文件；若确系新文件，请核对后更新source.yaml中的sha256。"
            )
        return path, found

    def staged_cells(self, kind: str, sha256: str) -> Path:
        """staged/<edition>/<source>/<sha8>/cells.parquet"""
        return self.home / "staged" / self.name / kind / sha256[:8] / "cells.parquet"


def editions(home: Path) -> tuple[str, ...]:
    """The names of the editions under ``home``, in order: the folders of raw/ that hold a source.yaml."""
    return tuple(in_order(path.parent.name for path in (home / "raw").glob("*/source.yaml")))


def load_edition(home: Path, name: str) -> Edition:
    """The edition ``name`` under ``home``.

    Raises XizeError (file, line, key and remedy) when there is none or its source.yaml is wrong.
    """
    validate_name(name)
    path = home / "raw" / name / "source.yaml"
    if not path.is_file():
        have = "、".join(editions(home)) or "无"
        raise XizeError(f"找不到{path}：请用“xize add {name} 文件.pdf”建立该版本（现有版本：{have}）。")
    from pipeline.editions.source_yaml import read_source  # who only queries releases loads no pydantic

    source = read_source(path)
    if source.edition != name:
        raise XizeError(f"{path}的edition是“{source.edition}”，与文件夹名“{name}”不一致：请改成一致。")
    return Edition(name, home, source)


@contextmanager
def edition_lock(home: Path, name: str) -> Iterator[None]:
    """Keep every other run of edition ``name`` under ``home`` out. Raises XizeError when one is under way."""
    message = f"版本{name}正由另一个进程处理：请等它完成后再运行。"
    with folder_lock(home / "staged" / name, message):
        yield
