"""What others do with the same file: each peer in a process of its own, on one thread, its tables as JSON.

    .venv-bench/bin/python benchmarks/peers.py NAME FILE.pdf OUT.json
    .venv-bench/bin/python benchmarks/peers.py versions          (name → version, null where it cannot run)
    .venv-bench/bin/python benchmarks/peers.py plot IN.json OUT.png

It runs in benchmarks' own environment (requirements.lock) and imports nothing of xize. A peer reads tables and no more:
OUT.json is a list of [page, text of a cell].
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

Cells = Iterator[tuple[int, str]]


def floor(path: str) -> Cells:
    """pdfium decoding every glyph with its box and every path with its points, keeping nothing."""
    import ctypes

    import pypdfium2.raw as c

    box = [ctypes.c_double() for _ in range(4)]
    real = [ctypes.c_float() for _ in range(4)]
    box_at, real_at = tuple(map(ctypes.byref, box)), tuple(map(ctypes.byref, real))
    document = c.FPDF_LoadDocument(path.encode() + b"\0", None)
    for number in range(c.FPDF_GetPageCount(document)):
        page = c.FPDF_LoadPage(document, number)
        text = c.FPDFText_LoadPage(page)
        for i in range(c.FPDFText_CountChars(text)):
            c.FPDFText_GetUnicode(text, i)
            c.FPDFText_GetCharBox(text, i, *box_at)
        for k in range(c.FPDFPage_CountObjects(page)):
            item = c.FPDFPage_GetObject(page, k)
            if c.FPDFPageObj_GetType(item) != c.FPDF_PAGEOBJ_PATH:
                continue
            c.FPDFPageObj_GetBounds(item, *real_at)
            for s in range(c.FPDFPath_CountSegments(item)):
                c.FPDFPathSegment_GetPoint(c.FPDFPath_GetPathSegment(item, s), *real_at[:2])
        c.FPDFText_ClosePage(text)
        c.FPDF_ClosePage(page)
    yield from ()


def pdfplumber(path: str) -> Cells:
    """The plain loop of ``page.extract_tables()``."""
    import pdfplumber

    with pdfplumber.open(path) as document:
        for page in document.pages:
            for table in page.extract_tables():
                yield from (
                    (page.page_number, text or "") for row in table for text in row if text is not None
                )


def _camelot(path: str, **options: Any) -> Cells:
    import camelot

    for table in camelot.read_pdf(path, pages="all", flavor="lattice", **options):
        yield from ((int(table.page), text) for row in table.data for text in row)


def camelot_lattice(path: str) -> Cells:
    """camelot's lattice: lines are looked for in a picture of the page."""
    yield from _camelot(path)


def camelot_vector(path: str) -> Cells:
    """camelot's lattice with the lines of the file itself."""
    yield from _camelot(path, engine="vector")


def pymupdf(path: str) -> Cells:
    """PyMuPDF's find_tables."""
    import pymupdf

    with pymupdf.open(path) as document:
        for page in document:
            for table in page.find_tables().tables:
                yield from (
                    (page.number + 1, text) for row in table.extract() for text in row if text is not None
                )


def tabula(path: str) -> Cells:
    """tabula-java's lattice, one call for all pages."""
    import tabula as tabula_py

    found: Any = tabula_py.read_pdf(
        path, pages="all", lattice=True, output_format="json", force_subprocess=True, silent=True
    )
    for table in found:
        for row in table["data"]:
            yield from ((0, cell["text"]) for cell in row)


def tablers(path: str) -> Cells:
    """tablers: edges and cells in Rust, over a pdfium of its own."""
    import tablers

    document = tablers.Document(path)
    for page in document.pages():
        for table in tablers.find_tables(page, extract_text=True):
            yield from ((table.page_index + 1, cell.text) for cell in table.cells)


PEERS: dict[str, tuple[str, Callable[[str], Cells]]] = {
    "floor": ("pypdfium2", floor),
    "tabula": ("tabula-py", tabula),
    "camelot_vector": ("camelot-py", camelot_vector),
    "pdfplumber": ("pdfplumber", pdfplumber),
    "camelot_lattice": ("camelot-py", camelot_lattice),
    "pymupdf": ("PyMuPDF", pymupdf),
    "tablers": ("tablers", tablers),
}


def versions() -> dict[str, str | None]:
    """Peer → version of its package; None where it is not installed or lacks Java."""
    found: dict[str, str | None] = {}
    for name, (package, _) in PEERS.items():
        try:
            found[name] = f"{package} {version(package)}"
        except PackageNotFoundError:
            found[name] = None
    if shutil.which("java") is None:
        found["tabula"] = None
    return found


def plot(source: str, target: str) -> None:
    """Bars on a logarithmic scale: seconds of everything that was measured."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with open(source, encoding="utf-8") as file:
        data: dict[str, Any] = json.load(file)
    rows = sorted(data["bars"], key=lambda row: row["seconds"], reverse=True)
    figure, axes = pyplot.subplots(figsize=(9, 0.42 * len(rows) + 1.2))
    bars = axes.barh(
        [row["name"] for row in rows],
        [row["seconds"] for row in rows],
        color=["#2f6f8f" if row["ours"] else "#b8c4cc" for row in rows],
    )
    axes.bar_label(bars, labels=[f"{row['seconds']:.2f} s" for row in rows], padding=4, fontsize=9)
    axes.set_xscale("log")
    axes.set_xlim(right=max(row["seconds"] for row in rows) * 2.2)
    axes.set_xlabel("seconds, whole process (log scale)")
    axes.set_title(data["title"], loc="left", fontsize=11)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(target, dpi=120)


def main(arguments: list[str]) -> int:
    """Command line."""
    if arguments[:1] == ["versions"]:
        print(json.dumps(versions()))
    elif arguments[:1] == ["plot"] and len(arguments) == 3:
        plot(arguments[1], arguments[2])
    elif len(arguments) == 3 and arguments[0] in PEERS:
        cells = list(PEERS[arguments[0]][1](arguments[1]))
        with open(arguments[2], "w", encoding="utf-8") as file:
            json.dump(cells, file, ensure_ascii=False)
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
