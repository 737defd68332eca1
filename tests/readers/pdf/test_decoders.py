"""Both decoders see the same page: glyph by glyph, stroke by stroke, cell by cell.

pdfplumber (pdfminer) and pdfium share no code; where they agree on a page, neither is likely to be wrong about it.
"""

from __future__ import annotations

import importlib.util
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import XizeError
from pipeline.model import Cell
from pipeline.readers.pdf.page import PageArrays
from pipeline.readers.pdf.read import count_pages, open_pdf, read_arrays, read_pdf
from pipeline.readers.pdf.visible import visible_glyphs
from pipeline.text import squeeze
from tests.typeset.bad import BAD, PASSWORDS
from tests.typeset.zoo import ZOO

RULEBOOK = Path(__file__).parents[3] / "raw" / "shanghai-2025" / "shanghai-2025.pdf"
NEEDS_FONT = {"disguised_letters": "justmytype_intl_cjk"}
ALONG = 0.05
"""Points by which glyphs may differ along the line: their advances decide where a line was wrapped."""
BESIDE = 0.2
"""Share of the size by which they may differ across it: fonts that name no descent are placed by guess."""


def decode(path: Path, decoder: str) -> list[PageArrays]:
    with open_pdf(path, decoder=decoder) as reader:
        return [reader.decode(number) for number in range(1, reader.page_count + 1)]


def both(path: Path) -> list[tuple[PageArrays, PageArrays]]:
    return list(zip(decode(path, "pdfplumber"), decode(path, "pdfium"), strict=True))


def glyphs_without_partner(a: PageArrays, b: PageArrays) -> list[str]:
    """Printed glyphs of one page that the other one has not (same character, box, size, direction, colour, flags)."""
    free = defaultdict(list)
    for j, text in enumerate(b.texts):
        if squeeze(text):
            free[squeeze(text)].append(j)
    lone = []
    for i, text in enumerate(a.texts):
        if not squeeze(text):
            continue
        for j in free[squeeze(text)]:
            off = np.abs(a.boxes[i] - b.boxes[j])
            if a.angles[i] in (90, 270):
                off = off[[1, 0, 3, 2]]
            if (
                max(off[0], off[2]) <= ALONG
                and max(off[1], off[3]) <= BESIDE * a.sizes[i]
                and abs(a.sizes[i] - b.sizes[j]) < 0.01
                and abs(a.light[i] - b.light[j]) < 0.02
                and a.angles[i] == b.angles[j]
                and a.invisible[i] == b.invisible[j]
            ):
                free[squeeze(text)].remove(j)
                break
        else:
            lone.append(f"pdfplumber {text!r} {a.boxes[i].round(2)}")
    return lone + [f"pdfium {b.texts[j]!r} {b.boxes[j].round(2)}" for rest in free.values() for j in rest]


def shapes(page: PageArrays) -> dict[str, np.ndarray]:
    """Rulings, fills and pictures with their luminance, in a fixed order."""
    found = {
        # pdfminer scales line widths by itself already: the thickness of strokes is not compared.
        "rulings": np.column_stack([page.rulings[:, :4], page.ruling_light]),
        "fills": page.fills,
        "images": page.images,
    }
    return {
        name: rows[np.lexsort(np.round(rows, 1).T)] if len(rows) else rows for name, rows in found.items()
    }


def assert_same_shapes(a: PageArrays, b: PageArrays) -> None:
    for name, rows in shapes(a).items():
        others = shapes(b)[name]
        assert rows.shape == others.shape, name
        for x, y in ((rows, others), (others, rows)):
            for row in x:
                assert np.abs(y - row).max(axis=1).min() < 0.03, (name, row)


def assert_same_page(a: PageArrays, b: PageArrays) -> None:
    assert (a.width, a.height) == pytest.approx((b.width, b.height), abs=0.01)
    seen_a, hidden_a = visible_glyphs(a)
    seen_b, hidden_b = visible_glyphs(b)
    assert not glyphs_without_partner(seen_a, seen_b)
    # What is painted again, pdfium's library leaves out by itself.
    left_out = [
        [(h.reason, squeeze(h.text)) for h in hidden if h.reason != "repainted"]
        for hidden in (hidden_a, hidden_b)
    ]
    assert left_out[0] == left_out[1]
    assert_same_shapes(a, b)


@pytest.mark.parametrize("name", sorted(ZOO))
def test_both_see_the_same(name: str, tmp_path: Path) -> None:
    if name in NEEDS_FONT and not importlib.util.find_spec(NEEDS_FONT[name]):
        pytest.skip(f"{NEEDS_FONT[name]} is not installed")
    path = tmp_path / f"{name}.pdf"
    ZOO[name](path)
    for a, b in both(path):
        assert_same_page(a, b)


# -- hand-written pages: what typesetters of our own do not do

_FONTS = {
    "F1": "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    "F2": "<</Type/Font/Subtype/Type1/BaseFont/Ligatures/FirstChar 65/LastChar 65/Widths[500]/ToUnicode 7 0 R"
    "/Encoding<</Type/Encoding/Differences[65/fi]>>/FontDescriptor 8 0 R>>",
    "F3": "<</Type/Font/Subtype/Type0/BaseFont/Nameless/Encoding/Identity-H/DescendantFonts[<</Type/Font"
    "/Subtype/CIDFontType2/BaseFont/Nameless/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
    "/DW 1000/FontDescriptor 8 0 R>>]>>",
    "F4": "<</Type/Font/Subtype/Type0/BaseFont/Beyond/Encoding/Identity-H/ToUnicode 9 0 R/DescendantFonts[<</Type/Font"
    "/Subtype/CIDFontType2/BaseFont/Beyond/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
    "/DW 1000/FontDescriptor 8 0 R>>]>>",
    "F5": "<</Type/Font/Subtype/Type0/BaseFont/Layer/Encoding/Identity-H/ToUnicode 10 0 R/DescendantFonts[<</Type/Font"
    "/Subtype/CIDFontType2/BaseFont/Layer/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
    "/DW 1000/FontDescriptor 8 0 R>>]>>",
}
_TO_UNICODE = (
    "/CIDInit/ProcSet findresource begin 12 dict begin begincmap /CMapName/X def /CMapType 2 def "
    "1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfchar <41> <00660069> endbfchar endcmap end end"
)
_BEYOND = (
    "/CIDInit/ProcSet findresource begin 12 dict begin begincmap /CMapName/X def /CMapType 2 def 1 begincodespacerange "
    "<0000> <FFFF> endcodespacerange 4 beginbfchar <0001> <D842DFB7> <0002> <D83CDF47> <0003> <59D3> <0004> <D842> "
    "endbfchar endcmap end end"
)
_IDENTITY = (
    "/CIDInit/ProcSet findresource begin 12 dict begin begincmap /CMapName/X def /CMapType 2 def 1 begincodespacerange "
    "<0000> <FFFF> endcodespacerange 1 beginbfrange <0000> <FFFF> <0000> endbfrange endcmap end end"
)
_DESCRIPTOR = (
    "<</Type/FontDescriptor/FontName/Helvetica/Flags 32/FontBBox[-166 -225 1000 931]/ItalicAngle 0"
    "/Ascent 718/Descent -207/CapHeight 718/StemV 88>>"
)


def write_page(
    path: Path, content: str, page: str = "", pages: str = "", form: str = "", matrix: str = ""
) -> None:
    """A PDF of one page with the given content stream; ``/X1`` is a form XObject that may draw ``/X2``."""
    fonts = "".join(f"/{name} {font}" for name, font in _FONTS.items())
    resources = f"<</Font<<{fonts}>>/XObject<</X1 5 0 R/X2 6 0 R>>>>"
    head = f"/Type/XObject/Subtype/Form/BBox[-1000 -1000 1000 1000]/Resources {resources}"

    def stream(text: str, entries: str = "") -> str:
        return f"<<{entries}/Length {len(text.encode('latin-1'))}>>stream\n{text}\nendstream"

    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 400 300]{pages}>>",
        f"<</Type/Page/Parent 2 0 R/Resources {resources}/Contents 4 0 R{page}>>",
        stream(content),
        stream(form, head + matrix),
        stream("10 10 m 60 10 l S BT /F1 9 Tf 10 20 Td (inner) Tj ET", head + "/Matrix[0 1 -1 0 100 0]"),
        stream(_TO_UNICODE),
        _DESCRIPTOR,
        stream(_BEYOND),
        stream(_IDENTITY),
    ]
    out = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    out += (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF\n"
    ).encode("latin-1")
    path.write_bytes(out)


_WORDS = "BT /F1 10 Tf 50 200 Td (Plain words) Tj ET 50 190 m 150 190 l S"
HAND_WRITTEN: dict[str, Callable[[Path], None]] = {
    "plain": lambda p: write_page(p, _WORDS),
    "turned_page": lambda p: write_page(p, _WORDS, page="/Rotate 90"),
    "turned_back": lambda p: write_page(p, _WORDS, page="/Rotate -90"),
    "inherited_turn_and_crop": lambda p: write_page(p, _WORDS, pages="/Rotate 180/CropBox[20 30 380 290]"),
    "crop_beyond_media": lambda p: write_page(p, _WORDS, page="/Rotate 270/CropBox[-50 30 900 290]"),
    "origin_elsewhere": lambda p: write_page(p, _WORDS, page="/MediaBox[30 -40 430 260]"),
    "upwards": lambda p: write_page(p, "BT /F1 9 Tf 0 1 -1 0 80 60 Tm (upwards) Tj ET"),
    "downwards": lambda p: write_page(p, "BT /F1 9 Tf 0 -1 1 0 80 260 Tm (downwards) Tj ET"),
    "upside_down": lambda p: write_page(p, "BT /F1 9 Tf -1 0 0 -1 200 100 Tm (head over heels) Tj ET"),
    "askew": lambda p: write_page(
        p, "BT /F1 40 Tf .7071 .7071 -.7071 .7071 90 60 Tm (askew) Tj ET " + _WORDS
    ),
    "size_in_matrix": lambda p: write_page(p, "BT /F1 1 Tf 12 0 0 12 50 100 Tm (matrix) Tj ET"),
    "scaled_page": lambda p: write_page(
        p, "q .24 0 0 -.24 0 300 cm 100 100 m 900 100 l S 100 200 400 300 re S Q"
    ),
    "squeezed": lambda p: write_page(p, "BT /F1 10 Tf 70 Tz 50 100 Td (narrow letters) Tj ET"),
    "spaced": lambda p: write_page(p, "BT /F1 10 Tf 2 Tc 3 Tw 50 100 Td (wide letters) Tj ET"),
    "kerned": lambda p: write_page(p, "BT /F1 10 Tf 50 100 Td [(ke) -300 (rn) 120 (ed)] TJ ET"),
    "raised": lambda p: write_page(p, "BT /F1 10 Tf 50 100 Td (m) Tj 4 Ts (2) Tj ET"),
    "replaced_text": lambda p: write_page(
        p, "/Span<</ActualText(something else)>>BDC BT /F1 10 Tf 50 100 Td (printed) Tj ET EMC"
    ),
    "deleted_text": lambda p: write_page(
        p, "/Span<</ActualText()>>BDC BT /F1 10 Tf 50 100 Td (still printed) Tj ET EMC"
    ),
    "ligature": lambda p: write_page(p, "BT /F2 10 Tf 50 100 Td (AA) Tj ET"),
    "hyphen": lambda p: write_page(
        p, "BT /F1 10 Tf 50 100 Td (exam-) Tj 0 -12 Td (ple and one- ) Tj 0 -12 Td (more) Tj ET"
    ),
    "blanks": lambda p: write_page(p, "BT /F1 10 Tf 50 100 Td (a   b) Tj 30 0 Td ( c) Tj ET"),
    "nameless_glyphs": lambda p: write_page(p, "BT /F3 10 Tf 50 100 Td <010203040506> Tj ET"),
    "twice": lambda p: write_page(
        p, "BT /F1 10 Tf 50 100 Td (bold) Tj .3 0 Td (bold) Tj ET BT /F1 10 Tf 50 80 Td (1111) Tj ET"
    ),
    "hidden": lambda p: write_page(
        p,
        _WORDS
        + " BT 3 Tr /F1 10 Tf 50 150 Td (invisible) Tj ET BT 0 Tr 1 g /F1 10 Tf 50 120 Td (white) Tj ET "
        "BT 0 0 0 0 k /F1 10 Tf 50 100 Td (white ink) Tj ET BT 7 Tr 0 g /F1 10 Tf 50 90 Td (clip) Tj ET",
    ),
    "white_on_dark": lambda p: write_page(
        p, _WORDS + " .2 g 40 90 200 30 re f 1 g BT /F1 10 Tf 50 100 Td (reversed) Tj ET"
    ),
    "colours": lambda p: write_page(
        p,
        "1 0 0 rg BT /F1 10 Tf 50 100 Td (red) Tj ET .5 g BT /F1 10 Tf 50 80 Td (grey) Tj ET "
        "0 1 0 RG 50 60 m 150 60 l S .9 G 50 50 m 150 50 l S 0 0 1 rg 50 40 100 1 re f 0 0 1 .3 rg",
    ),
    "forms": lambda p: write_page(
        p,
        "q 2 0 0 2 50 40 cm /X1 Do Q BT /F1 9 Tf 20 280 Td (outer) Tj ET 20 270 m 100 270 l S",
        form="0 0 m 80 0 l S BT /F1 5 Tf 5 5 Td (form) Tj ET q .5 0 0 .5 20 20 cm /X2 Do Q 0 50 80 .5 re f",
        matrix="/Matrix[1 0 0 1 7 9]",
    ),
    "paths": lambda p: write_page(
        p,
        "50 50 100 40 re S 200 50 m 300 50 l 300 90 l h S 50 120 m 150 120 l 150 160 l 50 160 l s "
        "200 120 100 1 re 200 140 100 1 re 200 160 100 40 re f 50 200 m 50 200 l S "
        "60 210 m 100 250 140 250 180 210 c S 200 220 m 300 220 l 300 221 l 200 221 l f "
        "200 240 100 30 re B 20 20 m 120 60 l S q .966 .259 -.259 .966 0 0 cm 300 20 40 2 re f Q",
    ),
    "pictures": lambda p: write_page(
        p,
        "q 100 0 0 .5 50 50 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q "
        "q 0 80 -60 0 250 100 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q",
    ),
}


@pytest.mark.parametrize("name", sorted(HAND_WRITTEN))
def test_both_see_the_same_on_a_hand_written_page(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.pdf"
    HAND_WRITTEN[name](path)
    ((a, b),) = both(path)
    assert len(a.texts) or len(a.rulings) or len(a.images)
    assert_same_page(a, b)


def test_what_is_printed_counts_not_what_is_read_aloud(tmp_path: Path) -> None:
    path = tmp_path / "printed.pdf"
    for name, printed in {
        "replaced_text": "printed",
        "deleted_text": "stillprinted",
        "hyphen": "exam-pleandone-more",
        "ligature": "fifi",
        "nameless_glyphs": "��",
    }.items():
        HAND_WRITTEN[name](path)
        (page,) = decode(path, "pdfium")
        assert squeeze("".join(page.texts)).startswith(printed), name
    HAND_WRITTEN["ligature"](path)
    (page,) = decode(path, "pdfium")
    assert page.texts == ("fi", "fi")
    assert np.diff(page.boxes[:, [0, 2]], axis=1).ravel() == pytest.approx([5.0, 5.0], abs=0.01)


@pytest.mark.parametrize("decoder", ["pdfium", "pdfplumber"])
def test_characters_of_two_halves_are_one(decoder: str, tmp_path: Path) -> None:
    path = tmp_path / "beyond.pdf"
    write_page(path, "BT /F4 10 Tf 50 100 Td <0003000100020004> Tj ET")
    (page,) = decode(path, decoder)
    assert page.texts == ("姓", "𠮷", "🍇", "�")
    assert page.boxes[:, 0] == pytest.approx([50, 60, 70, 80], abs=ALONG)
    assert page.boxes[:, 2] == pytest.approx([60, 70, 80, 90], abs=ALONG)


@pytest.mark.parametrize("place", ["50 100 Td", "0 1 -1 0 50 100 Tm", "3 Tr 50 100 Td"])
def test_a_glyph_without_outline_is_read_alone(place: str, tmp_path: Path) -> None:
    path = tmp_path / "alone.pdf"
    write_page(path, f"BT /F4 10 Tf {place} <0001> Tj ET BT 0 Tr /F1 10 Tf 90 150 Td ( ) Tj (word) Tj ET")
    ((a, b),) = both(path)
    assert_same_page(a, b)
    assert b.texts == ("𠮷", "w", "o", "r", "d")
    assert b.invisible.tolist() == [place.startswith("3 Tr")] + [False] * 4


@pytest.mark.parametrize("scale", [100, 60, 15])
@pytest.mark.parametrize("decoder", ["pdfium", "pdfplumber"])
def test_narrow_letters_stay_and_bold_ones_count_once(decoder: str, scale: int, tmp_path: Path) -> None:
    path = tmp_path / "narrow.pdf"
    words = ["colleges", "will", "Full", "dell''", ".....", "|||"]
    shown = "".join(f"1 0 0 1 50 {220 - 20 * n} Tm ({word}) Tj " for n, word in enumerate(words))
    apart = (
        f"1 0 0 1 50 60 Tm (fil) Tj (l) Tj -{0.2 * scale / 100} 0 Td"  # the last l follows the run before it
    )
    bold = "1 0 0 1 50 40 Tm (bold) Tj 1 0 0 1 50.3 40 Tm (bold) Tj"
    write_page(path, f"BT {scale} Tz /F1 10 Tf {shown}{apart} {bold if scale == 100 else ''} ET")
    (page,) = decode(path, decoder)
    seen = "".join(visible_glyphs(page)[0].texts)
    assert seen == "".join(words) + "fill" + "bold" * (scale == 100)


# -- the rulebook, and what becomes of it


def cells_by(page: PageArrays) -> dict[str, Cell]:
    return {cell.cell_id: cell for cell in read_arrays(page, "any").cells}


@pytest.mark.skipif(not RULEBOOK.exists(), reason="the rulebook is not in the working copy")
def test_the_same_cells_of_the_rulebook() -> None:
    total = count_pages(RULEBOOK, decoder="pdfium")
    assert total == count_pages(RULEBOOK, decoder="pdfplumber")
    numbers = (1, total // 3, total // 2, total)
    with open_pdf(RULEBOOK) as one, open_pdf(RULEBOOK, decoder="pdfium") as other:
        pages = [(one.decode(number), other.decode(number)) for number in numbers]
    for a, b in pages:
        assert not glyphs_without_partner(a, b)
        assert_same_shapes(a, b)
        ours, theirs = cells_by(a), cells_by(b)
        assert ours.keys() == theirs.keys()
        for name, cell in ours.items():
            twin = theirs[name]
            assert (cell.row_span, cell.col_span) == (twin.row_span, twin.col_span)
            assert [squeeze(line.text) for line in cell.lines] == [squeeze(line.text) for line in twin.lines]
            for x, y in zip(cell.lines, twin.lines, strict=True):
                assert x.advances == pytest.approx(y.advances, abs=ALONG)
                assert (x.x0, x.x1, x.size) == pytest.approx((y.x0, y.x1, y.size), abs=ALONG)


# -- opening files


def sentence(path: Path, decoder: str, password: str = "") -> str:
    try:
        read_pdf(path, decoder=decoder, password=password, workers=1)
    except XizeError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", sorted(BAD))
def test_the_same_sentence_for_a_file_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.pdf"
    BAD[name](path)
    assert sentence(path, "pdfium") == sentence(path, "pdfplumber")
    if name in PASSWORDS:
        assert sentence(path, "pdfium", "wrong") == sentence(path, "pdfplumber", "wrong") != ""
        assert sentence(path, "pdfium", PASSWORDS[name]) == ""


def test_a_broken_structure_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hollow.pdf"
    path.write_bytes(b"%PDF-1.7\n" + b"nothing of a PDF in here\n" * 50 + b"%%EOF\n")
    assert "已损坏" in sentence(path, "pdfium")
    write_page(path, _WORDS, page="/MediaBox[0 0 /b 300]")
    assert "已损坏" in sentence(path, "pdfplumber")


def test_an_unknown_decoder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "plain.pdf"
    HAND_WRITTEN["plain"](path)
    assert "mupdf" in sentence(path, "mupdf")
