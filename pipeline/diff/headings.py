"""The rulebook's own words: its title, the headings of its annexes, and its notes (说明)."""

from __future__ import annotations

import re

from pipeline.diff.assign import assign, side_by_side
from pipeline.diff.changes import At, Draft
from pipeline.diff.side import Row, Side
from pipeline.diff.words import alike
from pipeline.schema.annexes import ANNEXES
from pipeline.text import normalise, squeeze

_ANNEX_HEAD = re.compile(r"^附(?:件|录|表)\s*(?:\d+|[一二三四五六七八九十]+)?[\s::、.]*")
_NUMBER = re.compile(r"^[((]?(?:\d+|[一二三四五六七八九十]+)[))]?[.、.]?")
_SAME_NOTE = 0.45  # two notes less alike than this are one taken out and another put in


def compare_headings(before: Side, after: Side) -> list[Draft]:
    """The title, and for every annex its heading and printed number where they differ."""
    drafts = []
    was, now = (str(side.manifest.get("title") or "") for side in (before, after))
    if squeeze(was) != squeeze(now):
        title, other = At(normalise(was) or None), At(normalise(now) or None)
        drafts.append(Draft("edition_changed", "edition", title, other, "title"))
    old, new = _annex_headings(before), _annex_headings(after)
    for table in (annex.name for annex in ANNEXES if annex.name in old and annex.name in new):
        (number, heading, row), (number_after, heading_after, row_after) = old[table], new[table]
        numbers = f"附件{number}", f"附件{number_after}"
        for column, (said, said_after) in {"heading": (heading, heading_after), "annex_no": numbers}.items():
            if said and said_after and squeeze(said) != squeeze(said_after):
                printed, printed_after = At(said, (row,)), At(said_after, (row_after,))
                drafts.append(Draft("edition_changed", table, printed, printed_after, column))
    return drafts


def _annex_headings(side: Side) -> dict[str, tuple[int, str | None, Row]]:
    """Annex table → printed number, heading without it (None where the document prints none), where it stands."""
    printed = {row["key"]: row for row in side.rows("coverage") if row["subject"] == "annex"}
    found: dict[str, tuple[int, str | None, Row]] = {}
    for annex in ANNEXES:
        table = side.tables.get(annex.name)
        if annex.name == "annex_other" or table is None or not table.num_rows:
            continue
        number = table["annex_no"][0].as_py()
        row = printed.get(str(number))
        heading = None if row is None or row["name"] == annex.title_zh else _ANNEX_HEAD.sub("", row["name"])
        found[annex.name] = number, heading, row or {}
    return found


def compare_notes(before: Side, after: Side) -> list[Draft]:
    """Notes by their words; a number that moved because another note came in is no change."""
    old, new = before.rows("notes"), after.rows("notes")
    costs = {}
    for i, row in enumerate(old):
        for j, other in enumerate(new):
            likeness = alike(_words(row), _words(other))
            if likeness >= _SAME_NOTE:
                costs[i, j] = 1 - likeness + (0.0 if row["number"] == other["number"] else 0.05)
    drafts = []
    for was, now in side_by_side(assign(costs), old, new):
        score = alike(_words(was), _words(now)) if was and now else None
        if score != 1:
            gone, come = (At(one["text"], (one,), key=one["number"]) if one else None for one in (was, now))
            drafts.append(Draft("note_changed", "notes", gone, come, "text", score))
    return drafts


def _words(row: Row) -> str:
    return _NUMBER.sub("", squeeze(row["text"]))
