"""The guard of a rebuild: does the code still publish the same rows and find the same tables?

    python benchmarks/guard.py            compare with benchmarks/guard.json; exit code 1 where something differs
    python benchmarks/guard.py --write    take what the code gives now as right (say in the commit why it changed)

It publishes the edition of raw/ from the PDF and from the transcript and digests the rows of every table (as Arrow
rows, so that another Parquet writer changes nothing), and runs `xize tables` over the PDFs that the tests typeset
with their own canvas and digests the JSON. Findings are digested by code as well, to show which of them changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

EDITION = "shanghai-2025"
KEPT = ROOT / "benchmarks" / "guard.json"
SOURCES = {"pdf": [], "transcript": ["--source", "transcript", "--allow-incomplete", "--latest"]}


def digest(value: Any) -> str:
    """A short digest of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]


def xize(*arguments: str) -> None:
    """Run the command line; raises CalledProcessError with its output shown."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"xize {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")


def published(home: Path, options: list[str]) -> dict[str, str]:
    """Digest of the rows of every table of a new release; ``findings/CODE`` for the findings of a code."""
    import pyarrow.parquet as pq

    xize("--home", str(home), "run", EDITION, "--no-prefect", *options)
    folder = home / "curated" / EDITION
    release = folder / json.loads((folder / "latest.json").read_text("utf-8"))["release"]
    found = {}
    for path in sorted(release.glob("*.parquet")):
        rows = pq.read_table(path).to_pylist()
        found[path.stem] = f"{len(rows)} {digest(rows)}"
        if path.stem == "findings":
            for code in sorted({row["code"] for row in rows}):
                of_code = [row for row in rows if row["code"] == code]
                found[f"findings/{code}"] = f"{len(of_code)} {digest(of_code)}"
    return found


def typeset_tables(folder: Path) -> dict[str, str]:
    """Digest of what `xize tables` finds in each PDF that the tests draw themselves."""
    from typer.testing import CliRunner

    from pipeline.cli.app import app
    from tests.test_variations import CASES, CONTENTS, LAYOUTS
    from tests.typeset import typeset
    from tests.typeset.zoo import ZOO

    found = {}
    for name in sorted(ZOO):
        ZOO[name](folder / f"{name}.pdf")
    for what, name in CASES:
        if LAYOUTS[name].engine == "canvas":
            typeset(CONTENTS[what], LAYOUTS[name], folder / f"{what}-{name}.pdf")
    for path in sorted(folder.glob("*.pdf")):
        done = CliRunner().invoke(app, ["tables", str(path)])
        found[path.stem] = digest(done.stdout if done.exit_code == 0 else repr(done.exception))
    return found


def measure() -> dict[str, dict[str, str]]:
    """All digests of the code as it is."""
    with tempfile.TemporaryDirectory(prefix="xize-guard-") as name:
        home = Path(name) / "home"
        shutil.copytree(ROOT / "raw", home / "raw")
        measured = {source: published(home, options) for source, options in SOURCES.items()}
        drawn = Path(name) / "typeset"
        drawn.mkdir()
        return {**measured, "tables": typeset_tables(drawn)}


def differences(before: dict[str, dict[str, str]], now: dict[str, dict[str, str]]) -> list[str]:
    """One line per digest that is not as before."""
    lines = []
    for part in sorted({*before, *now}):
        old, new = before.get(part, {}), now.get(part, {})
        lines += [
            f"{part} {name}: {old.get(name, 'nothing')} → {new.get(name, 'nothing')}"
            for name in sorted({*old, *new})
            if old.get(name) != new.get(name)
        ]
    return lines


def main() -> int:
    """Command line; exit code 1 where a digest differs."""
    parser = argparse.ArgumentParser(description="Compare published rows with those of the code before.")
    parser.add_argument("--write", action="store_true", help="keep the digests of the code as it is")
    write = parser.parse_args().write
    now = measure()
    if write:
        KEPT.write_text(json.dumps(now, ensure_ascii=False, indent=1) + "\n", "utf-8")
        return 0
    lines = differences(json.loads(KEPT.read_text("utf-8")), now)
    print("\n".join(lines) or "the guard holds: every row and every table is as before")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
