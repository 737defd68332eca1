"""Fonts for reportlab: TrueType outlines found on this machine or in the PyPI package justmytype-intl-cjk, subset
to the letters of one document and, if wanted, with further code points for the same glyphs (Kangxi radicals, CJK
compatibility ideographs, a zero-width space), as real producers' ToUnicode maps show them."""

from __future__ import annotations

import hashlib
import importlib.util
import tempfile
import unicodedata
from functools import lru_cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

BASE = "Noto Sans SC"
_SYSTEM = {
    "Droid Sans Fallback": ("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf", -1),
    "AR PL UMing CN": ("/usr/share/fonts/truetype/arphic/uming.ttc", 0),
    "AR PL UKai CN": ("/usr/share/fonts/truetype/arphic/ukai.ttc", 0),
    "WenQuanYi Zen Hei": ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 0),
    "WenQuanYi Micro Hei": ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
}
CID_FONTS = ("STSong-Light",)

ZERO_WIDTH = "\u200b"


def _radicals() -> dict[str, str]:
    """Ideograph → Kangxi radical of the same look."""
    return {unicodedata.normalize("NFKC", chr(c)): chr(c) for c in range(0x2F00, 0x2FD6)}


def _compat() -> dict[str, str]:
    """Ideograph → CJK compatibility ideograph of the same look."""
    found = {}
    for code in range(0xF900, 0xFAD9):
        plain = unicodedata.normalize("NFKC", chr(code))
        if plain != chr(code):
            found.setdefault(plain, chr(code))
    return found


ALIASES = {"kangxi": _radicals(), "compat": _compat()}


@lru_cache
def font_file(name: str) -> tuple[Path, int] | None:
    """The TrueType file of a font (and its place in a collection), None if it is not on this machine."""
    if name == BASE:
        spec = importlib.util.find_spec("justmytype_intl_cjk")
        if spec and spec.submodule_search_locations:
            folder = Path(next(iter(spec.submodule_search_locations)))
            return next(folder.rglob("NotoSansSC*.ttf")), -1
        return None
    path, number = _SYSTEM.get(name, ("", -1))
    return (Path(path), number) if path and Path(path).exists() else None


@lru_cache
def _subset(name: str, letters: str, weight: int) -> Path:
    import logging

    from fontTools import subset
    from fontTools.ttLib import TTFont as Source
    from fontTools.varLib import instancer

    found = font_file(name)
    assert found, f"font {name} is not on this machine"
    path, number = found
    key = hashlib.sha256(f"4{name}{weight}{letters}".encode()).hexdigest()[:16]
    target = Path(tempfile.gettempdir()) / "xize-typeset-fonts" / f"{key}.ttf"
    if target.exists():
        return target
    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
    font = Source(path, fontNumber=number)
    options = subset.Options(
        layout_features=[], name_IDs=[0, 1, 2, 3, 4, 5, 6], notdef_outline=True, hinting=False
    )
    options.drop_tables += [
        "BDF ",
        "FFTM",
        "vhea",
        "vmtx",
        "VORG",
        "BASE",
        "GSUB",
        "GPOS",
        "GDEF",
        "DSIG",
        "EBDT",
        "EBLC",
        "MERG",
        "VVAR",
    ]
    tool = subset.Subsetter(options)
    tool.populate(text=letters)
    tool.subset(font)
    if "fvar" in font:
        font = instancer.instantiateVariableFont(font, {"wght": weight})
    have = font.getBestCmap()
    extra = {
        ord(alias): have[ord(plain)]
        for table in ALIASES.values()
        for plain, alias in table.items()
        if ord(plain) in have
    }
    blank = "zerowidth"
    font.setGlyphOrder([*font.getGlyphOrder(), blank])
    from fontTools.ttLib.tables._g_l_y_f import Glyph

    font["glyf"][blank] = Glyph()
    font["hmtx"][blank] = (0, 0)
    extra[ord(ZERO_WIDTH)] = blank
    for table in font["cmap"].tables:
        if table.isUnicode():
            table.cmap.update(extra)
    # reportlab knows a face by its PostScript name: every subset needs its own
    for record in font["name"].names:
        if record.nameID in (1, 3, 4, 6):
            record.string = f"{name.replace(' ', '')}{weight}-{key}"
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(f".{id(font)}")
    font.save(part)
    part.replace(target)
    return target


class Face:
    """A registered font with a fallback for letters that it lacks. ``width`` and ``runs`` are all a typesetter needs."""

    def __init__(self, name: str, letters: str, weight: int = 400) -> None:
        wanted = "".join(sorted(set(letters) | {chr(c) for c in range(32, 127)} | {"·", "…", "—"}))
        self.names: list[str] = []
        self._have: list[set[str] | None] = []
        if name in CID_FONTS:
            if name not in pdfmetrics.getRegisteredFontNames():
                pdfmetrics.registerFont(UnicodeCIDFont(name))
            self._add(name, {c for c in wanted if _in_gb(c)})
        order = [BASE] if name in CID_FONTS or name == BASE else [name, BASE]
        for face in order:
            if not font_file(face):
                continue
            file = _subset(face, wanted, weight)
            registered = f"{face}-{file.stem}"
            if registered not in pdfmetrics.getRegisteredFontNames():
                pdfmetrics.registerFont(TTFont(registered, str(file)))
            self._add(registered, {chr(c) for c in pdfmetrics.getFont(registered).face.charToGlyph})
        assert self.names, f"neither {name} nor {BASE} is on this machine"
        self._which: dict[str, str] = {}
        self._width: dict[str, float] = {}

    def _add(self, name: str, have: set[str]) -> None:
        self.names.append(name)
        self._have.append(have)

    def which(self, char: str) -> str:
        """The registered font that has ``char``."""
        found = self._which.get(char)
        if found is None:
            found = next((n for n, have in zip(self.names, self._have, strict=True) if char in have), None)
            assert found, f"no font has {char!r} (U+{ord(char):04X})"
            self._which[char] = found
        return found

    def width(self, char: str, size: float) -> float:
        """Advance of ``char`` in points."""
        unit = self._width.get(char)
        if unit is None:
            unit = self._width[char] = pdfmetrics.stringWidth(char, self.which(char), 1000) / 1000
        return unit * size

    def runs(self, text: str) -> list[tuple[str, str]]:
        """(font, text) for every run of one font."""
        out: list[tuple[str, str]] = []
        for char in text:
            name = self.which(char)
            if out and out[-1][0] == name:
                out[-1] = (name, out[-1][1] + char)
            else:
                out.append((name, char))
        return out


def _in_gb(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
