"""What is odd about single items: level words, brackets, cuts, lengths, repetitions.

Every check takes the rows of ``entries`` in reading order and sums up what one decision of a steward settles: the same
printed text in many cells is one finding, which lists its entries in ``keys``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any

from pipeline.arrow import grouped
from pipeline.findings import Finding
from pipeline.model import Slot, slot_of
from pipeline.schema import KINDS, TABLES
from pipeline.text import CLOSE, OPEN, depth_after, list_marks, squeeze
from pipeline.tidy.grades.levels import read_levels
from pipeline.tidy.grades.names import is_organisation

Entry = Mapping[str, Any]

LENGTH = (2, 60)
"""Characters of an item: a single one is no credential; beyond sixty two items usually run together."""

USUAL_ENDING = 0.001
"""Share of the distinct items that must end in a character for it to be an item's usual ending."""

_PLACE = ("page", "line", "x0", "top", "x1", "bottom", "cell_id", "confidence")
_SHOWN = 6


def about(
    code: str, message: str, evidence: str, group: Sequence[Entry], table: str = "entries", **more: Any
) -> Finding:
    """A finding about rows: it points at the first, ``keys`` names all of them if there are several."""
    ids = tuple(dict.fromkeys(str(row[TABLES[table].key[0]]) for row in group))
    alone = {"key": ids[0]} if len(ids) == 1 else {"keys": ids}
    place = {name: group[0][name] for name in _PLACE}
    return Finding(code, message, evidence, **{"table": table, **place, **alone, **more})


def cell_name(entry: Entry) -> str:
    """The cell that an entry stands in, as a steward calls it: 6101 国家技能等级证书(职业资格证书)·初级."""
    return f"{entry['class_code']} {KINDS[entry['kind']]}·{entry['tier']}"


def places(group: Sequence[Entry]) -> str:
    """How often and in which classes a text stands: 「3处：6101、6102」."""
    codes = list(dict.fromkeys(str(entry["class_code"]) for entry in group))
    more = "等" if len(codes) > _SHOWN else ""
    return f"{len(group)}处：{'、'.join(codes[:_SHOWN])}{more}"


def listed(texts: Iterable[str]) -> str:
    """Some texts in a message: 「甲」「乙」等5项."""
    found = list(texts)
    more = f"等{len(found)}项" if len(found) > _SHOWN else ""
    return "".join(f"“{text}”" for text in found[:_SHOWN]) + more


def by_text(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The entries of every distinct printed text, in reading order."""
    return grouped(entries, itemgetter("text"))


def by_cell(entries: Iterable[Entry]) -> dict[Slot, list[Entry]]:
    """The entries of every class × kind × tier, by position."""
    return {
        key: sorted(group, key=itemgetter("position")) for key, group in grouped(entries, slot_of).items()
    }


def level_words(entries: Sequence[Entry], organisations: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """Contradicting level words in one item (五级/高级工), and words that look like levels and are none known.

    ``organisations``: names by which issuers are known, as the items were read with them.
    """
    for text, group in by_text(entries).items():
        levels = read_levels(text, organisations)
        if levels.conflict:
            words = "、".join(levels.words)
            message = f"条目“{text}”（{places(group)}）所写的等级“{words}”互相矛盾，已照原文全部列出；请核对原文，如系误植请在corrections.yaml中用replace更正，属实则接受此项。"
            yield about("level_words_contradict", message, text, group)
        if levels.unknown:
            words = "、".join(levels.unknown)
            message = f"条目“{text}”（{places(group)}）中的“{words}”形似等级而不在五级之内，未读作等级；属于别的等级体系则接受此项。"
            yield about("level_word_unknown", message, text, group)


_ONLY_PAPER = re.compile(
    r"(?:专业|职称|职业|技能|技术|能力|等级|资格|执业|从业|国家|证书|证|认证|考试|初级|中级|高级|[一二三四五]级|[初中高]级工|高级技师|[()/、])+"
)
_WHOLE_WORDS = frozenset({"技师", "高级技师"})
_CLOSING = dict(zip(OPEN + "〖「『“<", CLOSE + "〗」』”>", strict=True))
_LEADS_BADLY = re.compile(r"^[)\]}》〉」』】”、,;:。.!?/·]")
_HANGS = re.compile(r"[(\[{《〈「『【“、,;/:]$")


def cut_off(text: str) -> str | None:
    """Why an item does not look whole, in words; None if it does."""
    if _LEADS_BADLY.search(text):
        return "以标点开头"
    if _HANGS.search(text):
        return "以未完的标点结尾"
    if _ONLY_PAPER.fullmatch(text) and text not in _WHOLE_WORDS:
        return "只有等级或“证书”一类的字样，没有名称"
    return None


def unbalanced(text: str) -> bool:
    """Whether a bracket or quotation mark of ``text`` is not closed, or closed without having been opened."""
    opened: list[str] = []
    for char in text:
        if char in _CLOSING:
            opened.append(_CLOSING[char])
        elif char in _CLOSING.values() and (not opened or opened.pop() != char):
            return True
    return bool(opened)


_DITTO = re.compile(r"\(?(?:同(?:[上下左右前]|以上|[初中高]级)[一列栏格行级类项]{0,2}|[〃々]+)\)?")
"""同上 and its kind."""


def _mark_of(entry: Entry) -> str:
    """The list mark that the name of an entry leaves out."""
    (mark,) = list_marks([entry["text"]])
    return "" if entry["name"].startswith(mark) else mark


def form(entries: Sequence[Entry]) -> Iterator[Finding]:
    """Items that only refer to another cell, unbalanced brackets, items cut off, items too short or too long."""
    low, high = LENGTH
    for text, group in by_text(entries).items():
        if _DITTO.fullmatch(text):
            message = f"条目“{text}”（{places(group)}）只说与别处相同，没有写明内容，已照原文发布；请对照原文，在corrections.yaml中用replace写明它所指的条目，或用drop删去。"
            yield about("item_ditto", message, text, group)
        elif unbalanced(text):
            message = f"条目“{text}”（{places(group)}）的括号或引号不成对；请核对原文，如系漏印请在corrections.yaml中用replace更正，属实则接受此项。"
            yield about("brackets_unbalanced", message, text, group)
        elif (why := cut_off(text.removeprefix(_mark_of(group[0])))) is not None:
            message = f"条目“{text}”（{places(group)}）{why}，似被截断；请核对原文，如属相邻条目的一部分，请在corrections.yaml中用join合并。"
            yield about("item_cut_off", message, text, group)
        elif not low <= len(text) <= high:
            message = f"条目“{text}”（{places(group)}）长{len(text)}个字符，过短或过长；请核对原文，如拆分或合并有误，请在corrections.yaml中用split或join更正。"
            yield about("item_length", message, text, group)


def boundaries(
    entries: Sequence[Entry], known: Iterable[str] = (), apart: Mapping[str, Sequence[Pair]] | None = None
) -> Iterator[Finding]:
    """Items that other cells print as two, or that marks or wide blanks divide; and neighbours that other cells print as one.

    ``known``: further whole names, such as the annexes'; ``apart``: the words that wide blanks part (:func:`set_apart`). Of
    a whole and its two halves that both stand in the document, the halves are right if the first ends as items do (师, 工,
    证书), the whole if it does not.
    """
    texts = by_text(entries)
    names = {squeeze(text) for text in texts} | {squeeze(name) for name in known}
    endings = Counter(squeeze(group[0]["name"])[-1:] for group in texts.values())

    def ends_well(name: str) -> bool:
        return name.endswith(")") or endings[name[-1]] > max(1, USUAL_ENDING * len(texts))

    lists = _listed(
        texts, lambda part: part in names or (len(part) > 1 and part[-1] != "级" and ends_well(part))
    )
    for text, group in texts.items():
        parts = _two_items(squeeze(text), names)
        several = lists.get(text) or _at_blanks(squeeze(text), group, apart or {})
        if several:
            message = (
                f"条目“{text}”（{places(group)}）似由{listed(several)}并列而成，在同一行内分开；"
                f"请核对，如应分开，请在corrections.yaml中用split，属实则接受此项。"
            )
            yield about("items_run_together", message, "|".join(several), group)
        elif parts is not None and ends_well(parts[0]):
            message = (
                f"条目“{text}”（{places(group)}）似由“{parts[0]}”与“{parts[1]}”连成，二者在别处各自成条；"
                f"请核对，如应分开，请在corrections.yaml中用split。"
            )
            yield about("items_run_together", message, text, group)
    cut: dict[tuple[str, str], list[Entry]] = {}
    for group in by_cell(entries).values():
        for first, second in zip(group, group[1:], strict=False):
            whole = squeeze(first["text"] + second["text"])
            known_whole = whole in names and not ends_well(squeeze(first["text"]))
            if known_whole or _parts_an_issuer(squeeze(first["text"]), squeeze(second["text"])):
                cut.setdefault((first["text"], second["text"]), []).extend((first, second))
    for (one, other), group in cut.items():
        message = (
            f"{cell_name(group[0])}中相邻的“{one}”与“{other}”似是一条“{squeeze(one + other)}”；"
            f"请核对，如应合并，请在corrections.yaml中用join。"
        )
        yield about("item_cut_off", message, f"{one}|{other}", group)


Pair = tuple[str, str]

_DIVIDING = ("、;,", "/")
"""Marks that may divide items within a line, or the parts of one; what stands on both sides of a slash is mostly one item by
two names (电工/维修电工)."""
_BEHIND_LEVEL = re.compile(r"(?<=[级工师]\))(?=[^(),、;/)])")
_NUMBERED = re.compile(r"(\d{1,2})[.、)](?!\d)")
_WIDE = re.compile(r"[\t\u2001\u2003\u3000]|\s{2,}|(?<=\S)(?=[①-⑳⑴-⒇])")
"""A blank that parts more than words, and a circled number within a line."""


def _listed(texts: Iterable[str], whole: Callable[[str], bool]) -> dict[str, list[str]]:
    """The items that are lists of several by their marks, each with its parts; ``whole``: whether a part may be an item.

    A part that states a level of its own is one when another name follows behind a mark, or another part with a level
    without any (one name may go on: 某某剧目(高级)教官). A slash between parts
    without levels divides items only where it does so between parts with levels.
    """
    found: dict[str, list[str]] = {}
    open_lists: list[tuple[str, str, list[str]]] = []
    shown = set(_DIVIDING[:1])
    for text in texts:
        if len(parts := _numbered(text)) > 1:
            found[text] = parts
            continue
        cuts = {marks: _divided(text, marks) for marks in _DIVIDING} | {"": _BEHIND_LEVEL.split(text)}
        for marks, cut in cuts.items():
            parts = [part for part in cut if part]
            if len(parts) < 2:
                continue
            named = [not _ONLY_PAPER.fullmatch(part.replace("技师", "")) for part in parts]
            own = [_states_level(part) for part in parts]
            if any(map(all, zip(own, (named if marks else own)[1:], strict=False))):
                found.setdefault(text, parts)
                shown.add(marks)
            elif not any(own):
                open_lists.append((text, marks, parts))
    for text, marks, parts in open_lists:
        if marks in shown and all(map(whole, parts)):
            found.setdefault(text, parts)
    return found


def _divided(text: str, marks: str) -> list[str]:
    """``text`` cut at every one of ``marks`` outside brackets."""
    parts, depth = [""], 0
    for char in text:
        depth = depth_after(char, depth, quotes=True)
        if char in marks and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _numbered(text: str) -> list[str]:
    """``text`` cut before numbers that count on from the one that it begins with (1.甲2.乙)."""
    starts: list[int] = []
    numbers: list[int] = []
    for mark in _NUMBERED.finditer(text):
        if int(mark[1]) == numbers[-1] + 1 if numbers else mark.start() == 0:
            starts.append(mark.start())
            numbers.append(int(mark[1]))
    return [text[a:b] for a, b in pairwise([*starts, len(text)])]


def _states_level(part: str) -> bool:
    levels = read_levels(part)
    return bool(levels.grades or levels.level) and levels.name != part


def set_apart(cells: Iterable[Mapping[str, Any]]) -> dict[str, list[Pair]]:
    """By cell, the words (blanks deleted) that a tab or a wide blank parts within its lines; single letters drawn apart for
    the looks (技 术 员) are none. ``cells``: rows of the table ``cells``."""
    found: dict[str, list[Pair]] = {}
    for cell in cells:
        for line in cell["lines"]:
            text = line["text"].strip()
            if _WIDE.search(text):
                words = [squeeze(word) for word in _WIDE.split(text)]
                pairs = [pair for pair in pairwise(words) if _is_name(pair[0]) and _may_follow(*pair)]
                found.setdefault(cell["cell_id"], []).extend(pairs)
    return found


def _is_name(word: str) -> bool:
    return sum(map(str.isalpha, word)) > 1 and not word.isascii() and not _ONLY_PAPER.fullmatch(word)


def _may_follow(first: str, second: str) -> bool:
    """Whether a name begins with ``second``: behind a closed bracket a single letter does, which a line's end may cut off."""
    return _is_name(second) or (first[-1] in CLOSE and second.isalpha() and not _ONLY_PAPER.fullmatch(second))


def _at_blanks(text: str, group: Sequence[Entry], apart: Mapping[str, Sequence[Pair]]) -> list[str]:
    """The parts of a text (blanks deleted) between the wide blanks outside brackets of the cells that print it; [] if none."""
    places = {0, len(text)}
    for entry in group:
        for first, second in apart.get(entry["cell_id"] or "", ()):
            at = text.find(first + second) + len(first)
            if at >= len(first) and depth_after(text[:at]) == 0:
                places.add(at)
    return [text[a:b] for a, b in pairwise(sorted(places))] if len(places) > 2 else []


def _parts_an_issuer(first: str, second: str) -> bool:
    """Whether the cut goes through an issuer before a colon: 某某公 | 司:某证书."""
    head, colon, _ = second.partition(":")
    if not colon or first.endswith((")", "证", "证书")) or _OFFICE.fullmatch(head):
        return False  # the first is whole by its ending, or the head is itself an office: 能源局:某证
    return not is_organisation(head) and is_organisation(first + head)


_JOINED = "/、,;&和与及(:"  # what stands between the parts of one item
_OFFICE = re.compile(r"[\u4e00-\u9fff]{2,}(?:局|厅|部|委|署|院|公司|中心|协会|学会)")
_WORDS = frozenset(
    {"证书", "资格", "等级", "职业", "技能", "专业", "公司", "协会"}
)  # no item ends within one


def _two_items(text: str, names: set[str]) -> tuple[str, str] | None:
    """The two whole items that ``text`` is made of; each of at least four characters, and not merely alternatives."""
    for at in range(4, len(text) - 3):
        if text[:at] not in names or text[at:] not in names or text[at - 1 : at + 1] in _WORDS:
            continue
        if _ONLY_PAPER.fullmatch(text[:at].rpartition(":")[2]):
            continue  # 某某协会:中级 is no item of its own
        if text[at - 1] not in _JOINED and text[at] not in _JOINED and not _ONLY_PAPER.fullmatch(text[at:]):
            return text[:at], text[at:]
    return None


def repetitions(entries: Sequence[Entry]) -> Iterator[Finding]:
    """The same item more than once in a cell: one finding per cell."""
    for group in by_cell(entries).values():
        again = grouped(group, lambda entry: squeeze(entry["text"])).values()
        repeated = [same for same in again if len(same) > 1]
        if repeated:
            texts = [f"{same[0]['text']}" + (f"×{len(same)}" if len(same) > 2 else "") for same in repeated]
            message = f"{cell_name(group[0])}中重复列出{listed(texts)}；请核对原文，多余者请在corrections.yaml中用drop删去，属实则接受此项。"
            more = [entry for same in repeated for entry in same[1:]]
            evidence = "|".join([":".join(slot_of(group[0])), *texts])
            yield about("item_repeated", message, evidence, more)
