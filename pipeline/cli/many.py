"""What ``xize run`` does with one edition or several, and how it tells what came of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.errors import XizeError, raise_failures

if TYPE_CHECKING:
    from pipeline.job import Options, Outcome


def refuse_runner(dask: bool, prefect: bool, address: str | None) -> None:
    """Raise XizeError for options that contradict each other."""
    if dask and not prefect:
        raise XizeError("--runner dask由Prefect调度，不能与--no-prefect同用：请去掉其中一个。")
    if address is not None and not dask:
        raise XizeError("--address只用于--runner dask：请加上--runner dask，或去掉--address。")


def run_each(
    editions: Sequence[str],
    options: Options,
    run: Callable[[Options], Outcome],
    finished: Callable[[Outcome], None],
) -> None:
    """Run editions one after the other; one that fails keeps none of the others back.

    Raises XizeError naming those that failed, when all have been tried.
    """
    failures: dict[str, Exception] = {}
    for name in dict.fromkeys(editions):
        try:
            finished(run(replace(options, edition=name)))
        except XizeError as error:
            failures[name] = error
    raise_failures(failures, single=len(editions) == 1)


@contextmanager
def showing(editions: Sequence[str]) -> Iterator[Callable[[Outcome], None]]:
    """Collects outcomes and prints them at the end: one in full, several in a line each, also when others failed."""
    outcomes: list[Outcome] = []
    try:
        yield outcomes.append
    finally:
        if len(set(editions)) == 1:
            for outcome in outcomes:
                show(outcome)
        elif outcomes:
            _show_lines(outcomes)


def _show_lines(outcomes: Sequence[Outcome]) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for outcome in outcomes:
        release = outcome.release.release if outcome.release is not None else "未发布"
        news = "" if outcome.changed or outcome.release is None else "（没有变化）"
        console.print(
            f"{outcome.job.edition.name}：{release}{news}，{outcome.stats.get('pages')}页，"
            f"条目{outcome.rows.get('entries', 0)}，发现：{_severities(outcome.by_severity)}"
        )


def show(outcome: Outcome) -> None:
    """Print a run's short summary: figures, findings by severity, where to look."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True)
    stats, rows = outcome.stats, outcome.rows
    name = outcome.job.edition.name
    if outcome.release is not None and not outcome.changed:
        console.print(f"{name}：来源与程序都没有变化，没有发布新版本（最新为 {outcome.release.release}）。")
    table = Table(show_header=False, box=None, pad_edge=False)
    annex_rows = sum(count for table_name, count in rows.items() if table_name.startswith("annex_"))
    kept = stats.get("conservation", {})
    for label, value in (
        ("页数", stats.get("pages")),
        ("表格", stats.get("tables_found")),
        ("专业大类 / 专业类", f"{rows.get('majors', 0)} / {rows.get('classes', 0)}"),
        ("条目", rows.get("entries", 0)),
        ("资格（按等级展开）", rows.get("credentials", 0)),
        ("附件行", annex_rows),
        ("表内字符 / 丢失", f"{kept.get('in_tables', 0)} / {kept.get('lost', 0)}"),
        ("发现", _severities(outcome.by_severity)),
    ):
        table.add_row(str(label), str(value))
    console.print(table)
    if outcome.release is not None:
        folder = outcome.release.folder
        console.print(f"数据：{folder}")
        console.print(f"校验报告：{folder}/validation/index.html")
    else:
        _show_deltas(console, outcome)


def _severities(counts: object) -> str:
    names = (("error", "错误"), ("warning", "警告"), ("info", "提示"))
    found = dict(counts) if isinstance(counts, dict) else {}
    return "，".join(f"{label} {found.get(key, 0)}" for key, label in names)


def _show_deltas(console: object, outcome: Outcome) -> None:
    from rich.table import Table

    table = Table(title="发布后的变化（没有发布）")
    for column in ("表", "现有行", "新行数", "增", "减", "改"):
        table.add_column(column, justify="left" if column == "表" else "right")
    for delta in outcome.deltas:
        if delta.added or delta.removed or delta.changed:
            table.add_row(
                delta.table,
                *map(str, (delta.rows_before, delta.rows_after, delta.added, delta.removed, delta.changed)),
            )
    console.print(table if table.row_count else "与最新版本没有差别。")  # type: ignore[attr-defined]
