"""What DuckDB may open: the files that it is given, as bytes in memory, to read and never to write."""

from __future__ import annotations

import fnmatch
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fsspec.spec import AbstractFileSystem

if TYPE_CHECKING:
    import duckdb

PROTOCOL = "curated"

# The temporary folder counts as allowed, so there is none. The last two can be set once only.
_LOCKS = (
    f"set allowed_directories = ['{PROTOCOL}://']",
    "set temp_directory = ''",
    "set autoinstall_known_extensions = false",
    "set autoload_known_extensions = false",
    "set allow_community_extensions = false",
    "set allow_persistent_secrets = false",
    "set python_enable_replacements = false",
    "set enable_external_access = false",
    "set lock_configuration = true",
)


class ReadOnlyFiles(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """A file system of what ``files`` holds (path → bytes). Raises PermissionError on every way to write."""

    protocol = PROTOCOL
    cachable = False  # (fsspec spells it so) else two catalogues would share their files

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}

    def _open(self, path: str, mode: str = "rb", **options: Any) -> io.BytesIO:
        if mode != "rb":
            raise PermissionError(path)
        return io.BytesIO(self._data(path))

    def _data(self, path: str) -> bytes:
        try:
            return self.files[self._strip_protocol(path)]
        except KeyError:
            raise FileNotFoundError(path) from None

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        """What fsspec wants to know of a file. Raises FileNotFoundError."""
        return {"name": path, "size": len(self._data(path)), "type": "file"}

    def glob(self, path: str, **options: Any) -> list[str]:
        """The files whose names fit a pattern."""
        return fnmatch.filter(self.files, self._strip_protocol(path))

    def modified(self, path: str) -> datetime:
        """A time that never changes, as the files do not."""
        return datetime(1970, 1, 1, tzinfo=UTC)


def locked_connection(files: ReadOnlyFiles) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that opens ``files`` as curated://… and nothing else; its settings cannot be changed.

    COPY hides in EXPLAIN ANALYZE, PREPARE and WITH, so what keeps releases whole is not the text of a query: there is
    nothing that DuckDB can open for writing.

    Example::

        locked_connection(files).sql("select count(*) from 'curated://shanghai-2025/r001/entries.parquet'")
    """
    import duckdb

    con = duckdb.connect()
    con.register_filesystem(files)
    for setting in _LOCKS:
        con.execute(setting)
    return con
