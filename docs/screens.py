"""The pictures of the three stories, made from the running product: ``python docs/screens.py [--edition E]``.

Next year's rulebook is invented: the edition's content with some hundred known changes (tests/diff/next_year.py), typeset
anew, added, run and reviewed in a temporary folder. Needs a published release (``make run``) and Chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.diff.next_year import following  # noqa: E402
from tests.typeset import Layout, typeset  # noqa: E402

TRUTH = ROOT / "tests" / "data" / "shanghai-2025.truth.json"
SEED = 7
SCREEN = {"width": 1280, "height": 800}


def xize(home: Path, *arguments: str, codes: tuple[int, ...] = (0,)) -> None:
    """Run a command; anything but one of ``codes`` ends the script with what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "--home", str(home), *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode not in codes:
        raise SystemExit(f"xize {' '.join(arguments)}: {done.stdout}{done.stderr}")


def prepare(home: Path, edition: str, following_name: str) -> None:
    """The published edition and, beside it, an invented following one, added and published."""
    for folder in ("raw", "staged", "curated"):
        if (ROOT / folder / edition).is_dir():
            shutil.copytree(ROOT / folder / edition, home / folder / edition)
    xize(home, "run", edition, "--no-prefect")
    later, _ = following(json.loads(TRUTH.read_text("utf-8")), SEED)
    pdf = home / "next.pdf"
    wide = {"class": 0.85, "skill": 1.5, "practice": 0.8}
    layout = Layout(
        "next", landscape=True, margins=(50, 36, 50, 36), size=7, widths=wide, header_fill="#eef2f7"
    )
    typeset(later, layout, pdf)
    xize(home, "add", following_name, str(pdf))
    xize(home, "run", following_name, "--no-prefect")


@contextmanager
def review(home: Path, edition: str) -> Iterator[str]:
    """The address of a running review page."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "--home", str(home), "review", edition, "--no-browser"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        match = re.search(r"http://\S+", process.stdout.readline())
        if match is None:
            raise SystemExit("the review page did not start")
        yield match[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def shoot(page: Any, name: str) -> None:
    """Write docs/pictures/``name``.png, in few colours so that it stays small."""
    target = ROOT / "docs" / "pictures" / f"{name}.png"
    target.parent.mkdir(exist_ok=True)
    page.screenshot(path=str(target))
    with Image.open(target) as image:
        image.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(target, optimize=True)
    print(f"{target.relative_to(ROOT)} ({target.stat().st_size // 1024} KB)")


def picture_review(page: Any, address: str) -> None:
    """A finding chosen, its cell marked on the page; then a correction being written."""
    page.goto(address)
    page.wait_for_selector("body[data-ready]")
    page.wait_for_selector("#sheet[data-shown]")
    page.keyboard.press("j")
    page.wait_for_selector("#findings li.chosen")
    page.wait_for_selector("#sheet[data-shown]")
    page.wait_for_timeout(800)
    shoot(page, "review")
    page.keyboard.press("c")
    page.wait_for_timeout(800)
    shoot(page, "correct")


def picture_diff(page: Any, path: Path) -> None:
    """The change page as it opens, and one change with the crops of both pages."""
    page.goto(path.as_uri())
    page.wait_for_selector(".change")
    shoot(page, "diff")
    page.locator(".change .fold").first.click()
    page.locator(".change").first.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    shoot(page, "diff-change")


def picture_scope(page: Any, home: Path, edition: str) -> None:
    """What the data of an edition cover."""
    latest = json.loads((home / "curated" / edition / "latest.json").read_text("utf-8"))["release"]
    page.goto((home / "curated" / edition / latest / "validation" / "scope.html").as_uri())
    shoot(page, "scope")


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Make the pictures of the stories in docs/.")
    parser.add_argument("--edition", default="shanghai-2025")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    args = parser.parse_args()
    place, _, year = args.edition.rpartition("-")
    later = f"{place}-{int(year) + 1}"
    with tempfile.TemporaryDirectory(prefix="xize-pictures-") as folder, sync_playwright() as driver:
        home = Path(folder)
        prepare(home, args.edition, later)
        xize(home, "diff", args.edition, later, "--html", str(home / "diff.html"), codes=(1,))
        browser = driver.chromium.launch(
            executable_path=args.chromium, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        page = browser.new_page(viewport=SCREEN)
        with review(home, args.edition) as address:
            picture_review(page, address)
        picture_diff(page, home / "diff.html")
        picture_scope(page, home, later)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
