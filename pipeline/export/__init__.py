"""Curated data for offices: an Excel workbook, or a folder of CSV files, with Chinese headers; for programs: SQLite.

``load`` chooses the tables of a release and turns them into sheets of plain text and numbers; ``write_xlsx`` and
``write_csv`` put the sheets into files, ``write_sqlite`` their tables. Nothing here reads the document or changes what was published.
"""

from __future__ import annotations

from pipeline.export.sheets import Book, Sheet, load, write_csv
from pipeline.export.sqlite import write_sqlite
from pipeline.export.xlsx import write_xlsx

__all__ = ["Book", "Sheet", "load", "write_csv", "write_sqlite", "write_xlsx"]
