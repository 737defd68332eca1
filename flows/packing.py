"""What travels between a flow and the machines of a cluster: Arrow IPC bytes and small files, no objects of ours."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import XizeError

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.reading import Reading
    from pipeline.run import Job, Options

_TABLES = ("cells", "blocks", "pages")
_LENGTH = struct.Struct("<Q")


def pack(reading: Reading) -> bytes:
    """A reading as bytes: three Arrow IPC streams (zstd), each after its length (8 bytes, little endian)."""
    import pyarrow as pa

    parts = []
    # Without threads: a process that has started Arrow's had better not be forked.
    options = pa.ipc.IpcWriteOptions(compression="zstd", use_threads=False)
    for name in _TABLES:
        table, sink = getattr(reading, name), pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema, options=options) as out:
            out.write_table(table)
        stream = sink.getvalue().to_pybytes()
        parts += [_LENGTH.pack(len(stream)), stream]
    return b"".join(parts)


def unpack(data: bytes) -> Reading:
    """The reading of :func:`pack`."""
    import pyarrow as pa

    from pipeline.reading import Reading

    tables, start = [], 0
    for _ in _TABLES:
        (length,) = _LENGTH.unpack_from(data, start)
        start += _LENGTH.size
        tables.append(pa.ipc.open_stream(memoryview(data)[start : start + length]).read_all())
        start += length
    return Reading(*tables)


@dataclass(frozen=True)
class Parcel:
    """All that a machine without the home folder needs to tidy, validate and publish a reading.

    ``files``: the edition's YAML files and the record of how its source was read, by their place in the home;
    ``url``: where the source lies; ``code``: the program's digest.
    """

    options: Options
    kind: str
    url: str
    sha256: str
    inputs: str
    code: str
    files: dict[str, bytes]


def parcel(job: Job, url: str) -> Parcel:
    """The parcel of a job whose source lies at ``url``."""
    from pipeline.releases.catalogue import curated_url
    from pipeline.run import code_digest
    from pipeline.staging import staged_folder

    options = replace(job.options, curated=curated_url(job.options.home, job.options.curated), workers=1)
    record = staged_folder(job) / "reading.json"
    paths = [*sorted(job.edition.folder.glob("*.yaml")), *([record] if record.is_file() else [])]
    files = {path.relative_to(options.home).as_posix(): path.read_bytes() for path in paths}
    return Parcel(options, job.kind, url, job.sha256, job.inputs, code_digest(), files)


@contextmanager
def unpacked(parcel: Parcel) -> Iterator[Job]:
    """The job again, in a temporary home of its own. Messages name the steward's home, not that one.

    Raises XizeError when this machine runs another program than the one that sent the parcel.
    """
    from pipeline.editions.download import fetch
    from pipeline.editions.edition import load_edition
    from pipeline.run import Job, code_digest

    if parcel.code != code_digest():
        raise XizeError("工作进程与发起运行的机器所装xize不同：请在各机安装同一版本后再运行。")
    with tempfile.TemporaryDirectory(prefix="xize-home-") as name:
        home, edition = Path(name), parcel.options.edition
        for file, data in parcel.files.items():
            (home / file).parent.mkdir(parents=True, exist_ok=True)
            (home / file).write_bytes(data)
        options = replace(parcel.options, home=home)
        try:
            path = fetch(parcel.url, parcel.sha256)
            yield Job(options, load_edition(home, edition), parcel.kind, path, parcel.sha256, parcel.inputs)
        except XizeError as error:
            message = str(error).replace(str(home), str(parcel.options.home))
            raise type(error)(message, error.exit_code) from error


def left_behind(home: Path, parcel: Parcel) -> dict[str, bytes]:
    """The files that a job has written under staged/, by their place in the home; not those of its parcel."""
    found = sorted(path for path in (home / "staged").rglob("*") if path.is_file())
    named = {path.relative_to(home).as_posix(): path for path in found}
    return {name: path.read_bytes() for name, path in named.items() if name not in parcel.files}


def bring_home(home: Path, files: dict[str, bytes]) -> None:
    """Put such files in their place under ``home``, each in one step. Raises XizeError."""
    for name, data in files.items():
        place = home / name
        beside = place.with_name(f".{place.name}.tmp")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(data)
            beside.replace(place)
        except OSError as error:
            raise XizeError(f"无法写入{place}（{error.strerror}）：请检查磁盘空间与权限。") from error


def last_findings(job: Job) -> pa.Table | None:
    """The findings that were brought home, None when the run ended before there were any."""
    import pyarrow.parquet as pq

    from pipeline.releases.last_findings import last_findings_path

    path = last_findings_path(job.options.home, job.edition.name)
    return pq.read_table(path) if path.is_file() else None


def outcome_parts(outcome: Any) -> dict[str, Any]:
    """An outcome without its job, which names folders of the machine that made it."""
    from dataclasses import fields

    return {field.name: getattr(outcome, field.name) for field in fields(outcome) if field.name != "job"}
