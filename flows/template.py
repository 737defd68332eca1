"""An empty Prefect database, ready made: its 100-odd migrations one by one take longer than a whole run.

``template.sql`` is what Prefect's own migrations make, as SQL, with the version it was made by. Any other version of
Prefect ignores it and migrates. ``python -m flows.template`` writes it anew after Prefect has been upgraded.
"""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

_TEMPLATE = Path(__file__).with_name("template.sql")
_HEAD = re.compile(r"-- prefect (?P<version>\S+), revision (?P<revision>\w+)\n")
_CONNECTIONS = ("PREFECT_SERVER_DATABASE_CONNECTION_URL", "PREFECT_API_DATABASE_CONNECTION_URL")


def ready_made(folder: Path) -> bool:
    """Whether Prefect's database in ``folder`` is up to date without migrating; made from the template if missing.

    False, and nothing is done, for another version of Prefect or a database elsewhere.
    """
    if any(os.environ.get(name) for name in _CONNECTIONS):
        return False
    place = folder / "prefect.db"
    try:
        text = _TEMPLATE.read_text("utf-8")
        head = _HEAD.match(text)
        if head is None or head["version"] != version("prefect"):
            return False
        if not place.exists():
            _make(place, text)
        return _revision(place) == head["revision"]
    except (OSError, sqlite3.Error):
        return False  # Prefect says itself what is wrong with the folder or the database


def _make(place: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=".prefect-", suffix=".db", dir=place.parent)
    os.close(handle)
    beside = Path(name)
    try:
        with closing(sqlite3.connect(beside)) as database:
            database.executescript(text)
        os.link(beside, place)  # not a rename: another run may have made it meanwhile and be using it
    except FileExistsError:
        pass
    finally:
        beside.unlink(missing_ok=True)


def _revision(place: Path) -> str | None:
    with closing(sqlite3.connect(place)) as database:
        row = database.execute("select version_num from alembic_version").fetchone()
    return str(row[0]) if row else None


def write() -> None:
    """Let the installed Prefect migrate an empty database and write it down as the template."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PREFECT_HOME": folder, "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
        command = (
            "import asyncio; from prefect.server.database import provide_database_interface as interface\n"
        )
        command += "asyncio.run(interface().create_db())"
        subprocess.run([sys.executable, "-c", command], env=environment, check=True)
        place = Path(folder) / "prefect.db"
        with closing(sqlite3.connect(place)) as database:
            lines = "\n".join(database.iterdump())
        head = f"-- prefect {version('prefect')}, revision {_revision(place)}\n"
        head += "-- Written by `python -m flows.template`; run it again after Prefect has been upgraded. Not to be edited.\n"
        mode = "PRAGMA journal_mode = WAL;\n"
        _TEMPLATE.write_text(head + mode + lines + "\n", "utf-8")


if __name__ == "__main__":
    write()
