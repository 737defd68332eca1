"""Editions that nobody has read yet: typeset a corpus of PDFs with truths, run the pipeline on them, score.

    python benchmarks/corpus.py build [NAME …] [--out DIR]     PDFs and truths
    python benchmarks/corpus.py score [NAME …] [--out DIR]     read, tidy, score (--cli: xize add + xize run)
    python benchmarks/corpus.py list

The truth of 2025 is read from tests/data/shanghai-2025.truth.json (or --truth). Wide experiments use fonts of the
Debian packages fonts-noto-cjk, fonts-arphic-uming, fonts-arphic-ukai, fonts-wqy-zenhei and fonts-wqy-microhei; a PDF
whose producer is not on this machine is left out with a message.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


from benchmarks import score as scorer
from pipeline.tidy.wraps.segment_model import Memory
from tests.typeset import Layout, available, content, typeset
from tests.typeset.layout import A3, B4
from tests.typeset.province import province

ROOT = Path(__file__).resolve().parent.parent
Truth = dict[str, Any]
Make = Callable[[Truth], Truth]


def same(truth: Truth) -> Truth:
    """The 2025 content as it is."""
    return truth


def following(truth: Truth) -> Truth:
    """Next year's edition."""
    return content.next_year(truth)


def half(truth: Truth) -> Truth:
    """Every other section, half of each annex."""
    out = content.excerpt(truth, classes=99, annex_rows=60, sections=99)
    out["sections"] = out["sections"][1::2]
    return content.refresh_toc(out)


def other(seed: int, **options: Any) -> Make:
    """Another province with invented majors and items."""
    return lambda _: province(seed, **options)


def other_moe(seed: int) -> Make:
    """Another province with majors and classes of the national catalogue."""

    def make(_: Truth) -> Truth:
        path = ROOT / "pipeline" / "schema" / "moe-2021-classes.csv"
        with path.open(encoding="utf-8") as file:
            rows = [
                (r["major_code"] + r["class_no"], r["class_name"], r["major_name"])
                for r in csv.DictReader(file)
            ]
        return province(seed, majors=9, moe=rows)

    return make


_WIDE = {"class": 0.85, "skill": 1.5, "practice": 0.8}
CORPUS: list[tuple[Make, Layout]] = [
    (same, Layout("chr-serif-a4l", "chromium", landscape=True, margins=(40, 34, 44, 34), size=7, leading=1.2,
                  widths={"class": 0.75, "skill": 1.5, "practice": 0.7, "industry": 0.9})),
    (same, Layout("chr-sans-a3l", "chromium", page=A3, landscape=True, font="Noto Sans CJK SC", size=9, leading=1.4,
                  header="repeat", header_fill="#1f4e79", header_color="#ffffff", rule_width=1, rule_color="#7f7f7f",
                  spacing=0.3, valign="middle", groups=("skill", "title", "industry", "one_plus_x", "practice"),
                  class_cell="inline", banner="text", annex_shuffle=True, page_number="- {page} -",
                  running_head="教师专业认定细则", zebra="#f2f2f2")),
    (same, Layout("rl-sans-a4l", landscape=True, font="Noto Sans SC", margins=(50, 36, 50, 36), rule="fill",
                  widths={"class": 0.8, "skill": 1.3})),
    (same, Layout("rl-uming-a3", page=A3, font="AR PL UMing CN", size=9, leading=1.35, margins=(60, 50, 60, 50),
                  mirror=True, rule="double", header="repeat", header_fill="#dddddd", fake_bold=True, span_text="larger",
                  valign="middle", class_cell="name-first", banner="text", breaking="word", justify=True, cut="closed",
                  groups=("practice", "skill", "title", "industry", "one_plus_x"), running_head="双师型教师专业认定细则",
                  page_number="第{page}页 共{pages}页")),
    (same, Layout("lo-uming-a4p", "writer", margins=(56, 30, 56, 30), font="AR PL UMing CN",
                  heading_font="WenQuanYi Zen Hei", size=6.5, leading=1.1, padding=1.5, header="repeat",
                  widths={"class": 1.0, "skill": 1.5}, justify=True)),
    (following, Layout("next-chr-dashed", "chromium", landscape=True, rule="dashed", mirror=True, font="WenQuanYi Micro Hei",
                       size=7.5, leading=1.3, widths=_WIDE, banner="text", page_number="{page} / {pages}",
                       groups=("title", "practice", "skill", "industry", "one_plus_x"))),
    (following, Layout("next-lo-a4l", "writer", landscape=True, font="Noto Serif CJK SC", heading_font="Noto Sans CJK SC",
                       size=7, leading=1.15, widths=_WIDE, header="first", header_fill="#fde9d9", running_head="教育委员会")),
    (following, Layout("next-rl-rotate", landscape=True, font="WenQuanYi Zen Hei", size=7, rule="dashed", rotate="odd",
                       cut="bottom", header="repeat", valign="middle", span_text="repeat", widths=_WIDE, class_cell="inline",
                       annex_shuffle=True)),
    (other(1), Layout("prov-chr-separate", "chromium", landscape=True, rule="separate", font="Noto Sans CJK SC", size=8,
                      leading=1.35, widths=_WIDE, section_page=True, padding=3)),
    (other(2), Layout("prov-rl-jitter", landscape=True, font="AR PL UKai CN", size=8, rule="jitter", unicode="mixed",
                      fake_bold=True, ghosts="white", watermark="征求意见稿", widths=_WIDE, header_fill="#cccccc",
                      groups=("industry", "one_plus_x", "practice", "skill", "title"))),
    (other_moe(3), Layout("prov-lo-double", "writer", page=B4, landscape=True, rule="double", font="WenQuanYi Micro Hei",
                          size=8.5, leading=1.2, header="repeat", valign="middle", widths=_WIDE, banner="text",
                          page_number="— {page} —", mirror=True)),
    (other(4, majors=4, scale=0.4), Layout("prov-weasy", "weasyprint", landscape=True, font="Noto Serif CJK SC", size=7.5,
                                           leading=1.3, widths=_WIDE, header="repeat", header_fill="#e2efda")),
    (half, Layout("rl-cid-crop", landscape=True, font="STSong-Light", size=7.5, rule="fill-unit", span_text="repeat",
                  crop=20, class_first=False, tiers=("高级", "中级", "初级"), annex_shuffle=True, header="repeat",
                  widths=_WIDE, cut="closed")),
    (other_moe(5), Layout("prov-rl-broken", page=A3, landscape=True, font="Droid Sans Fallback", size=10, rule="broken",
                          per_glyph=True, ghosts="invisible", rotate="all", rotate_by=270, spacing=0.4, indent=8,
                          para_gap=2, widths={"class": 1.2}, span_text="centre", valign="middle", cut="open")),
    (half, Layout("rl-char-overlap", landscape=True, font="AR PL UMing CN", size=6, leading=1.15, rule="overlap",
                  breaking="char", widths=_WIDE, unicode="kangxi", cut="open", span_text="larger", padding=1.5)),
    (half, Layout("rl-dotted-compat", page=(595.28, 841.89), font="WenQuanYi Zen Hei", size=6, leading=1.2, rule="dotted",
                  unicode="compat", margins=(50, 24, 50, 24), header="repeat", indent=-8, padding=1.5, mirror=False,
                  toc=False, rotate="odd", rotate_by=180)),
]  # fmt: skip


def build(make: Make, layout: Layout, truth: Truth, out: Path) -> None:
    """One PDF and its truth."""
    missing = available(layout.engine)
    if missing:
        print(f"{layout.name}: left out, {missing}")
        return
    begin = time.perf_counter()
    printed = typeset(make(truth), layout, out / f"{layout.name}.pdf")
    (out / f"{layout.name}.truth.json").write_text(json.dumps(printed, ensure_ascii=False, indent=1), "utf-8")
    print(f"{layout.name}: {printed['page_count']} pages, {time.perf_counter() - begin:.1f} s", flush=True)


def read_tables(
    name: str, out: Path, options: dict[str, Any], memory: Memory | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read and tidy in this process, without validation and publishing; staged cells are kept for the next time.

    ``memory``: what an earlier edition teaches.
    """
    from pipeline.editions.add import add_edition
    from pipeline.editions.files import file_sha256
    from pipeline.editions.plan import plan
    from pipeline.job import Options
    from pipeline.outcome import with_findings
    from pipeline.run import read, tidy_reading

    home, edition, pdf = out / "home" / name, f"{name}-2026", out / f"{name}.pdf"
    stamp = home / "sha256"
    if not stamp.exists() or stamp.read_text() != file_sha256(pdf):
        shutil.rmtree(home, ignore_errors=True)
        add_edition(home, edition, pdf)
        stamp.write_text(file_sha256(pdf))
    job = replace(plan(Options(home=home, edition=edition, **options)), memory=memory)
    result = tidy_reading(job, read(job))
    return with_findings(job, result), dict(result.stats)


def publish(name: str, out: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The command line as a user would run it: xize add, xize run; returns the published release."""
    home, edition = out / "home-cli" / name, f"{name}-2026"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    xize = [str(Path(sys.executable).with_name("xize")), "--home", str(home)]
    for command in (["add", edition, str(out / f"{name}.pdf")], ["run", edition, "--no-prefect"]):
        done = subprocess.run([*xize, *command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"xize {command[0]}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    folder = home / "curated" / edition
    release = folder / json.loads((folder / "latest.json").read_text("utf-8"))["release"]
    rows, manifest, _ = scorer.load_release(release)
    return rows, manifest


def run(name: str, out: Path, show: int, cli: bool) -> dict[str, Any] | None:
    """Read one PDF of the corpus and score it."""
    begin = time.perf_counter()
    try:
        rows, stats = publish(name, out) if cli else read_tables(name, out, {"allow_incomplete": True})
    except Exception as error:
        print(f"== {name}: {type(error).__name__}: {error}", flush=True)
        if not cli and type(error).__name__ != "XizeError":
            traceback.print_exc()
        return None
    seconds = time.perf_counter() - begin
    result = scorer.score(json.loads((out / f"{name}.truth.json").read_text("utf-8")), rows, stats)
    result["seconds"] = seconds
    (out / f"{name}.score.json").write_text(json.dumps(result, ensure_ascii=False, indent=1), "utf-8")
    print(f"== {name} ({seconds:.1f} s)\n{scorer.show(result, show)}", flush=True)
    return result


def main() -> int:
    """Command line; exit code 1 if a run failed or anything differs."""
    parser = argparse.ArgumentParser(description="Build and score the corpus.")
    parser.add_argument("action", choices=("build", "score", "list"))
    parser.add_argument("names", nargs="*")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "out" / "corpus")
    parser.add_argument("--truth", type=Path, default=ROOT / "tests" / "data" / "shanghai-2025.truth.json")
    parser.add_argument("--show", type=int, default=8, help="differences to print per PDF")
    parser.add_argument(
        "--cli", action="store_true", help="xize add + xize run, with validation and publishing"
    )
    args = parser.parse_intermixed_args()
    known = {layout.name: (make, layout) for make, layout in CORPUS}
    unknown = set(args.names) - set(known)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    names = args.names or list(known)
    if args.action == "list":
        print("\n".join(names))
        return 0
    args.out.mkdir(parents=True, exist_ok=True)
    if args.action == "build":
        truth = json.loads(args.truth.read_text("utf-8"))
        for name in names:
            build(*known[name], truth, args.out)
        return 0
    results = {n: run(n, args.out, args.show, args.cli) for n in names if (args.out / f"{n}.pdf").exists()}
    print(
        f"\n{'PDF':<22}{'items':>7}{'F1':>9}{'cells':>7}{'exact':>7}{'annex cells':>13}{'right':>8}{'wrong':>7}{'s':>7}"
    )
    for name, result in results.items():
        if result is None:
            print(f"{name:<22} failed")
            continue
        entries = result["parts"][0]
        annex = [p for p in result["parts"] if p["part"].startswith("annex")]
        print(
            f"{name:<22}{entries['expected']:>7}{entries['f1']:>9.5f}{entries['cells']:>7}{entries['cells_right']:>7}"
            f"{sum(p['cells'] for p in annex):>13}{sum(p['cells_right'] for p in annex):>8}{result['wrong']:>7}{result['seconds']:>7.1f}"
        )
    return int(any(r is None or r["wrong"] for r in results.values()))


if __name__ == "__main__":
    sys.exit(main())
