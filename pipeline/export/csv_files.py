"""Sheets as CSV files that a spreadsheet opens rightly: UTF-8 with BOM, Chinese header, no formulas."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.export.sheets import DICTIONARY_HEADER, Book, Value, dictionary, replace_file
from pipeline.text import neutral


def write_csv(book: Book, folder: Path) -> list[Path]:
    """Write ``<table>.csv`` per sheet, columns.csv (every column's meaning) and about.csv into ``folder``.

    Files of the same names are replaced, others are left alone. Returns the files. Raises XizeError when the folder
    cannot be written.
    """
    return [
        *(
            _write(folder / f"{sheet.table}.csv", [column.title for column in sheet.columns], sheet.rows)
            for sheet in book.sheets
        ),
        _write(folder / "columns.csv", DICTIONARY_HEADER, dictionary(book)),
        _write(folder / "about.csv", ("项目", "内容"), book.about),
    ]


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Value]]) -> Path:
    def write(target: Path) -> None:
        with target.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow([neutral(title) for title in header])
            writer.writerows([neutral(value) for value in row] for row in rows)

    replace_file(path, write)
    return path
