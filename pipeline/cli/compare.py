"""The command ``compare``: where two sources of one edition disagree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli import shared as cli_shared
from pipeline.cli.shared import Curated, EditionName, Format, HowToWrite
from pipeline.errors import XizeError
from pipeline.text import csv_text

if TYPE_CHECKING:
    from pipeline.diff.sources import Comparison, Decision


# In the terminal: places named, characters shown of a reading (csv and json have everything).
_PLACES, _READING = 3, 60


def compare(
    ctx: typer.Context,
    edition: EditionName,
    sources: Annotated[
        str, typer.Option("--sources", help="The two sources, e.g. pdf,transcript.")
    ] = "pdf,transcript",
    html: Annotated[
        Path | None, typer.Option("--html", help="Also write a page with both readings side by side.")
    ] = None,
    format: HowToWrite = Format.table,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Only the first N decisions in the table.")
    ] = None,
    curated: Curated = None,
) -> None:
    """Compare the last releases of two sources of one edition, cell by cell and item by item.

    Differences that one decision settles are gathered; what repairs most comes first. Exit code 0: the sources agree
    everywhere; 1: they differ; 2: they cannot be compared.
    """
    from pipeline.diff.sources import compare as compare_sides
    from pipeline.diff.sources import load_sides, render

    names = [name.strip() for name in sources.replace("，", ",").split(",") if name.strip()]
    if len(names) != 2:
        raise XizeError(f"--sources“{sources}”不合写法：请给出两个来源，如pdf,transcript。")
    found = compare_sides(*load_sides(ctx.obj.home, edition, (names[0], names[1]), curated))
    if format is Format.json:
        cli_shared.echo_json({**found.summary(), "rows": list(found.rows())})
    elif format is Format.csv:
        typer.echo(_csv(found), nl=False)
    else:
        _print(found, limit)
    if html is not None:
        from pipeline.editions.files import save_file

        save_file(html, render(found).encode())
        for side in (found.left, found.right):
            if side.original[0] is None:
                typer.echo(f"{side.file}不在原处或已更换，页面中没有它的截图。", err=True)
        typer.echo(f"已写入{html}。", err=True)
    raise typer.Exit(0 if found.equal else 1)


def _csv(found: Comparison) -> str:
    from pipeline.diff.sources.comparison import PLACE

    one, other = found.left.source, found.right.source
    columns = (
        "decision", "repairs", "kind", "table", "section", "label", f"{one}_items", f"{other}_items",
        *(f"{one}_{name}" for name in PLACE), *(f"{other}_{name}" for name in PLACE), "hint",
    )  # fmt: skip

    def flat(value: object) -> object:
        return " | ".join(value) if isinstance(value, list) else value

    return csv_text(columns, ([flat(row.get(name)) for name in columns] for row in found.rows()))


def _print(found: Comparison, limit: int | None) -> None:
    from rich.text import Text

    from pipeline.diff.output.terminal import table_of

    console = cli_shared.console()
    left, right = found.left, found.right
    heading = f"{left.edition}：{left.source}（{left.release}）与{right.source}（{right.release}）"
    console.print(heading, style="bold", markup=False)
    share = 100 * found.agree / found.compared if found.compared else 100.0
    console.print(f"共比较{found.compared}格，{found.agree}格一致（{share:.1f}%）。")
    if found.equal:
        console.print("两个来源处处一致。")
        return
    kinds = table_of("各类差别", ["差别", "格", "占全部"])
    for kind, cells in found.cells_by_kind.items():
        kinds.add_row(found.kind_zh(kind), str(cells), f"{100 * cells / found.compared:.2f}%")
    console.print(kinds)
    table = table_of("可订正最多者在前", ["序", "差别", "处", "项", left.source, right.source, "见于"])
    shown = found.decisions[:limit]
    for one in shown:
        figures = str(one.number), found.kind_zh(one.kind), str(len(one.differences)), str(one.repairs)
        table.add_row(*map(Text, (*figures, _short(one.left), _short(one.right), _places(one))))
    console.print(table)
    more = f"，列出前{len(shown)}项" if len(shown) < len(found.decisions) else ""
    console.print(f"共{len(found.decisions)}项决定{more}。")


def _short(text: str) -> str:
    return text if len(text) <= _READING else f"{text[: _READING - 1]}…"


def _places(decision: Decision) -> str:
    labels = list(dict.fromkeys(one.pair.label for one in decision.differences))
    more = f"等{len(labels)}处" if len(labels) > _PLACES else ""
    return "\n".join(labels[:_PLACES]) + more
