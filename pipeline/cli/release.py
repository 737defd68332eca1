"""Commands about editions and releases: ``add``, ``releases``, ``rollback`` and ``prune``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.shared import By, Curated, EditionName, day, echo_json, next_step, who
from pipeline.editions.kinds import kind_of
from pipeline.editions.pictures import one_document
from pipeline.errors import XizeError
from pipeline.releases import upkeep
from pipeline.releases.catalogue import awaits_approval, editions_in, find_release, list_releases, parse_pin
from pipeline.text import normalise

if TYPE_CHECKING:
    from pipeline.editions.title import Title
    from pipeline.releases.catalogue import Release


def add(
    ctx: typer.Context,
    edition: EditionName,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="The rulebook as PDF, Word or Excel file, as pictures of its pages, or a UTF-8 transcript of it.",
        ),
    ],
    title: Annotated[str | None, typer.Option(help="Title (default: as printed in the file).")] = None,
    origin: Annotated[str, typer.Option(help="Where the file came from, for source.yaml.")] = "",
    password: Annotated[str | None, typer.Option(help="Password of an encrypted PDF.")] = None,
    issued: Annotated[
        str | None, typer.Option(metavar="DATE", help="When it was issued, e.g. 2025-12-20.")
    ] = None,
    effective_from: Annotated[str | None, typer.Option(metavar="DATE", help="From when it holds.")] = None,
    document_no: Annotated[str | None, typer.Option(help="Its 发文字号.")] = None,
    supersedes: Annotated[
        str | None, typer.Option(metavar="EDITION", help="The edition that ends with it.")
    ] = None,
) -> None:
    """Add an edition: make raw/EDITION/, copy FILE there, record its checksum and fill in source.yaml.

    A later version of the same year is an edition of its own, EDITION-2. What it says of validity may be given for an
    edition that exists too, with the same FILE.
    """
    from pipeline.editions.add import add_edition

    days = day(issued, "--issued"), day(effective_from, "--effective-from")
    given = (*(one.isoformat() if one else None for one in days), document_no, supersedes)
    facts = {name: value for name, value in zip(_FACTS, given, strict=True) if value is not None}
    with one_document(files) as file:
        printed = _office_title(file)  # read whatever --title says: a file that is no good is told now
        said = origin or ("" if file in files else f"由图片{'、'.join(one.name for one in files)}合成")
        added = add_edition(
            ctx.obj.home, edition, file, title=title or printed, origin=said, password=password, **facts
        )
    folder = added.edition.folder
    if not added.changed:
        typer.echo(f"{folder}中已有同一文件，未作改动。")
        next_step(f"xize run {edition}")
        return
    typer.echo(f"已加入{added.edition.path(added.kind)}（标题：{added.edition.source.title}）。")
    if added.remark:
        typer.echo(added.remark)
    typer.echo(f"请核对{folder / 'source.yaml'}。")
    next_step(f"xize run {edition}")


def _office_title(file: Path) -> Title | None:
    """The title of a Word or Excel file, None for other files. Raises XizeError for one that cannot be read."""
    from pipeline.editions.title import choose_title

    kind = kind_of(file)
    if kind not in ("docx", "xlsx"):
        return None
    if kind == "docx":
        from pipeline.readers.word.read import printed_titles
    else:
        from pipeline.readers.excel import printed_titles
    printed, metadata = printed_titles(file)
    return choose_title(file, normalise(printed or ""), metadata)


def releases(
    ctx: typer.Context,
    edition: Annotated[str | None, typer.Argument(metavar="[EDITION]", help="Only this edition.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the list as JSON.")] = False,
    curated: Curated = None,
) -> None:
    """List the published releases, oldest first; the latest is marked."""
    found = list_releases(ctx.obj.store(curated).url, edition)
    if as_json:
        echo_json([_record(release) for release in found])
        return
    if not found:
        raise XizeError(f"还没有{edition or '任何版本'}的发布：请先运行“xize run”。")
    for release in found:
        severities = release.manifest["findings"].get("by_severity", {})
        findings = "、".join(f"{name} {count}" for name, count in severities.items()) or "无"
        waits = "  [待批准]" * awaits_approval(release.manifest)
        marks = (
            waits
            + "  [当前]" * release.is_latest
            + "  [不完整]" * bool(release.manifest.get("allow_incomplete"))
        )
        known = {name: value for name, value in release.facts.items() if value}
        said = "".join(f"  {_FACTS[name]}{value}" for name, value in known.items())
        typer.echo(
            f"{release.edition}@{release.release}  {release.manifest['created']}  来源{release.source}"
            f"  条目{release.rows.get('entries', 0)}  发现：{findings}{said}{marks}"
        )


_FACTS = {"issued": "发文", "effective_from": "施行", "document_no": "文号", "supersedes": "取代"}


def _record(release: Release) -> dict[str, object]:
    return {
        "edition": release.edition,
        "release": release.release,
        "latest": release.is_latest,
        "created": release.manifest["created"],
        "source": release.source,
        **release.facts,
        "allow_incomplete": release.manifest.get("allow_incomplete", False),
        "rows": dict(release.rows),
        "findings": release.manifest["findings"],
        "folder": release.folder,
    }


def verify(
    ctx: typer.Context,
    edition: Annotated[
        str,
        typer.Argument(metavar="EDITION[@RELEASE]", help="e.g. shanghai-2025@r001 (default: the latest)."),
    ],
    curated: Curated = None,
) -> None:
    """Check a release's files against its manifest, offline. Exit code 1: it has faults, one sentence each."""
    store = ctx.obj.store(curated)
    release = find_release(store, *parse_pin(edition))
    faults = upkeep.release_faults(store, release)
    for fault in faults:
        typer.echo(fault, err=True)
    if faults:
        raise typer.Exit(1)
    typer.echo(f"{release.edition}@{release.release}完好：{len(release.manifest['files'])}个文件与清单一致。")


def approve(
    ctx: typer.Context,
    edition: EditionName,
    release: Annotated[
        str | None,
        typer.Argument(metavar="[RELEASE]", help="e.g. r002 (default: the last that waits for approval)."),
    ] = None,
    by: By = None,
    curated: Curated = None,
) -> None:
    """Approve a release of an edition with `approval: required`, as a second person: then it becomes the current one."""
    from pipeline.export.start_page import write_start_page

    store = ctx.obj.store(curated)
    done = upkeep.approve(store.url, edition, release, who(by))
    write_start_page(store)
    current = "，已是当前发布" if done.is_latest else ""
    typer.echo(f"{edition}@{done.release}已由{done.manifest['approval']['approved_by']}批准{current}。")
    next_step(f"xize export {edition} --xlsx {edition}.xlsx")


def rollback(
    ctx: typer.Context,
    edition: EditionName,
    release: Annotated[
        str, typer.Argument(metavar="RELEASE", help="The release to point back to, e.g. r001.")
    ],
    curated: Curated = None,
) -> None:
    """Make RELEASE the latest again. Nothing is deleted."""
    from pipeline.export.start_page import write_start_page

    store = ctx.obj.store(curated)
    done = upkeep.rollback(store.url, edition, release)
    write_start_page(store)
    typer.echo(f"{edition}的当前发布现为{done.release}；其他发布均保留。")


def prune(
    ctx: typer.Context,
    edition: Annotated[
        str | None, typer.Argument(metavar="[EDITION]", help="Only this edition (default: every edition).")
    ] = None,
    keep: Annotated[int, typer.Option(help="How many of the newest releases to keep.")] = 5,
    curated: Curated = None,
) -> None:
    """Delete old releases, never the latest."""
    from pipeline.export.start_page import write_start_page

    store = ctx.obj.store(curated)
    for name in [edition] if edition else editions_in(store):
        deleted = upkeep.prune(store.url, name, keep)
        said = f"已删除{'、'.join(deleted)}" if deleted else "没有可删除的发布"
        typer.echo(f"{name}：{said}。")
    write_start_page(store)
