"""Asking the published releases by SQL, through DuckDB."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.editions.names import in_order, validate_name
from pipeline.errors import XizeError
from pipeline.query.read_only import PROTOCOL, ReadOnlyFiles, locked_connection
from pipeline.releases.catalogue import (
    PIN,
    Release,
    curated_url,
    editions_in,
    find_release,
    latest_name,
    parse_pin,
    read_file,
)
from pipeline.releases.storage import open_store

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from pipeline.query.check import Answer

Answered = TypeVar("Answered")

# Statements that ask, or that prepare a question in memory. DuckDB can open no file for writing anyway (read_only.py);
# whoever asks it to write is told so at once.
_ALLOWED = {
    "SELECT", "EXPLAIN", "CREATE", "INSERT", "UPDATE", "DELETE", "MERGE_INTO", "DROP", "ALTER", "SET", "PRAGMA", "CALL",
    "MULTI", "TRANSACTION", "ANALYZE",
}  # fmt: skip

# Columns that the contract has gained since version 1, with DuckDB's name of their type: null in releases without them.
# (Declared once more here, for pipeline.schema would load pyarrow.)
_ADDED = {
    "classes": {"code_printed": "BOOLEAN"},
    "entries": {"settled_by": "VARCHAR"},
    "findings": {"queue": "VARCHAR", "chance": "FLOAT"},
}

_RELEASES = """
create table main.releases (
    edition varchar, release varchar, title varchar, source varchar, created varchar,
    jurisdiction varchar, year int, version int,
    issued date, effective_from date, document_no varchar, supersedes varchar
)
"""

# One row per entry and jurisdiction, over the releases shown. ``missing_editions`` are gaps: editions between the first
# and the last in which it does not stand. ``grades`` has a member per edition: what the text meant there.
_ENTRY_HISTORY = """
create view main.entry_history as
with shown as (
    select edition, jurisdiction, row_number() over (order by jurisdiction, year, version) as nth from releases
), lives as (
    select jurisdiction, entry_id, arg_max(class_code, nth) as class_code, arg_max(kind, nth) as kind,
           arg_max(name, nth) as name, arg_max(text, nth) as text,
           arg_min(edition, nth) as first_edition, arg_max(edition, nth) as last_edition,
           min(nth) as first_nth, max(nth) as last_nth,
           list(edition order by nth) as editions, list_sort(list(distinct tier)) as tiers,
           list({'edition': edition, 'tier': tier, 'grades': grades, 'level': level} order by nth) as grades
    from entries join shown using (edition)
    group by jurisdiction, entry_id
)
select entry_id, jurisdiction, class_code, kind, name, text, first_edition, last_edition, editions,
       list_filter(
           (select list(edition order by nth) from shown s where s.jurisdiction = lives.jurisdiction
            and s.nth between first_nth and last_nth),
           lambda one: not list_contains(editions, one)
       ) as missing_editions,
       tiers, grades
from lives
"""


class Catalog:
    """The published releases as DuckDB views, one per table, over the latest release of every edition.

    ``curated`` is a folder or an fsspec/pyarrow URL (default: curated/ of the project or of $XIZE_HOME).
    ``pins`` (``shanghai-2025@r001``) put one release in place of an edition's latest. In SQL a quoted
    schema names a release on its own: ``select * from "shanghai-2025@r001".entries``. The view ``releases``
    says which release of each edition the views show,
    ``entry_history`` in which editions each entry stands. DuckDB reads the tables of these releases, as
    ``curated://EDITION/RELEASE/TABLE.parquet``, and no other file; it writes none.

    Raises XizeError when there is no release at all, or not the one pinned, and when a file of a release is not the
    one that its manifest names. Example::

        with Catalog("curated", pins=["shanghai-2025@r001"]) as catalog:
            catalog.sql("select kind, count(*) from entries group by kind")
    """

    def __init__(
        self, curated: str | Path | None = None, *, home: Path | None = None, pins: Iterable[str] = ()
    ) -> None:
        from pipeline.editions.edition import resolve_home

        self.url = str(curated) if curated is not None else curated_url(home or resolve_home())
        self._store = open_store(self.url)
        self._shown = self._choose(dict(parse_pin(pin) for pin in pins))
        self._files = ReadOnlyFiles()
        self._con: duckdb.DuckDBPyConnection = locked_connection(self._files)
        self._one_at_a_time = Lock()  # threads may share a catalogue, DuckDB's connection they may not
        self._schemas: set[str] = set()
        self._remembered: dict[tuple[str, ...], Any] = {}
        self._views("main", self._shown)
        self._con.execute(_RELEASES)
        for one in self._shown:
            known = (one.edition, one.release, one.manifest["title"], one.source, one.manifest["created"])
            row = (*known, *validate_name(one.edition), *one.facts.values())
            self._con.execute(f"insert into main.releases values ({', '.join('?' * len(row))})", row)
        self._con.execute(_ENTRY_HISTORY)

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the DuckDB connection."""
        self._con.close()

    @property
    def releases(self) -> Mapping[str, str]:
        """The release that is shown of every edition."""
        return {release.edition: release.release for release in self._shown}

    def _choose(self, pins: Mapping[str, str | None]) -> list[Release]:
        """The release of every edition that has a current one, or that is pinned. Raises XizeError."""
        chosen = [
            find_release(self._store, edition, pins.get(edition))
            for edition in in_order({*editions_in(self._store), *pins})
            if edition in pins or latest_name(self._store, edition) is not None
        ]
        if not chosen:
            raise XizeError(f"{self.url}中还没有任何发布：请先运行“xize run 版本名”，或更正--home。")
        return chosen

    def _views(self, schema: str, releases: Sequence[Release]) -> None:
        """A view per table of the contract in ``schema``, over the given releases together. Raises XizeError."""
        import duckdb

        self._con.execute(f"create schema if not exists {_quoted(schema)}")
        for one in releases:
            for name in one.rows:
                path = f"{one.edition}/{one.release}/{name}.parquet"
                # Read and checked once: what was checked is what is shown.
                if path not in self._files.files:
                    self._files.files[path] = read_file(self._store, one, f"{name}.parquet")
        for name in dict.fromkeys(chain.from_iterable(one.rows for one in releases)):
            having = [one for one in releases if name in one.rows]
            files = [f"{PROTOCOL}://{one.edition}/{one.release}/{name}.parquet" for one in having]
            source = f"read_parquet([{', '.join(map(_literal, files))}], union_by_name=true)"
            try:
                there = self._con.sql(f"from {source}").columns
                added = [
                    f"null::{type_} as {column}"
                    for column, type_ in _ADDED.get(name, {}).items()
                    if column not in there
                ]
                self._con.execute(
                    f"create or replace view {_quoted(schema)}.{_quoted(name)} as"
                    f" select {', '.join(('*', *added))} from {source}"
                )
            except duckdb.Error as error:  # published so, for its checksum is right
                raise XizeError(f"{self.url}中的表{name}无法读取：请重新发布，或改用其他发布。") from error
        self._schemas.add(schema)

    def sql(self, query: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """The rows that ``query`` gives. ``parameters`` fill its ``$name`` places::

            catalog.sql("select text from entries where class_code = $code", {"code": "6101"})

        Raises XizeError when DuckDB refuses the query, or when it names a release that does not exist.
        """
        import pyarrow as pa

        with self._one_at_a_time, _refusals():
            relation = self._ask(query, parameters)
            return pa.table({}) if relation is None else relation.to_arrow_table()

    def rows(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """As :meth:`sql`, as names of columns and rows of Python values: soon there, for nothing but DuckDB is loaded.

        ``catalog.rows("select 1 as one")`` gives ``(["one"], [(1,)])``.
        """
        with self._one_at_a_time, _refusals():
            relation = self._ask(query)
            return ([], []) if relation is None else (relation.columns, relation.fetchall())

    def remembered(self, key: tuple[str, ...], ask: Callable[[], Answered]) -> Answered:
        """What ``ask`` gives, asked once: a release never changes. ``key`` must not come from who asks without bounds."""
        if key not in self._remembered:
            self._remembered[key] = ask()
        found: Answered = self._remembered[key]
        return found

    def _ask(
        self, query: str, parameters: Mapping[str, object] | None = None
    ) -> duckdb.DuckDBPyRelation | None:
        """What DuckDB makes of a query; None when there is nothing to show. Raises duckdb.Error and XizeError."""
        kinds = [_kind(statement) for statement in self._con.extract_statements(query)]
        if not kinds:
            raise XizeError("没有可执行的查询：请给出SQL语句，例如“select * from classes”。")
        refused = "、".join(dict.fromkeys(kind for kind in kinds if kind not in _ALLOWED))
        if refused:
            raise XizeError(f"查询只能读取已发布的表，不能用{refused}：请写SELECT语句，结果用-o写入文件。")
        if kinds.count("SELECT") > 1:
            raise XizeError("一次只能显示一个查询的结果：请分几次运行。")
        for match in re.finditer(rf'"({PIN.pattern})"\s*\.', query):
            edition, release = parse_pin(match[1])
            if match[1] not in self._schemas:
                self._views(match[1], [find_release(self._store, edition, release)])
        return self._con.sql(query, params=dict(parameters) if parameters else None)

    def in_force(self, on: datetime.date) -> list[str]:
        """The edition in force on a day of every jurisdiction that has one.

        It is the one whose effective_from is the latest not after that day; of several the later by its name. One that
        another of them supersedes is none of them. An edition without a date is never in force. Raises XizeError where no
        edition is. ``catalog.check("6101", "农作物植保员", edition=catalog.in_force(datetime.date(2026, 3, 1)))`` asks
        these alone.
        """
        begun = [one for one in self._shown if (_start(one) or "9999") <= on.isoformat()]
        gone = {one.facts["supersedes"] for one in begun}
        found: dict[str, Release] = {}
        for one in [one for one in begun if one.edition not in gone] or begun:
            place = validate_name(one.edition).jurisdiction
            if place not in found or (_start(one) or "") >= (_start(found[place]) or ""):
                found[place] = one
        if not found:
            said = "、".join(
                f"{one.edition}{f'自{_start(one)}起施行' if _start(one) else '没有写明effective_from'}"
                for one in self._shown
            )
            raise XizeError(
                f"{on}没有生效的版本（{said}）：请在source.yaml中写明effective_from后重新运行，或改用--edition。"
            )
        return [one.edition for one in found.values()]

    def judging(self, on: datetime.date | None = None) -> str:
        """The one edition that judges a list: the one in force on a day; without a day today's, or, where no edition in
        force is dated, the latest of those without a date.

        ``catalog.judging(datetime.date(2026, 3, 1))`` gives ``"shanghai-2026"``, say. Raises XizeError where there are
        several jurisdictions, or no such edition.
        """
        if len({validate_name(one.edition).jurisdiction for one in self._shown}) > 1:
            names = "、".join(self.releases)
            raise XizeError(f"已发布的版本属于不同地区（{names}）：请用--edition指明按哪个版本核对。")
        undated = [one.edition for one in self._shown if _start(one) is None]
        try:
            return self.in_force(on or datetime.date.today())[0]
        except XizeError:
            if on is not None or not undated:
                raise
            return undated[-1]

    def check(
        self,
        class_code: str,
        name: str,
        grade: int | None = None,
        level: str | None = None,
        edition: str | Sequence[str] | None = None,
    ) -> Answer:
        """Whether a certificate counts for a class, and at which tiers: :func:`pipeline.query.check.check`.

        ``catalog.check("6101", "农作物植保员", grade=4).counts`` is True or False.
        """
        from pipeline.query.check import check

        return check(self, class_code, name, grade, level, edition)


def _start(release: Release) -> str | None:
    """The day from which its edition is in force, YYYY-MM-DD."""
    return release.facts["effective_from"]


def _kind(statement: duckdb.Statement) -> str:
    """The kind of a statement, in DuckDB's words."""
    try:
        return str(statement.type.name)
    except ValueError:  # a kind that DuckDB's parser knows and its Python package does not
        return " ".join(statement.query.upper().split()[:2])


@contextmanager
def _refusals() -> Iterator[None]:
    """What DuckDB refuses, as XizeError."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        said = re.sub(r"\s+", " ", str(error)).strip().rstrip("^ ")
        if isinstance(error, duckdb.PermissionException) or PermissionError.__name__ in said:
            raise XizeError(
                "查询只能读取已发布的表，不能读写其他文件，也不能安装扩展：请查询表或视图，结果用-o写入文件。"
            ) from error
        raise XizeError(f"SQL无法执行：{said}") from error


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
