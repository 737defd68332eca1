"""A release as one SQLite file for programs and for Datasette: the published columns under their own names, with keys."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.editions.files import save_file
from pipeline.export.sheets import DICTIONARY_HEADER, Book, dictionary
from pipeline.releases.catalogue import load_release
from pipeline.releases.storage import Store
from pipeline.schema import TABLES
from pipeline.schema.json_schema import value_schema
from pipeline.schema.types import Table

_TYPES = {"integer": "integer", "boolean": "integer", "number": "real"}


def write_sqlite(store: Store, book: Book, path: Path) -> None:
    """Write the tables of ``book``, and ``columns`` and ``about`` as CSV export has them.

    Lists become JSON text, yes/no becomes 1/0. The same release gives the same bytes. Raises XizeError when a file of
    the release is not the one published, or when the path cannot be written.
    """
    data = load_release(store.url, book.edition, book.release)
    with closing(sqlite3.connect(":memory:")) as con:
        for sheet in book.sheets:
            _write_table(con, TABLES[sheet.table], data[sheet.table], {one.table for one in book.sheets})
        own = [row for row in dictionary(book) if row[2] in TABLES[row[0]].by_name]
        _write_texts(con, "columns", DICTIONARY_HEADER, own)
        _write_texts(con, "about", ("项目", "内容"), book.about)
        con.commit()
        made = con.serialize()
    save_file(path, made)


def _write_table(con: sqlite3.Connection, table: Table, data: pa.Table, among: set[str]) -> None:
    """One table with its key, and with the foreign keys that point to a table in ``among``."""
    values = [[_value(one) for one in data[field.name].to_pylist()] for field in table.fields]
    rows = list(zip(*values, strict=True))
    # An earlier release has no value in a column that came later.
    lines = [
        f"{_quoted(field.name)} {_TYPES.get(value_schema(field.type)['type'], 'text')}{'' if field.nullable or None in column else ' not null'}"
        for field, column in zip(table.fields, values, strict=True)
    ]
    # A release may hold what its document prints twice; a key is declared where it is one.
    at = [index for index, field in enumerate(table.fields) if field.name in table.key]
    keys = {tuple(row[index] for index in at) for row in rows}
    if len(keys) == len(rows) and not any(None in key for key in keys):
        lines.append(f"primary key ({_names(table.key)})")
    lines += [
        f"foreign key ({_names(key.fields)}) references {_quoted(key.target)} ({_names(key.target_fields)})"
        for key in table.foreign
        if key.target in among
    ]
    con.execute(f"create table {_quoted(table.name)} ({', '.join(lines)})")
    places = ", ".join("?" * len(table.fields))
    con.executemany(f"insert into {_quoted(table.name)} values ({places})", rows)


def _write_texts(
    con: sqlite3.Connection, name: str, header: Sequence[str], rows: Iterable[Sequence[str]]
) -> None:
    con.execute(f"create table {name} ({', '.join(f'{_quoted(title)} text' for title in header)})")
    con.executemany(f"insert into {name} values ({', '.join('?' * len(header))})", rows)


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    # Seven digits are all that a 32-bit number has: 0.97, not 0.970000029.
    return float(f"{value:.7g}") if isinstance(value, float) else value


def _names(columns: Iterable[str]) -> str:
    return ", ".join(map(_quoted, columns))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
