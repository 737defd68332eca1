"""``python -m pipeline.docs [NAME...]``: write the generated pages of docs/ (all of them by default).

``--check`` writes nothing and fails when a page is not what the code would write.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipeline.docs.cli import cli_page
from pipeline.docs.dictionary import dictionary_page
from pipeline.docs.findings import findings_page

PAGES: Mapping[str, Callable[[], str]] = {
    "cli": cli_page,
    "data-dictionary": dictionary_page,
    "findings": findings_page,
}
"""Name of a page (docs/<name>.md) → what writes it."""

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main(arguments: Sequence[str]) -> int:
    """Write (or with --check compare) the pages named; the exit code."""
    names = [name for name in arguments if not name.startswith("-")] or list(PAGES)
    unknown = [name for name in names if name not in PAGES]
    if unknown:
        sys.stderr.write(f"no page {unknown[0]}; there are: {', '.join(PAGES)}\n")
        return 2
    stale = 0
    for name in names:
        path, text = DOCS / f"{name}.md", PAGES[name]()
        if "--check" in arguments:
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                sys.stderr.write(f"{path} is out of date: run python -m pipeline.docs {name}\n")
                stale += 1
        else:
            DOCS.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
