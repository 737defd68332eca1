"""How a truth is to be printed: one frozen dataclass of choices that every typesetter understands as far as it can."""

from __future__ import annotations

from dataclasses import dataclass, field

A4 = (595.28, 841.89)
A3 = (841.89, 1190.55)
LETTER = (612.0, 792.0)
B4 = (708.66, 1000.63)

KINDS = ("title", "skill", "practice", "one_plus_x", "industry")
TIERS = ("初级", "中级", "高级")


@dataclass(frozen=True)
class Layout:
    """Choices of a printed edition. Lengths in PDF points; a typesetter ignores what its producer cannot do."""

    name: str
    engine: str = "canvas"  # canvas | chromium | typst | weasyprint | writer

    # page
    page: tuple[float, float] = A4
    landscape: bool = False
    margins: tuple[float, float, float, float] = (56, 42, 56, 42)  # top, right, bottom, left
    mirror: bool = False  # even pages swap left and right margins (left gets 24 pt more)
    page_number: str | None = "{page}"  # "- {page} -", "第{page}页 共{pages}页"
    running_head: str | None = None
    watermark: str | None = None
    rotate: str = "none"  # none | odd | all: pages whose content is turned and set upright by /Rotate
    rotate_by: int = 90
    crop: float = 0.0  # the media box is larger than the crop box by this much on every side

    # letters
    font: str = "Noto Serif CJK SC"
    heading_font: str | None = None
    size: float = 7.5
    leading: float = 1.25
    spacing: float = 0.0
    justify: bool = False
    breaking: str = "kinsoku"  # kinsoku | word | char
    para_gap: float = 0.0
    indent: float = 0.0  # hanging indent of an item's second line (negative: first-line indent)
    padding: float = 2.5
    fake_bold: bool = False
    ghosts: str = "none"  # none | white | invisible: letters in the file that no reader of the paper sees
    unicode: str = "plain"  # plain | zero-width | kangxi | compat | mixed
    per_glyph: bool = False  # every glyph set with an operator of its own

    # tables
    groups: tuple[str, ...] = KINDS
    tiers: tuple[str, ...] = TIERS
    class_first: bool = True
    class_cell: str = "lines"  # lines | inline | name-first | bracket
    corner: tuple[str, ...] = ("双师级别", "专业类别")
    widths: dict[str, float] = field(default_factory=dict)  # weight per kind, and "class"
    header: str = "first"  # first | repeat
    banner: str = "row"  # row | text: where 一、双重管理… stands
    annex_shuffle: bool = False
    sections: str = (
        "above"  # above | row | adjoin | one: where a section's heading stands, and the next table
    )
    heading_short: int = 0  # so many columns a section's heading in the table lacks: empty cells beside it
    top_word: str | None = None  # a word over all groups: a header of three levels
    tiers_above: bool = False  # the tiers stand above the kinds
    tier_words: tuple[str, ...] = ()  # longer words for the tiers
    extra: str | None = None  # the header word of a last column that no kind has
    extra_first: bool = False  # it is the first one
    extra_in_kinds: bool = False  # every kind has such a column behind its tiers
    rule: str = "line"  # see canvas.RULES / html.BORDERS
    rule_width: float = 0.5
    rule_color: str = "#000000"
    header_fill: str | None = None
    header_color: str = "#000000"
    zebra: str | None = None
    split_rows: bool = True
    cut: str = "open"  # open | closed | bottom: which borders are drawn where a page cuts a row
    span_text: str = "top"  # top | centre | larger | repeat: where a merged cell's text stands
    valign: str = "top"
    align: str = "left"
    section_page: bool = False  # every section begins a page
    title_below: bool = False  # an annex's title stands below its number
    list_page: bool = False  # every list of an annex begins a page
    turned: str = (
        "none"  # none | annexes | sections: which pages (of sections: every second) lie the other way
    )
    frame: bool = False  # a line round every page
    stamp: str | None = None  # words of a round red stamp at the title
    footnotes: bool = False  # a mark in some cells, its note at the page's foot (or below the table)
    notes_last: bool = False  # typst: the notes stand behind the table, on the next page

    # document
    toc: bool = True
    toc_leader: str = "."
    gap: float = 8.0

    @property
    def size_pt(self) -> tuple[float, float]:
        """Width and height of the upright page."""
        width, height = self.page
        return (height, width) if self.landscape else (width, height)
