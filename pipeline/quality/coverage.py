"""What of the document is in the data, so that nobody takes silence for "not recognised".

:func:`coverage` makes the table ``coverage`` of a run: classes against the ministry's list, the contents against the
headings, annexes, their running numbers, pages without a table. :func:`scope` makes of a release's tables the picture
that the validation site and ``xize coverage`` show. There a class is ``lost`` where the source lacks its part of the
document, ``unsure`` where pages are missing just where it would stand, ``absent`` where the document is whole and does
not have it; ``partial`` where pages near it are missing or its place was inferred, ``empty`` where it has no entry,
``extra`` where it stands in the document, but not in the ministry's list.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from pipeline.schema import ANNEX_TABLES, TABLES
from pipeline.schema.moe_classes import reference_rows
from pipeline.text import page_spans, place_words

Row = Mapping[str, Any]

SUBJECTS = {"class": "专业类", "major": "专业大类", "annex": "附件", "page": "页面", "numbers": "附件序号"}
STATUSES = {
    "present": "有", "lost": "来源中缺失", "absent": "文件中没有", "extra": "目录之外", "no_table": "没有表格",
    "complete": "连续", "broken": "不连续",
}  # fmt: skip
STATES = {
    "present": "有", "partial": "存疑或不完整", "empty": "有名称而无条目", "lost": "来源中缺失",
    "unsure": "可能在缺页上", "absent": "文件中没有", "extra": "不在教育部目录中",
}  # fmt: skip

_PLACE = ("page", "line", "x0", "top", "x1", "bottom", "cell_id")
_CODES = ("major_code", "college_code", "bachelor_code")
_NUMBERS = ("no", "org_no", "series_no")

# Findings that say a class may not be whole, or that its place was inferred.
_DOUBT = ("pages_lost", "class_inferred", "class_under_other_heading")
# The evidence of pages_lost names the last class printed before the gap and the first one after it.
_BETWEEN = re.compile(r"(\d{4})…(\d{4})")


def coverage(
    tables: Mapping[str, pa.Table],
    *,
    source: str,
    toc: Sequence[Any] = (),
    pages: pa.Table | None = None,
) -> list[dict[str, Any]]:
    """Rows of the table ``coverage`` (without edition).

    ``source``: the kind of source read. ``toc``: the lines of the table of contents (``kind`` section or annex,
    ``label``, ``number``, ``found``: the heading stands in the body).
    ``pages``: the pages as read (columns page, tables, glyphs, pictures); None where the source has no pages.
    """
    rows = [*_major_rows(tables), *_class_rows(tables), *_annex_rows(tables, toc)]
    rows += [*_number_rows(tables), *(_page_rows(pages) if pages is not None else ())]
    seen: Counter[tuple[str, str]] = Counter()
    for row in rows:
        seen[row["subject"], row["key"]] += 1
        if (again := seen[row["subject"], row["key"]]) > 1:  # the contents may name an annex twice
            row["key"] = f"{row['key']}#{again}"
    return [{"source": source, **row} for row in rows]


def summary(rows: Iterable[Row]) -> dict[str, dict[str, int]]:
    """Counts by subject and status, for the manifest."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row["subject"], Counter())[row["status"]] += 1
    return {subject: dict(sorted(counts[subject].items())) for subject in SUBJECTS if subject in counts}


def _row(
    subject: str, key: str, name: str, status: str, detail: str | None, at: Row | None = None
) -> dict[str, Any]:
    place = {column: at[column] for column in _PLACE if at and at.get(column) is not None}
    return {"subject": subject, "key": key, "name": name, "status": status, "detail": detail, **place}


def _major_rows(tables: Mapping[str, pa.Table]) -> Iterator[dict[str, Any]]:
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
        page, toc_page, detail = major["page"], major["toc_page"], None
        if not major["present"]:
            in_toc = "目录列有，正文没有标题"
            detail = in_toc if toc_page is not None else "目录与正文都没有标题，据专业类代码补出"
        elif listed and toc_page is None:
            detail = "正文有标题，目录未列"
        elif listed and page is not None and page != toc_page + usual:
            detail = f"目录印第{toc_page}页，标题实在第{page}页"
        status = "present" if major["present"] else "lost"
        yield _row("major", major["major_code"], major["name"], status, detail, major)


def _class_rows(tables: Mapping[str, pa.Table]) -> Iterator[dict[str, Any]]:
    """Every class of the ministry's list, by its code or, where the code is in no list, by its name; then the others."""
    classes, reference = tables["classes"].to_pylist(), reference_rows()
    by_code: dict[str, Row] = {}
    for row in classes:
        for column in ("class_code", "college_code", "bachelor_code"):
            by_code.setdefault(row[column] or "", row)
    all_codes = {row[code] + row["class_no"] for row in reference for code in _CODES}
    by_name = {row["name"]: row for row in classes if row["class_code"] not in all_codes}
    gone = [row for row in tables["majors"].to_pylist() if not row["present"]]
    lost = {row[key] for row in gone for key in ("major_code", "name")}
    seen: set[str] = set()
    for wanted in reference:
        codes = [wanted[code] + wanted["class_no"] for code in _CODES]
        name = wanted["class_name"]
        found = next((by_code[code] for code in codes if code in by_code), by_name.get(name))
        if found is not None:
            seen.add(found["class_code"])
            printed = f"印作代码{found['class_code']}" if found["code_printed"] else "没有印出代码"
            said = [printed] if found["class_code"] != codes[0] else []
            said += [f"印作“{found['name']}”"] if found["name"] != name else []
            yield _row("class", codes[0], name, "present", "，".join(said) or None, found)
        else:
            missing = lost & {wanted["major_code"], wanted["major_name"]}
            detail = f"所属{wanted['major_name']}的标题不在正文中，该处来源不完整" if missing else None
            yield _row("class", codes[0], name, "lost" if missing else "absent", detail)
    for row in classes:
        if row["class_code"] not in seen:
            yield _row("class", row["class_code"], row["name"], "extra", "不在教育部目录中", row)


def _annex_rows(tables: Mapping[str, pa.Table], toc: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """Every annex of the contents and of the body, with its rows."""
    counts: Counter[int] = Counter()
    first: dict[int, Row] = {}
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
        number = int(item.number) if item.number is not None and item.number.isdigit() else -1
        listed |= {number} - {-1}
        detail = f"{counts[number]}行" if item.found else "目录列有，正文没有标题"
        status = "present" if item.found else "absent" if getattr(item, "absent", False) else "lost"
        yield _row("annex", item.number or item.label, item.label, status, detail, first.get(number, {}))
    for number in sorted(counts.keys() - listed):
        status, more = ("extra", "，目录未列") if listed else ("present", "")
        detail = f"{counts[number]}行{more}"
        yield _row("annex", str(number), titles[number], status, detail, first[number])


def _number_rows(tables: Mapping[str, pa.Table]) -> Iterator[dict[str, Any]]:
    """Running numbers of every list: gaps and duplicates. A list may count on from the one before it."""
    for name in ANNEX_TABLES:
        declared = TABLES[name]
        column = next((key for key in declared.row_key if key in _NUMBERS), None)
        if column is None or name not in tables:
            continue
        at = declared.row_key.index(column)
        repeats = at + 1 < len(declared.row_key)
        groups: dict[tuple[str, ...], list[Row]] = {}
        for row in tables[name].to_pylist():
            group = (str(row["annex_no"]), *(str(row[part]) for part in declared.row_key[:at]))
            groups.setdefault(group, []).append(row)
        last = 0
        for group, rows in groups.items():
            printed = [row[column] or "" for row in rows]
            numbers = [int(no) for no in printed if re.fullmatch(r"\d{1,6}", no)]
            start = last + 1 if numbers and min(numbers) == last + 1 else 1
            last = max(numbers, default=0)
            gaps = _gaps(numbers, start, [no for no in printed if not no.isdecimal()], repeats)
            detail = gaps or (f"{start}-{last}" if numbers else None)
            label = "·".join((declared.title_zh, *group[1:]))
            key, status = "/".join((name, *group)), "broken" if gaps else "complete"
            yield _row("numbers", key, label, status, detail, rows[0])


def _gaps(numbers: Sequence[int], start: int, others: Sequence[str], repeats: bool) -> str:
    said = []
    if missing := set(range(start, max(numbers, default=0) + 1)) - set(numbers):
        said.append(f"缺{page_spans(missing)}")
    twice = [number for number, count in Counter(numbers).items() if count > 1]
    if twice and not repeats:
        said.append(f"重复{page_spans(twice)}")
    if others:
        shown = "、".join(f"“{other}”" for other in others[:5])
        said.append(f"不是数字的{len(others)}处（{shown}）")
    return "；".join(said)


def _page_rows(pages: pa.Table) -> Iterator[dict[str, Any]]:
    for row in pages.to_pylist():
        if not row["tables"]:
            what = "有文字" if row["glyphs"] else "图片" if row["pictures"] > 0.3 else "空白"
            yield _row(
                "page", str(row["page"]), f"第{row['page']}页", "no_table", what, {"page": row["page"]}
            )


@dataclass(frozen=True)
class ClassState:
    """One class. ``where``: page or line of its heading; ``remarks``: what differs or is doubtful."""

    code: str
    name: str
    state: str
    entries: int
    where: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class MajorState:
    """One 专业大类 with its classes. ``heading``: its heading stands in the body (None: no such major there)."""

    code: str
    name: str
    heading: bool | None
    toc_page: int | None
    where: str
    detail: str | None
    classes: tuple[ClassState, ...]


@dataclass(frozen=True)
class CoverageLine:
    """One line of a list: an annex, a list's running numbers, a page, a place where pages are missing."""

    key: str
    name: str
    status: str
    status_zh: str
    detail: str
    where: str


@dataclass(frozen=True)
class Scope:
    """The whole picture of one release."""

    source: str
    majors: tuple[MajorState, ...]
    annexes: tuple[CoverageLine, ...]
    numbers: tuple[CoverageLine, ...]
    pages: tuple[CoverageLine, ...]
    missing: tuple[CoverageLine, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Number of classes by state, over all majors."""
        found = Counter(one.state for major in self.majors for one in major.classes)
        return {state: found[state] for state in STATES if found[state]}

    @property
    def whole(self) -> bool:
        """Nothing is known to be missing or doubtful."""
        if self.missing or {"partial", "lost", "unsure"} & self.counts.keys():
            return False
        lists = {one.status for one in (*self.annexes, *self.numbers)}
        return not ({"lost", "broken"} & lists or any(major.heading is False for major in self.majors))

    def sentences(self) -> list[str]:
        """What a reader has to know first, in Chinese sentences."""
        counts = self.counts
        listed = {state: count for state, count in counts.items() if state != "extra"}
        said = []
        if listed:
            parts = "，".join(f"{STATES[state]}{count}个" for state, count in listed.items())
            said.append(f"教育部目录的{sum(listed.values())}个专业类：{parts}。")
        if "extra" in counts:
            said.append(f"另有{counts['extra']}个专业类{STATES['extra']}。")
        lost = [
            f"{major.code}{major.name}" + (f"（目录印第{major.toc_page}页）" if major.toc_page else "")
            for major in self.majors
            if major.heading is False
        ]
        if lost:
            said.append(f"{len(lost)}个专业大类的标题不在正文中：{'、'.join(lost)}。")
        if self.missing:
            said.append(f"来源有{len(self.missing)}处缺页，缺页处的内容没有进入数据，不能据此认为“未列入”。")
        if gone := [one.name for one in self.annexes if one.status == "lost"]:
            said.append(f"目录所列的{len(gone)}个附件不在正文中：{'、'.join(gone)}。")
        if broken := sum(one.status == "broken" for one in self.numbers):
            said.append(f"{broken}个附件表的序号不连续。")
        return [*said, "没有发现缺失的部分。"] if self.whole else said

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"summary": self.sentences(), "counts": self.counts, "whole": self.whole, **asdict(self)}


def scope(tables: Mapping[str, pa.Table], major_names: Mapping[str, str] | None = None) -> Scope | None:
    """The picture of a release's tables (coverage, majors, classes, entries, findings).

    None where they hold no coverage (a release of before there was one). ``major_names``: the ministry's name of every
    专业大类 by its code, for those that the document does not have.
    """
    if "coverage" not in tables or not tables["coverage"].num_rows:
        return None
    rows = tables["coverage"].to_pylist()
    lines = {subject: [_line(row) for row in rows if row["subject"] == subject] for subject in SUBJECTS}
    findings = tables["findings"].to_pylist() if "findings" in tables else []
    doubts = [row for row in findings if row["code"] in _DOUBT and row["status"] != "corrected"]
    return Scope(
        source=rows[0]["source"],
        majors=tuple(_majors(rows, tables, doubts, major_names or {})),
        annexes=tuple(sorted(lines["annex"], key=_numbered)),
        numbers=tuple(lines["numbers"]),
        pages=tuple(sorted(lines["page"], key=_numbered)),
        missing=tuple(
            CoverageLine(row["key"] or "", "", "lost", STATUSES["lost"], row["message"], where(row))
            for row in sorted(doubts, key=lambda row: (row["page"] or 0, row["line"] or 0))
            if row["code"] == "pages_lost"
        ),
    )


def where(row: Row) -> str:
    """The page, line or paragraph of a row, in words; "" where it has none."""
    return place_words(row["page"], row["line"], row.get("source"))


def _majors(
    coverage: Sequence[Row], tables: Mapping[str, pa.Table], doubts: Sequence[Row], names: Mapping[str, str]
) -> Iterator[MajorState]:
    printed = {row["major_code"]: row for row in tables["majors"].to_pylist()}
    belongs: dict[str, str] = {row["class_code"]: row["major_code"] for row in tables["classes"].to_pylist()}
    details = {row["key"]: row["detail"] for row in coverage if row["subject"] == "major"}
    of_classes = [row for row in coverage if row["subject"] == "class"]
    entries = Counter(tables["entries"]["class_code"].to_pylist())
    gaps = [row for row in doubts if row["code"] == "pages_lost"]
    own_code = _printed_codes(of_classes, tables["classes"])
    named = {row["name"]: code for code, row in printed.items()}  # a major without a code goes by its name
    classes: dict[str, list[ClassState]] = {}
    for row in of_classes:
        code = str(own_code.get(row["key"], row["key"]))
        said = [doubt["message"].rstrip("。") for doubt in doubts if doubt["key"] == code]
        major = belongs.get(code) or named.get(names.get(code[:2], ""), code[:2])
        classes.setdefault(major, []).append(_class(row, entries[code], said, gaps))
    for code in sorted(
        {*printed, *classes}, key=lambda c: (printed[c]["ordinal"] if c in printed else 99, c)
    ):
        own = printed.get(code, {"name": names.get(code, ""), "present": None, "toc_page": None})
        at = where(own) if own["present"] else ""
        its = tuple(sorted(classes.get(code, ()), key=lambda one: one.code))
        yield MajorState(code, own["name"], own["present"], own["toc_page"], at, details.get(code), its)


def _printed_codes(rows: Sequence[Row], classes: pa.Table) -> dict[str, str]:
    """Key in the coverage → the class's code in the data, where the two differ (a college code, another code)."""
    codes = {
        row[column]: row["class_code"]
        for row in classes.to_pylist()
        for column in ("bachelor_code", "college_code", "class_code")
        if row[column]
    }
    by_name = {row["name"]: row["class_code"] for row in classes.to_pylist()}
    return {
        row["key"]: str(codes.get(row["key"]) or by_name.get(row["name"]) or row["key"])
        for row in rows
        if row["status"] in ("present", "extra")
    }


def _class(row: Row, entries: int, doubts: Sequence[str], gaps: Sequence[Row]) -> ClassState:
    remarks = [row["detail"]] if row["detail"] and row["status"] != "extra" else []
    state = row["status"]
    around = [(gap, _BETWEEN.search(gap["evidence"])) for gap in gaps if state == "absent"]
    near = [gap for gap, codes in around if codes and codes[1] < row["key"] < codes[2]]
    if near:
        state = "unsure"
        places = "、".join(dict.fromkeys(map(where, near)))
        remarks.append(f"按代码应在{places}一带，该处来源缺页，不能断定细则没有列它")
    if state == "present" and doubts:
        state = "partial"
    elif state == "present" and not entries:
        state = "empty"
    return ClassState(row["key"], row["name"], state, entries, where(row), (*remarks, *doubts))


def _line(row: Row) -> CoverageLine:
    status, detail = row["status"], row["detail"] or ""
    return CoverageLine(row["key"], row["name"], status, STATUSES[status], detail, where(row))


def _numbered(line: CoverageLine) -> tuple[int, str]:
    digits = line.key.partition("#")[0]
    return (int(digits) if digits.isdecimal() else 10**6, line.key)
