"""The command ``coverage``: which parts of the document are in a release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from pipeline.cli import shared as cli_shared
from pipeline.cli.shared import Curated, EditionName, HowToWrite, Release
from pipeline.errors import XizeError
from pipeline.releases.catalogue import find_release, load_release, released_from
from pipeline.text import csv_text

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.quality.coverage import CoverageLine, Scope


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
        typer.echo(_csv(found), nl=False)
    else:
        _print(found, f"{edition}@{chosen.release}（来源：{found.source}）")
    raise typer.Exit(0 if found.whole else 1)


def _csv(found: Scope) -> str:
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


def _print(found: Scope, title: str) -> None:

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
