"""Random editions of invented provinces: a seed chooses what is printed and how."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from .content import refresh_toc
from .document import Truth
from .layout import A3, A4, B4, KINDS, TIERS, Layout
from .province import province

ENGINES = ("typst", "chromium", "writer")
FONTS = ("Noto Serif CJK SC", "Noto Sans CJK SC")


def random_edition(seed: int, engine: str) -> tuple[Truth, Layout]:
    """A truth and a layout of about twenty pages; the same for the same seed and engine."""
    dice = random.Random(f"edition{seed}{engine}")
    truth = province(
        seed,
        majors=dice.randint(2, 4),
        classes=dice.randint(2, 4),
        scale=dice.uniform(0.1, 0.5),
        more=dice.random() < 0.7,
    )
    layout = random_layout(f"{engine}-{seed}", engine, dice)
    return vary(truth, layout, dice), layout


def random_layout(name: str, engine: str, dice: random.Random) -> Layout:
    """A layout with a few of the odd choices at once."""

    def odd(share: float = 0.25) -> bool:
        return dice.random() < share

    kinds = dice.sample(KINDS, dice.choice((5, 5, 5, 4)))
    long = dice.choice(("{}", "{}双师型教师", "“双师型”{}教师", "{}“双师型”"))
    wide = odd(0.65)
    page = dice.choice((A4, A4, A3, B4))
    return Layout(
        name, engine, page=page, landscape=wide, font=dice.choice(FONTS), heading_font=dice.choice(FONTS),
        size=dice.choice((6.0, 7.0, 8.0) if page == A4 else (7.5, 9.0)), leading=dice.choice((1.15, 1.3, 1.5)),
        padding=dice.choice((1.5, 2.5, 4.0)), margins=(56, dice.choice((30, 42)), 56, dice.choice((30, 42))),
        groups=tuple(kinds), class_first=not odd(0.15), class_cell=dice.choice(("lines", "inline", "name-first")),
        widths={"class": dice.uniform(0.8, 1.4), "skill": 1.5}, header=dice.choice(("first", "repeat", "repeat")),
        sections=dice.choice(("above", "above", "row", "adjoin", "one")), tiers_above=odd(0.2),
        top_word=dice.choice(("双师型教师可认定的证书", "证书类别")) if odd() else None,
        tier_words=tuple(map(long.format, TIERS)) if odd() else (), extra="备注" if odd() else None,
        extra_in_kinds=odd(0.1), banner=dice.choice(("row", "text")), annex_shuffle=odd(), valign=dice.choice(("top", "middle")),
        align=dice.choice(("left", "left", "center")), section_page=odd(), list_page=odd(0.4),
        turned=dice.choice(("none", "none", "annexes", "sections")), frame=odd(0.2), footnotes=odd(),
        stamp="专用章" if odd(0.2) else None, watermark="征求意见稿" if odd(0.2) else None,
        running_head="“双师型”教师认定细则" if odd(0.4) else None, toc=odd(0.8), split_rows=odd(0.8),
        page_number=dice.choice(("{page}", "- {page} -", "第{page}页 共{pages}页", None)), gap=dice.choice((4.0, 8.0, 14.0)),
        rule=dice.choice(("line", "line", "line", "dashed", "double" if engine != "typst" else "line")),
        header_fill=dice.choice((None, None, "#dddddd", "#e2efda")), mirror=engine != "typst" and odd(0.15),
    )  # fmt: skip


def vary(truth: Truth, layout: Layout, dice: random.Random) -> Truth:
    """The truth as this commission prints it: kinds it has no column for, codes, annexes, notes, contents."""
    for section in truth["sections"]:
        for cls in section["classes"]:
            for kind in set(KINDS) - set(layout.groups):
                cls["cells"][kind] = {}
            cls["notes"] = (
                {f"{layout.groups[0]}.中级": f"{cls['name']}以证书颁发时的名称为准。"}
                if dice.random() < 0.5
                else {}
            )
    if dice.random() < 0.25:
        _recode(truth["sections"])
    if dice.random() < 0.2 and layout.sections == "above":
        dice.choice(truth["sections"])["classes"] = []
    annexes = truth["annexes"]
    keep = dice.choice((len(annexes), len(annexes), 5, 2, 0))
    del annexes[keep:]
    if len(annexes) > 3 and dice.random() < 0.3:
        _merge(annexes)
    shift = dice.choice((0, 0, 0, 3))
    for number, annex in enumerate(annexes, start=1 + shift):
        annex["no"] = annex["printed_no"] = number
        annex["heading"] = f"附件{number}：{annex['title']}"
    refresh_toc(truth)
    if dice.random() < 0.3:
        _lie(truth["toc"], dice)
    return truth


def _recode(sections: Sequence[dict[str, Any]]) -> None:
    """Majors and classes of codes that the national catalogue does not have."""
    for number, section in enumerate(sections):
        old, new = section["major_code"], str(91 + number)
        section["heading"] = section["heading"].replace(f"、{old}（", f"、{new}（", 1)
        section["major_code"] = new
        for cls in section["classes"]:
            cls["codes"][0] = new + cls["codes"][0][2:]


def _merge(annexes: list[dict[str, Any]]) -> None:
    """The second annex goes on under the first one's number, its tables behind those of the first."""
    first, second = annexes[0], annexes.pop(1)
    first["title"] = f"{first['title']}及{second['title']}"
    first["tables"] = [*first["tables"], *second["tables"]]


def _lie(toc: list[dict[str, Any]], dice: random.Random) -> None:
    """A table of contents that leaves a line out, words another one otherwise, or names pages that are not."""
    if len(toc) > 4 and dice.random() < 0.5:
        toc.pop(dice.randrange(2, len(toc)))
    entry = toc[dice.randrange(1, len(toc))]
    entry["text"] = entry["text"].replace("目录", "清单").replace("名单", "目录")
