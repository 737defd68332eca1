"""Does damage ever pass for a document? Random mutations of a rulebook PDF, each run and compared with the original.

    python benchmarks/mutate.py [FILE.pdf …] [--differing 200] [--seed 1] [--workers N] [--keep DIR]

Without a file: a small rulebook that it typesets. A mutation changes some bytes anywhere in the file: a bit, a byte, a
run of zeros or noise, a piece cut out, put in or copied elsewhere. Mutations are tried until ``--differing`` of them
changed what pdfium or pdfplumber reads (the text of any page, or whether it reads it at all). Printed are

    tried               all mutations
    text as before      neither decoder reads anything else
    refused             text differs, and the run ends with a sentence
    published right     text differs for one decoder only, and the published rows are those of the original
    published wrong     text differs, and the rows are published: the bug that this looks for
    sound, wrong        as before, but the mutated file is sound: what changed is no compressed stream and no structure

The last two are listed with the place that was changed. A run that raises anything but XizeError ends the program.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

EDITION = "mutant-2031"
KINDS = ("bit", "byte", "zeros", "noise", "cut", "insert", "copy")
OUTCOMES = ("text as before", "refused", "published right", "published wrong", "sound, wrong")


@dataclass(frozen=True)
class Tried:
    """One mutation and what came of it; ``said`` is the sentence of a refusal."""

    number: int
    kind: str
    place: int
    where: str
    outcome: str
    said: str = ""


def mutated(data: bytes, chance: random.Random) -> tuple[bytes, str, int]:
    """The data with one mutation, its kind and its place."""
    kind, at = chance.choice(KINDS), chance.randrange(len(data))
    size = min(chance.choice((1, 2, 4, 16, 64, 256)), len(data) - at)
    noise = chance.randbytes(size)
    other = chance.randrange(len(data) - size)
    before, piece, after = data[:at], data[at : at + size], data[at + size :]
    new = {
        "bit": bytes([piece[0] ^ (1 << chance.randrange(8))]) + piece[1:],
        "byte": noise[:1] + piece[1:],
        "zeros": bytes(size),
        "noise": noise,
        "cut": b"",
        "insert": noise + piece,
        "copy": data[other : other + size],
    }[kind]
    return before + new + after, kind, at


@dataclass(frozen=True)
class Right:
    """What the original gives: the text of its pages by both decoders, what pages consist of, the published rows."""

    pdfium: list[str]
    pdfplumber: list[str]
    keys: tuple[str | None, ...]
    rows: dict[str, str]


def page_texts(path: Path, decoder: str, numbers: Iterable[int] | None = None) -> list[str]:
    """The text of pages (from 1; None: all). Raises XizeError where one cannot be read."""
    from pipeline.readers.pdf.open import open_pdf

    with open_pdf(path, decoder=decoder) as pdf:
        chosen = range(1, pdf.page_count + 1) if numbers is None else numbers
        return ["\0".join(pdf.decode(number).texts) for number in chosen]


def reads_the_same(path: Path, right: Right) -> bool:
    """Whether both decoders read what they read in the original."""
    from pipeline.errors import XizeError
    from pipeline.readers.pdf.page_keys import page_keys

    try:
        if page_texts(path, "pdfium") != right.pdfium:
            return False
        keys = page_keys(path)  # pdfplumber reads the same where a page consists of the same
        if len(keys) != len(right.keys):
            return page_texts(path, "pdfplumber") == right.pdfplumber
        changed = [n for n, (a, b) in enumerate(zip(keys, right.keys, strict=True), 1) if a is None or a != b]
        return page_texts(path, "pdfplumber", changed) == [right.pdfplumber[n - 1] for n in changed]
    except XizeError:
        return False


def published(path: Path, home: Path) -> dict[str, str]:
    """A digest of the rows of every table that a run publishes. Raises XizeError where it refuses."""
    from pipeline.editions.add import add_edition
    from pipeline.editions.plan import plan
    from pipeline.errors import XizeError
    from pipeline.job import Options
    from pipeline.releases.catalogue import load_release
    from pipeline.run import read, run, tidy_reading

    add_edition(home, EDITION, path, title="试验细则")
    options = Options(home, EDITION, workers=1, allow_incomplete=True)
    job = plan(options)
    result = tidy_reading(job, read(job))
    errors = [finding.message for finding in result.findings if finding.level == "error"]
    if errors:  # it would be refused after validation, which takes longer than all the rest
        raise XizeError(errors[0])
    run(options)
    tables = load_release(str(home / "curated"), EDITION)
    return {
        name: hashlib.sha256(repr(table.to_pylist()).encode()).hexdigest()
        for name, table in tables.items()
        if name not in ("findings", "coverage")
    }


def where(data: bytes, at: int) -> str:
    """What stands at a place of the original: in a stream with or without filter, or between streams."""
    begin, end = data.rfind(b"stream", 0, at), data.find(b"endstream", at)
    inside = begin >= 0 and data[begin - 3 : begin] != b"end" and end >= 0
    head = data[data.rfind(b" obj", 0, begin) : begin] if inside else b""
    if not inside:
        return "structure"
    return "filtered stream" if b"/Filter" in head else "plain stream"


def judge(
    path: Path, right: tuple[dict[str, str], dict[str, str]], seed: int, keep: Path | None, number: int
) -> Tried:
    """Try one mutation. ``right``: the texts and the rows of the original."""
    from pipeline.errors import XizeError

    data = path.read_bytes()
    new, kind, at = mutated(data, random.Random(f"{seed}-{number}"))
    made = partial(Tried, number, kind, at, where(data, at))
    with tempfile.TemporaryDirectory(prefix="xize-mutant-") as folder:
        mutant = Path(folder) / f"{number}.pdf"
        mutant.write_bytes(new)
        if new == data or reads_the_same(mutant, right):
            return made("text as before")
        try:
            rows = published(mutant, Path(folder) / "home")
        except XizeError as error:
            return made("refused", str(error))
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            shutil.copy(mutant, keep / f"{path.stem}-{number}.pdf")
        if rows == right.rows:
            return made("published right")
        return made("sound, wrong" if made("").where == "plain stream" else "published wrong")


def small_rulebook(folder: Path) -> Path:
    """A rulebook of a few pages."""
    from tests.cli_home import print_rulebook, small_truth

    return print_rulebook(small_truth(), folder / "small.pdf")


def measure(path: Path, differing: int, seed: int, workers: int | None, keep: Path | None) -> list[Tried]:
    """Mutations of one file until so many changed its text."""
    from pipeline.processes import map_in_processes
    from pipeline.readers.pdf.page_keys import page_keys

    with tempfile.TemporaryDirectory(prefix="xize-mutant-") as folder:
        texts = [page_texts(path, decoder) for decoder in ("pdfium", "pdfplumber")]
        right = Right(*texts, page_keys(path), published(path, Path(folder)))
    done: list[Tried] = []
    while sum(one.outcome != OUTCOMES[0] for one in done) < differing:
        work: Callable[[int], Tried] = partial(judge, path, right, seed, keep)
        done += map_in_processes(work, range(len(done), len(done) + 40), workers)
        counts = Counter(one.outcome for one in done)
        print(f"{path.name}: {len(done)} tried, {dict(counts)}", file=sys.stderr, flush=True)
    return done


def main() -> int:
    """Command line; exit code 1 where something wrong was published from a file that is not sound."""
    parser = argparse.ArgumentParser(description="Mutate rulebooks and see what is published.")
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--differing", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--keep", type=Path, help="keep published mutants here")
    asked = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="xize-mutate-") as folder:
        for path in asked.files or [small_rulebook(Path(folder))]:
            done = measure(path, asked.differing, asked.seed, asked.workers, asked.keep)
            counts: Counter[str] = Counter(one.outcome for one in done)
            print(f"{path.name} | {len(done)} | " + " | ".join(str(counts[name]) for name in OUTCOMES))
            for one in done:
                if one.outcome.startswith(("published", "sound")):
                    print(f"  {one.outcome}: {one.number} {one.kind} at {one.place} ({one.where})")
            wrong += counts["published wrong"]
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
