"""The README's picture, made from the running product: ``python docs/pictures.py [--edition E] [--page N]``.

Left: a page as ``xize tables --debug`` draws it. Right: rows of the release that were read from it, each numbered
where it is printed. Needs a published release (``make run``).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pipeline.editions.edition import load_edition  # noqa: E402
from pipeline.query.catalogue import Catalog  # noqa: E402
from pipeline.readers.pdf.export import draw_pages  # noqa: E402
from tests.typeset.fonts import BASE, font_file  # noqa: E402

SCALE = 2.0  # pixels per point in the pictures of --debug
LEFT, WIDTH, HEIGHT = 900, 1680, 880
SHARE = 0.54  # how much of the page is shown, from its left edge: large enough to be read
INK, GREY, BLUE, PAPER, BAND = (34, 34, 34), (110, 110, 110), (20, 80, 160), (255, 255, 255), (244, 246, 249)
SIDE = {"title": "职称", "skill": "技能", "practice": "执业", "one_plus_x": "1+X", "industry": "行业"}

QUERY = """
select class_code, kind, tier, text, name, grades, level, page, x0, top, x1, bottom
from entries where edition = $edition and page = $page order by top, x0
"""


def font(size: int) -> ImageFont.FreeTypeFont:
    """The tests' Chinese font at a size in pixels."""
    found = font_file(BASE)
    if found is None:
        raise SystemExit("no Chinese font: pip install justmytype-intl-cjk")
    return ImageFont.truetype(str(found[0]), size)


def fitted(text: str, face: ImageFont.FreeTypeFont, width: float) -> str:
    """``text``, cut off with … where it is wider than ``width`` pixels."""
    if face.getlength(text) <= width:
        return text
    while text and face.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


def chosen(rows: list[dict[str, Any]], corner: tuple[float, float], count: int) -> list[dict[str, Any]]:
    """Rows printed left of and above ``corner`` (points): evenly many of every kind and tier, in reading order."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        if row["x1"] < corner[0] and row["bottom"] < corner[1]:
            groups.setdefault((row["kind"], row["tier"]), []).append(row)
    kept: list[dict[str, Any]] = []
    while len(kept) < count and any(groups.values()):
        for group in groups.values():
            if group and len(kept) < count:
                kept.append(group.pop(0))
    return sorted(kept, key=lambda row: (row["x0"], row["top"]))


def picture(edition: str, page: int | None, target: Path) -> Path:
    """Write ``target``. ``page`` defaults to the first with entries of several kinds."""
    with Catalog(ROOT / "curated") as catalog:
        if page is None:
            found = catalog.sql(
                "select page from entries where edition = $edition group by page having count(distinct kind) > 2 "
                "order by page limit 1",
                {"edition": edition},
            )
            page = found["page"][0].as_py()
        rows = catalog.sql(QUERY, {"edition": edition, "page": page}).to_pylist()
    with tempfile.TemporaryDirectory() as folder:
        [drawn] = draw_pages(load_edition(ROOT, edition).path("pdf"), [page], Path(folder), "", "pdfplumber")
        with Image.open(drawn) as image:
            seen = image.convert("RGB")
    shrink = LEFT / (seen.width * SHARE)
    seen = seen.resize((round(seen.width * shrink), round(seen.height * shrink)), Image.Resampling.LANCZOS)
    sheet = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    sheet.paste(seen.crop((0, 0, LEFT, min(HEIGHT, seen.height))), (0, 0))
    pen = ImageDraw.Draw(sheet)
    pen.line([LEFT, 0, LEFT, HEIGHT], fill=(200, 200, 200), width=2)
    step, top, left = 30, 78, LEFT + 24
    corner = LEFT / SCALE / shrink, HEIGHT / SCALE / shrink
    shown = chosen(rows, corner, (HEIGHT - top) // step)
    pen.text((left, 12), f"entries · {edition} · 第 {page} 页", font=font(22), fill=INK)
    heads = ((0, "#"), (40, "类别"), (100, "级次"), (160, "条目（原文）"), (470, "名称"), (680, "等级"))
    for x, head in heads:
        pen.text((left + x, 48), head, font=font(16), fill=GREY)
    for number, row in enumerate(shown, start=1):
        y = top + (number - 1) * step
        if number % 2:
            pen.rectangle([LEFT + 8, y - 3, WIDTH - 8, y + step - 4], fill=BAND)
        grades = "、".join(map(str, row["grades"])) or row["level"] or "—"
        words = (str(number), SIDE[row["kind"]], row["tier"], row["text"], row["name"], grades)
        widths = (36, 56, 56, 300, 200, 70)
        for (x, _), word, width in zip(heads, words, widths, strict=True):
            face = font(17)
            pen.text((left + x, y), fitted(word, face, width), font=face, fill=BLUE if x == 0 else INK)
        box = [row[side] * SCALE * shrink for side in ("x0", "top", "x1", "bottom")]
        pen.rectangle([box[0] - 2, box[1] - 1, box[2] + 2, box[3] + 1], outline=BLUE, width=1)
        badge = [box[0] - 18, box[1] - 2, box[0] - 2, box[1] + 14]
        pen.ellipse(badge, fill=BLUE)
        pen.text((box[0] - 10, box[1] + 6), str(number), font=font(11), fill=PAPER, anchor="mm")
    target.parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(96, dither=Image.Dither.NONE).save(target, optimize=True)
    return target


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Make the README's picture.")
    parser.add_argument("--edition", default="shanghai-2025")
    parser.add_argument("--page", type=int)
    args = parser.parse_args()
    path = picture(args.edition, args.page, ROOT / "docs" / "page-and-rows.png")
    print(f"{path} ({path.stat().st_size // 1024} KB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
