"""Files are replaced whole or not at all, and a failure is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.editions import files
from pipeline.errors import XizeError


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    for data in (b"one", b"two"):
        files.replace_file(path, data)
        assert path.read_bytes() == data
    assert [file.name for file in tmp_path.iterdir()] == ["a.yaml"]


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(XizeError, match=r"无法写入.*a\.yaml（No space left on device）.*原文件没有变动。$"):
        files.save_file(path, b"new")
    assert path.read_bytes() == b"old" and [file.name for file in tmp_path.iterdir()] == ["a.yaml"]


def test_a_folder_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    with files.folder_lock(folder, "正在使用。"):
        with pytest.raises(XizeError, match="^正在使用。$"), files.folder_lock(folder, "正在使用。"):
            pass
        assert folder.is_dir()
    with files.folder_lock(folder, "正在使用。"):
        pass
