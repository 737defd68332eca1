"""One entry for all producers; finds out on which page everything landed and prints a second time with a right TOC."""

from __future__ import annotations

import copy
import importlib.util
import tempfile
import unicodedata
from pathlib import Path

import pypdfium2

from . import html, typst_pages, writer
from .document import Truth
from .layout import Layout
from .post import postprocess


def available(engine: str) -> str | None:
    """None if the producer can be used here, else the reason why not (for pytest.skip)."""
    if engine == "chromium" and not html.chromium_path():
        return "no Chromium on this machine"
    if engine == "writer" and not writer.soffice_path():
        return "no LibreOffice Writer on this machine"
    if engine in ("weasyprint", "typst") and not importlib.util.find_spec(engine):
        return f"{engine} is not installed"
    return None


def _squeeze(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).replace("\u200b", "").replace("\ufffe", "").split())


def heading_pages(path: Path, headings: list[str]) -> dict[str, int]:
    """Heading → page (from 1) on which it is printed last (the table of contents comes first)."""
    found: dict[str, int] = {}
    document = pypdfium2.PdfDocument(path)
    keys = {_squeeze(h): h for h in headings}
    for number, page in enumerate(document, start=1):
        text = _squeeze(page.get_textpage().get_text_bounded())
        for key, heading in keys.items():
            if key in text:
                found[heading] = number
    document.close()
    return found


def _print(truth: Truth, layout: Layout, path: Path, pages: dict[str, int]) -> dict[str, int]:
    headings = [truth["catalogue_heading"], *(p["heading"] for p in truth["sections"] + truth["annexes"])]
    if layout.engine == "canvas":
        from .canvas import print_canvas

        return print_canvas(truth, layout, path, pages)
    with tempfile.TemporaryDirectory() as folder:
        if layout.engine == "writer":
            writer.print_writer(truth, layout, path, pages, Path(folder))
        elif layout.engine == "typst":
            typst_pages.print_typst(truth, layout, path, pages)
        else:
            source = Path(folder) / "page.html"
            source.write_text(html.html(truth, layout, pages), encoding="utf-8")
            (html.print_chromium if layout.engine == "chromium" else html.print_weasyprint)(source, path)
    found = heading_pages(path, headings)
    if truth["sections"]:  # its words are part of every section's heading
        found[truth["catalogue_heading"]] = found.get(truth["sections"][0]["heading"], 1)
    return found


def typeset(truth: Truth, layout: Layout, path: Path | str, second_pass: bool = True) -> Truth:
    """Print ``truth`` to ``path``; returns a copy of the truth with pages as printed."""
    path = Path(path)
    first = _print(truth, layout, path, {})
    second = _print(truth, layout, path, first) if second_pass and layout.toc and truth["toc"] else first
    postprocess(path, layout)
    out = copy.deepcopy(truth)
    out["producer"] = layout.engine
    document = pypdfium2.PdfDocument(path)
    out["page_count"] = len(document)
    document.close()
    for part in out["sections"] + out["annexes"]:
        part["page"] = second.get(part["heading"])
        for cls in part.get("classes", []):
            cls.pop("pages", None)
    for entry in out["toc"]:
        entry["page"] = first.get(entry["text"], entry.get("page")) if second_pass else entry.get("page")
    return out
