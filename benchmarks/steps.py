"""Parts of a run in a process of their own, for benchmarks/run.py to measure from outside.

python benchmarks/steps.py cells FILE.pdf OUT.parquet     decode + grid, cells.parquet written, on one processor
python benchmarks/steps.py curated HOME EDITION OUT       from the PDF to all curated Parquet, nothing validated
python benchmarks/steps.py long FILE.pdf OUT.pdf PAGES    a longer document: the file's pages over and over
python benchmarks/steps.py reissue HOME EDITION PAGE      the edition's PDF issued anew with one page changed
python benchmarks/steps.py replace HOME EDITION FILE.pdf  another PDF in place of the edition's own
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def cells(pdf: str, out: str) -> None:
    """Read and write the cells, bound to one processor."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import pyarrow.parquet as pq

    from pipeline.readers.pdf.read import read_pdf

    pq.write_table(read_pdf(Path(pdf), workers=1).cells, out, compression="zstd")


def curated(home: str, edition: str, out: str) -> None:
    """Decode, grid, tidy, link, write: everything of a run but validation and the release around the tables."""
    from pipeline.job import Options, plan
    from pipeline.outcome import with_findings
    from pipeline.releases.publish import parquet_files
    from pipeline.run import read, tidy_reading

    job = plan(Options(Path(home), edition))
    tables = with_findings(job, tidy_reading(job, read(job)))
    for name, written in parquet_files(tables).items():
        Path(out, name).write_bytes(written)


def long(pdf: str, out: str, pages: str) -> None:
    """Repeat a document's pages."""
    import pikepdf

    with pikepdf.open(pdf) as source, pikepdf.new() as target:
        while len(target.pages) < int(pages):
            target.pages.extend(source.pages)
        del target.pages[int(pages) :]
        target.save(out)


def reissue(home: str, edition: str, page: str) -> None:
    """Issue an edition's PDF anew with one page's content changed."""
    import pikepdf

    from pipeline.editions.edition import load_edition

    path = load_edition(Path(home), edition).path("pdf")
    with pikepdf.open(path) as pdf:
        pdf.pages[int(page) - 1].contents_add(b"\n% issued anew\n")
        pdf.save(path.with_suffix(".new"))
    replace(home, edition, str(path.with_suffix(".new")))


def replace(home: str, edition: str, pdf: str) -> None:
    """Put a PDF in place of an edition's own and write its checksum into source.yaml."""
    import hashlib
    import shutil

    from pipeline.editions.edition import load_edition

    known = load_edition(Path(home), edition)
    path, before = known.path("pdf"), known.file("pdf").sha256
    shutil.copyfile(pdf, path)
    source = known.folder / "source.yaml"
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    source.write_text(source.read_text("utf-8").replace(before, after), "utf-8")


if __name__ == "__main__":
    steps = {"cells": cells, "curated": curated, "long": long, "reissue": reissue, "replace": replace}
    steps[sys.argv[1]](*sys.argv[2:])
