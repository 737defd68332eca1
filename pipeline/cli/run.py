"""``xize run`` and ``xize serve``: editions published once, or by a deployment; and what came of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from pipeline.cli.shared import (
    By,
    Curated,
    Decoder,
    MaxBytes,
    MaxObjects,
    MaxSeconds,
    Password,
    next_step,
    progress,
    queue_words,
)
from pipeline.errors import XizeError, for_each
from pipeline.job import STAGES, Limits, Options
from pipeline.outcome import steps_table
from pipeline.releases.catalogue import awaits_approval, latest_name
from pipeline.releases.storage import open_store
from pipeline.system import sigterm_exits

if TYPE_CHECKING:
    from pipeline.job import Outcome


Editions = Annotated[
    list[str],
    typer.Argument(
        metavar="EDITION",
        help="<jurisdiction>-<year>, e.g. shanghai-2025, or shanghai-2025-2; several: each.",
    ),
]
Publish = Annotated[bool, typer.Option(help="Publish, or only show what a release would change.")]
CrossCheck = Annotated[
    bool, typer.Option("--cross-check", help="Read every page with camelot too and compare cell by cell.")
]
Incomplete = Annotated[
    bool,
    typer.Option(
        "--allow-incomplete", help="Publish although sections of the table of contents are missing."
    ),
]
Latest = Annotated[
    bool, typer.Option("--latest", help="Let latest.json move although another source is the edition's own.")
]
RunnerName = Annotated[
    Literal["local", "dask"],
    typer.Option(help="Where Prefect runs the tasks: in processes here, or on a Dask cluster."),
]
Address = Annotated[
    str | None, typer.Option(help="Dask scheduler, e.g. tcp://host:8786 (default: a cluster made here).")
]
Profile = Annotated[
    bool, typer.Option("--profile", help="Tell how long each stage took, in processor time and memory too.")
]


def run(
    ctx: typer.Context,
    editions: Editions,
    source: Annotated[str | None, typer.Option(help="Which source to read (default: source.yaml's).")] = None,
    prefect: Annotated[
        bool, typer.Option(help="Run as a Prefect flow, or the same functions in-process.")
    ] = True,
    publish: Publish = True,
    cross_check: CrossCheck = False,
    allow_incomplete: Incomplete = False,
    latest: Latest = False,
    curated: Curated = None,
    password: Password = "",
    decoder: Decoder = "pdfium",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Reading processes (default: one per processor).")
    ] = None,
    runner: RunnerName = "local",
    address: Address = None,
    profile: Profile = False,
    max_objects: MaxObjects = Limits.objects,
    max_bytes: MaxBytes = Limits.size,
    max_seconds: MaxSeconds = Limits.seconds,
    by: By = None,
) -> None:
    """Read editions, tidy, validate and publish them; nothing happens when nothing has changed."""
    from pipeline.run import run as run_here

    begin = time.perf_counter()
    if runner == "dask" and not prefect:
        raise XizeError("--runner dask由Prefect调度，不能与--no-prefect同用：请去掉其中一个。")
    if runner != "dask" and address is not None:
        raise XizeError("--address只用于--runner dask：请加上--runner dask，或去掉--address。")
    options = Options(
        ctx.obj.home, editions[0], source, password, decoder, workers, cross_check, allow_incomplete, publish,
        latest, curated, Limits(max_objects, max_bytes, max_seconds), by or "",
    )  # fmt: skip
    with sigterm_exits(), showing(editions) as finished, progress("准备") as shown:

        def report(stage: str, done: int, total: int) -> None:
            shown(description=STAGES.get(stage, stage), completed=done, total=total)

        def publish_one(name: str) -> None:
            one = replace(options, edition=name)
            if prefect:
                from flows.runner import run as run_flow

                finished(run_flow(one, report))
            else:
                finished(run_here(one, report))

        if runner == "dask":
            from flows.runner import run_editions

            run_editions(editions, options, address=address, report=report, finished=finished)
        else:
            for_each(editions, publish_one, single=len(set(editions)) == 1)
    if profile:
        Console().print(steps_table(time.perf_counter() - begin))


def serve(
    ctx: typer.Context,
    edition: Annotated[
        str | None, typer.Argument(metavar="[EDITION]", help="Default edition of the deployment.")
    ] = None,
    cron: Annotated[str | None, typer.Option(help="Schedule, e.g. '0 3 * * 1'.")] = None,
    timezone: Annotated[str, typer.Option(help="Time zone of the schedule.")] = "Asia/Shanghai",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the local Prefect server.")] = 4200,
) -> None:
    """Serve the publishing flow as a Prefect deployment that a steward can start and schedule."""
    from flows.serve import serve as serve_flows

    serve_flows(ctx.obj.home, edition, cron=cron, timezone=timezone, port=port)


@contextmanager
def showing(editions: Sequence[str]) -> Iterator[Callable[[Outcome], None]]:
    """Collects outcomes and prints them at the end: one in full, several in a line each, also when others failed."""
    outcomes: list[Outcome] = []
    try:
        yield outcomes.append
    finally:
        console = Console(highlight=False, soft_wrap=True)
        for outcome in outcomes:
            if len(set(editions)) == 1:
                _show(console, outcome)
            else:
                console.print(_in_a_line(outcome))
            if outcome.remark:
                console.print(f"{outcome.job.edition.name}：{outcome.remark}")
        if outcomes:
            next_step(*_next_commands(outcomes[0]))


def _next_commands(outcome: Outcome) -> list[str]:
    """What to do after a run: look at what is doubtful, then publish what was only tried, or use the data."""
    name, release = outcome.job.edition.name, outcome.release
    doubts = [f"xize review {name}"] if sum(outcome.by_severity.values()) else []
    if release is None:
        return [*doubts, f"xize run {name}"]
    if awaits_approval(release.manifest):
        return [*doubts, f"xize approve {name} {release.release} --by 批准人"]
    return [*doubts, f"xize export {name} --xlsx {name}.xlsx"]


def _in_a_line(outcome: Outcome) -> str:
    release = outcome.release.release if outcome.release is not None else "未发布"
    news = "" if outcome.changed or outcome.release is None else "（没有变化）"
    return (
        f"{outcome.job.edition.name}：{release}{news}，{outcome.stats.get('pages')}页，"
        f"条目{outcome.rows.get('entries', 0)}，发现：{_severities(outcome)}；待处理：{queue_words(outcome.by_queue)}"
    )


def _show(console: Console, outcome: Outcome) -> None:
    """Print a run's short summary: figures, findings by severity, where to look."""
    stats, rows, release = outcome.stats, outcome.rows, outcome.release
    if release is not None and not outcome.changed:
        name = outcome.job.edition.name
        current = latest_name(open_store(release.url), name)
        other = "" if release.is_latest or not current else f"，当前生效的是 {current}"
        console.print(f"{name}：来源与程序都没有变化，没有发布新版本（最新为 {release.release}{other}）。")
    table = Table(show_header=False, box=None, pad_edge=False)
    annex_rows = sum(count for table_name, count in rows.items() if table_name.startswith("annex_"))
    kept = stats.get("conservation", {})
    figures: dict[str, Any] = {
        "页数": stats.get("pages"),
        "表格": stats.get("tables_found"),
        "专业大类 / 专业类": f"{rows.get('majors', 0)} / {rows.get('classes', 0)}",
        "条目": rows.get("entries", 0),
        "资格（按等级展开）": rows.get("credentials", 0),
        "附件行": annex_rows,
        **({"页面所印的字 / 少读": f"{kept['painted']} / {kept['missing']}"} if "painted" in kept else {}),
        "表内字符 / 丢失": f"{kept.get('in_tables', 0)} / {kept.get('lost', 0)}",
        "发现": _severities(outcome),
        "待处理": queue_words(outcome.by_queue),
    }
    for label, value in figures.items():
        table.add_row(label, str(value))
    console.print(table)
    if release is not None:
        if awaits_approval(release.manifest):
            console.print("本次发布须经另一人批准才成为当前发布。")
        console.print(f"数据：{release.folder}")
        console.print(f"校验报告：{release.folder}/validation/index.html")
    else:
        _show_deltas(console, outcome)


def _severities(outcome: Outcome) -> str:
    from pipeline.schema import SEVERITIES

    return "，".join(f"{label} {outcome.by_severity.get(key, 0)}" for key, label in SEVERITIES.items())


def _show_deltas(console: Console, outcome: Outcome) -> None:
    table = Table(title="发布后的变化（没有发布）")
    for column in ("表", "现有行", "新行数", "增", "减", "改"):
        table.add_column(column, justify="left" if column == "表" else "right")
    for delta in outcome.deltas:
        counts = (delta.rows_before, delta.rows_after, delta.added, delta.removed, delta.changed)
        if any(counts[2:]):
            table.add_row(delta.table, *map(str, counts))
    if outcome.changes and not any(
        name.startswith(f"{outcome.job.edition.name}@") for name in outcome.changes
    ):
        console.print("还没有发布过。")  # rather than a table of all its rows as new ones
    else:
        console.print(table if table.row_count else "与最新版本没有差别。")
    for line in change_words(outcome.changes):
        console.print(line)


def change_words(changes: Mapping[str, Mapping[str, int]]) -> list[str]:
    """What a release would change, a sentence for each release that it is compared with."""
    from pipeline.schema.changes import CHANGE_KINDS

    return [
        f"与{name}相比：{'，'.join(f'{CHANGE_KINDS[kind]}{count}处' for kind, count in kinds.items()) or '印出的文字没有变化'}。"
        for name, kinds in changes.items()
    ]
