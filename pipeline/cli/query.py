"""Commands that ask the published releases: ``sql``, ``check`` and ``history``."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.cli import shared as cli_shared
from pipeline.cli.shared import Curated, FileFormat, HowToWrite, apart_from_data
from pipeline.errors import XizeError
from pipeline.text import csv_text, place_words

if TYPE_CHECKING:
    from pipeline.query.catalogue import Catalog
    from pipeline.query.check import Answer, PrintedEntry
    from pipeline.query.history import History, Life

Row = tuple[Any, ...]
AnsweredList = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        callback=apart_from_data,
        help="Write the answered list to this .xlsx or .csv file (default: CSV).",
    ),
]


def sql(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(help='DuckDB SQL over the tables, e.g. "select * from classes".')],
    at: Annotated[
        list[str] | None,
        typer.Option(help="Show this release of its edition, e.g. shanghai-2025@r001 (repeatable)."),
    ] = None,
    format: Annotated[FileFormat, typer.Option("--format", "-f", help="How to write the rows.")] = "table",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", callback=apart_from_data, help="Write to this file.")
    ] = None,
    curated: Curated = None,
) -> None:
    """Run SQL over the published tables: one view per table, the latest release of every edition.

    A quoted schema names one release: select * from "shanghai-2025@r001".entries
    """
    cli_shared.refuse_parquet_on_screen(format, output)
    with ctx.obj.catalog(curated, at or ()) as catalog:
        if format == "parquet":
            from pipeline.releases.publish import parquet_bytes

            table = catalog.sql(query)
            _refuse_repeated(table.column_names, format)
            try:
                count, data = table.num_rows, parquet_bytes(table)
            except (
                NotImplementedError
            ) as error:  # pyarrow's way to say that Parquet has no such type (an interval)
                raise XizeError(
                    f"结果中有Parquet不能保存的类型（{error}）：请在查询中转换，例如cast(列 as varchar)。"
                ) from error
        else:
            columns, rows = catalog.rows(query)
            if format == "table" and output is None:
                _print_table(columns, rows)
                return
            count, data = len(rows), _rendered(columns, rows, format)
    if cli_shared.write_out(data, output):
        typer.echo(f"已写入{output}（{count}行）。", err=True)


def _plain(value: Any) -> Any:
    """Lists and structs as JSON text, so that a flat format can hold them."""
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else value


def _refuse_repeated(columns: Sequence[str], format: FileFormat) -> None:
    """Raise XizeError where two columns have one name: JSON would lose one, and most programs read no such Parquet."""
    repeated = [name for name, times in Counter(columns).items() if times > 1]
    if repeated:
        names = "、".join(f"“{name}”" for name in repeated)
        raise XizeError(f"结果中有重名的列{names}，{format}格式不能并存：请在查询中用as另取列名。")


def _rendered(columns: Sequence[str], rows: Iterable[Row], format: FileFormat) -> bytes:
    if format == "json":
        _refuse_repeated(columns, format)
        found = [dict(zip(columns, row, strict=True)) for row in rows]
        return (json.dumps(found, ensure_ascii=False, indent=2, default=str) + "\n").encode()
    if format == "table":
        return _table_text(columns, rows).encode()
    return csv_text(columns, (map(_plain, row) for row in rows)).encode()


def _rich_table(columns: Sequence[str], rows: Iterable[Row]) -> Any:
    return cli_shared.text_table(columns, (map(_plain, row) for row in rows))


def _table_text(columns: Sequence[str], rows: Iterable[Row]) -> str:
    """The table as plain text, without the width and the colours of a terminal."""
    text = io.StringIO()
    Console(file=text, width=10_000, color_system=None).print(_rich_table(columns, rows))
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def _print_table(columns: Sequence[str], rows: Iterable[Row]) -> None:
    console = cli_shared.console()
    if console.is_terminal:
        console.print(_rich_table(columns, rows))
    else:
        # echo writes Chinese also to a pipe that is set to ASCII, where a console fails.
        typer.echo(_table_text(columns, rows), nl=False)


def check(
    ctx: typer.Context,
    class_code: Annotated[
        str | None,
        typer.Option("--class", help="Class: its secondary, college or bachelor code, or its name."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the certificate.")] = None,
    grade: Annotated[str | None, typer.Option(help="Grade 5 (lowest) to 1, or 四级, 中级工 …")] = None,
    level: Annotated[str | None, typer.Option(help="Level: 初级, 中级 or 高级.")] = None,
    edition: Annotated[
        str | None, typer.Option(help="Only this edition or release, e.g. shanghai-2025@r001 (default: all).")
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Only the edition in force on this day, e.g. 2026-03-01."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the answer as JSON.")] = False,
    given: Annotated[
        Path | None,
        typer.Option("--list", metavar="FILE", help="Check every row of this .xlsx or .csv list instead."),
    ] = None,
    output: AnsweredList = None,
    curated: Curated = None,
) -> None:
    """Say whether a certificate counts for a class, at which tier, and show the printed text as evidence.

    In force is, of the editions whose effective_from (source.yaml) is not after the day, less those that another of them
    supersedes, the latest.

    With --list, every row of a list is answered by the edition in force today (or by --edition, --on): columns 专业类 and 证书名称,
    perhaps 等级 (or class, name, grade); nothing of the list is kept.

    Exit code 0: it counts, or the list is answered; 1: it does not; 2: the question cannot be answered.
    """
    from pipeline.query.check import parse_grade

    asked_day = cli_shared.day(on, "--on")
    if edition and asked_day:
        raise XizeError("--on与--edition各自指明版本：请去掉其中一个。")
    if given is not None:
        if class_code or name or grade or level or as_json:
            raise XizeError(
                "--list中每行自有专业类、证书和等级：请去掉--class、--name、--grade、--level和--json。"
            )
        with ctx.obj.catalog(curated, [edition] if edition else ()) as catalog:
            _check_list(catalog, given, output, edition or catalog.judging(asked_day))
        return
    if class_code is None or name is None or output is not None:
        raise XizeError("请用--class和--name给出专业类与证书，或用--list给出名单（结果用-o写入文件）。")
    with ctx.obj.catalog(curated, [edition] if edition else ()) as catalog:
        asked = edition if asked_day is None else catalog.in_force(asked_day)
        answer = catalog.check(class_code, name, parse_grade(grade), level, asked)
    if as_json:
        cli_shared.echo_json(answer.to_dict())
    else:
        typer.echo(answer_text(answer))
    raise typer.Exit(0 if answer.counts else 1)


def _check_list(catalog: Catalog, given: Path, output: Path | None, edition: str) -> None:
    """Write the list with its answers. Raises XizeError."""
    from pipeline.query.lists import answer_list, list_bytes, read_list

    suffix = output.suffix.lower() if output else ".csv"
    if suffix not in (".xlsx", ".csv"):
        raise XizeError(f"“{output}”不是.xlsx或.csv文件：请更正-o的文件名。")
    if output and output.exists() and output.samefile(given):
        raise XizeError(f"{output}就是所给的名单：请用-o另取文件名，以免覆盖。")
    rows, counts = answer_list(catalog, read_list(given), edition)
    cli_shared.write_out(list_bytes(rows, suffix), output)
    said = "、".join(f"{answer}{count}" for answer, count in counts.most_common()) or "没有可核对的行"
    typer.echo(f"{f'已写入{output}' if output else '已核对'}（共{counts.total()}行：{said}）。", err=True)


_NEAR_WHY = {
    "near": "名称相近（{row.score:.0f}%）",
    "other_grade": "名称相同，等级不同",
    "other_class": "见于专业类{row.class_code}{row.class_name}",
}


def _evidence_text(row: PrintedEntry) -> str:
    where = place_words(row.page, row.line, row.source) or "位置不详"
    box = (row.x0, row.top, row.x1, row.bottom)
    if all(side is not None for side in box):
        where += "，框({})".format(", ".join(f"{side:.1f}" for side in box))
    cell = f"，单元格{row.cell_id}" if row.cell_id else ""
    return f"“{row.text}”（{row.kind_label}·{row.tier}；{row.edition}@{row.release} {where}{cell}）"


def answer_text(answer: Answer) -> str:
    """The answer in Chinese: a line per edition, then the evidence or what stands nearest."""
    asked = f"{answer.name}" + (f" {answer.grade}级" if answer.grade else "") + (answer.level or "")
    lines = []
    for verdict in answer.verdicts:
        said = f"计入，级次：{'、'.join(verdict.tiers)}" if verdict.counts else "不计入"
        about = f"{verdict.class_code}{verdict.class_name}" if verdict.class_code else answer.class_code
        remark = f"（{'；'.join(verdict.remarks)}）" if verdict.remarks else ""
        lines.append(f"{verdict.edition}@{verdict.release} {about} {asked}：{said}{remark}")
    if answer.matches:
        lines += ["依据：", *(f"  {_evidence_text(row)}" for row in answer.matches)]
    if answer.near:
        lines.append("相近条目：")
        lines += [f"  {_NEAR_WHY[row.how].format(row=row)}：{_evidence_text(row)}" for row in answer.near]
    return "\n".join(lines)


def history(
    ctx: typer.Context,
    name: Annotated[str, typer.Option(help="Name of the certificate, or an item as printed.")],
    class_code: Annotated[
        str | None,
        typer.Option("--class", help="Only this class: secondary, college or bachelor code, or its name."),
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="Only this kind: title, skill, practice, one_plus_x or industry.")
    ] = None,
    jurisdiction: Annotated[str | None, typer.Option(help="Only this jurisdiction, e.g. shanghai.")] = None,
    format: HowToWrite = "table",
    curated: Curated = None,
) -> None:
    """Follow a certificate over the editions: since when it counts, at which tiers and grades, with gaps.

    Looks at the latest release of every edition. Exit code 0: found; 1: no edition has the name; 2: the question
    cannot be answered. The same for every entry in SQL: the view entry_history.
    """
    from pipeline.query.history import history as follow

    with ctx.obj.catalog(curated) as catalog:
        found = follow(catalog, name, class_code=class_code, kind=kind, jurisdiction=jurisdiction)
    if format == "json":
        cli_shared.echo_json(found.to_dict())
    elif format == "csv":
        typer.echo(_history_csv(found), nl=False)
    else:
        _print_history(found)
    raise typer.Exit(0 if found.lives else 1)


_HISTORY = (
    "jurisdiction", "class_code", "class_name", "kind", "name", "edition", "release", "state", "tiers", "grades",
    "levels", "texts", "entry_ids", "pages", "lines", "first_edition", "last_edition", "renamed", "renamed_score",
)  # fmt: skip


def _history_csv(found: History) -> str:
    """One flat row per life and edition."""

    def joined(*values: object) -> str:
        return "; ".join(map(str, values))

    rows = (
        (
            life.jurisdiction, life.class_code, life.class_name, life.kind, life.name, one.edition, one.release,
            one.state, joined(*one.tiers), joined(*one.grades), joined(*one.levels),
            joined(*(entry.text for entry in one.entries)), joined(*(entry.entry_id for entry in one.entries)),
            joined(*one.pages), joined(*one.lines), life.first.edition, life.last.edition,
            *((one.renamed[0], round(one.renamed[1], 1)) if one.renamed else (None, None)),
        )
        for life in found.lives
        for one in life.standings
    )  # fmt: skip
    return csv_text(_HISTORY, rows)


def _print_history(found: History) -> None:
    from pipeline.schema import KINDS

    console = cli_shared.console()
    if not found.lives:
        console.print(f"各版本中都没有名为“{found.name}”的条目。", markup=False)
        if found.near:
            console.print("相近的名称：")
        for one in found.near:
            console.print(
                f"  {one.name}（{one.score:.0f}%）  专业类{'、'.join(one.class_codes)}  {'、'.join(one.editions)}",
                markup=False,
            )
        return
    for life in found.lives:
        console.print(
            f"{life.name}　{life.class_code}{life.class_name}　{KINDS[life.kind]}　{life.jurisdiction}",
            style="bold",
            markup=False,
        )
        console.print(life.sentence(), markup=False)
        console.print(_life_table(life))


def _life_table(life: Life) -> Any:
    table = Table("版本", "列入", "原文", "位置", show_lines=False)
    for one in life.standings:
        what, where = one.what(), ""
        if one.renamed:
            where = f"或改称“{one.renamed[0]}”（相似{one.renamed[1]:.0f}%）"
        placed = sorted(one.entries, key=lambda entry: (entry.page or 0, entry.line or 0))
        place = "、".join(dict.fromkeys(entry.place for entry in placed if entry.place))
        texts = "\n".join(dict.fromkeys(entry.text for entry in one.entries)) or where
        table.add_row(*(Text(text) for text in (f"{one.edition}@{one.release}", what, texts, place)))
    return table
