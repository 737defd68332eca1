"""Commands for a steward's work: ``findings``, ``accept``, ``correct`` and ``carry``."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.text import Text

from pipeline.cli import shared as cli_shared
from pipeline.cli.shared import By, Curated, EditionName, HowToWrite, next_step, who
from pipeline.editions.edition import editions, load_edition
from pipeline.editions.names import validate_name
from pipeline.errors import XizeError
from pipeline.findings import CODES, digits_of
from pipeline.job import Options
from pipeline.releases.catalogue import curated_url, latest_name, load_release
from pipeline.releases.last_findings import last_findings_path, load_findings, release_of, was_run
from pipeline.releases.storage import open_store
from pipeline.text import csv_text, place_words

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.editions.edition import Edition
    from pipeline.quality.carry import NewReading

OfEdition = Annotated[
    str | None, typer.Option("--edition", "-e", help="The edition (default: the one that has the finding).")
]
_COLUMNS = (
    "finding_id", "code", "queue", "chance", "severity", "status", "rows", "page", "line", "table", "key", "keys", "cell_id",
    "x0", "top", "x1", "bottom", "message", "evidence", "remedy",
)  # fmt: skip


Severity = StrEnum("Severity", ["error", "warning", "info"])
Queue = Literal["reading", "document"]
Status = Literal["open", "accepted", "corrected", "all"]


def findings(
    ctx: typer.Context,
    edition: EditionName,
    code: Annotated[list[str] | None, typer.Option(help="Only this code (repeatable).")] = None,
    severity: Annotated[list[Severity] | None, typer.Option(help="Only this severity (repeatable).")] = None,
    queue: Annotated[
        Queue | None, typer.Option(help="Only what may be read wrongly, or only what is printed so.")
    ] = None,
    page: Annotated[int | None, typer.Option(help="Only this page.")] = None,
    status: Annotated[Status, typer.Option(help="Only this status.")] = "open",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N.")] = None,
    format: HowToWrite = "table",
    release: Annotated[
        str | None, typer.Option(help="Those of this release (default: of the last run).")
    ] = None,
    curated: Curated = None,
) -> None:
    """List an edition's findings: what may be read wrongly comes first, by chance and rows."""
    home, url = ctx.obj.home, curated_url(ctx.obj.home, curated)
    rows = _findings(home, edition, url, release)
    unknown = sorted({*(code or ())} - {row["code"] for row in rows})
    if unknown and unknown[0] not in CODES:
        known = "、".join(sorted({row["code"] for row in rows}))
        raise XizeError(f"没有“{unknown[0]}”这一代码：本版本有{known}。")
    kept = [
        row
        for row in rows
        if (not code or row["code"] in code)
        and (not severity or row["severity"] in severity)
        and (queue is None or row["queue"] == queue)
        and (page is None or row["page"] == page)
        and (status == "all" or row["status"] == status)
    ]
    shown = kept[:limit]
    if format == "json":
        cli_shared.echo_json([_record(row) for row in shown])
    elif format == "csv":
        typer.echo(_csv(shown), nl=False)
    else:
        _print(shown, len(kept), _heading(edition, release or release_of(home, edition, url, rows), rows))


def _findings(home: Path, edition: str, url: str, release: str | None = None) -> list[dict[str, Any]]:
    """The findings as rows in the order of the work, with their status by the decisions on file now."""
    from pipeline.quality.decisions import by_worth, with_statuses

    validate_name(edition)
    rows = load_findings(home, edition, url, release)
    return [dict(row) for row in by_worth(with_statuses(rows, home / "raw" / edition))]


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    from pipeline.quality.decisions import affected, remedy

    record = {**row, "rows": affected(row), "remedy": remedy(row["code"])}
    return {name: record.get(name) for name in (*_COLUMNS, "source")}


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    records = ({name: _record(row)[name] for name in _COLUMNS} for row in rows)
    return csv_text(_COLUMNS, ({**record, "keys": " ".join(record["keys"])}.values() for record in records))


def _print(rows: Sequence[Mapping[str, Any]], total: int, heading: str) -> None:
    """The findings one below the other, 100 columns wide: what and where, the sentence, what to do, the id."""
    from pipeline.schema import QUEUES, SEVERITIES

    console = cli_shared.console(100)
    console.print(Text(heading, style="bold"))
    states = {"open": "", "accepted": "已接受", "corrected": "已更正"}
    for row in map(_record, rows):
        title = CODES[row["code"]].title_zh if row["code"] in CODES else row["code"]
        where = place_words(row["page"], row["line"], row["source"])
        many = f"{row['rows']}行" if row["rows"] > 1 else ""
        words = (title, SEVERITIES[row["severity"]], where, many, states[row["status"]])
        console.print()
        console.print(Text(f"{QUEUES[row['queue']]}：{' · '.join(filter(None, words))}"))
        remedy = f"处理：{row['remedy']}" if row["remedy"] else ""
        for text in filter(None, (row["message"], remedy, row["finding_id"])):
            for line in cli_shared.wrapped(text, 97):
                console.print(Text(f"  {line.strip()}"))
    if not rows:
        console.print("没有符合条件的发现。")
        return
    console.print()
    console.print(f"共{total}项" + (f"，列出前{len(rows)}项" if len(rows) < total else "") + "。")


def _heading(edition: str, release: str | None, rows: Sequence[Mapping[str, Any]]) -> str:
    """Which edition, source and release the findings ``rows`` are of, and how many are open in each queue."""
    from pipeline.releases.manifest import count_queues

    counts = count_queues(row["queue"] for row in rows if row["status"] == "open")
    said = (
        edition,
        f"来源{rows[0]['source']}" if rows else "",
        release or "未发布",
        f"待处理：{cli_shared.queue_words(counts)}",
    )
    return " · ".join(filter(None, said))


def accept(
    ctx: typer.Context,
    finding: Annotated[
        list[str], typer.Argument(metavar="FINDING_ID...", help="Ids, or their first 6 or more digits.")
    ],
    why: Annotated[str, typer.Option(help="Why it is right as printed.")],
    by: By = None,
    edition: OfEdition = None,
    curated: Curated = None,
) -> None:
    """Accept findings (as printed, known): they stay settled until what they rest on changes."""
    from pipeline.quality.decisions import accept as write

    home: Path = ctx.obj.home
    found = [_find(home, edition, one, curated_url(home, curated)) for one in finding]
    for name in dict.fromkeys(name for name, _ in found):
        rows = [row for where, row in found if where == name]
        path = home / "raw" / name / "accepted.yaml"
        write(path, rows, why, who(by), datetime.date.today())
        typer.echo(f"已在{path}中接受{len(rows)}项发现。")
        next_step(f"xize run {name}")


def correct(
    ctx: typer.Context,
    finding: Annotated[str, typer.Argument(metavar="FINDING_ID", help="Id, or its first 6 or more digits.")],
    by: By = None,
    edition: OfEdition = None,
    curated: Curated = None,
) -> None:
    """Write a correction for a finding to corrections.yaml, with everything but the decision filled in."""
    from pipeline.quality.correction_template import write_template

    home: Path = ctx.obj.home
    url = curated_url(home, curated)
    name, row = _find(home, edition, finding, url)
    path = home / "raw" / name / "corrections.yaml"
    tables = _tables_of(home, name, url, row)
    written, total = write_template(path, row, tables, who(by), datetime.date.today())
    more = (
        f"（该发现涉及{total}处，只写了前{written}处；全部照原文时可用“xize accept”）"
        if written < total
        else ""
    )
    typer.echo(
        f"已在{path}中写入{written}项待填的更正{more}：请核对action，填好to（drop、join不用）与reason。"
    )
    next_step(f"xize run {name}")


def _find(home: Path, edition: str | None, wanted: str, url: str) -> tuple[str, dict[str, Any]]:
    """(edition, finding) of an id: whole, or its digits or their beginning. Raises XizeError when none or several fit."""
    named, _, digits = wanted.rpartition(":")
    if named and edition not in (None, named):
        raise XizeError(f"“{wanted}”是版本{named}的发现，而--edition指明的是{edition}：请去掉其一。")
    edition = named or edition
    if len(digits) < 6:
        raise XizeError(f"“{wanted}”太短：请给出发现标识的至少前6位。")
    found: list[tuple[str, dict[str, Any]]] = []
    for name in [edition] if edition else [name for name in editions(home) if was_run(home, name, url)]:
        rows = _findings(home, name, url)
        found += [(name, row) for row in rows if digits_of(row["finding_id"]).startswith(digits)]
    if not found:
        raise XizeError(f"没有标识为“{wanted}”的发现：请用“xize findings 版本名”查看。")
    if len(found) > 1:
        names = "、".join(row["finding_id"] for _, row in found[:4])
        raise XizeError(f"“{wanted}”对应{len(found)}项发现（{names}）：请给出完整标识。")
    return found[0]


def _tables(url: str, edition: str) -> dict[str, pa.Table]:
    """The tables of the latest release; none where there is no release yet."""
    return load_release(url, edition) if latest_name(open_store(url), edition) else {}


def _tables_of(home: Path, edition: str, url: str, finding: Mapping[str, Any]) -> Mapping[str, pa.Table]:
    """The tables with the finding's rows: of the latest release, else (before there is one, say) of the last reading."""
    from pipeline.quality.correction_template import rows_of
    from pipeline.quality.decisions import keys_of
    from pipeline.schema import TABLES, build

    tables = _tables(url, edition)
    if tables and not (keys_of(finding) and rows_of(finding, tables) == [None]):
        return tables
    read = fresh_reading(load_edition(home, edition))
    made = {name: build(name, rows, edition, "") for name, rows in read.rows.items() if name in TABLES}
    return {**made, "cells": read.cells}


def carry(
    ctx: typer.Context,
    before: Annotated[
        str, typer.Argument(metavar="FROM", help="The edition whose decisions are taken over.")
    ],
    after: Annotated[
        str,
        typer.Argument(
            metavar="TO", help="The edition that gets them; FROM itself after its file was replaced."
        ),
    ],
    curated: Curated = None,
) -> None:
    """Take corrections and acceptances over to another edition where the printed text is the same; list the rest."""
    from pipeline.quality.carry import append_accepted, append_corrections
    from pipeline.quality.carry import carry as try_all
    from pipeline.quality.corrections.file import load_corrections
    from pipeline.quality.decisions import load_accepted

    home: Path = ctx.obj.home
    old, new = load_edition(home, before), load_edition(home, after)
    corrections = load_corrections(old.corrections)
    accepted = load_accepted(old.folder / "accepted.yaml")
    if not corrections and not accepted:
        typer.echo(f"版本{before}没有更正也没有接受的发现：没有可转移的决定。")
        next_step(f"xize run {after}")
        return
    cells = _tables(curated_url(home, curated), before).get("cells")
    done = try_all(corrections, accepted, cells, fresh_reading(new))
    verb, there = "仍适用", ["", ""]
    if before != after:
        written = (
            append_corrections(old.corrections, new.corrections, done.corrections),
            append_accepted(new.folder / "accepted.yaml", done.accepted),
        )
        fit = len(done.corrections), len(done.accepted)
        verb = f"已转到{after}"
        there = [
            f"（其中{all_ - new_}项那里已有，没有改动）" if all_ > new_ else ""
            for all_, new_ in zip(fit, written, strict=True)
        ]
    already = f"，{len(done.done_already)}项所改已是如此" if done.done_already else ""
    typer.echo(
        f"更正：{len(done.corrections)}项{verb}{there[0]}{already}，{len(done.lost_corrections)}项不再适用。"
    )
    for _, problem in done.lost_corrections:
        typer.echo(f"  {problem}")
    typer.echo(
        f"接受：{len(done.accepted)}项{verb}{there[1]}，{len(done.lost_accepted)}项在{after}没有同样的发现。"
    )
    for one in done.lost_accepted:
        typer.echo(f"  {one.finding_id} {one.message}")
    next_step(f"xize run {after}")


def fresh_reading(edition: Edition) -> NewReading:
    """What the edition's file reads like without any correction: staged cells (read if need be), rows, findings."""
    from pipeline.quality.assess import check_tables
    from pipeline.quality.carry import NewReading
    from pipeline.quality.checks.links import link
    from pipeline.quality.decisions import finding_rows
    from pipeline.releases.learned import planned
    from pipeline.run import read, tidy_cells
    from pipeline.schema import TABLES, build

    job = planned(Options(edition.home, edition.name))
    reading = read(job)
    tidied = tidy_cells(job, reading)
    tables = {
        name: build(name, rows, edition.name, job.kind)
        for name, rows in tidied.rows.items()
        if name in TABLES
    }
    found = [*tidied.findings, *check_tables(tables), *link(tables)[1]]
    rows = finding_rows(found, edition.name)
    if last_findings_path(edition.home, edition.name).is_file():
        # Findings of validation are not made anew here: the last run knows them.
        own = {row["finding_id"] for row in rows}
        last = load_findings(edition.home, edition.name, "")
        rows += [row for row in last if row["finding_id"] not in own]
    return NewReading(reading.cells, {name: list(table) for name, table in tidied.rows.items()}, rows)
