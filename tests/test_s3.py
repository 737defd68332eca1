"""A rulebook that lies on S3, published to S3: moto's server stands in for Amazon's, everything else is real."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyarrow.fs import FileSelector, S3FileSystem

from tests.cli_home import EDITION, one_sentence, sha256, xize


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A bucket called rules, and an environment in which s3:// leads there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "steward",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "XIZE_CACHE": str(tmp_path_factory.mktemp("cache")),
        }.items():
            environment.setenv(name, value)
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-p", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            for _ in range(600):
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    assert server.poll() is None
                    time.sleep(0.1)
            store = S3FileSystem(endpoint_override=f"http://127.0.0.1:{port}", allow_bucket_creation=True)
            store.create_dir("rules")
            yield store
        finally:
            server.terminate()
            server.wait(30)


def _move_to_s3(home: Path, store: Any, name: str) -> str:
    """The edition's PDF in the bucket instead of the home; its checksum."""
    pdf, source = home / "raw" / EDITION / f"{EDITION}.pdf", home / "raw" / EDITION / "source.yaml"
    with store.open_output_stream(f"rules/raw/{name}.pdf") as stream:
        stream.write(pdf.read_bytes())
    known = sha256(pdf)
    pdf.unlink()
    line = "    kind: pdf\n"
    text = source.read_text("utf-8")
    assert text.count(line) == 1
    source.write_text(text.replace(line, f"{line}    url: s3://rules/raw/{name}.pdf\n"), "utf-8")
    return known


def _files(store: Any, folder: str) -> set[str]:
    found = store.get_file_info(FileSelector(folder, recursive=True, allow_not_found=True))
    return {info.path.removeprefix(f"{folder}/") for info in found if info.is_file}


@pytest.mark.long
def test_a_rulebook_on_s3_is_published_to_s3(home: Path, bucket: Any) -> None:
    local = xize(home, "sql", "select count(*) as n from entries", "--format", "json")
    _move_to_s3(home, bucket, "rulebook")

    done = xize(home, "run", EDITION, "--no-prefect", "--curated", "s3://rules/curated")

    assert done.code == 0, done.err
    written = _files(bucket, f"rules/curated/{EDITION}")
    assert {"latest.json", "r001/manifest.json", "r001/entries.parquet", "r001/cells.parquet"} <= written
    assert not any(name.endswith("pending-latest") for name in written)
    query = (
        "sql",
        "select count(*) as n from entries",
        "--format",
        "json",
        "--curated",
        "s3://rules/curated",
    )
    assert xize(home, *query).out == local.out

    again = xize(home, "run", EDITION, "--no-prefect", "--curated", "s3://rules/curated")
    assert again.code == 0, again.err
    assert _files(bucket, f"rules/curated/{EDITION}") == written


def test_a_file_on_s3_that_changed_is_refused(home: Path, bucket: Any) -> None:
    known = _move_to_s3(home, bucket, "changed")
    with bucket.open_output_stream("rules/raw/changed.pdf") as stream:
        stream.write(b"%PDF-1.7 another file %%EOF")
    # What was staged of the right file would do without it.
    for record in (home / "staged").rglob("reading.json"):
        record.unlink()

    done = xize(home, "run", EDITION, "--no-prefect", "--curated", "s3://rules/untouched")

    assert done.code == 2
    assert known[:8] in one_sentence(done.err)
    assert _files(bucket, "rules/untouched") == set()


def test_a_file_that_s3_does_not_have_is_named(home: Path, bucket: Any) -> None:
    _move_to_s3(home, bucket, "missing")
    bucket.delete_file("rules/raw/missing.pdf")

    done = xize(home, "run", EDITION, "--no-prefect", "--curated", "s3://rules/untouched")

    assert done.code == 2
    assert "s3://rules/raw/missing.pdf" in one_sentence(done.err)
    assert _files(bucket, "rules/untouched") == set()
