"""The coverage of a release as one picture: every class of the ministry's list and what became of it.

Made from a release's own tables (coverage, majors, classes, entries, findings); the validation site and ``xize
coverage`` show it. Nobody shall take silence for "not recognised", so a class is told apart as

* ``present``: its entries are there,
* ``partial``: it is there, but pages near it are missing, or its heading was lost and its place inferred,
* ``empty``: its name stands in the document, without any entry,
* ``lost``: the source lacks the part of the document where it would stand,
* ``unsure``: the document as read does not have it, but pages are missing just where it would stand,
* ``absent``: the document is whole there and does not have it,
* ``extra``: it stands in the document, but not in the ministry's list.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pipeline.quality.coverage import STATUSES, SUBJECTS

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]

STATES = {
    "present": "有",
    "partial": "存疑或不完整",
    "empty": "有名称而无条目",
    "lost": "来源中缺失",
    "unsure": "可能在缺页上",
    "absent": "文件中没有",
    "extra": "不在教育部目录中",
}

# Findings that say a class may not be whole, or that its place was inferred.
_DOUBT = ("pages_lost", "class_inferred", "class_under_other_heading")

# The evidence of pages_lost names the last class printed before the gap and the first one after it.
_BETWEEN = re.compile(r"(\d{4})…(\d{4})")


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

    @property
    def counts(self) -> dict[str, int]:
        """Number of classes by state."""
        return dict(Counter(one.state for one in self.classes))


@dataclass(frozen=True)
class Line:
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
    annexes: tuple[Line, ...]
    numbers: tuple[Line, ...]
    pages: tuple[Line, ...]
    missing: tuple[Line, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Number of classes by state, over all majors."""
        found = Counter(one.state for major in self.majors for one in major.classes)
        return {state: found[state] for state in STATES if found[state]}

    @property
    def whole(self) -> bool:
        """Nothing is known to be missing or doubtful."""
        bad = {"partial", "lost", "unsure"} & self.counts.keys()
        headings = [major for major in self.majors if major.heading is False]
        lists = [one for one in (*self.annexes, *self.numbers) if one.status in ("lost", "broken")]
        return not (bad or headings or lists or self.missing)

    def sentences(self) -> list[str]:
        """What a reader has to know first, in Chinese sentences."""
        counts = self.counts
        listed = sum(count for state, count in counts.items() if state != "extra")
        said = []
        if listed:
            parts = [f"{STATES[state]}{count}个" for state, count in counts.items() if state != "extra"]
            said.append(f"教育部目录的{listed}个专业类：{'，'.join(parts)}。")
        if "extra" in counts:
            said.append(f"另有{counts['extra']}个专业类{STATES['extra']}。")
        lost = [major for major in self.majors if major.heading is False]
        if lost:
            names = "、".join(
                f"{major.code}{major.name}" + (f"（目录印第{major.toc_page}页）" if major.toc_page else "")
                for major in lost
            )
            said.append(f"{len(lost)}个专业大类的标题不在正文中：{names}。")
        if self.missing:
            said.append(f"来源有{len(self.missing)}处缺页，缺页处的内容没有进入数据，不能据此认为“未列入”。")
        gone = [one for one in self.annexes if one.status == "lost"]
        if gone:
            said.append(f"目录所列的{len(gone)}个附件不在正文中：{'、'.join(one.name for one in gone)}。")
        broken = [one for one in self.numbers if one.status == "broken"]
        if broken:
            said.append(f"{len(broken)}个附件表的序号不连续。")
        if self.whole:
            said.append("没有发现缺失的部分。")
        return said

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"summary": self.sentences(), "counts": self.counts, "whole": self.whole, **asdict(self)}


def scope(tables: Mapping[str, pa.Table], major_names: Mapping[str, str] | None = None) -> Scope | None:
    """The picture of a release's tables; None where they hold no coverage (a release of before there was one).

    ``major_names``: the ministry's name of every 专业大类 by its code, for those that the document does not have.
    """
    if "coverage" not in tables or not tables["coverage"].num_rows:
        return None
    rows = tables["coverage"].to_pylist()
    by_subject = {subject: [row for row in rows if row["subject"] == subject] for subject in SUBJECTS}
    findings = tables["findings"].to_pylist() if "findings" in tables else []
    missing = [row for row in findings if row["code"] == "pages_lost" and row["status"] != "corrected"]
    return Scope(
        source=rows[0]["source"],
        majors=_majors(by_subject, tables, findings, major_names or {}),
        annexes=tuple(sorted(map(_line, by_subject["annex"]), key=_numbered)),
        numbers=tuple(map(_line, by_subject["numbers"])),
        pages=tuple(sorted(map(_line, by_subject["page"]), key=_numbered)),
        missing=tuple(
            Line(row["key"] or "", "", "lost", STATUSES["lost"], row["message"], _where(row))
            for row in sorted(missing, key=lambda row: (row["page"] or 0, row["line"] or 0))
        ),
    )


def _majors(
    by_subject: Mapping[str, Sequence[Row]],
    tables: Mapping[str, pa.Table],
    findings: Sequence[Row],
    names: Mapping[str, str],
) -> tuple[MajorState, ...]:
    printed = {row["major_code"]: row for row in tables["majors"].to_pylist()}
    belongs: dict[str, str] = {row["class_code"]: row["major_code"] for row in tables["classes"].to_pylist()}
    details = {row["key"]: row["detail"] for row in by_subject["major"]}
    entries = Counter(tables["entries"]["class_code"].to_pylist())
    doubts: dict[str, list[str]] = {}
    for row in findings:
        if row["code"] in _DOUBT and row["key"] and row["status"] != "corrected":
            doubts.setdefault(row["key"], []).append(row["message"].rstrip("。"))
    gaps = [row for row in findings if row["code"] == "pages_lost" and row["status"] != "corrected"]
    # The heading's own code where one was printed otherwise than in the list.
    own_code = _printed_codes(by_subject["class"], tables["classes"])
    classes: dict[str, list[ClassState]] = {}
    for row in by_subject["class"]:
        key = str(row["key"])
        code = own_code.get(key, key)
        major = belongs.get(code, key[:2])
        classes.setdefault(major, []).append(_class(row, entries[code], doubts.get(code, []), gaps))
    order = {code: (row["ordinal"], code) for code, row in printed.items()}
    found = []
    for code in sorted({*printed, *classes}, key=lambda code: order.get(code, (99, code))):
        own = printed.get(code)
        found.append(
            MajorState(
                code,
                own["name"] if own else names.get(code, ""),
                own["present"] if own else None,
                own["toc_page"] if own else None,
                _where(own) if own and own["present"] else "",
                details.get(code),
                tuple(sorted(classes.get(code, ()), key=lambda one: one.code)),
            )
        )
    return tuple(found)


def _printed_codes(rows: Sequence[Row], classes: pa.Table) -> dict[str, str]:
    """Key in the coverage → the class's code in the data, where the two differ (a college code, another code)."""
    codes: dict[str, str] = {
        row[column]: row["class_code"]
        for row in classes.to_pylist()
        for column in ("bachelor_code", "college_code", "class_code")
        if row[column]
    }
    by_name: dict[str, str] = {row["name"]: row["class_code"] for row in classes.to_pylist()}
    return {
        row["key"]: str(codes.get(row["key"]) or by_name.get(row["name"]) or row["key"])
        for row in rows
        if row["status"] in ("present", "extra")
    }


def _class(row: Row, entries: int, doubts: Sequence[str], gaps: Sequence[Row]) -> ClassState:
    remarks = [row["detail"]] if row["detail"] and row["status"] != "extra" else []
    state = row["status"]
    near = [gap for gap in gaps if state == "absent" and _may_hold(gap, row["key"])]
    if near:
        state = "unsure"
        places = "、".join(dict.fromkeys(_where(gap) for gap in near))
        remarks.append(f"按代码应在{places}一带，该处来源缺页，不能断定细则没有列它")
    if state == "present" and doubts:
        state = "partial"
    elif state == "present" and not entries:
        state = "empty"
    return ClassState(row["key"], row["name"], state, entries, _where(row), (*remarks, *doubts))


def _may_hold(gap: Row, code: str) -> bool:
    """Whether the class would stand where pages are missing."""
    between = _BETWEEN.search(gap["evidence"])
    return between is not None and between[1] < code < between[2]


def _line(row: Row) -> Line:
    return Line(
        row["key"], row["name"], row["status"], STATUSES[row["status"]], row["detail"] or "", _where(row)
    )


def _numbered(line: Line) -> tuple[int, str]:
    digits = line.key.partition("#")[0]
    return (int(digits) if digits.isdecimal() else 10**6, line.key)


def _where(row: Row) -> str:
    if row["page"] is not None:
        return f"第{row['page']}页"
    return f"第{row['line']}行" if row["line"] is not None else ""
