"""What a page shows is what is read: glyphs are counted at the content, whatever the fonts are like."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfgen.canvas import Canvas

from pipeline.quality.checks.pages import missing_glyphs
from pipeline.readers.pdf.content import read_content
from pipeline.readers.pdf.decode_whole import decode_whole
from pipeline.readers.pdf.open import open_pdf
from pipeline.readers.pdf.painted import missing
from pipeline.readers.pdf.read import read_pages
from pipeline.readers.pdf.visible import visible_glyphs
from pipeline.reading import CUT, LEFT_OUT, cells_of, pages_of
from tests.cli_home import EDITION, one_sentence, replace_source, snapshot, xize
from tests.typeset.bad import good
from tests.typeset.fonts import BASE, font_file

DECODERS = ("pdfium", "pdfplumber")
TEXT = b"BT /F1 12 Tf 50 700 Td (Hello world) Tj ET"


def helvetica() -> Dictionary:
    return Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)


def page(path: Path, content: bytes, add: Callable[[Pdf], None] = lambda pdf: None) -> Path:
    """A page with this content, where /F1 is Helvetica."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        pdf.pages[0].Resources = Dictionary(Font=Dictionary(F1=helvetica()), XObject=Dictionary())
        pdf.pages[0].Contents = pdf.make_stream(content)
        add(pdf)
        pdf.save(path)
    return path


def form(content: bytes, **more: object) -> Callable[[Pdf], None]:
    def add(pdf: Pdf) -> None:
        made = pdf.make_stream(content, Type=Name.XObject, Subtype=Name.Form, **more)
        pdf.pages[0].Resources.XObject.X = made

    return add


def type_3(pdf: Pdf) -> None:
    """/F2, whose letter b is empty."""
    pdf.pages[0].Resources.Font.F2 = Dictionary(
        Type=Name.Font, Subtype=Name.Type3, FontBBox=[0, 0, 0, 0], FontMatrix=[0.001, 0, 0, 0.001, 0, 0],
        FirstChar=97, LastChar=98, Widths=[500, 500], Resources=Dictionary(),
        Encoding=Dictionary(Type=Name.Encoding, Differences=Array([97, Name.a, Name.b])),
        CharProcs=Dictionary(
            a=pdf.make_stream(b"500 0 d0 0 0 400 400 re f"), b=pdf.make_stream(b"500 0 d0")
        ),
    )  # fmt: skip


def composite(encoding: str | bytes, unicode: bytes = b"") -> Callable[[Pdf], None]:
    """/F2, a font of Chinese letters that is not embedded, with a CMap by name or one of its own."""

    def add(pdf: Pdf) -> None:
        font = Dictionary(
            Type=Name.Font, Subtype=Name.Type0, BaseFont=Name("/STSong-Light"),
            Encoding=Name(f"/{encoding}") if isinstance(encoding, str) else pdf.make_stream(encoding),
            DescendantFonts=[Dictionary(
                Type=Name.Font, Subtype=Name.CIDFontType0, BaseFont=Name("/STSong-Light"), DW=1000,
                CIDSystemInfo=Dictionary(Registry=b"Adobe", Ordering=b"GB1", Supplement=2),
            )],
        )  # fmt: skip
        if unicode:
            font.ToUnicode = pdf.make_stream(unicode)
        pdf.pages[0].Resources.Font.F2 = font

    return add


def cmap(kind: str, rows: bytes) -> bytes:
    ranges = b"1 begincodespacerange <00> <7F> endcodespacerange 1 begincodespacerange <8000> <FFFF> endcodespacerange\n"
    return (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 1 def\n"
        + ranges + b"%d begin%s %s end%s\nendcmap end end" % (rows.count(b"\n") + 1, kind.encode(), rows, kind.encode())
    )  # fmt: skip


LIGATURE = (
    b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def 1 begincodespacerange <0000> <FFFF> "
    b"endcodespacerange 3 beginbfchar <0001> <006600660069> <0002> <0020> <0003> <D842DFB7> endbfchar endcmap end end"
)
NOTHING: Callable[[Pdf], None] = lambda pdf: None  # noqa: E731
PAGES: dict[str, tuple[int, bytes, Callable[[Pdf], None]]] = {
    "plain": (11, TEXT, NOTHING),
    "escapes": (16, rb"BT /F1 12 Tf 50 700 Td (a(b(c)d)e\)f\\\101\n\12) Tj <4a> Tj ET", NOTHING),
    "every operator": (12, b"BT /F1 12 Tf 50 700 Td 14 TL (abc) ' 1 1 (de f) \" [(a) -900 (bc)%)\n(d)]TJ[]TJ()Tj(e)Tj ET", NOTHING),
    "brackets twenty deep": (52, TEXT.replace(b"(Hello", b"% (\n(" + b"(" * 20 + b"%" + b")" * 20 + b"Hello"), NOTHING),
    "hexadecimal": (8, b"BT/F1 12 Tf 50 700 Td<414243 44>Tj<4\n1424344>Tj ET", NOTHING),
    "what is no text": (11, b"% (a) Tj\n/Span <</ActualText (x) /A <feff>>> BDC " + TEXT + b" EMC [3 3] 0 d", NOTHING),
    "a comment among strings": (2, b"BT /F1 12 Tf 50 700 Td [(a)%(x)\n(b)] TJ ET", NOTHING),
    "zeros for blanks": (5, b"BT\0/F1\x0012\0Tf\x0050 700 Td\0(Hello)\0Tj\0ET", NOTHING),
    "a picture within": (11, b"BI /W 8 /H 2 /BPC 8 /CS /G ID ((Tj)(x)Tj(((( EI " + TEXT, NOTHING),
    "brackets, and a picture that holds others": (12, TEXT.replace(b"world", b"(\\))(o)") + b" BI /W 8 ID ((Tj)( EI ", NOTHING),
    "made-up blanks": (4, b"BT /F1 12 Tf 50 700 Td [(a) -3000 (b)] TJ 60 0 Td (c) Tj 200 0 Td (d) Tj ET", NOTHING),
    "rows of blanks": (10, b"BT /F1 12 Tf 50 700 Td (a    b  ) Tj (  ) Tj ET", NOTHING),
    "without a font": (0, b"BT 50 700 Td (Hello) Tj ET", NOTHING),
    "a font that is not there": (5, b"BT /F9 12 Tf 50 700 Td (Hello) Tj ET", NOTHING),
    "type 3 and empty glyphs": (6, b"BT /F2 12 Tf 50 700 Td (abab) Tj 0 -20 Td (b) Tj 0 -20 Td (a) Tj ET", type_3),
    "a form, twice": (22, b"/X Do 1 0 0 1 0 -30 cm /X Do", form(TEXT, BBox=[0, 0, 595, 842])),
    "a form within itself": (11, b"/X Do", form(TEXT + b" /X Do", BBox=[0, 0, 595, 842])),
    "the font outside": (14, b"/F2 12 Tf q /F1 9 Tf " + TEXT + b" Q BT 50 600 Td <B0A1B0A241> Tj ET", composite("GBK-EUC-H")),
    "a CMap of its own": (3, b"BT /F2 12 Tf 50 700 Td <41 8130 42> Tj ET",
                          composite(cmap("cidrange", b"<00> <7F> 1\n<8000> <FFFF> 500"))),
    "ligatures and beyond U+FFFF": (4, b"BT /F2 12 Tf 50 700 Td <0001000200030001> Tj ET", composite("Identity-H", LIGATURE)),
    "without a map": (4, b"BT /F2 12 Tf 50 700 Td <0101010201030104> Tj ET", composite("Identity-H")),
    "a CMap that nobody knows": (4, b"BT /F2 12 Tf 50 700 Td <0101010201030104> Tj ET", composite("Foo-H")),
    "codes that the CMap does not know": (4, b"BT /F2 12 Tf 50 700 Td <4E00D842DFB74E09> Tj ET", composite("UniGB-UTF16-H")),
}  # fmt: skip


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("name", PAGES)
def test_every_glyph_is_counted_and_read(tmp_path: Path, name: str, decoder: str) -> None:
    shown, content, add = PAGES[name]
    with open_pdf(page(tmp_path / "page.pdf", content, add), decoder=decoder) as pdf:
        assert sum(run.glyphs for run in pdf.painted.runs(1)) == shown
        decoded = decode_whole(pdf, 1)
    assert decoded.missing == 0
    assert sum(not text.isspace() for text in decoded.arrays.texts) >= shown - content.count(b" ")
    printed = "".join(decoded.arrays.texts)
    if "Hello" in str(content) and shown:
        assert "Hello" in printed


def test_what_a_decoder_lacks_is_counted(tmp_path: Path) -> None:
    with open_pdf(page(tmp_path / "page.pdf", TEXT + TEXT.replace(b"700", b"600"))) as pdf:
        runs, arrays = pdf.painted.runs(1), pdf.decode(1)
        without = [i for i, text in enumerate(arrays.texts) if text not in "lw "]
        assert missing(runs, arrays) == 0
        assert missing(runs, arrays.glyphs(arrays.runs == 0)) == 10, "blanks do not count"
        assert missing(runs, arrays.glyphs(np.array(without))) == 8


def test_painted_again_is_left_out_and_noted(tmp_path: Path) -> None:
    """pdfium's library leaves such letters out by itself; they are counted all the same."""
    for decoder in DECODERS:
        with open_pdf(page(tmp_path / "page.pdf", TEXT + b"\n" + TEXT), decoder=decoder) as pdf:
            decoded = decode_whole(pdf, 1)
            seen, hidden = visible_glyphs(decoded.arrays)
            assert (decoded.engine, decoded.missing) == (decoder, 0)
            assert "".join(seen.texts).strip() == "Hello world"
            ((reason, text, count),) = [
                (one.reason, one.text, one.glyphs) for one in decoded.hidden or hidden
            ]
            assert (reason, text, count) == ("repainted", "Helloworld", 10)
        (info,) = pages_of(read_pages(tmp_path / "page.pdf", [1], decoder=decoder))
        assert (info.glyphs, info.repainted, info.missing) == (10, 10, 0)


def test_reasons_why_glyphs_are_left_out(tmp_path: Path) -> None:
    content = (
        TEXT
        + b" q 300 300 20 20 re W n 400 300 20 20 re W n BT /F1 12 Tf 50 650 Td (clip) Tj ET Q"
        + b" BT /F1 12 Tf 50 600 Td 3 Tr (un) Tj 0 Tr 1 g 0 -40 Td (white) Tj 900 0 Td (out) Tj ET"
    )
    for decoder in DECODERS:
        (info,) = pages_of(read_pages(page(tmp_path / "page.pdf", content), [1], decoder=decoder))
        assert {name: getattr(info, name) for name in LEFT_OUT} == {
            "hidden": 7, "outside": 3, "clipped": 4, "repainted": 0,
        }  # fmt: skip
        assert (info.glyphs, info.missing) == (10, 0)


def test_a_font_that_a_graphics_state_sets(tmp_path: Path) -> None:
    def add(pdf: Pdf) -> None:
        other = Dictionary(
            Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica,
            Encoding=Dictionary(Differences=Array([97, Name.x])),
        )  # fmt: skip
        pdf.pages[0].Resources.ExtGState = Dictionary(G=Dictionary(Font=[pdf.make_indirect(other), 9]))

    shown = b"q /G gs BT 50 650 Td (a) Tj ET Q " + TEXT + b" BT /G gs 50 600 Td (a) Tj ET"
    for decoder in DECODERS:  # pdfium takes no font from there
        with open_pdf(page(tmp_path / "page.pdf", shown, add), decoder=decoder) as pdf:
            decoded = decode_whole(pdf, 1)
        assert ("".join(decoded.arrays.texts), decoded.engine) == ("xHello worldx", "pdfplumber")
        assert (decoded.missing, decoded.arrays.sizes[[0, 1, -1]].tolist()) == (0, [9, 12, 9])


def test_a_font_of_a_graphics_state_that_no_decoder_shows(tmp_path: Path) -> None:
    """pdfium does not take the font, pdfminer draws no form without /BBox: the letters are missing by either."""

    def add(pdf: Pdf) -> None:
        form(b"/G gs BT 50 650 Td (lost  words) Tj ET")(pdf)
        pdf.pages[0].Resources.ExtGState = Dictionary(G=Dictionary(Font=[pdf.make_indirect(helvetica()), 9]))

    path = page(tmp_path / "page.pdf", TEXT + b" /X Do", add)
    for decoder in DECODERS:
        reading = read_pages(path, [1], decoder=decoder)
        assert [row["text"] for row in reading.blocks.to_pylist()] == ["Hello world"]
        (finding,) = missing_glyphs(reading.pages)
        assert finding.level == "error" and finding.message.startswith("第1页少读9字；")


ENDLESS = {
    "BI ": 0, "EI BI ID ": 0, "(": 0, "(\\": 0, "(a\\( ": 0, "[": 0, "TJ ": 1, "[ ": 0, "<a ": 0, "[(a(b))]TJ ": 1,
}  # fmt: skip


@pytest.mark.parametrize("piece", ENDLESS)
def test_content_without_end_takes_no_time_without_end(piece: str) -> None:
    """A step for each operator; a pattern that begins anew at every piece would take minutes."""
    content = read_content(piece.encode() * 100_000)
    assert len(content.steps) == 100_000 * ENDLESS[piece]
    assert content.cut == (piece != "[(a(b))]TJ ")


MEMBERS = {"All": Name.AllOn, "Any": Name.AnyOn}


@pytest.mark.parametrize("base", [None, Name.OFF])
def test_layers_that_are_not_shown(tmp_path: Path, base: Name | None) -> None:
    """By marked content, by a set of groups and by a form; text around and after them is shown."""

    def add(pdf: Pdf) -> None:
        on, off = (pdf.make_indirect(Dictionary(Type=Name.OCG, Name=name)) for name in (b"shown", b"draft"))
        chosen = Dictionary(ON=[on], BaseState=base) if base else Dictionary(OFF=[off])
        pdf.Root.OCProperties = Dictionary(OCGs=[on, off], D=chosen)
        form(TEXT.replace(b"world", b"form"), BBox=[0, 0, 595, 842], OC=off)(pdf)
        sets = {name: Dictionary(Type=Name.OCMD, OCGs=[on, off], P=how) for name, how in MEMBERS.items()}
        pdf.pages[0].Resources.Properties = Dictionary(On=on, Off=off, **sets)

    def layer(name: bytes, y: int) -> bytes:
        return b"/OC /%s BDC BT /F1 9 Tf 50 %d Td (in %s) Tj ET EMC " % (name, y, name)

    shown = (
        layer(b"On", 500) + b"/OC /Off BDC /Span BMC EMC " + layer(b"On", 520) + b"EMC " + layer(b"Off", 540)
        + layer(b"All", 560) + layer(b"Any", 580) + b"/X Do " + TEXT
    )  # fmt: skip
    path = page(tmp_path / "page.pdf", shown, add)
    for decoder in DECODERS:
        reading = read_pages(path, [1], decoder=decoder)
        texts = {
            role: " ".join(row["text"] for row in reading.blocks.to_pylist() if row["role"] == role)
            for role in ("text", "invisible")
        }
        assert texts["text"].split() == ["Hello", "world", "in", "Any", "in", "On"]
        assert "".join(texts["invisible"].split()) == "inOninOffinAllHelloform"
        assert (pages_of(reading)[0].missing, pages_of(reading)[0].hidden) == (0, 23)


def test_a_string_without_end_cannot_be_counted(tmp_path: Path) -> None:
    """It is told of as damage."""
    cut = read_pages(page(tmp_path / "cut.pdf", TEXT.replace(b")", b"")), [1]).pages
    assert cut.select(["missing", "checks"]).to_pylist() == [{"missing": None, "checks": [CUT]}]
    assert not list(missing_glyphs(cut))


def test_another_decoder_is_taken_where_it_reads_more(tmp_path: Path) -> None:
    """pdfminer draws no form without /BBox, pdfium shows a string squeezed to nothing in part."""
    no_box = page(tmp_path / "box.pdf", b"/X Do", form(TEXT))
    squeezed = page(tmp_path / "squeezed.pdf", TEXT.replace(b"(", b"0 Tz ("))
    for path, lacks, reads in ((no_box, "pdfplumber", "pdfium"), (squeezed, "pdfium", "pdfplumber")):
        with open_pdf(path, decoder=lacks) as pdf:
            assert missing(pdf.painted.runs(1), pdf.decode(1)) > 0
            decoded = decode_whole(pdf, 1)
            assert (decoded.engine, decoded.missing) == (reads, 0)
            assert "".join(decoded.arrays.texts) == "Hello world"


@pytest.mark.skipif(not font_file(BASE), reason="the font for this is not installed")
@pytest.mark.parametrize("where", ["head", "middle", "half", "all"])
def test_zeroed_bytes_in_an_embedded_font(tmp_path: Path, where: str) -> None:
    path = tmp_path / "font.pdf"
    good(path, 1)
    whole = {
        decoder: [cell.text for cell in cells_of(read_pages(path, [1], decoder=decoder))]
        for decoder in DECODERS
    }
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        fonts = [one for one in pdf.objects if isinstance(one, pikepdf.Stream) and "/Length1" in one]
        assert fonts
        for font in fonts:
            data = bytearray(font.read_bytes())
            n = len(data)
            begin, end = {
                "head": (0, 300),
                "middle": (n // 3, n // 3 + 500),
                "half": (n // 2, n),
                "all": (0, n),
            }[where]
            data[begin:end] = bytes(end - begin)
            font.write(bytes(data))
        pdf.save(path)  # fmt: skip
    for decoder in DECODERS:
        reading = read_pages(path, [1], decoder=decoder)
        assert [cell.text for cell in cells_of(reading)] == whole[decoder]
        assert pages_of(reading)[0].missing == 0


def test_fonts_that_are_not_embedded(tmp_path: Path) -> None:
    """Letters that no substitute font has, among them text objects of one."""
    path = tmp_path / "page.pdf"
    canvas = Canvas(str(path), pagesize=(595, 842), invariant=1)
    registerFont(UnicodeCIDFont("STSong-Light"))
    canvas.setFont("STSong-Light", 12)
    for y, text in ((700, "农作物植保员"), (680, "一"), (660, "四"), (640, "茶艺师（四级）")):
        canvas.drawString(50, y, text)
    canvas.save()
    for decoder in DECODERS:
        with open_pdf(path, decoder=decoder) as pdf:
            decoded = decode_whole(pdf, 1)
        assert ("".join(decoded.arrays.texts), decoded.missing) == ("农作物植保员一四茶艺师（四级）", 0)


@pytest.mark.long
def test_a_run_refuses_a_shortfall_until_it_is_accepted(home: Path, tmp_path: Path) -> None:
    """A form without /BBox, which pdfminer does not draw, of squeezed text, which pdfium draws in part."""
    short = tmp_path / "short.pdf"
    with pikepdf.open(home / "raw" / EDITION / f"{EDITION}.pdf") as pdf:
        made = pdf.make_stream(
            TEXT.replace(b"(", b"0 Tz ("), Type=Name.XObject, Subtype=Name.Form,
            Resources=Dictionary(Font=Dictionary(F1=helvetica())),
        )  # fmt: skip
        pdf.pages[1].add_resource(made, Name.XObject, Name.Short)
        pdf.pages[1].contents_add(b"/Short Do")
        pdf.save(short)
    replace_source(home, short)
    before = snapshot(home / "curated")
    refused = xize(home, "run", EDITION, "--no-prefect", "--allow-incomplete")
    assert refused.code == 1 and "第2页少读1字" in one_sentence(refused.err)
    assert snapshot(home / "curated") == before
    listed = json.loads(xize(home, "findings", EDITION, "--code", "glyphs_missing", "--format", "json").out)
    assert [(row["page"], row["severity"], row["status"]) for row in listed] == [(2, "error", "open")]
    done = xize(home, "accept", listed[0]["finding_id"], "--why", "对照原件无误", "--by", "李")
    assert done.code == 0, done.err
    run = xize(home, "run", EDITION, "--no-prefect", "--allow-incomplete")
    assert run.code == 0, run.err
    manifest = json.loads((home / "curated" / EDITION / "r002" / "manifest.json").read_text("utf-8"))
    kept = manifest["conservation"]
    assert kept["missing"] == 1
    assert kept["painted"] == kept["read"] + kept["missing"] + sum(kept[name] for name in LEFT_OUT)
    assert kept["read"] >= kept["in_tables"]
