"""The command ``history``: since when does a certificate count, as what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli import shared as cli_shared
from pipeline.cli.shared import Curated, Format, HowToWrite
from pipeline.text import csv_text

if TYPE_CHECKING:
    from pipeline.query.history import History, Life


def history(
    ctx: typer.Context,
    name: Annotated[str, typer.Option("--name", help="Name of the certificate, or an item as printed.")],
    class_code: Annotated[
        str | None,
        typer.Option("--class", help="Only this class: secondary, college or bachelor code, or its name."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="Only this kind: title, skill, practice, one_plus_x or industry."),
    ] = None,
    jurisdiction: Annotated[
        str | None, typer.Option("--jurisdiction", help="Only this jurisdiction, e.g. shanghai.")
    ] = None,
    format: HowToWrite = Format.table,
    curated: Curated = None,
) -> None:
    """Follow a certificate over the editions: since when it counts, at which tiers and grades, with gaps.

    Looks at the latest release of every edition. Exit code 0: found; 1: no edition has the name; 2: the question
    cannot be answered. The same for every entry in SQL: the view entry_history.
    """
    from pipeline.query.catalogue import Catalog
    from pipeline.query.history import history as follow

    with Catalog(curated, home=ctx.obj.home) as catalog:
        found = follow(catalog, name, class_code=class_code, kind=kind, jurisdiction=jurisdiction)
    if format is Format.json:
        cli_shared.echo_json(found.to_dict())
    elif format is Format.csv:
        typer.echo(_csv(found), nl=False)
    else:
        _print(found)
    raise typer.Exit(0 if found.lives else 1)


_COLUMNS = (
    "jurisdiction", "class_code", "class_name", "kind", "name", "edition", "release", "state", "tiers", "grades",
    "levels", "texts", "entry_ids", "pages", "lines", "first_edition", "last_edition", "renamed", "renamed_score",
)  # fmt: skip


def _csv(found: History) -> str:
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
    return csv_text(_COLUMNS, rows)


def _print(found: History) -> None:
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
        console.print(_table(life))


def _table(life: Life) -> Any:
    from rich.table import Table
    from rich.text import Text

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
