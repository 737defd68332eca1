"""Loading what the review page shows: a release, or the last run where it was not published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.editions.edition import Edition, load_edition
from pipeline.editions.files import file_sha256
from pipeline.errors import XizeError
from pipeline.job import Options
from pipeline.releases.catalogue import Release, curated_url, find_release, load_release
from pipeline.releases.last_findings import load_findings, load_unpublished, release_of
from pipeline.releases.learned import planned
from pipeline.releases.storage import open_store
from pipeline.review.model import Material
from pipeline.review.pictures import page_sizes
from pipeline.run import read, tidy_reading


def load(options: Options, release: str | None = None) -> Material:
    """The material of an edition: of ``release``, else of its last run.

    The rows come from the release that the findings belong to, or from what a run that was not published kept; where
    that is missing, they are tidied anew. Raises XizeError when the edition was never run, or when its source
    file is missing or not the one registered.
    """
    edition = load_edition(options.home, options.edition)
    url = curated_url(options.home, options.curated)
    store = open_store(url)
    findings = load_findings(options.home, edition.name, url, release)
    release = release or release_of(options.home, edition.name, url, findings)
    shown = find_release(store, edition.name, release) if release is not None else None
    if shown is not None:
        kind = shown.source
    else:
        kind = str(findings[0]["source"]) if findings else edition.source.read
    path, sha256 = edition.verify(kind)
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if kind == "transcript" else ()
    sizes = _sizes(edition, path, sha256, options.password) if kind == "pdf" else ()
    material = Material(edition, kind, path, sha256, findings, sizes, lines, password=options.password)
    if shown is not None:
        return _released(material, shown)
    return _as_run(material) or _tidied(material, options)


def _released(material: Material, release: Release) -> Material:
    tables = load_release(release.url, release.edition, release.release)
    other = release.manifest["source"].get("sha256") != material.sha256
    notice = "来源文件在该次发布之后已更换，页面图与数据可能不一致：请重新运行。" if other else ""
    applied = (release.manifest.get("stats", {}).get("corrections") or {}).get("sha256")
    return _showing(material, tables, release=release.release, applied=applied, notice=notice)


def _showing(material: Material, tables: Mapping[str, pa.Table], **more: Any) -> Material:
    rows = {name: table.to_pylist() for name, table in tables.items() if name != "cells"}
    return replace(material, staged=tables["cells"], rows=rows, **more)


def _as_run(material: Material) -> Material | None:
    """The rows as the last run left them, unpublished; None where they are not kept."""
    edition = material.edition
    kept = load_unpublished(edition.home, edition.name, material.sha256)
    if kept is None:
        return None
    tables, applied = kept
    notice = f"{_why_unpublished(material)}：所示为那次运行的结果。"
    return _showing(material, tables, applied=applied, notice=notice)


def _tidied(material: Material, options: Options) -> Material:
    """The rows of the staged reading, tidied with the corrections of today."""
    job = planned(Options(options.home, options.edition, material.kind, options.password))
    reading = read(job)
    material = replace(material, staged=reading.cells)
    try:
        result = tidy_reading(job, reading)
    except XizeError as error:
        return replace(material, notice=f"最近一次运行没有发布，且现在无法整理：{error}")
    path = material.edition.corrections
    return _showing(
        material,
        {**result.tables, "cells": reading.cells},
        applied=file_sha256(path) if path.is_file() else None,
        rule3=result.context["rule3"],
        notice=f"{_why_unpublished(material)}：所示为暂存的读取结果，已按现有的更正整理。",
    )


def _why_unpublished(material: Material) -> str:
    errors = sum(row["severity"] == "error" and row["status"] == "open" for row in material.findings)
    why = f"因{errors}个错误没有发布，处理完后请重新运行" if errors else "没有发布（试运行）"
    return f"最近一次运行{why}"


def _sizes(edition: Edition, path: Path, sha256: str, password: str) -> list[tuple[float, float, int]]:
    """Per page of a PDF its width, height and by how much it was turned, as read: what is staged knows it, else the
    file itself."""
    staged = edition.staged_cells("pdf", sha256).with_name("pages.parquet")
    read = {}
    if staged.is_file():
        table = pq.read_table(staged, columns=["page", "width", "height", "turned"])
        read = {row["page"]: (row["width"], row["height"], row["turned"]) for row in table.to_pylist()}
    return [read.get(number, (*size, 0)) for number, size in enumerate(page_sizes(path, password), 1)]
