"""Every kind of damage, each in a PDF made here, beside legal files that look like it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, ObjectStreamMode

from pipeline.errors import XizeError
from pipeline.readers.pdf.read import read_pdf
from pipeline.readers.pdf.streams import decoded_size
from pipeline.reading import CUT, RESOURCE, STRUCTURE
from tests.readers.pdf.test_damage import damaged
from tests.readers.pdf.test_decoders import write_page
from tests.typeset.bad import good

TEXT = b"BT /F1 9 Tf 50 100 Td (word) Tj ET\n"
RULES = b"".join(b"%d %d m %d 50 l S\n" % (n, n * n % 97, n * 7 % 89) for n in range(99))
LZW = b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01"
"""The example of ISO 32000-1, 7.4.4.2."""


def page(path: Path, data: bytes, filters: object = None, resources: Dictionary | None = None) -> Path:
    """A page whose content stream holds ``data`` as they are."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        stream = pikepdf.Stream(pdf, data)
        if filters is not None:
            stream.write(data, filter=filters)
        pdf.pages[0].Contents = pdf.make_indirect(stream)
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        pdf.pages[0].Resources = resources or Dictionary(Font=Dictionary(F1=font))
        pdf.save(path, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return path


def changed(path: Path, old: bytes, new: bytes) -> Path:
    """The file with some bytes replaced by as many others."""
    data = path.read_bytes()
    assert old in data and len(old) == len(new)
    path.write_bytes(data.replace(old, new, 1))
    return path


@pytest.mark.parametrize(
    ("data", "filters", "whole"),
    [
        (zlib.compress(b""), ["FlateDecode"], True),
        (b"", ["FlateDecode"], True),
        (zlib.compress(TEXT), ["Fl"], True),
        (zlib.compress(TEXT) + b"\r\n", ["FlateDecode"], True),
        (zlib.compress(TEXT)[:-4], ["FlateDecode"], True),  # without checksum, as some producers write
        (zlib.compress(TEXT)[:-4] + b"\n\r\n ", ["FlateDecode"], True),
        (zlib.compress(TEXT)[:-4] + b"abc ", ["FlateDecode"], False),
        (zlib.compress(TEXT)[:-4] + b"   x", ["FlateDecode"], False),
        (zlib.compress(TEXT)[:-9], ["FlateDecode"], False),
        (b"\0" + zlib.compress(TEXT)[1:], ["FlateDecode"], False),
        (zlib.compress(zlib.compress(TEXT)[:-9]), ["FlateDecode", "FlateDecode"], False),
        (LZW, ["LZWDecode"], True),
        (LZW[:-2], ["LZWDecode"], False),
        (LZW[:2] + b"\xff\xff" + LZW[4:], ["LZW"], False),
        (b"\x04hello\xffa\x80", ["RunLengthDecode"], True),
        (b"\x04hello\xffa", ["RunLengthDecode"], False),
        (b"\x40hello\x80", ["RL"], False),
        (b"87cURD]i~>", ["ASCII85Decode"], True),
        (b"<~87cURD]i~>\n", ["A85"], True),
        (b"87cURD]i", ["ASCII85Decode"], False),
        (b"87c\x7fRD]i~>", ["ASCII85Decode"], False),
        (b"68 65 6c 7>", ["ASCIIHexDecode"], True),
        (b"68 65 6c 7", ["AHx"], False),
        (b"68 6g>", ["AHx"], False),
        (zlib.compress(TEXT).hex().encode(), ["AHx", "Fl"], True),
        (b"anything", ["DCTDecode"], True),
        (b"anything", ["FlatfDecode"], False),
    ],
)
def test_filters(data: bytes, filters: list[str], whole: bool) -> None:
    assert (decoded_size(data, filters) is not None) == whole


@pytest.mark.parametrize("early", [0, 1])
def test_long_lzw_data(early: int) -> None:
    """Codes grow from 9 to 12 bits, and the table is begun anew; written after the algorithm of the standard."""
    text = b"".join(b"%d " % (n * n) for n in range(9000))
    table, codes, word = {bytes([n]): n for n in range(256)}, [(256, 9)], b""
    size, width = 258, 9
    for byte in (text[i : i + 1] for i in range(len(text))):
        if word + byte in table:
            word += byte
            continue
        codes.append((table[word], width))
        table[word + byte] = size
        size, word = size + 1, byte
        width = min((size - 1 + early).bit_length(), 12)
        if size == 4095:
            codes.append((256, 12))
            table, size, width = {bytes([n]): n for n in range(256)}, 258, 9
    codes += [(table[word], width), (257, min((size + early).bit_length(), 12))]
    bits = "".join(f"{code:0{width}b}" for code, width in codes)
    data = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8))
    from pdfminer.lzw import lzwdecode

    assert early == 0 or lzwdecode(data) == text
    assert decoded_size(data, ["LZWDecode"], early) and decoded_size(data[:-2], ["LZWDecode"], early) is None


@pytest.mark.parametrize(
    "data",
    [
        b"q " + TEXT,
        TEXT[:-4],
        TEXT + b"/P <</MCID 1>> BDC",
        TEXT + b"1 0 0 1 72",
        TEXT + b"10 10 10 20 r",
        TEXT + b"10 20 l 30 re",
        TEXT + b"BT (unfinished Tj ET",
        TEXT + b"BT <00480 ET",
        TEXT + b"[(a) -30 (b)",
        TEXT + b"0 0 \x85x 10 10 l S",
        TEXT + b"BI /W 1 /H 1 ID \x00\x01",
    ],
)
def test_content_that_ends_early(data: bytes, tmp_path: Path) -> None:
    path = page(tmp_path / "cut.pdf", data)
    assert damaged(path) == {1: {CUT}}
    assert read_pdf(path).pages.column("checks").to_pylist() == [[CUT]]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \r\n",
        b"% no more than a comment (",
        TEXT + b"Q Q",
        TEXT + b"BT (a (b (c (d (e (f) \\) g)))))Tj ET",
        TEXT + b"BT (ET q \\() ' <48 65\n6c>Tj[(a)-30<41>]TJ ET",
        TEXT + b"/P <</MCID 1/Lang(zh)>>BDC EMC /A BMC EMC /B MP",
        TEXT + b"q BI/W 8/H 1/BPC 1/CS/G ID \x00(q\xff EI Q",
        TEXT + b"BX 1 2 newer EX",
        TEXT + b"[]0 d[3 2]0 d q/GS0 gs Q -.5 +.5 m 1. 2e-3 l S\0",
        TEXT + b"/Cs1 cs 1 0 0 scn /P1 scn 0 g/F1 9 Tf",
    ],
)
def test_content_that_is_whole(data: bytes, tmp_path: Path) -> None:
    state = Dictionary(GS0=Dictionary(LW=1))
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    path = page(tmp_path / "whole.pdf", data, None, Dictionary(Font=Dictionary(F1=font), ExtGState=state))
    assert not damaged(path)


def test_a_page_that_lost_its_contents_is_no_blank_page(tmp_path: Path) -> None:
    blank = tmp_path / "blank.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(blank)
    assert not damaged(blank)
    lost = changed(page(tmp_path / "lost.pdf", TEXT), b"/Contents ", b"/Con4ents ")
    assert damaged(lost) == {1: {STRUCTURE}}
    with pikepdf.open(lost, allow_overwriting_input=True) as pdf:
        stream = pdf.make_stream(TEXT)
        for what in (23, Name.Nothing, Dictionary(), Array([stream, 24]), Array([stream, Array([stream])])):
            pdf.pages[0].Contents = what
            pdf.save(lost.with_name("other.pdf"))
            assert damaged(lost.with_name("other.pdf")) == {1: {STRUCTURE}}, what
        for whole in (stream, Array([stream, stream]), Array([])):
            pdf.pages[0].Contents = pdf.make_indirect(whole)
            pdf.save(lost.with_name("whole.pdf"))
            assert not damaged(lost.with_name("whole.pdf"))
    shared = page(tmp_path / "shared.pdf", TEXT)
    with pikepdf.open(shared, allow_overwriting_input=True) as pdf:
        pdf.Root.Pages.Resources = pdf.pages[0].Resources
        del pdf.pages[0].Resources
        pdf.save(shared)
    assert not damaged(shared)
    assert damaged(changed(shared, b"/Contents ", b"/Con4ents ")) == {1: {STRUCTURE}}


def test_what_a_page_and_a_font_must_say(tmp_path: Path) -> None:
    """A page has a size, a font as many widths as characters."""
    path = tmp_path / "font.pdf"
    for widths, checks in (([500, 600], {}), ([500, 600, 700], {1: {STRUCTURE}}), ([500], {1: {STRUCTURE}})):
        font = Dictionary(
            Type=Name.Font,
            Subtype=Name.Type1,
            BaseFont=Name.Helvetica,
            FirstChar=97,
            LastChar=98,
            Widths=widths,
        )
        page(path, TEXT, None, Dictionary(Font=Dictionary(F1=font)))
        with pikepdf.open(path, allow_overwriting_input=True) as pdf:
            pdf.pages[0].Resources.Font.F1 = pdf.make_indirect(pdf.pages[0].Resources.Font.F1)
            pdf.save(path)
        assert damaged(path) == checks
    assert damaged(changed(page(path, TEXT), b"/MediaBox", b"/Med4aBox")) == {1: {STRUCTURE}}


@pytest.mark.parametrize(
    ("media", "crop", "whole"),
    [
        ([0, 0, 0, 0], None, False),
        ([0, 0, 612, 0], None, False),
        ([0, 0, Name.b, 792], None, False),
        ([0, 0, 612], None, False),
        ([0, 0, 612, 792], [50, 50, 50, 90], False),
        ([0, 0, 612, 792], [700, 0, 900, 792], False),
        ([612, 792, 0, 0], [700, 500, 0, 0], True),
        ([-9, -9, 612, 792], None, True),
    ],
)
def test_a_page_whose_boxes_leave_nothing_of_it(
    media: list[object], crop: list[object] | None, whole: bool, tmp_path: Path
) -> None:
    """Also where all pages have them from the tree."""
    path = page(tmp_path / "box.pdf", TEXT)
    with pikepdf.open(path) as pdf:
        for node in (pdf.pages[0].obj, pdf.Root.Pages):
            del pdf.pages[0].MediaBox
            node.MediaBox = Array(media)
            if crop is not None:
                node.CropBox = Array(crop)
            pdf.save(tmp_path / "boxes.pdf")
            assert damaged(tmp_path / "boxes.pdf") == ({} if whole else {1: {STRUCTURE}})
            pdf.pages[0].MediaBox = Array(media)


def test_a_blank_page_that_is_compressed(tmp_path: Path) -> None:
    path = page(tmp_path / "blank.pdf", zlib.compress(b""), Name.FlateDecode)
    assert not damaged(path) and not read_pdf(path).cells.num_rows


def test_content_split_anywhere_between_its_words(tmp_path: Path) -> None:
    path = page(tmp_path / "split.pdf", TEXT)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        parts = [pdf.make_stream(b"q BT /F1"), pdf.make_stream(b"9 Tf (a)"), pdf.make_stream(b"Tj ET Q")]
        pdf.pages[0].Contents = pdf.make_indirect(Array(parts))
        pdf.save(path)
    assert not damaged(path)


def test_fonts_and_forms_that_there_are_not(tmp_path: Path) -> None:
    assert damaged(page(tmp_path / "font.pdf", TEXT.replace(b"F1", b"F2"))) == {1: {STRUCTURE}}
    assert damaged(page(tmp_path / "form.pdf", TEXT + b"/X1 Do")) == {1: {STRUCTURE}}
    assert not damaged(page(tmp_path / "name.pdf", TEXT.replace(b"F1", b"F#31")))


def _streams(path: Path) -> dict[str, tuple[int, int]]:
    """The streams of the first embedded font and a picture, by their names."""
    found = {}
    with pikepdf.open(path) as pdf:
        for one in pdf.objects:
            if isinstance(one, pikepdf.Dictionary):
                for name in ("/FontFile2", "/ToUnicode"):
                    if name in one:
                        found.setdefault(name, one[name].objgen)
            elif isinstance(one, pikepdf.Stream) and one.get("/Subtype") == "/Image":
                found["/Image"] = one.objgen
    return found


@pytest.mark.parametrize("name", ["/FontFile2", "/ToUnicode", "/Image"])
def test_streams_that_content_reaches(name: str, tmp_path: Path) -> None:
    path = tmp_path / "fonts.pdf"
    good(path, 2)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        image = pdf.make_stream(
            bytes(range(256)) * 4, Type=Name.XObject, Subtype=Name.Image, Width=32, Height=32
        )
        image.ColorSpace, image.BitsPerComponent = Name.DeviceGray, 8
        pdf.pages[1].contents_add(pdf.pages[1].add_resource(image, Name.XObject).__str__().encode() + b" Do")
        pdf.save(path, recompress_flate=True, object_stream_mode=ObjectStreamMode.disable)
    assert not damaged(path)
    number, generation = _streams(path)[name]
    data = path.read_bytes()
    start = re.search(rb"(?<!\d)%d %d obj\b.*?\bstream\r?\n" % (number, generation), data, re.DOTALL)
    assert start is not None
    at = start.end() + 20
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    assert damaged(path)[2] == {RESOURCE}
    assert (1 in damaged(path)) == (name != "/Image")


def test_a_damaged_object_stream(tmp_path: Path) -> None:
    path = tmp_path / "objects.pdf"
    good(path, 3)
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.save(path, object_stream_mode=ObjectStreamMode.generate)
    assert not damaged(path)
    data = path.read_bytes()
    end = data.index(b"endstream", data.index(b"/ObjStm"))
    path.write_bytes(data[: end - 3] + bytes([data[end - 3] ^ 1]) + data[end - 2 :])
    assert damaged(path) == dict.fromkeys((1, 2, 3), {STRUCTURE})


def _entry(number: int) -> Callable[[Path], None]:
    """Shift the place of an object in the cross-reference table by one."""

    def spoil(path: Path) -> None:
        data = path.read_bytes()
        entries = list(re.finditer(rb"\d{10} \d{5} [nf]", data))
        at = entries[number].start() + 9
        path.write_bytes(data[:at] + b"%d" % ((data[at] - 47) % 10) + data[at + 1 :])

    return spoil


def _length(by: int) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        data = path.read_bytes()
        begin = data.index(b"4 0 obj")
        found = re.compile(rb"/Length (\d+)").search(data, begin)
        assert found is not None
        path.write_bytes(data[: found.start(1)] + b"%d" % (int(found[1]) + by) + data[found.end(1) :])

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        _entry(4),
        _length(4),
        _length(-4),
        lambda path: (_length(4)(path), path.write_bytes(path.read_bytes() + b"%%EOF\n")),
        lambda path: changed(path, b"/Contents 4 0 R", b"/Contents 9 9 R"),
        lambda path: changed(path, b"/Contents 4 0 R", b"/Contents 1 0 R"),
        lambda path: changed(path, b"/Resources", b"/Resourcfs"),
        lambda path: changed(path, b"/ToUnicode 7 0 R", b"/ToUnicode 7 7 R"),
        lambda path: path.write_bytes(re.sub(rb"startxref\n\d", b"startxref\n9", path.read_bytes())),
    ],
)
def test_objects_that_are_not_where_they_should_be(spoil: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "structure.pdf"
    write_page(path, "BT /F1 9 Tf 20 40 Td (word) Tj ET BT /F4 9 Tf (ab) Tj ET")
    assert not damaged(path)
    spoil(path)
    assert damaged(path) == {1: {STRUCTURE}}


def test_legal_structures(tmp_path: Path) -> None:
    path = tmp_path / "legal.pdf"
    write_page(path, "BT /F1 9 Tf 20 40 Td (word) Tj ET")
    data = path.read_bytes()
    path.write_bytes(b"mail header\r\n\r\n" + data)
    assert not damaged(path)
    path.write_bytes(data)
    with pikepdf.open(path) as pdf:
        pdf.pages.append(pdf.pages[0])
        pdf.save(tmp_path / "linear.pdf", linearize=True)
    assert not damaged(tmp_path / "linear.pdf")
    # Objects with numbers far beyond the file's size are rare, but legal: qpdf does not read such a file.
    far = re.sub(rb"\b4 0 (obj|R)", rb"9004 0 \1", data)
    table = far.index(b"xref\n0")
    far = (
        far[:table]
        + _table(far[:table])
        + b"trailer<</Size 9005/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % table
    )
    path.write_bytes(far)
    assert not damaged(path)
    assert read_pdf(path).blocks.column("text").to_pylist() == ["word"]


def _table(objects: bytes) -> bytes:
    places = sorted((int(one[1]), one.start()) for one in re.finditer(rb"(\d+) 0 obj", objects))
    return b"xref\n0 1\n0000000000 65535 f \n" + b"".join(
        b"%d 1\n%010d 00000 n \n" % (number, at) for number, at in places
    )


@pytest.mark.parametrize("decoder", ["pdfium", "pdfplumber"])
@pytest.mark.parametrize(
    ("old", "new"),
    [(b"/Count 4", b"/Count 3"), (b"/Count 4", b"/Count 5"), (b"/Kids", b"/Kidt"), (b"[ 3 0 R", b"[ 3 1 R")],
)
def test_pages_that_are_lost(old: bytes, new: bytes, decoder: str, tmp_path: Path) -> None:
    path = tmp_path / "pages.pdf"
    good(path, 4)
    assert read_pdf(path, decoder=decoder).pages.num_rows == 4
    changed(path, old, new)
    with pytest.raises(XizeError, match=r"pages\.pdf：") as error:
        read_pdf(path, decoder=decoder)
    assert error.value.exit_code == 2 and str(error.value).count("。") == 1
