"""Publishing: a release stands whole in curated/, or not at all, and then latest.json names it.

The same tables always give the same Parquet bytes: rows are sorted, the writer's settings are fixed and no
file but manifest.json holds a time.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.arrow import from_numpy, where
from pipeline.errors import XizeError
from pipeline.releases.catalogue import (
    PENDING,
    Release,
    damaged_files,
    find_release,
    last_release,
    latest_name,
    parquet_table,
    release_names,
    release_number,
    set_latest,
    writing,
)
from pipeline.releases.learned import edition_before
from pipeline.releases.manifest import RunInfo, SourceInfo, datapackage, manifest
from pipeline.releases.storage import MARKER, Store, dump_json, open_store
from pipeline.schema import TABLES, SchemaError
from pipeline.schema.json_schema import row_schema
from pipeline.schema.types import Field, Table

__all__ = ["SITE", "Release", "RunInfo", "SourceInfo", "arrange", "parquet_bytes", "parquet_files", "publish"]

# Where the validation site lies in a release.
SITE = "validation"

_DIGITS = re.compile(r"(\d+)")


def _natural(value: str) -> tuple[tuple[int, int, str], ...]:
    """A key under which 2 comes before 10, also inside a longer text (A/2, A/10)."""
    parts = _DIGITS.split(value)
    return tuple((0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts if part)


def _ranks(column: pa.ChunkedArray, field: Field, descending: bool) -> np.ndarray:
    """Per row the place of its value among the column's; null comes last, closed enumerations in their declared order."""
    values = column.to_pylist()
    distinct = set(values)
    null = None in distinct
    distinct.discard(None)
    if field.enum is not None:
        declared = {value: index for index, value in enumerate(field.enum)}
        place = {value: declared.get(value, len(declared)) for value in distinct}
    else:
        ordered = sorted(
            distinct, key=_natural if pa.types.is_string(field.type) else None, reverse=descending
        )
        place = {value: index for index, value in enumerate(ordered)}
    if null:
        place[None] = len(field.enum or ()) + len(distinct)
    return np.fromiter(map(place.__getitem__, values), dtype=np.int64, count=len(values))


def arrange(declared: Table, table: pa.Table) -> pa.Table:
    """The table's rows in publishing order (``declared.order``, then its key), as one chunk without metadata.

    Raises SchemaError when the table's columns are not the contract's.
    """
    table = table.replace_schema_metadata(None)
    if not table.schema.equals(declared.arrow):
        wrong = set(table.schema) ^ set(declared.arrow)
        names = ", ".join(sorted({field.name for field in wrong})) or "order of columns"
        raise SchemaError(f"{declared.name}: columns are not the contract's: {names}")
    ranks = [
        _ranks(table[name.lstrip("-")], declared.by_name[name.lstrip("-")], name.startswith("-"))
        for name in dict.fromkeys((*declared.order, *declared.key))
    ]
    order = np.lexsort(ranks[::-1])  # the last one is the first that counts
    return table.take(from_numpy(order)).combine_chunks()


def parquet_bytes(table: pa.Table) -> bytes:
    """The table as a Parquet file; the same table always gives the same bytes."""
    sink = io.BytesIO()
    pq.write_table(
        table,
        sink,
        version="2.6",
        data_page_version="1.0",
        compression="zstd",
        compression_level=3,
        use_dictionary=True,
        write_statistics=True,
        row_group_size=1 << 20,
        store_schema=True,
    )
    return sink.getvalue()


def parquet_files(tables: Mapping[str, pa.Table]) -> dict[str, bytes]:
    """Every table of the contract in publishing order as a Parquet file, by file name.

    Raises SchemaError when a table's columns are not the contract's, or when the bytes do not give the table back:
    its columns, types and every row.
    """
    files = {}
    for name, declared in TABLES.items():
        table = arrange(declared, tables[name])
        written = files[f"{name}.parquet"] = parquet_bytes(table)
        if not parquet_table(written).equals(table):
            raise SchemaError(f"{name}: the Parquet file does not give the table back")
    return files


def _check_tables(tables: Mapping[str, pa.Table], edition: str) -> None:
    missing, unknown = TABLES.keys() - tables.keys(), tables.keys() - TABLES.keys()
    if missing or unknown:
        raise SchemaError(f"tables missing: {sorted(missing)}; not of the contract: {sorted(unknown)}")
    for name, table in tables.items():
        others = set(table["edition"].unique().to_pylist()) - {edition}
        if others:
            raise SchemaError(f"{name}: rows of another edition: {sorted(map(str, others))}")


def _check_findings(findings: pa.Table) -> None:
    """Raises XizeError when an error that nobody has accepted or corrected stands among the findings."""
    open_errors = where(where(findings, "severity", "error"), "status", "open")["message"].to_pylist()
    if open_errors:
        raise XizeError(f"有{len(open_errors)}个错误级发现，未发布（第一个：{open_errors[0]}）：请先处理。")


def _site_files(site: Path | None) -> dict[str, bytes]:
    if site is None:
        return {}
    files = sorted(path for path in site.rglob("*") if path.is_file())
    return {f"{SITE}/{path.relative_to(site).as_posix()}": path.read_bytes() for path in files}


def _unchanged(store: Store, last: Release, files: Mapping[str, bytes]) -> bool:
    """Whether the last release of this source is whole and holds the same tables."""
    if not last.manifest["files"].keys() >= files.keys() or damaged_files(store, last.edition, last.release):
        return False
    # The rows, not the bytes: another version of the Parquet writer may write the same ones otherwise.
    return all(
        parquet_table(store.read(f"{last.edition}/{last.release}/{name}")).equals(parquet_table(data))
        for name, data in files.items()
    )


def publish(
    tables: Mapping[str, pa.Table],
    source: SourceInfo,
    run: RunInfo,
    curated_url: str | Path,
    *,
    site: Path | None = None,
    latest: bool | None = None,
) -> Release:
    """Publish ``tables`` (one per table of the contract) as the next release of the edition of ``source``.

    ``site`` is a folder that is copied into the release as ``validation/``; ``latest`` None lets latest.json move
    only for the source that source.yaml names. When the last release of the same source holds the same tables and says the
    same of the edition, nothing is published and that release is returned with ``changed`` False (``latest=True`` still makes it the latest).

    Raises XizeError when errors stand among the findings, when another process is publishing
    the edition, and when the folder cannot be written: what was published stays as it was.
    Raises SchemaError when the tables are not the contract's.
    """
    edition = source.edition
    _check_tables(tables, edition)
    _check_findings(tables["findings"])
    files = parquet_files(tables)
    tables = {name: tables[name] for name in TABLES}  # in publishing order
    becomes_latest = source.is_default if latest is None else latest
    store = open_store(curated_url)
    with writing(store, edition):
        last = last_release(store, edition, source.kind)
        if last is not None and last.facts == source.facts and _unchanged(store, last, files):
            return _keep(store, last, latest)
        release = _next_name(store, edition)
        package = datapackage(release, source, tables)
        about = manifest(release, source, run, tables, files)
        ordered = {name: parquet_table(files[f"{name}.parquet"]) for name in tables}
        if run.compare is not None:
            before = next(releases_before(store, edition, source.kind), None)
            files["changes.json"] = run.compare(before, about, ordered) if before else dump_json([])
        if run.browse is not None:
            files["browse.html"] = run.browse(about, package, ordered)
        schemas = {f"schema/{name}.json": dump_json(row_schema(TABLES[name])) for name in tables}
        files |= {"datapackage.json": dump_json(package), **schemas, **_site_files(site)}
        record = manifest(release, source, run, tables, files)
        if source.approval:
            meant = {"prepared_by": run.by, "becomes_latest": becomes_latest}
            record, becomes_latest = {**record, "approval": meant}, False
        marker = {PENDING: b""} if becomes_latest else {}
        store.write_folder(f"{edition}/{release}", {**files, **marker, MARKER: dump_json(record)})
        if becomes_latest:
            set_latest(store, edition, release)
        is_latest = becomes_latest or latest_name(store, edition) == release
    return Release(edition, release, store.url, record, is_latest, changed=True)


def releases_before(store: Store, edition: str, source: str) -> Iterator[Release]:
    """What a new release is compared with: the last whole one of its source, then last edition's current one.

    The last edition is the latest earlier one of the same jurisdiction that has a current release.
    """
    for name in reversed(release_names(store, edition)):
        release = find_release(store, edition, name)
        if release.source == source and not damaged_files(store, edition, name):
            yield release
            break
    other = edition_before(store, edition)
    if other:
        yield find_release(store, other)


def _next_name(store: Store, edition: str) -> str:
    """The name after the highest number in use, unfinished folders counted."""
    numbers = [number for name in store.names(edition) if (number := release_number(name)) is not None]
    return f"r{max(numbers, default=0) + 1:03d}"


def _keep(store: Store, last: Release, latest: bool | None) -> Release:
    """Nothing changed: finish what an interrupted publish left undone, and obey ``latest=True``."""
    pending = store.exists(f"{last.edition}/{last.release}/{PENDING}")
    if pending or (latest and not last.is_latest):
        set_latest(store, last.edition, last.release)
        return Release(last.edition, last.release, last.url, last.manifest, is_latest=True)
    return last
