"""What styles say of a paragraph: the size of its type, hidden text, its automatic number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.readers.word.package import W, val

_USUAL = 10.0
"""Points of text for which a document names no size (ECMA-376, 17.3.2.38)."""

_SEVERAL = 20
"""Styles that may be based on each other in a row: a circle ends there."""


@dataclass(frozen=True)
class Look:
    """What a style, or a paragraph or run of its own, says; None where it says nothing.

    ``number``: (numId, level) of the list that it belongs to, numId "0" for none.
    """

    size: float | None = None
    hidden: bool | None = None
    number: tuple[str | None, int | None] | None = None


@dataclass
class Styles:
    """The document's styles by id, each with all that it inherits."""

    default: Look
    usual: str | None = None
    by_id: dict[str, Look] = field(default_factory=dict)

    def of(self, style: str | None) -> Look:
        """The look of a style, of the default paragraph style for None."""
        return self.by_id.get(style or self.usual or "", self.default)


def on(element: Any | None) -> bool | None:
    """What a switch such as w:vanish says; None where it is not there."""
    return None if element is None else element.get(f"{W}val", "true") not in ("0", "false", "off")


def look_of(run: Any | None, paragraph: Any | None = None) -> Look:
    """The look that w:rPr and w:pPr state."""
    size = hidden = number = None
    if run is not None:
        halves = whole(val(run, "sz"))
        size = None if halves is None else halves / 2
        hidden = on(run.find(f"{W}vanish"))
    listed = paragraph.find(f"{W}numPr") if paragraph is not None else None
    if listed is not None:
        number = val(listed, "numId"), whole(val(listed, "ilvl"))
    return Look(size, hidden, number)


def under(own: Look, inherited: Look) -> Look:
    """``own``, with what it leaves open taken from ``inherited``."""
    number = own.number or inherited.number
    if own.number and inherited.number:
        (name, level), (its_name, its_level) = own.number, inherited.number
        number = name or its_name, its_level if level is None else level
    return Look(
        own.size if own.size is not None else inherited.size,
        own.hidden if own.hidden is not None else inherited.hidden,
        number,
    )


def read_styles(root: Any | None) -> Styles:
    """The styles of word/styles.xml (None: the document has none)."""
    if root is None:
        return Styles(Look(_USUAL, False))
    defaults = root.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr")
    styles = Styles(under(look_of(defaults), Look(_USUAL, False)))
    own: dict[str, tuple[str | None, Look]] = {}
    for style in root.iter(f"{W}style"):
        name = style.get(f"{W}styleId", "")
        own[name] = val(style, "basedOn"), look_of(style.find(f"{W}rPr"), style.find(f"{W}pPr"))
        if style.get(f"{W}type") == "paragraph" and style.get(f"{W}default") in ("1", "true", "on"):
            styles.usual = name
    for name in own:
        look, step = Look(), name
        for _ in range(_SEVERAL):
            base, said = own.get(step, (None, Look()))
            look = under(look, said)
            if base is None:
                break
            step = base
        styles.by_id[name] = under(look, styles.default)
    return styles


def whole(text: str | None) -> int | None:
    """A number as XML writes it, None for anything else."""
    try:
        return int(text or "")
    except ValueError:
        return None
