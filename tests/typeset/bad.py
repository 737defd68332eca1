"""PDFs (and things that are none) which a reader must refuse with one clear sentence, and scans.

``BAD``: name → function(path) that makes the file; ``PASSWORD`` opens the encrypted ones.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from reportlab.lib.utils import ImageReader

from .sheet import PLAN, XS, YS, Sheet, edges_of

PASSWORD = "细则2026"
OWNER = "owner-only"


def good(path: Path, pages: int = 3) -> None:
    """A plain document with a ruled table on every page, each page with its number."""
    sheet = Sheet(path)
    for page in range(pages):
        if page:
            sheet.canvas.showPage()
        sheet.text(80, 90, f"说明{page + 1}")
        sheet.table()
    sheet.save()


def empty(path: Path) -> None:
    """Zero bytes."""
    path.write_bytes(b"")


def not_a_pdf(path: Path) -> None:
    """A Word-like zip file with the name of a PDF."""
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<w:document>双师型教师</w:document>")


def html_error_page(path: Path) -> None:
    """What a download portal sends instead of the PDF."""
    path.write_text("<!doctype html><html><body>404 未找到文件</body></html>", encoding="utf-8")


def _truncated(share: float) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        good(path, 6)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

    return make


def truncated_tail(path: Path) -> None:
    """Only the last bytes (startxref and %%EOF) are missing: most readers repair it, so pages may or may not be lost."""
    good(path, 6)
    path.write_bytes(path.read_bytes()[:-40])


def _encrypted(user: str, owner: str, bits: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        import pikepdf

        good(path)
        with pikepdf.open(path, allow_overwriting_input=True) as pdf:
            level = {256: 6, 128: 4, 40: 2}[bits]
            pdf.save(
                path,
                encryption=pikepdf.Encryption(
                    user=user, owner=owner, R=level, aes=level >= 4, metadata=level >= 4
                ),
            )

    return make


def picture(resolution: int = 150, words: bool = True) -> ImageReader:
    """A page's picture of the zoo's table: rulings in pixels, words as grey blots or real letters."""
    from PIL import Image, ImageDraw, ImageFont

    from .fonts import BASE, font_file

    k = resolution / 72
    image = Image.new("L", (int(595.28 * k), int(841.89 * k)), 250)
    pen = ImageDraw.Draw(image)
    for kind, at, a, b in edges_of(PLAN, XS, YS):
        line = (a, at, b, at) if kind == "h" else (at, a, at, b)
        pen.line([v * k for v in line], fill=20, width=2)
    found = font_file(BASE)
    font = ImageFont.truetype(str(found[0]), int(9 * k)) if found else None
    for row, col, _, _, text in PLAN:
        x, y = (XS[col] + 3) * k, (YS[row] + 5) * k
        if font and words:
            pen.text((x, y), text, fill=30, font=font)
        elif text:
            pen.rectangle([x, y, x + 9 * k * len(text), y + 9 * k], fill=90)
    data = io.BytesIO()
    image.save(data, "PNG")
    data.seek(0)
    return ImageReader(data)


def scan(path: Path, pages: int = 2) -> None:
    """Pictures of pages, no text layer."""
    sheet = Sheet(path)
    for page in range(pages):
        if page:
            sheet.canvas.showPage()
        sheet.canvas.drawImage(picture(), 0, 0, sheet.width, sheet.height)
    sheet.save()


def scan_with_text(path: Path) -> None:
    """A picture of the zoo's table under an invisible text layer (OCR): its grid is that of ``sheet.PLAN``."""
    sheet = Sheet(path)
    sheet.canvas.drawImage(picture(), 0, 0, sheet.width, sheet.height)
    sheet.words(PLAN, XS, YS, mode=3)
    sheet.save()


def mixed_scan(path: Path) -> None:
    """Page 1 and 3 real, page 2 a picture without text: the message must name page 2."""
    sheet = Sheet(path)
    sheet.table()
    sheet.canvas.showPage()
    sheet.canvas.drawImage(picture(), 0, 0, sheet.width, sheet.height)
    sheet.canvas.showPage()
    sheet.table()
    sheet.save()


def no_table(path: Path) -> None:
    """Text only."""
    sheet = Sheet(path)
    for n, word in enumerate(("标题", "说明", "附件目录")):
        sheet.text(80, 100 + 20 * n, word)
    sheet.save()


def no_catalogue(path: Path) -> None:
    """Ruled tables, but none with the rulebook's headers."""
    good(path, 1)


def no_pages(path: Path) -> None:
    """A valid PDF with an empty page tree."""
    import pikepdf

    pdf = pikepdf.new()
    pdf.save(path)


BAD: dict[str, Callable[[Path], None]] = {
    "empty": empty,
    "not_a_pdf": not_a_pdf,
    "html_error_page": html_error_page,
    "truncated_half": _truncated(0.5),
    "truncated_most": _truncated(0.02),
    "truncated_tail": truncated_tail,
    "encrypted_aes256": _encrypted(PASSWORD, OWNER, 256),
    "encrypted_aes128": _encrypted("xize2026", OWNER, 128),
    "encrypted_rc4": _encrypted("xize2026", OWNER, 40),
    "owner_password_only": _encrypted("", OWNER, 256),  # opens without a password: may be read
    "scan": scan,
    "scan_with_text": scan_with_text,
    "mixed_scan": mixed_scan,
    "no_table": no_table,
    "no_catalogue": no_catalogue,
    "no_pages": no_pages,
}
PASSWORDS = {"encrypted_aes256": PASSWORD, "encrypted_aes128": "xize2026", "encrypted_rc4": "xize2026"}
