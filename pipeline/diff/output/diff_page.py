"""The diff page: one HTML file that holds everything, for reading, signing and printing without a network."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.diff.output.lines import SHORT_KINDS, Line, lines_of
from pipeline.diff.output.pictures import Album, Box, Strip, box_of, original, strips
from pipeline.diff.output.sides import Names, Side, created_of, name_of, release_hash, title_of
from pipeline.diff.output.signoff import STATES, stored_decisions
from pipeline.diff.output.source_text import SourceText, excerpt
from pipeline.errors import XizeError
from pipeline.schema.changes import CHANGE_KINDS, MARKS, QUIET_CHANGES
from pipeline.schema.common import KINDS, TIERS

PICTURE_BUDGET = 28 << 20
"""Bytes of PNG that a page holds at most (in the file a third more)."""

_PLAIN = (*QUIET_CHANGES, "annex_row_added", "annex_row_removed", "entry_added", "entry_removed")
"""Kinds whose text alone says everything; their pictures come last."""

_TALL = 120.0
"""Points from which on a box is a whole cell rather than an item."""

_SOURCES = {"pdf": "PDF", "transcript": "文字稿"}
_SCRIPTS = ("diff-data.js", "diff-signoff.js", "diff-rows.js", "diff.js")


@dataclass(frozen=True)
class _Shown:
    """How one side's places are shown: strips of its pages, or its text; ``remark`` says why not as pictures."""

    album: Album
    text: SourceText
    remark: str


def write_html(
    changes: pa.Table, before: Side, after: Side, path: Path, home: Path, budget: int = PICTURE_BUDGET
) -> None:
    """Write the diff page of ``changes`` to ``path``, with pictures of the places from the originals under ``home``.

    Where an original is not at hand (or is a transcript) the printed lines round the place are shown. ``budget`` are
    the bytes of pictures allowed; where they do not suffice, plain additions and removals go without, and the page
    says so. Raises XizeError when the file cannot be written or sign-offs kept with the edition cannot be read.
    """
    lines = lines_of(changes, before, after)
    first = _shown(lines, before, "before", home, Album(), budget // 2)
    same = before.manifest["source"]["sha256"] == after.manifest["source"]["sha256"]
    # Two releases of one file: one album shows both sides.
    album = first.album if same else Album()
    shown = [first, _shown(lines, after, "after", home, album, budget if same else budget // 2)]
    document = _document(lines, before, after, shown, home)
    text = _render(document, shown, before, after, _read_differently(changes))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise XizeError(f"无法写入{path}（{error.strerror}）：请检查文件夹、权限与磁盘空间。") from error


def _sides(before: Side, after: Side) -> tuple[tuple[Side, str], ...]:
    return (before, "before"), (after, "after")


def _shown(lines: Sequence[Line], side: Side, which: str, home: Path, album: Album, budget: int) -> _Shown:
    """How a side is shown; strips that ``album`` lacks are added until it holds ``budget`` bytes."""
    path, remark = original(side, home)
    is_pdf = side.manifest["source"]["kind"] == "pdf"
    text = SourceText(side, path)
    if path is None or not is_pdf:
        return _Shown(album, text, f"{remark}，改示文字" if remark else "")
    for plain in (False, True):
        wanted = _boxes((line for line in lines if (line.change in _PLAIN) is plain), which, text)
        missing = {box for box in wanted if album.find(box) is None}
        album.add(strips(path, missing, budget - album.size))
    lost = sum(album.find(box) is None for box in _boxes(lines, which, text))
    remark = (
        f"{name_of(side)}有{lost}处未附原页图片（为限制文件大小或页面无法绘出），改示文字" if lost else ""
    )
    return _Shown(album, text, remark)


def _boxes(lines: Iterable[Line], which: str, text: SourceText) -> set[Box]:
    return {box for line in lines if (box := _box(line, which, text)) is not None}


def _box(line: Line, which: str, text: SourceText) -> Box | None:
    """Where a change is printed; of a cell much taller than its lines, the part where the lines stand."""
    box = box_of(line.row, which)
    if box is None or box.bottom - box.top < _TALL:
        return box
    tops = [
        (piece["top"], piece["bottom"])
        for piece in text.cells.get(line.row[f"cell_id_{which}"] or "", [])
        if piece["top"] is not None and box.top - 1 <= piece["top"] <= piece["bottom"] <= box.bottom + 1
    ]
    if not tops:
        return box
    return box._replace(top=min(top for top, _ in tops), bottom=max(bottom for _, bottom in tops))


def _document(
    lines: Sequence[Line], before: Side, after: Side, shown: Sequence[_Shown], home: Path
) -> dict[str, Any]:
    """Everything that the page's scripts work on."""
    sections = {line.section: line.section_title for line in lines}
    return {
        "sides": [_side_facts(side) for side, _ in _sides(before, after)],
        "kinds": CHANGE_KINDS,
        "quiet": QUIET_CHANGES,
        "marks": MARKS,
        "certificates": {kind: SHORT_KINDS.get(kind, kind) for kind in KINDS},
        "tiers": TIERS,
        "states": STATES,
        "sections": list(sections.items()),
        "tables": _tables(lines, before, after),
        "classes": _classes(lines, before, after),
        "albums": [_albums(shown).index(one.album) for one in shown],
        "strips": [[_strip_facts(strip) for strip in album.strips] for album in _albums(shown)],
        "changes": [_record(line, shown) for line in lines],
        "decisions": [decision.model_dump(mode="json") for decision in stored_decisions(before, after, home)],
    }


def _side_facts(side: Side) -> dict[str, str]:
    return {"edition": side.edition, "release": side.release, "sha256": release_hash(side)}


def _classes(lines: Sequence[Line], before: Side, after: Side) -> dict[str, str]:
    """Name by code of every class that a change is about, in order of codes."""
    names: dict[str, str] = {}
    for side in (before, after):
        table = side.tables.get("classes")
        if table is not None:
            names |= dict(zip(table["class_code"].to_pylist(), table["name"].to_pylist(), strict=True))
    return {code: names.get(code, "") for code in sorted({code for line in lines for code in line.classes})}


def _tables(lines: Sequence[Line], before: Side, after: Side) -> dict[str, str]:
    names = Names(before, after)
    return {name: names.table(name) for name in dict.fromkeys(str(line.row["table"]) for line in lines)}


def _albums(shown: Sequence[_Shown]) -> list[Album]:
    """The albums, each once."""
    return list({id(one.album): one.album for one in shown}.values())


def _strip_facts(strip: Strip) -> list[float]:
    edges = (strip.x0, strip.top, strip.x1, strip.bottom, strip.scale)
    return [strip.page, *(round(edge, 2) for edge in edges)]


def _record(line: Line, shown: Sequence[_Shown]) -> dict[str, Any]:
    """A change for the page; absent values are left out, most have none of most."""
    row = line.row
    record = {
        "id": line.id,
        "g": line.group,
        "c": line.change,
        "t": line.row["table"],
        "s": line.section,
        "w": line.where,
        "k": line.classes,
        "kd": sorted({kind for kind in (row["kind"], row["kind_after"]) if kind}),
        "ti": sorted({tier for tier in (row["tier"], row["tier_after"]) if tier}),
        "f": line.field,
        "r": line.runs,
        "p": [line.place("before"), line.place("after")],
        "v": [_place(line, which, shown[index]) for index, which in enumerate(("before", "after"))],
        "n": round(float(row["confidence"]), 2),
        "sc": None if row["score"] is None else round(float(row["score"]), 2),
        "m": row["marks"],
    }
    return {key: value for key, value in record.items() if value not in (None, [], ())}


def _place(line: Line, which: str, shown: _Shown) -> dict[str, Any] | None:
    """How a place is shown: ``b`` strip and box (points), or ``t`` printed lines with ``h`` the place among them."""
    box = _box(line, which, shown.text)
    index = shown.album.find(box) if box else None
    if box is not None and index is not None:
        return {"b": [index, *(round(edge, 1) for edge in box[1:])]}
    found = excerpt(shown.text, line.row, which)
    return {"t": found.lines, "h": found.hit} if found else None


def _read_differently(changes: pa.Table) -> int:
    """How many differences were only of reading, not of print, as the comparison noted beside the table."""
    return int((changes.schema.metadata or {}).get(b"read_differently", 0))


def _unread(count: int) -> list[str]:
    return [f"另有{count}处只是读法不同、印文相同，未列为变更"] if count else []


def _json(document: Mapping[str, Any]) -> str:
    """JSON that may stand in a script element: no "<", hence no end tag and no comment."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _render(
    document: Mapping[str, Any], shown: Sequence[_Shown], before: Side, after: Side, read_differently: int
) -> str:
    from pipeline.diff.output.templating import asset, environment

    pictures = (
        (f"strip-{number}-{index}", base64.b64encode(strip.png).decode("ascii"))
        for number, album in enumerate(_albums(shown))
        for index, strip in enumerate(album.strips)
    )
    return environment().get_template("diff.html.j2").render(
        title=f"细则变更对照：{name_of(before)} → {name_of(after)}",
        sides=[_head(label, side) for label, side in zip(("变更前", "变更后"), (before, after), strict=True)],
        today=date.today().isoformat(),
        remarks=[one.remark for one in shown if one.remark] + _unread(read_differently),
        css=asset("diff.css"),
        data=_json(document),
        scripts="\n".join(asset(name) for name in _SCRIPTS),
        pictures=pictures,
    )  # fmt: skip


def _head(label: str, side: Side) -> dict[str, str]:
    source = side.manifest["source"]
    return {
        "label": label,
        "title": title_of(side),
        "name": name_of(side),
        "created": created_of(side),
        "source": f"{_SOURCES.get(source['kind'], source['kind'])} {source['file']}",
        "sha256": release_hash(side),
    }
