"""What of the document there is: classes against the ministry's list, contents against headings, pages, numbers.

So that nobody takes silence for "not recognised": a class that is not in the data is either *lost* in the source (the
contents name its 专业大类, whose heading does not stand in the body) or *absent* from the document.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from pipeline.schema import ANNEX_TABLES, TABLES
from pipeline.text import page_spans

Row = dict[str, Any]

SUBJECTS = {"class": "专业类", "major": "专业大类", "annex": "附件", "page": "页面", "numbers": "附件序号"}
STATUSES = {
    "present": "有",
    "lost": "来源中缺失",
    "absent": "文件中没有",
    "extra": "目录之外",
    "no_table": "没有表格",
    "complete": "连续",
    "broken": "不连续",
}

_PLACE = ("page", "line", "x0", "top", "x1", "bottom", "cell_id")
_NUMBERS = ("no", "org_no", "series_no")
_SHOWN = 40


class TocItem(Protocol):
    """A line of the table of contents (``kind``: section or annex), and whether its heading stands in the body."""

    @property
    def kind(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def found(self) -> bool: ...
    @property
    def number(self) -> str | None: ...
    @property
    def page(self) -> int | None: ...


def coverage(
    tables: Mapping[str, pa.Table],
    *,
    source: str,
    toc: Sequence[TocItem] = (),
    reference: Iterable[Mapping[str, str]] = (),
    pages: pa.Table | None = None,
) -> list[Row]:
    """Rows of the table ``coverage`` (without edition).

    ``source``: the kind of source read. ``reference``: the ministry's list (columns of moe-2021-classes.csv).
    ``pages``: the pages as read (columns page, tables, glyphs, pictures); None where the source has no pages.
    """
    rows = [*_majors(tables), *_classes(tables, list(reference)), *_annexes(tables, toc)]
    rows += [*_numbers(tables), *(_pages(pages) if pages is not None else ())]
    seen: Counter[tuple[str, str]] = Counter()
    for row in rows:
        seen[row["subject"], row["key"]] += 1
        if (again := seen[row["subject"], row["key"]]) > 1:  # the contents may name an annex twice
            row["key"] = f"{row['key']}#{again}"
    return [{"source": source, **row} for row in rows]


def _row(
    subject: str, key: str, name: str, status: str, detail: str | None, at: Mapping[str, Any] = {}
) -> Row:
    place = {column: at[column] for column in _PLACE if at.get(column) is not None}
    return {"subject": subject, "key": key, "name": name, "status": status, "detail": detail, **place}


def _majors(tables: Mapping[str, pa.Table]) -> Iterator[Row]:
    """Headings of the body against the contents; pages against the usual distance of printed and real ones."""
    majors = tables["majors"].to_pylist()
    listed = any(major["toc_page"] is not None for major in majors)
    offsets = Counter(
        major["page"] - major["toc_page"]
        for major in majors
        if major["present"] and major["toc_page"] is not None and major["page"] is not None
    )
    usual = offsets.most_common(1)[0][0] if offsets else 0
    for major in majors:
        detail = None
        if not major["present"]:
            detail = (
                "目录列有，正文没有标题"
                if major["toc_page"] is not None
                else "目录与正文都没有标题，据专业类代码补出"
            )
        elif listed and major["toc_page"] is None:
            detail = "正文有标题，目录未列"
        elif listed and major["page"] is not None and major["page"] != major["toc_page"] + usual:
            detail = f"目录印第{major['toc_page']}页，标题实在第{major['page']}页"
        status = "present" if major["present"] else "lost"
        yield _row("major", major["major_code"], major["name"], status, detail, major)


def _classes(tables: Mapping[str, pa.Table], reference: list[Mapping[str, str]]) -> Iterator[Row]:
    classes = tables["classes"].to_pylist()
    by_code: dict[str, Mapping[str, Any]] = {}
    for row in classes:
        for column in ("class_code", "college_code", "bachelor_code"):
            by_code.setdefault(row[column] or "", row)
    by_name = {row["name"]: row for row in classes}
    known = {row["major_code"] for row in tables["majors"].to_pylist() if row["present"]}
    lost = {row["major_code"] for row in tables["majors"].to_pylist()} - known
    seen: set[str] = set()
    for wanted in reference:
        codes = [wanted[c] + wanted["class_no"] for c in ("major_code", "college_code", "bachelor_code")]
        name = wanted["class_name"]
        found = next((by_code[code] for code in codes if code in by_code), None)
        if found is None and name in by_name and by_name[name]["class_code"] not in _all_codes(reference):
            found = by_name[name]
        if found is not None:
            seen.add(found["class_code"])
            yield _row("class", codes[0], name, "present", _difference(found, codes[0], name), found)
        elif wanted["major_code"] in lost:
            yield _row(
                "class", codes[0], name, "lost", f"所属{wanted['major_name']}的标题不在正文中，该处来源不完整"
            )
        else:
            yield _row("class", codes[0], name, "absent", None)
    if reference:
        for row in classes:
            if row["class_code"] not in seen:
                yield _row("class", row["class_code"], row["name"], "extra", "不在教育部目录中", row)


def _all_codes(reference: list[Mapping[str, str]]) -> set[str]:
    return {
        row[c] + row["class_no"] for row in reference for c in ("major_code", "college_code", "bachelor_code")
    }


def _difference(found: Mapping[str, Any], code: str, name: str) -> str | None:
    said = []
    if found["class_code"] != code:
        said.append(f"印作代码{found['class_code']}")
    if found["name"] != name:
        said.append(f"印作“{found['name']}”")
    return "，".join(said) or None


def _annexes(tables: Mapping[str, pa.Table], toc: Sequence[TocItem]) -> Iterator[Row]:
    """Every annex of the contents and of the body, with its rows."""
    counts: Counter[int] = Counter()
    first: dict[int, Mapping[str, Any]] = {}
    titles: dict[int, str] = {}
    for name in ANNEX_TABLES:
        for row in tables[name].select(["annex_no", *_PLACE]).to_pylist() if name in tables else ():
            counts[row["annex_no"]] += 1
            first.setdefault(row["annex_no"], row)
            titles.setdefault(row["annex_no"], TABLES[name].title_zh)
    listed: set[int] = set()
    for item in toc:
        if item.kind != "annex":
            continue
        number = int(item.number) if item.number is not None and item.number.isdigit() else None
        if number is not None:
            listed.add(number)
        rows = counts.get(number, 0) if number is not None else 0
        detail = f"{rows}行" if item.found else "目录列有，正文没有标题"
        at = first.get(number, {}) if number is not None else {}
        yield _row(
            "annex", item.number or item.label, item.label, "present" if item.found else "lost", detail, at
        )
    for number in sorted(counts.keys() - listed):
        status, detail = (
            ("extra", f"{counts[number]}行，目录未列") if listed else ("present", f"{counts[number]}行")
        )
        yield _row("annex", str(number), titles[number], status, detail, first[number])


def _numbers(tables: Mapping[str, pa.Table]) -> Iterator[Row]:
    """Running numbers of every list: gaps and duplicates. A list may count on from the one before it."""
    for name in ANNEX_TABLES:
        declared = TABLES[name]
        column = next((key for key in declared.row_key if key in _NUMBERS), None)
        if column is None or name not in tables or not tables[name].num_rows:
            continue
        at = declared.row_key.index(column)
        group_by = declared.row_key[:at]
        repeats = at + 1 < len(declared.row_key)
        groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
        for row in tables[name].to_pylist():
            groups.setdefault((str(row["annex_no"]), *(str(row[g]) for g in group_by)), []).append(row)
        last = 0
        for group, rows in groups.items():
            printed = [row[column] for row in rows]
            numbers = [int(no) for no in printed if re.fullmatch(r"\d{1,6}", no or "")]
            start = last + 1 if numbers and min(numbers) == last + 1 else 1
            last = max(numbers, default=0)
            detail = _gaps(numbers, start, [no for no in printed if not (no or "").isdecimal()], repeats)
            label = "·".join((declared.title_zh, *group[1:]))
            whole = f"{start}-{last}" if numbers else None
            yield _row(
                "numbers",
                "/".join((name, *group)),
                label,
                "broken" if detail else "complete",
                detail or whole,
                rows[0],
            )


def _gaps(numbers: Sequence[int], start: int, others: Sequence[str], repeats: bool) -> str:
    said = []
    missing = sorted(set(range(start, max(numbers, default=0) + 1)) - set(numbers))
    if missing:
        said.append(f"缺{page_spans(missing)}")
    if not repeats:
        twice = sorted(number for number, count in Counter(numbers).items() if count > 1)
        if twice:
            said.append(f"重复{page_spans(twice)}")
    if others:
        shown = "、".join(f"“{other}”" for other in others[:5])
        said.append(f"不是数字的{len(others)}处（{shown}）")
    return "；".join(said)


def _pages(pages: pa.Table) -> Iterator[Row]:
    for row in pages.to_pylist():
        if not row["tables"]:
            what = (
                "图片"
                if row["pictures"] > 0.3 and not row["glyphs"]
                else "有文字"
                if row["glyphs"]
                else "空白"
            )
            yield _row(
                "page", str(row["page"]), f"第{row['page']}页", "no_table", what, {"page": row["page"]}
            )


def summary(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Counts by subject and status, for the manifest."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row["subject"], Counter())[row["status"]] += 1
    return {subject: dict(sorted(counts[subject].items())) for subject in SUBJECTS if subject in counts}


def markdown(rows: Sequence[Mapping[str, Any]], title: str = "覆盖情况") -> str:
    """The coverage as a section of a run's report (Markdown): figures, then everything that is not as it should be."""
    lines = [f"## {title}", ""]
    for subject, counts in summary(rows).items():
        figures = "，".join(f"{STATUSES[status]}{count}" for status, count in counts.items())
        lines.append(f"- {SUBJECTS[subject]}：{figures}")
    for subject, label in SUBJECTS.items():
        notable = [
            row
            for row in rows
            if row["subject"] == subject
            and (
                row["status"] not in ("present", "complete")
                or (subject in ("class", "major") and row["detail"])
            )
        ]
        if not notable:
            continue
        lines += ["", f"### {label}", ""]
        if subject == "page":
            lines.append(f"没有表格的页：{page_spans([int(row['key']) for row in notable])}")
            continue
        lines += ["| 代码 | 名称 | 状态 | 说明 |", "| --- | --- | --- | --- |"]
        for row in notable[:_SHOWN]:
            cells = (row["key"], row["name"], STATUSES[row["status"]], row["detail"] or "")
            lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
        if len(notable) > _SHOWN:
            lines.append(f"\n另有{len(notable) - _SHOWN}项，见coverage表。")
    return "\n".join(lines) + "\n"
