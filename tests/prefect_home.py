"""Prefect for tests: set up as the command line does, with a server of our own; and a file that comes anew."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pikepdf
import pytest

from flows import server
from flows.environment import prepare
from flows.reporting import reporting
from pipeline.editions.edition import file_sha256, load_edition


@contextmanager
def prefect_in(folder: Path) -> Iterator[server.Server]:
    """Flows run in this context report to a server whose database lies in ``folder``."""
    if "prefect" not in sys.modules:
        prepare(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(folder))
        patch.delenv("PREFECT_API_URL", raising=False)
        started = server.start()
        try:
            from prefect.settings import PREFECT_API_URL, PREFECT_LOCAL_STORAGE_PATH, temporary_settings

            place = folder / "storage"
            settings = {PREFECT_API_URL: started.api, PREFECT_LOCAL_STORAGE_PATH: place}
            with temporary_settings(settings), reporting():
                yield started
        finally:
            started.stop()


def reissue(home: Path, edition: str, page: int) -> None:
    """The edition's PDF with one page (from 1) drawn a little further right, as a corrected file would come."""
    path = load_edition(home, edition).path("pdf")
    before = file_sha256(path)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.pages[page - 1].contents_add(b"q 1 0 0 1 3 0 cm\n", prepend=True)
        pdf.pages[page - 1].contents_add(b"\nQ")
        # The other pages' streams stay as they are stored.
        pdf.save(path, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    source = path.parent / "source.yaml"
    source.write_text(source.read_text("utf-8").replace(before, file_sha256(path)), "utf-8")
