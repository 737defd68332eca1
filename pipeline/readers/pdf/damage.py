"""What is damaged of a PDF: its structure, and every stream that a page's content can reach.

Decoders paint what a damaged file still gives and say nothing: a page then reads as if it were shorter. qpdf reads the
structure by the letter: whatever is not where the cross-reference table says, or not as long as it says, is damage.
:mod:`streams` tells whether the data of contents, forms, fonts, character maps and pictures are whole, :mod:`content`
whether what contents say ends early.

What nothing can tell: a stream that is not compressed and whose bytes say something else that makes sense.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, TypeGuard

import pikepdf

from pipeline.errors import XizeError
from pipeline.readers.pdf.content import Content, read_content
from pipeline.readers.pdf.streams import decoded_size
from pipeline.reading import BROKEN, CUT, RESOURCE, STRUCTURE

__all__ = ["Key", "PageState", "Structure", "is_stream", "named", "open_structure"]

_STRING = re.compile(rb"\((?:[^()\\]|\\[\s\S])*+\)")
_BEYOND = re.compile(rb"/(?:Parent|P|PieceInfo|Metadata|OC|Ref|OPI|Thumb) \d+ \d+ R\b")
"""References that lead away from what a page paints."""
_NEEDED = re.compile(
    rb"/(?:Contents|FontFile[23]?|ToUnicode|FontDescriptor|DescendantFonts)\s*(?:\[[\s\dR]*\]|\d+\s+\d+\s+R\b)"
)
"""References that a page or a font is nothing without."""
_PADDING = 1 << 22
"""Bytes; there are objects of higher numbers in no file."""
_LARGEST = 1 << 28
"""Bytes of content that are looked into: more is too much by any budget."""
_DEEPEST = 40
"""How deep forms may lie within each other; no decoder follows them further."""
_ENDLESS = 1 << 62
_KEPT = 16
"""Contents that are kept: a page is counted soon after it is looked at."""

_MISFITS = (AttributeError, TypeError, ValueError, RuntimeError)
"""What pikepdf raises where an object is not of the kind that stands there in every PDF."""

Key = tuple[int, int]
"""Number and generation of an object."""


@dataclass(frozen=True)
class PageState:
    """What is wrong with a page (names of checks of :mod:`pipeline.reading`), and how much it paints: ``size`` of its
    content in bytes and ``objects``, forms counted as often as they are painted."""

    checks: frozenset[str] = frozenset()
    size: int = 0
    objects: int = 0

    def and_(self, other: PageState, times: int = 1) -> PageState:
        """Both together, the other one painted so many ``times``."""
        return PageState(
            self.checks | other.checks, self.size + times * other.size, self.objects + times * other.objects
        )


@dataclass(frozen=True)
class _Node:
    """An object: the objects that it refers to, what is wrong with it, and the size of its data."""

    refers: tuple[Key, ...] = ()
    checks: frozenset[str] = frozenset()
    size: int = 0


class Structure:
    """An open PDF as qpdf sees it: ``page_count`` (the page tree's), ``declared`` (what its root says), ``page(number)``.

    Every object is looked at once. ``damaged``: something is wrong that may concern every page. Raises pikepdf's PdfError
    where the page tree cannot be read.
    """

    def __init__(self, pdf: Any, damaged: bool) -> None:
        self._pdf = pdf
        self._nodes: dict[Key, _Node] = {}
        self._forms: dict[Key, PageState] = {}
        self.content = lru_cache(_KEPT)(self._content)
        # Others than those of objects and of pages without a size are of a table that is read all the same, with blanks
        # where none belong.
        warnings = pdf.get_warnings()
        damaged |= any("(object " in said or "MediaBox is undefined" in said for said in warnings)
        self._pages = [page.obj for page in pdf.pages]
        self.page_count = len(self._pages)
        declared = pdf.Root.get("/Pages", {}).get("/Count")
        self.declared = declared if isinstance(declared, int) else None
        self._damaged = damaged or bool(pdf.get_warnings())

    def page(self, number: int) -> PageState:
        """The state of page ``number`` (from 1)."""
        try:
            return self._page(self._pages[number - 1])
        except (pikepdf.PdfError, *_MISFITS):
            return PageState(frozenset({STRUCTURE}))

    def _page(self, page: Any) -> PageState:
        self._pdf.get_warnings()
        resources, text = _inherited(page, "/Resources"), page.unparse(resolved=True)
        contents = self._contents(page)
        misplaced = contents is None or bool(self._pdf.get_warnings())
        reached = self._reached(_references(resources))
        wrong = frozenset(check for key in reached for check in self._node(key).checks)
        lost = "/Contents" not in page and self._has_more(page, text)
        if self._damaged or misplaced or lost or not _has_size(page):
            wrong |= {STRUCTURE}
        return PageState(wrong).and_(self._painted(contents or (), resources, ()))

    def shown(self, number: int) -> tuple[Content, Any]:
        """The content of page ``number`` (from 1) and its resources. Raises what pikepdf raises where it cannot be read."""
        page = self._pages[number - 1]
        contents = self._contents(page)
        if contents is None:
            raise ValueError("the page has no content streams")
        return self.content(contents), _inherited(page, "/Resources")

    def is_off(self, group: Any) -> bool:
        """Whether an optional content group, or a set of them, is not shown as the file is opened (ISO 32000-1, 8.11)."""
        if not isinstance(group, pikepdf.Dictionary):
            return False
        if group.get("/Type") != "/OCMD":
            return group.objgen in self._off
        off = [self.is_off(one) for one in listed(group.get("/OCGs"))]
        policy = str(group.get("/P", "/AnyOn"))
        shown = {"/AllOn": not any(off), "/AnyOff": any(off), "/AllOff": all(off)}.get(policy, not all(off))
        return bool(off) and not shown

    @cached_property
    def _off(self) -> frozenset[Key]:
        """The optional content groups that the file's configuration turns off."""
        properties = self._pdf.Root.get("/OCProperties", {})
        chosen = properties.get("/D", {})
        on, off, every = (
            {one.objgen for one in listed(value) if isinstance(one, pikepdf.Object)}
            for value in (chosen.get("/ON"), chosen.get("/OFF"), properties.get("/OCGs"))
        )
        return frozenset(off | (every - on if chosen.get("/BaseState") == "/OFF" else set()))

    def _content(self, contents: tuple[Key, ...]) -> Content:
        """What content streams say as one. Raises what pikepdf raises where they cannot be read."""
        streams = map(self._pdf.get_object, contents)
        return read_content(
            b"\n".join(stream.read_bytes(pikepdf.StreamDecodeLevel.specialized) for stream in streams)
        )

    def _has_more(self, page: Any, text: bytes) -> bool:
        """Whether a page without contents is no blank one: it has fonts or pictures of its own, or a stream by a strange name."""
        own = any(named(page.get("/Resources"), kind) for kind in ("/Font", "/XObject"))
        referred = map(self._pdf.get_object, _keys(_BEYOND.sub(b"", text)))
        return own or any(is_stream(one) for one in referred)

    def _contents(self, page: Any) -> tuple[Key, ...] | None:
        """The content streams of a page; None where something else stands in their place."""
        streams = listed(page.get("/Contents"))
        return tuple(one.objgen for one in streams) if all(map(is_stream, streams)) else None

    def _reached(self, start: Iterable[Key]) -> set[Key]:
        """All objects that can be reached from some."""
        seen = set(start)
        ahead = list(seen)
        while ahead:
            new = [key for key in self._node(ahead.pop()).refers if key not in seen]
            seen.update(new)
            ahead += new
        return seen

    def _node(self, key: Key) -> _Node:
        if key not in self._nodes:
            self._nodes[key] = self._look_at(key)
        return self._nodes[key]

    def _look_at(self, key: Key) -> _Node:
        self._pdf.get_warnings()
        found = self._pdf.get_object(key)
        if not isinstance(found, pikepdf.Object):  # a number, or nothing
            return _Node(checks=frozenset({STRUCTURE} if self._pdf.get_warnings() else ()))
        stream = is_stream(found)
        text = _STRING.sub(b"()", (found.stream_dict if stream else found).unparse(resolved=True))
        size = _size(found) if stream else 0
        checks = set() if size is not None else {BROKEN if found.get("/Subtype") == "/Form" else RESOURCE}
        if self._pdf.get_warnings() or not _widths_fit(found):
            checks.add(STRUCTURE)
        return _Node(_keys(_BEYOND.sub(b"", text)), frozenset(checks), size or 0)

    def _painted(self, contents: tuple[Key, ...], resources: Any, within: tuple[Key, ...]) -> PageState:
        """What content streams paint as one, and what is wrong with them; ``within`` the forms that they are in."""
        nodes = [self._node(key) for key in contents]
        size = sum(node.size for node in nodes)
        if not all(is_stream(self._pdf.get_object(key)) for key in contents):
            return PageState(frozenset({STRUCTURE}), size)
        if any(node.checks for node in nodes):
            return PageState(frozenset({BROKEN}), size)
        if size > _LARGEST:
            return PageState(frozenset(), size, size)
        try:
            content = self.content(contents)
        except pikepdf.PdfError:
            return PageState(frozenset({BROKEN}), size)
        fonts, forms = (named(resources, kind) for kind in ("/Font", "/XObject"))
        painted = content.names(b"Do")
        known = content.names(b"Tf").keys() <= fonts.keys() and painted.keys() <= forms.keys()
        checks = [*([CUT] if content.cut else ()), *(() if known else [STRUCTURE])]
        state = PageState(frozenset(checks), content.size, content.objects)
        for name, times in painted.items():
            if name in forms and forms[name].get("/Subtype") == "/Form":
                state = state.and_(self._form(forms[name], resources, within), times)
        return state

    def _form(self, form: Any, outer: Any, within: tuple[Key, ...]) -> PageState:
        key = form.objgen
        if key in within:  # decoders leave the circle too
            return PageState()
        if len(within) > _DEEPEST:
            return PageState(size=_ENDLESS, objects=_ENDLESS)
        if key not in self._forms:
            self._forms[key] = self._painted((key,), form.get("/Resources", outer), (*within, key))
        return self._forms[key]


@contextmanager
def open_structure(path: Path, password: str = "") -> Iterator[Structure | None]:
    """Open ``path`` for its damage to be found; None for a file that is encrypted in a way that qpdf does not know.

    Raises XizeError for a file whose pages cannot be found.

    >>> with open_structure(Path("rules.pdf")) as structure:
    ...     structure.page_count, structure.page(1).checks
    (1, frozenset())
    """
    with ExitStack() as stack, path.open("rb") as file:
        data = stack.enter_context(closing(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
        structure = None
        source = path if len(data) > _PADDING else _padded(data)
        for recover in (False, True):

            def opened(recover: bool = recover) -> Any:
                return stack.enter_context(
                    pikepdf.open(source, password=password, attempt_recovery=recover, suppress_warnings=True)
                )

            try:
                structure = Structure(opened(), recover or not _objects_sound(opened(), data))
                break
            except (pikepdf.PdfError, pikepdf.PasswordError, *_MISFITS):
                continue
        if structure is None and data.find(b"/Encrypt") < 0:
            raise XizeError(f"{path.name}：PDF 结构已损坏，无法读取；请重新取得或另存该文件。")
        yield structure


def _padded(data: mmap.mmap) -> BytesIO:
    """The file with blanks behind its last cross-reference table: qpdf knows no numbers of objects that a file is too small
    for, though a page that was cut out of a large document may keep its objects' numbers."""
    at = max(data.rfind(b"startxref"), 0)
    return BytesIO(data[:at] + b" " * _PADDING + data[at:])


def _objects_sound(pdf: Any, data: mmap.mmap) -> bool:
    """Whether what holds other objects is whole (qpdf takes whatever damaged data give), and what pages and fonts are
    nothing without is there (qpdf takes a reference to nothing for none). All objects are read for it."""
    streams = [one for one in pdf.objects if is_stream(one)]
    if any(_size(one) is None for one in streams if one.get("/Type") in ("/ObjStm", "/XRef")):
        return False
    if data.find(b"%%EOF") != data.rfind(b"%%EOF"):  # of an older state of the file something may be gone
        return True
    needed = {key for found in _NEEDED.finditer(data) for key in _keys(found[0])}
    return all(pdf.get_object(key) is not None for key in needed)


def _widths_fit(font: Any) -> bool:
    """Whether a font has as many widths as it says; so has whatever is no font with widths of its own."""
    if not isinstance(font, pikepdf.Dictionary) or "/Widths" not in font:
        return True
    first, last = (font.get(name) for name in ("/FirstChar", "/LastChar"))
    return not (isinstance(first, int) and isinstance(last, int)) or len(font["/Widths"]) == last - first + 1


def _size(stream: Any) -> int | None:
    """Bytes that a stream's data decode to, None where they are not whole."""
    if "/F" in stream:  # its data are in another file
        return 0
    filters, parameters = (listed(stream.get(name)) for name in ("/Filter", "/DecodeParms"))
    early = [one.get("/EarlyChange", 1) for one in parameters if one is not None]
    return decoded_size(bytes(stream.read_raw_bytes()), [str(name)[1:] for name in filters], *early[:1])


def listed(value: Any) -> list[Any]:
    """The items of an array, or the value as the only one.

    >>> listed(None), listed("/FlateDecode")
    ([], ['/FlateDecode'])
    """
    return [] if value is None else list(value) if _is_array(value) else [value]


def _is_array(value: Any) -> bool:
    return isinstance(value, pikepdf.Array)


def _inherited(page: Any, name: str) -> Any:
    """What a page or the next node above it says; None where none does."""
    for _ in range(_DEEPEST):
        if page is None or (found := page.get(name)) is not None:
            return None if page is None else found
        page = page.get("/Parent")
    return None


def _has_size(page: Any) -> bool:
    """Whether a page's boxes leave anything to see of it: decoders make up a size where they do not."""
    found = [_inherited(page, name) for name in ("/MediaBox", "/CropBox")]
    boxes = [[float(one) for one in box] for box in found if box is not None]
    spans = [[sorted((x0, x1)) for x0, _, x1, _ in boxes], [sorted((y0, y1)) for _, y0, _, y1 in boxes]]
    return all(max(low for low, _ in some) < min(high for _, high in some) for some in spans)


def is_stream(value: Any) -> TypeGuard[pikepdf.Stream]:
    """Whether an object is a stream.

    >>> is_stream(pikepdf.Array())
    False
    """
    return isinstance(value, pikepdf.Stream)


def named(resources: Any, kind: str) -> dict[str, Any]:
    """The resources of a kind by their names, without the slash.

    >>> named(pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=7)), "/Font")
    {'F1': 7}
    """
    found = None if resources is None else resources.get(kind)
    return {} if found is None else {name[1:]: value for name, value in found.items()}


def _references(value: Any) -> tuple[Key, ...]:
    """The objects that a value refers to, itself where it is one of its own."""
    if value is None:
        return ()
    return (value.objgen,) if value.is_indirect else _keys(_BEYOND.sub(b"", value.unparse(resolved=True)))


def _keys(text: bytes) -> tuple[Key, ...]:
    """The objects that an unparsed object refers to."""
    return tuple(dict.fromkeys((int(a), int(b)) for a, b in re.findall(rb"(\d+)\s+(\d+)\s+R\b", text)))
