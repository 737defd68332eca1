"""Adding an edition: a file becomes raw/<edition>/ with its checksum and a source.yaml to be completed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.editions.edition import Edition, load_edition
from pipeline.editions.files import file_sha256, replace_file
from pipeline.editions.kinds import ABOUT, kind_of, suffix_of
from pipeline.editions.names import validate_name
from pipeline.editions.source_yaml import dump_yaml, load_yaml, parse_source
from pipeline.editions.title import Title, title_of
from pipeline.errors import XizeError

_TEMPLATE = """\
# One edition of a rulebook: what its files are and which one is read.
# Checksums are compared on every run; a file that changed is refused.
edition: {edition}
title: ""
jurisdiction: {jurisdiction}
year: {year}
# The kind of the file that is read and whose releases become the latest.
read: {kind}
# Optional. When it was issued and from when it holds, 发文字号, and the edition that ends with it, e.g.
# issued: 2025-12-20
# effective_from: 2026-01-01
# document_no: 沪教委人〔2025〕1号
# supersedes: {jurisdiction}-{earlier}
# Optional. Header words that are not recognised on their own (kind, tier or column they stand for), e.g.
# headers:
#   职业技能等级: skill
# Optional. How many rows a table must have; checked when a run validates, e.g.
# bounds:
#   classes: {{min: 90, max: 110}}
files: []
"""


@dataclass(frozen=True)
class Added:
    """What adding did: the edition, the kind of the file, whether anything was written, and what is to be said of the
    title (a sentence; "" where there is nothing to say)."""

    edition: Edition
    kind: str
    changed: bool
    remark: str = ""


def add_edition(
    home: Path,
    name: str,
    path: Path,
    *,
    title: str | Title | None = None,
    origin: str = "",
    password: str | None = None,
    **facts: str,
) -> Added:
    """Copy ``path`` (a PDF, a Word or Excel file, a UTF-8 transcript) into raw/<name>/, hash it, fill in source.yaml.

    A new edition's folder appears whole or not at all. A file of another kind joins an edition that exists;
    the same file again changes nothing; a different file of the same kind is refused. ``facts``: what source.yaml shall
    say of issued, effective_from, document_no and supersedes; in an edition that exists nothing else that it says already.
    Raises XizeError (nothing is written then).
    """
    parts = validate_name(name)
    kind = kind_of(path)
    misnamed = _misnamed(path, kind)
    folder = home / "raw" / name
    try:
        if (folder / "source.yaml").exists():
            return replace(_join(load_edition(home, name), path, kind, origin, facts), remark=misnamed)
        found = (
            title if isinstance(title, Title) else Title(title) if title else title_of(path, kind, password)
        )
        head = _TEMPLATE.format(
            edition=name, jurisdiction=parts.jurisdiction, year=parts.year, earlier=parts.year - 1, kind=kind
        )
        _create(folder, head, {"title": found.text or name, **facts}, path, kind, origin)
    except OSError as error:
        raise XizeError(f"无法写入{folder}（{error.strerror}）：请检查其权限与磁盘空间。") from error
    return Added(load_edition(home, name), kind, changed=True, remark=misnamed + found.remark)


def _file_name(edition: str, kind: str, path: Path) -> str:
    return f"{kind}.txt" if kind == "transcript" else f"{edition}{suffix_of(path, kind)}"


def _misnamed(path: Path, kind: str) -> str:
    """What is to be said of a file whose name promises another kind than it holds; "" where it does not."""
    named = path.suffix.lower()
    if not named or kind == "transcript" or named == suffix_of(path, kind):
        return ""
    return f"{path.name}的内容是{ABOUT[kind]}（{suffix_of(path, kind)}），已按内容加入。"


def _record(path: Path, stored: Path, kind: str, origin: str) -> dict[str, str]:
    return {
        "name": stored.name,
        "kind": kind,
        "sha256": file_sha256(stored),
        "about": ABOUT[kind],
        "origin": origin or f"由文件{path.name}加入",
    }


def _create(folder: Path, head: str, said: Mapping[str, str], path: Path, kind: str, origin: str) -> None:
    """Fill a new folder beside ``folder`` and rename it into place (where that exists, move its files in)."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.tmp-", dir=folder.parent) as made:
        work = Path(made) / folder.name
        work.mkdir()
        stored = work / _file_name(folder.name, kind, path)
        shutil.copyfile(path, stored)
        source = work / "source.yaml"
        source.write_text(head, encoding="utf-8")
        document = load_yaml(source)
        _say(document, said)
        document["files"] = [_record(path, stored, kind, origin)]
        parse_source(folder / "source.yaml", document)
        dump_yaml(source, document)
        if not folder.exists():
            work.rename(folder)
            return
        place = folder / stored.name
        if place.exists() and not place.samefile(path) and file_sha256(place) != file_sha256(stored):
            raise XizeError(f"{place}已存在且内容不同：请先移走它，或换一个版本名。")
        stored.replace(place)
        source.replace(folder / "source.yaml")


def _say(document: Any, said: Mapping[str, str]) -> None:
    """Put keys into a source.yaml, those that are new behind ``title``."""
    for name, value in said.items():
        if name in document:
            document[name] = value
        else:
            document.insert(list(document).index("jurisdiction"), name, value)


def _join(edition: Edition, path: Path, kind: str, origin: str, facts: Mapping[str, str]) -> Added:
    """Register a further kind of file, or further facts, in an edition that exists; source.yaml keeps its comments."""
    source = edition.folder / "source.yaml"
    known = edition.source.model_dump(mode="json")
    for name, value in facts.items():
        if known[name] not in (None, value):
            raise XizeError(f"{source}的{name}已写作“{known[name]}”，与“{value}”不同：请核对后改正其中之一。")
    more = {name: value for name, value in facts.items() if known[name] is None}
    document = load_yaml(source)
    _say(document, more)
    there = next((file for file in edition.source.files if file.kind == kind), None)
    if there is not None:
        found = file_sha256(path)
        if found != there.sha256 or not (edition.folder / there.name).is_file():
            raise XizeError(
                f"版本{edition.name}已有另一个{kind}文件（登记的校验和{there.sha256}，新文件{found}）："
                "请换一个版本名，或先移走旧文件并更新source.yaml。"
            )
        edition.verify(kind)
        if not more:
            return Added(edition, kind, changed=False)
        parse_source(source, document)
    else:
        place = edition.folder / _file_name(edition.name, kind, path)
        if place.exists() and not place.samefile(path) and file_sha256(place) != file_sha256(path):
            raise XizeError(f"{place}已存在且内容不同：请先移走它。")
        document["files"].append(_record(path, path, kind, origin) | {"name": place.name})
        parse_source(source, document)
        replace_file(place, path.read_bytes())
    dump_yaml(source, document)
    return Added(load_edition(edition.home, edition.name), kind, changed=True)
