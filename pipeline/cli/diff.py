"""Commands that compare: ``diff`` two editions or releases, ``compare`` two sources of one edition, ``coverage`` a release
with its document."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from pipeline.cli import shared as cli_shared
from pipeline.cli.shared import Curated, EditionName, FileFormat, HowToWrite, Release, apart_from_data
from pipeline.editions.files import save_file
from pipeline.errors import XizeError
from pipeline.releases.catalogue import find_release, load_release, released_from
from pipeline.text import csv_text

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.diff import Side
    from pipeline.diff.sources import Comparison, Decision
    from pipeline.quality.coverage import CoverageLine, Scope

_WIDTH = 160
"""Columns of a summary where there is no terminal."""


def diff(
    ctx: typer.Context,
    before: Annotated[
        str, typer.Argument(metavar="A", help="EDITION (its latest release) or EDITION@RELEASE.")
    ],
    after: Annotated[str, typer.Argument(metavar="B", help="The same, compared with A.")],
    format: Annotated[FileFormat, typer.Option("--format", "-f", help="How to write the changes.")] = "table",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", callback=apart_from_data, help="Write to this file instead of stdout."
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what was only re-ordered or renumbered.")
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(
            callback=apart_from_data, help="Write a page for reading and signing off, with page pictures."
        ),
    ] = None,
    xlsx: Annotated[
        Path | None, typer.Option(callback=apart_from_data, help="Write an Excel workbook.")
    ] = None,
    notice: Annotated[
        Path | None,
        typer.Option(callback=apart_from_data, help="Write a change notice: FILE.docx or FILE.html."),
    ] = None,
    signoff: Annotated[
        list[Path] | None, typer.Option(help="Read back a sign-off exported from the page (repeatable).")
    ] = None,
    curated: Curated = None,
) -> None:
    """Say what changed between two editions, or two releases of one. Exit code: 0 equal, 1 different, 2 error."""
    from pipeline.diff import compare, load_side
    from pipeline.diff.output.terminal import loud

    sides = load_side(ctx.obj.home, before, curated), load_side(ctx.obj.home, after, curated)
    changes = compare(*sides)
    shown = changes if everything else loud(changes)
    _write_reports(shown, sides, html, xlsx, notice, signoff)
    if not (html or xlsx or notice or signoff) or output or format != "table":
        _write_changes(changes, shown, sides, format, output)
    if shown.num_rows:
        raise typer.Exit(1)


def _write_reports(
    changes: pa.Table,
    sides: tuple[Side, Side],
    html: Path | None,
    xlsx: Path | None,
    notice: Path | None,
    signoff: list[Path] | None,
) -> None:
    """The pages and files for people, where any is asked for."""
    if not (html or xlsx or notice or signoff):
        return
    from pipeline.diff.output.diff_page import write_html
    from pipeline.diff.output.diff_xlsx import write_xlsx
    from pipeline.diff.output.notice_file import write_notice
    from pipeline.diff.output.signoff import read_back, render

    for write, path in ((write_html, html), (write_xlsx, xlsx), (write_notice, notice)):
        if path is not None:
            write(changes, *sides, path)
            _told(path, changes)
    if signoff:
        cli_shared.console(_WIDTH).print(render(read_back(signoff, changes, *sides)))


def _told(path: Path, changes: pa.Table) -> None:
    typer.echo(f"已写入{path}（{changes.num_rows}处变更）。", err=True)


def _write_changes(
    changes: pa.Table, shown: pa.Table, sides: tuple[Side, Side], format: FileFormat, output: Path | None
) -> None:
    """The changes as data or as a summary, to a file or to stdout."""
    from pipeline.diff.output import terminal as writers

    cli_shared.refuse_parquet_on_screen(format, output)
    if format == "table" and output is None:
        writers.print_summary(cli_shared.console(_WIDTH), changes, shown, *sides)
        return
    if format == "table":
        text = io.StringIO()
        writers.print_summary(Console(file=text, width=_WIDTH, color_system=None), changes, shown, *sides)
        data = text.getvalue().encode()
    else:
        as_bytes = {"json": writers.as_json, "csv": writers.as_csv, "parquet": writers.as_parquet}
        data = as_bytes[format](shown)
    if cli_shared.write_out(data, output) and output is not None:
        _told(output, shown)


# In the terminal: places named, characters shown of a reading (csv and json have everything).
_PLACES, _READING = 3, 60


def compare(
    ctx: typer.Context,
    edition: EditionName,
    sources: Annotated[str, typer.Option(help="The two sources, e.g. pdf,transcript.")] = "pdf,transcript",
    html: Annotated[
        Path | None,
        typer.Option(callback=apart_from_data, help="Also write a page with both readings side by side."),
    ] = None,
    format: HowToWrite = "table",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N decisions in the table.")] = None,
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
    if format == "json":
        cli_shared.echo_json({**found.summary(), "rows": list(found.rows())})
    elif format == "csv":
        typer.echo(_comparison_csv(found), nl=False)
    else:
        _print_comparison(found, limit)
    if html is not None:
        save_file(html, render(found).encode())
        for side in (found.left, found.right):
            if side.original[0] is None:
                typer.echo(f"{side.file}不在原处或已更换，页面中没有它的截图。", err=True)
        typer.echo(f"已写入{html}。", err=True)
    raise typer.Exit(0 if found.equal else 1)


def _comparison_csv(found: Comparison) -> str:
    from pipeline.diff.sources.comparison import PLACE

    one, other = found.left.source, found.right.source
    columns = (
        "decision", "repairs", "kind", "table", "section", "label", f"{one}_items", f"{other}_items",
        *(f"{one}_{name}" for name in PLACE), *(f"{other}_{name}" for name in PLACE), "hint",
    )  # fmt: skip

    def flat(value: object) -> object:
        return " | ".join(value) if isinstance(value, list) else value

    return csv_text(columns, ([flat(row.get(name)) for name in columns] for row in found.rows()))


def _print_comparison(found: Comparison, limit: int | None) -> None:
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


def coverage(
    ctx: typer.Context,
    edition: EditionName,
    release: Release = None,
    source: Annotated[
        str | None, typer.Option(help="The last release read from this source, e.g. transcript.")
    ] = None,
    format: HowToWrite = "table",
    curated: Curated = None,
) -> None:
    """Say which parts of the document are in the data, which the source lacks, which the document does not have.

    Classes against the education ministry's list, the table of contents against the headings found, lost pages, pages
    without a table, gaps and duplicates in the annexes' numbers. Exit code 0: nothing is missing; 1: something is;
    2: the question cannot be answered.
    """
    from pipeline.quality.coverage import scope
    from pipeline.schema.moe_classes import reference_majors

    if release and source:
        raise XizeError("--release与--source只能给出一个：请去掉其中之一。")
    store = ctx.obj.store(curated)
    chosen = released_from(store, edition, source) if source else find_release(store, edition, release)
    found = scope(load_release(store.url, edition, chosen.release), reference_majors())
    if found is None:
        raise XizeError(f"发布{edition}@{chosen.release}没有覆盖情况：请重新运行“xize run {edition}”。")
    if format == "json":
        about = {"edition": edition, "release": chosen.release}
        cli_shared.echo_json({**about, **found.to_dict()})
    elif format == "csv":
        typer.echo(_coverage_csv(found), nl=False)
    else:
        _print_coverage(found, f"{edition}@{chosen.release}（来源：{found.source}）")
    raise typer.Exit(0 if found.whole else 1)


def _coverage_csv(found: Scope) -> str:
    rows: list[tuple[object, ...]] = []
    for major in found.majors:
        state = "absent" if major.heading is None else "present" if major.heading else "lost"
        rows.append(("major", major.code, major.name, state, "", major.where, major.detail or ""))
        for one in major.classes:
            remarks = "；".join(one.remarks)
            rows.append(("class", one.code, one.name, one.state, one.entries, one.where, remarks))
    lists = {"missing": found.missing, "annex": found.annexes, "numbers": found.numbers, "page": found.pages}
    for subject, lines in lists.items():
        for line in lines:
            rows.append((subject, line.key, line.name, line.status, "", line.where, line.detail))
    return csv_text(("subject", "key", "name", "state", "entries", "where", "detail"), rows)


_STYLES = {
    "partial": "yellow", "lost": "bold red", "unsure": "red", "empty": "cyan", "absent": "dim", "extra": "blue",
}  # fmt: skip


def _print_coverage(found: Scope, title: str) -> None:
    from pipeline.quality.coverage import STATES

    console = cli_shared.console()
    console.print(title, style="bold", markup=False)
    for sentence in found.sentences():
        console.print(sentence, markup=False)
    rows = []
    for major in found.majors:
        heading = (
            Text("文件中没有", "dim")
            if major.heading is None
            else Text(major.where or "有")
            if major.heading
            else Text("不在正文中", "bold red")
        )
        cells = []
        for state in STATES:
            own = [one for one in major.classes if one.state == state]
            # Where all is well the number says enough; what is not as it should be is named.
            well = state == "present" and own
            words = str(len(own)) if well else "\n".join(f"{c.code}{c.name}" for c in own)
            cells.append(Text(words, _STYLES.get(state, "")))
        rows.append((f"{major.code} {major.name}", heading, *cells))
    columns = ("专业大类", "标题", *STATES.values())
    console.print(cli_shared.text_table(columns, rows, title="专业类", title_justify="left"))
    _lines(console, "缺页", found.missing, ("位置", "归入的专业类", "说明"), ("where", "key", "detail"))
    shape = ("name", "status_zh", "detail", "where")
    _lines(console, "附件", found.annexes, ("名称", "状态", "行数或说明", "位置"), shape)
    _lines(console, "附件表的序号", found.numbers, ("表", "序号", "范围，或缺号与重号", "位置"), shape)
    _lines(console, "没有表格的页", found.pages, ("页", "内容"), ("name", "detail"))


def _lines(
    console: Console,
    title: str,
    lines: tuple[CoverageLine, ...],
    header: tuple[str, ...],
    columns: tuple[str, ...],
) -> None:
    if lines:
        styles = ["bold red" if line.status in ("lost", "broken") else "" for line in lines]
        rows = (
            [Text(str(getattr(line, column)), style) for column in columns]
            for line, style in zip(lines, styles, strict=True)
        )
        console.print(cli_shared.text_table(header, rows, title=title, title_justify="left"))
