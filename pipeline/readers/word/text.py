"""One paragraph (w:p) → its printed lines: number, runs, breaks, fields, tracked changes read as accepted, notes, boxes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pipeline.readers.word.numbering import Numbering
from pipeline.readers.word.package import W
from pipeline.readers.word.styles import Look, Styles, look_of, on, under

_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_VML = "{urn:schemas-microsoft-com:vml}"
_COMPAT = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"

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
_NOTES = {f"{W}footnoteReference": "footnote", f"{W}endnoteReference": "endnote"}


@dataclass
class Paragraph:
    """A paragraph as printed: its lines (text, none empty), the size of its type in points, and what it hides.

    ``notes``: (footnote | endnote, its id); ``boxes``: the contents of its text boxes (XML) and texts of drawings;
    ``goes_on``: the mark at its end is deleted, the next paragraph goes on in its last line.
    """

    number: int | None
    lines: list[str] = field(default_factory=list)
    size: float = 0.0
    hidden: str = ""
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[Any] = field(default_factory=list)
    goes_on: bool = False


class ParagraphReader:
    """Reads paragraphs in document order: automatic numbers count on, fields run over paragraphs."""

    def __init__(self, styles: Styles, numbering: Numbering) -> None:
        self._styles = styles
        self._numbering = numbering
        self._fields: list[bool] = []  # per open field: whether its result has begun

    def read(self, element: Any, number: int | None) -> Paragraph:
        """The paragraph ``element``, the ``number``-th of the document (None outside its body)."""
        out = Paragraph(number)
        properties = element.find(f"{W}pPr")
        mark = properties.find(f"{W}rPr") if properties is not None else None
        style = properties.find(f"{W}pStyle") if properties is not None else None
        look = under(
            look_of(None, properties), self._styles.of(None if style is None else style.get(f"{W}val"))
        )
        parts: list[str] = []
        self._walk(element, look, out, parts)
        text = "".join(parts)
        deleted = mark is not None and any(mark.find(f"{W}{tag}") is not None for tag in ("del", "moveFrom"))
        if deleted:
            out.goes_on = True
        elif look.number and look.number[0] not in (None, "0") and not (out.hidden and not text.strip()):
            text = self._numbering.next(look.number[0] or "", look.number[1] or 0) + text
        out.lines = [line for one in text.split("\n") if (line := one.strip())]
        if not out.size:
            own = look_of(mark)
            out.size = own.size or look.size or 0.0
        # A field whose instruction is left open would swallow the rest of the document.
        self._fields = [True] * len(self._fields)
        return out

    def _walk(self, element: Any, look: Look, out: Paragraph, parts: list[str]) -> None:
        for child in element:
            tag = child.tag
            if tag == f"{W}r":
                self._run(child, look, out, parts)
            elif tag == f"{W}sdt":
                self._control(child, look, out, parts)
            elif tag in _GONE:
                removed = "".join(one.text or "" for one in child.iter(f"{W}delText", f"{W}t", f"{_MATH}t"))
                out.removed += [removed] if removed else []
            elif tag in (f"{W}ins", f"{W}moveTo"):
                start = len(parts)
                self._walk(child, look, out, parts)
                out.added += ["".join(parts[start:])] if parts[start:] else []
            elif tag == f"{_COMPAT}AlternateContent":
                self._walk(_chosen(child), look, out, parts)
            elif tag in _THROUGH:
                self._walk(child, look, out, parts)
            elif isinstance(tag, str) and tag.startswith(_MATH):
                parts += [one.text or "" for one in child.iter(f"{_MATH}t")]

    def _control(self, element: Any, look: Look, out: Paragraph, parts: list[str]) -> None:
        """A content control; the hint shown in one that nobody filled in is no text."""
        content = element.find(f"{W}sdtContent")
        hint = element.find(f"{W}sdtPr/{W}showingPlcHdr")
        if content is not None and on(hint):
            out.hidden += "".join(one.text or "" for one in content.iter(f"{W}t"))
        elif content is not None:
            self._walk(content, look, out, parts)

    def _run(self, run: Any, look: Look, out: Paragraph, parts: list[str]) -> None:
        properties = run.find(f"{W}rPr")
        own = look_of(properties)
        style = properties.find(f"{W}rStyle") if properties is not None else None
        if style is not None:
            own = under(own, self._styles.by_id.get(style.get(f"{W}val", ""), Look()))
        own = under(own, look)
        for text in self._texts(run, look, out, parts):
            if own.hidden and text != "\n":
                out.hidden += text
                continue
            parts.append(text)
            if not out.size and text.strip():
                out.size = own.size or 0.0

    def _texts(self, run: Any, look: Look, out: Paragraph, parts: list[str]) -> Iterator[str]:
        """The printed texts of a run; a manual break is a line end."""
        for child in run:
            tag = child.tag
            if tag == f"{W}fldChar":
                self._field(child.get(f"{W}fldCharType"))
            elif not all(self._fields):
                continue
            elif tag == f"{W}t":
                yield (child.text or "").replace("\n", " ")
            elif tag in _SIGNS:
                yield _SIGNS[tag]
            elif tag == f"{W}sym":
                yield _symbol(child.get(f"{W}char", ""))
            elif tag in _NOTES:
                out.notes.append((_NOTES[tag], child.get(f"{W}id", "")))
            elif tag == f"{_COMPAT}AlternateContent":
                yield from self._texts(_chosen(child), look, out, parts)
            elif tag in (f"{W}drawing", f"{W}pict", f"{W}object"):
                out.boxes += _boxes(child)
            elif tag == f"{W}ruby":
                inside: list[str] = []
                self._walk(child, look, out, inside)
                yield from inside

    def _field(self, kind: str | None) -> None:
        if kind == "begin":
            self._fields.append(False)
        elif self._fields and kind == "separate":
            self._fields[-1] = True
        elif self._fields and kind == "end":
            self._fields.pop()


def _chosen(alternatives: Any) -> Any:
    """The content that a program of today shows: the first choice, else the fallback."""
    choice = alternatives.find(f"{_COMPAT}Choice")
    found = choice if choice is not None else alternatives.find(f"{_COMPAT}Fallback")
    return found if found is not None else ()


def _symbol(code: str) -> str:
    """The character of w:sym. Symbol fonts have places of their own, which no other font knows."""
    try:
        char = chr(int(code, 16))
    except (ValueError, OverflowError):
        return "\ufffd"
    return "\ufffd" if "\ue000" <= char <= "\uf8ff" else char


def _boxes(drawing: Any) -> list[Any]:
    """The contents of the text boxes in a drawing (those within another box come with it), and texts of its own."""
    inner = f"{W}txbxContent"
    found = [one for one in drawing.iter(inner) if next(one.iterancestors(inner), None) is None]
    texts = [one.text or "" for one in drawing.iter(f"{_DRAWING}t")]
    texts += [one.get("string", "") for one in drawing.iter(f"{_VML}textpath")]
    return [*found, *(text for text in texts if text.strip())]
