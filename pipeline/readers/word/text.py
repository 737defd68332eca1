"""One paragraph (w:p) → its printed lines: number, runs, breaks, fields, tracked changes read as accepted, notes, boxes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pipeline.readers.word.package import ALTERNATIVES, W, chosen, text_of, val
from pipeline.readers.word.styles import DocumentLists, Look, Styles, look_of, on, under, whole

_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_VML = "{urn:schemas-microsoft-com:vml}"
_OFFICE = "{urn:schemas-microsoft-com:office:office}"

_THROUGH = frozenset(
    f"{W}{name}"
    for name in (
        "hyperlink", "smartTag", "sdt", "sdtContent", "customXml", "fldSimple", "dir", "bdo", "ins", "moveTo", "ruby",
        "rubyBase",
    )
) | {f"{_MATH}oMath", f"{_MATH}oMathPara"}  # fmt: skip
"""Elements that hold runs which are printed as if they stood in the paragraph itself."""

_GONE = frozenset((f"{W}del", f"{W}moveFrom"))
_SIGNS = {f"{W}tab": "\t", f"{W}ptab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
_SYMBOL_FONTS = ("symbol", "wingdings", "webdings", "zapfdingbats")
_MARKS = {0xFC: "✓", 0xFE: "☑", 0xA8: "□", 0x6F: "□", 0x6C: "●", 0x6E: "■"}
"""Signs of Wingdings that stand in tables: ticks, boxes, dots."""
_PICTURES = frozenset(
    (f"{_DRAWING}blip", f"{_VML}imagedata", f"{_OFFICE}OLEObject", f"{_CHART}chart", f"{_DIAGRAM}relIds")
)
"""What shows a picture, or something that another part of the file holds."""
_NOTES = {f"{W}footnoteReference": "footnote", f"{W}endnoteReference": "endnote"}


@dataclass
class Paragraph:
    """A paragraph as printed: its lines (text, none empty), the size of its type in points, what it hides and strikes out.

    ``notes``: (footnote | endnote, its id); ``boxes``: the contents of its text boxes (XML) and texts of drawings;
    ``unread``: pictures, embedded objects and what is printed small above its characters, in words;
    ``goes_on``: the mark at its end is deleted, the next paragraph goes on in its last line. In ``removed`` and
    ``added`` ¶ stands for the mark at a paragraph's end.
    """

    number: int | None
    lines: list[str] = field(default_factory=list)
    size: float = 0.0
    hidden: str = ""
    struck: str = ""
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[Any] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    goes_on: bool = False


@dataclass
class _Field:
    """An open field: its instruction, and whether its result has begun."""

    code: str = ""
    shown: bool = False


class ParagraphReader:
    """Reads paragraphs in document order: automatic numbers count on, fields run over paragraphs."""

    def __init__(self, styles: Styles, numbering: DocumentLists) -> None:
        self._styles = styles
        self._numbering = numbering
        self._fields: list[_Field] = []

    def read(self, element: Any, number: int | None) -> Paragraph:
        """The paragraph ``element``, the ``number``-th of the document (None outside its body)."""
        out = Paragraph(number)
        properties = element.find(f"{W}pPr")
        mark = properties.find(f"{W}rPr") if properties is not None else None
        look = under(look_of(None, properties), self._styles.of(val(properties, "pStyle")))
        parts: list[str] = []
        self._walk(element, look, out, parts)
        text = "".join(parts)
        tracked = ("ins", "moveTo", "del", "moveFrom")
        kinds = {kind for kind in tracked if mark is not None and mark.find(f"{W}{kind}") is not None}
        if kinds & {"del", "moveFrom"}:
            out.goes_on = True
        elif look.number and look.number[0] not in (None, "0") and not (out.hidden and not text.strip()):
            text = self._numbering.next(look.number[0] or "", look.number[1] or 0) + text
        out.lines = [line for one in text.split("\n") if (line := one.strip())]
        if kinds & {"ins", "moveTo"} and out.lines and not (out.removed or out.added or out.goes_on):
            out.added.append(f"{out.lines[-1]}¶")
        if not out.size:
            own = look_of(mark)
            out.size = own.size or look.size or 0.0
        # A field whose instruction is left open would swallow the rest of the document.
        for one in self._fields:
            one.shown = True
        return out

    def _walk(self, element: Any, look: Look, out: Paragraph, parts: list[str]) -> None:
        for child in element:
            tag = child.tag
            if tag == f"{W}r":
                self._run(child, look, out, parts)
            elif tag == f"{W}sdt":
                self._control(child, look, out, parts)
            elif tag in _GONE:
                removed = text_of(child, f"{W}delText", f"{W}t", f"{_MATH}t")
                out.removed += [removed] if removed else []
            elif tag in (f"{W}ins", f"{W}moveTo"):
                start = len(parts)
                self._walk(child, look, out, parts)
                out.added += ["".join(parts[start:])] if parts[start:] else []
            elif tag == ALTERNATIVES:
                self._walk(chosen(child), look, out, parts)
            elif tag == f"{W}rt":
                above = text_of(child)
                out.unread += [f"注音“{above}”"] if above else []
            elif tag in _THROUGH:
                self._walk(child, look, out, parts)
            elif isinstance(tag, str) and tag.startswith(_MATH):
                parts.append(_math(child))

    def _control(self, element: Any, look: Look, out: Paragraph, parts: list[str]) -> None:
        """A content control; the hint shown in one that nobody filled in is no text."""
        content = element.find(f"{W}sdtContent")
        hint = element.find(f"{W}sdtPr/{W}showingPlcHdr")
        if content is not None and on(hint):
            out.hidden += text_of(content)
        elif content is not None:
            self._walk(content, look, out, parts)

    def _run(self, run: Any, look: Look, out: Paragraph, parts: list[str]) -> None:
        properties = run.find(f"{W}rPr")
        style = self._styles.by_id.get(val(properties, "rStyle") or "", Look())
        own = under(under(look_of(properties), style), look)
        for text in self._texts(run, look, out, parts):
            if own.hidden and text != "\n":
                out.hidden += text
                continue
            parts.append(text)
            out.struck += text if own.struck else ""
            if not out.size and text.strip():
                out.size = own.size or 0.0

    def _texts(self, run: Any, look: Look, out: Paragraph, parts: list[str]) -> Iterator[str]:
        """The printed texts of a run; a manual break is a line end."""
        for child in run:
            tag = child.tag
            if tag == f"{W}fldChar":
                yield from self._field(child, out)
            elif tag == f"{W}instrText" and self._fields:
                self._fields[-1].code += child.text or ""
            elif not all(one.shown for one in self._fields):
                continue
            elif tag == f"{W}t":
                yield (child.text or "").replace("\n", " ")
            elif tag in _SIGNS:
                yield _SIGNS[tag]
            elif tag == f"{W}sym":
                yield _symbol(child.get(f"{W}char", ""), child.get(f"{W}font", ""))
            elif tag in _NOTES:
                out.notes.append((_NOTES[tag], child.get(f"{W}id", "")))
            elif tag == ALTERNATIVES:
                yield from self._texts(chosen(child), look, out, parts)
            elif tag in (f"{W}drawing", f"{W}pict", f"{W}object"):
                boxes = _boxes(child)
                out.boxes += boxes
                if any(one.tag in _PICTURES for one in child.iter()) and not boxes:
                    out.unread.append("嵌入的对象" if tag == f"{W}object" else "图片")
            elif tag == f"{W}ruby":
                inside: list[str] = []
                self._walk(child, look, out, inside)
                yield from inside

    def _field(self, sign: Any, out: Paragraph) -> Iterator[str]:
        """Open, turn or close a field; a formula and a list to choose from have no result but print what they say."""
        kind = sign.get(f"{W}fldCharType")
        if kind == "begin":
            self._fields.append(_Field())
            choice = sign.find(f"{W}ffData/{W}ddList")
            if choice is not None:
                yield _selected(choice)
        elif self._fields and kind == "separate":
            self._fields[-1].shown = True
        elif self._fields and kind == "end":
            ended = self._fields.pop()
            if not ended.shown and all(one.shown for one in self._fields):
                yield _formula(ended.code, out)


def _math(element: Any) -> str:
    """The characters of a formula, a fraction on one line: 1/2."""
    if element.tag == f"{_MATH}t":
        return element.text or ""
    if element.tag == f"{_MATH}f":
        return "/".join(_math(one) for tag in ("num", "den") for one in element.findall(f"{_MATH}{tag}"))
    return "".join(map(_math, element))


def _selected(choice: Any) -> str:
    """The entry of a drop-down list that is chosen."""
    entries = [one.get(f"{W}val", "") for one in choice.findall(f"{W}listEntry")]
    at = whole(val(choice, "result") or val(choice, "default") or "0")
    return entries[at] if at is not None and 0 <= at < len(entries) else ""


def _formula(code: str, out: Paragraph) -> str:
    """The text of an EQ field, by which Word prints encircled, merged and fractional characters ("" for other fields).

    What stands small above (``\\s\\up``) with nothing below is a reading aid: it goes to ``out.unread``.
    """
    found = re.match(r"\s*EQ\b(.*)", re.sub(r'\\\*\s*("[^"]*"|\S+)', "", code), re.IGNORECASE | re.DOTALL)
    if found is None:
        return ""
    said = found[1]
    if re.search(r"\\s\s*\\do", said, re.IGNORECASE) is None:
        above = re.compile(r"\\s\s*\\up\s*\d*\(([^()]*)\)", re.IGNORECASE)
        out.unread += [f"注音“{text}”" for text in above.findall(said)]
        said = above.sub("", said)
    parts = [part.strip() for part in re.split(r"[(),;]", re.sub(r"\\[A-Za-z]+\s*\d*", "", said))]
    parts = [part for part in parts if part and part not in "○〇□△◇"]
    return ("/" if re.search(r"\\f\b", said, re.IGNORECASE) else "").join(parts)


def _symbol(code: str, font: str) -> str:
    """The character of w:sym. Symbol fonts have places of their own, which no other font knows."""
    try:
        char = chr(int(code, 16))
    except (ValueError, OverflowError):
        return "\ufffd"
    named = font.lower()
    if named == "wingdings":
        return _MARKS.get(ord(char) & 0xFF, "\ufffd")
    return "\ufffd" if "\ue000" <= char <= "\uf8ff" or named.startswith(_SYMBOL_FONTS) else char


def _boxes(drawing: Any) -> list[Any]:
    """The contents of the text boxes in a drawing (those within another box come with it), and texts of its own."""
    inner = f"{W}txbxContent"
    found = [one for one in drawing.iter(inner) if next(one.iterancestors(inner), None) is None]
    texts = [one.text or "" for one in drawing.iter(f"{_DRAWING}t")]
    texts += [one.get("string", "") for one in drawing.iter(f"{_VML}textpath")]
    return [*found, *(text for text in texts if text.strip())]
