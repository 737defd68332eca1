"""What a truth table must be published as: header words → columns of the data contract, cells → values."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Row = dict[str, Any]


def squeeze(text: object) -> str:
    """The key under which two texts count as the same."""
    if text is None:
        return ""
    flat = unicodedata.normalize("NFKC", str(text))
    return "".join(c for c in flat if not c.isspace() and unicodedata.category(c) != "Cf")


_NO = "序号|编号|no"
SPECS: dict[str, dict[str, str]] = {
    # table: {column: header words, "a|b"}; the first spec whose columns all find a header word wins
    "annex_11_mappings": {"no": _NO, "qualification": "国家职业资格名称|职业资格名称|职业资格", "rule": "可对应的职称|对应职称|可对应职称"},
    "annex_9_overseas": {"no": _NO, "field": "行业领域|领域", "certificate": "职业资格证书|境外职业资格证书", "issuer": "发证机构|发证单位"},
    "annex_7_one_plus_x": {"no": _NO, "org": "评价组织|培训评价组织", "certificate": "证书名称|职业技能等级证书名称", "batch": "批次|公布批次"},
    "annex_5_evaluators": {"no": _NO, "org": "机构名称|评价组织名称", "authority": "主管部门|主管单位", "occupation": "职业(工种)|职业工种|评价职业", "grades": "等级|级别"},
    "annex_3_contests": {"no": _NO, "type": "制定类型|比赛类型|类型", "example": "举例|示例"},
    "annex_2_organisers": {"no": _NO, "name": "行政机构|主办机构"},
}  # fmt: skip
_COLUMNS_8 = {
    "no": _NO, "departments": "实施部门(单位)|实施部门", "category": "资格类别|类别", "legal_basis": "设定依据", "note": "备注",
}  # fmt: skip
_COLUMNS_6 = {
    "org_no": "编号", "org": "评价机构名称|机构名称", "org_code": "机构备案号|备案号", "no": "序号", "occupation_code": "职业编码|编码",
    "occupation": "职业(工种)|评价项目|职业工种", "grades": "等级|级别", "item_type": "项目类型",
}  # fmt: skip
_COLUMNS_4 = {
    "no": _NO, "name": "行业协会商会|协会商会名称|行业协会", "supervisor": "业务主管单位|原业务主管单位/行业管理部门|主管单位",
    "lead_unit": "自律服务小组牵头单位|牵头单位",
}  # fmt: skip
LISTS = {"departments", "legal_basis"}


def _find(header: Sequence[str], words: str, taken: set[int]) -> int | None:
    for word in words.split("|"):
        for n, text in enumerate(header):
            if n not in taken and squeeze(text) == squeeze(word):
                return n
    return None


def _columns(header: Sequence[str], spec: Mapping[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for column, words in spec.items():
        at = _find(header, words, set(found.values()))
        if at is not None:
            found[column] = at
    return found


def _grades(text: str) -> str:
    return ",".join(sorted(re.findall(r"[1-5]", squeeze(text)), reverse=True))


def _value(column: str, text: str) -> str:
    if column == "grades":
        return _grades(text)
    if column in LISTS:
        return "|".join(squeeze(p) for p in text.split("\n") if squeeze(p))
    return squeeze(text)


def expected_table(table: Mapping[str, Any]) -> tuple[str, list[Row]]:
    """What a truth table must be published as: (contract table, rows). Unknown headers give annex_other."""
    header = [[squeeze(h) for h in row] for row in table["header"]]
    last, rows = header[-1], table["rows"]
    banner = header[0][0] if len(set(header[0])) == 1 and len(header) > 1 else ""
    words = {w for row in header for w in row}
    merges = [tuple(m) for m in table["merges"]]
    n_head, n_cols = len(header), len(last)
    if any("高技能人才" in w for w in words):
        out = []
        for n, top in enumerate(header[0]):
            tail = re.sub(r"\(.*?\)", "", last[n])
            name = top if "科技" not in top else f"科技或发明奖项·{tail}"
            out += [{"category": squeeze(name), "name": squeeze(r[n])} for r in rows if squeeze(r[n])]
        return "annex_1_awards", out
    if {"高级", "中级", "初级"} <= set(last) or {"正高级", "副高级"} <= set(last):
        ranks, seen = [], Counter()
        for word in last[2:]:
            pair = {"高级": ("正高级", "副高级"), "初级": ("助理级", "员级")}.get(word)
            ranks.append(pair[min(seen[word], 1)] if pair else word)
            seen[word] += 1
        out, ladder = [], Counter()
        for r in rows:
            key = (r[0], r[1])
            for rank, title in zip(ranks, r[2:], strict=True):
                if squeeze(title):
                    out.append(
                        {"series_no": squeeze(r[0]), "series": squeeze(r[1]), "ladder": str(ladder[key]), "rank": rank,
                         "title": squeeze(title)}
                    )  # fmt: skip
            ladder[key] += 1
        return "annex_10_titles", out
    if last.count("职业资格名称") == 2:
        at = _columns(last, _COLUMNS_8)
        names = [n for n, w in enumerate(last) if w == "职业资格名称"]
        out = []
        for n, r in enumerate(rows, start=n_head):
            row = {c: _value(c, r[i]) for c, i in at.items()}
            joined = any(m[0] <= n <= m[2] and m[1] == names[0] and m[3] == names[1] for m in merges)
            row |= {"name": squeeze(r[names[0]]), "sub_name": "" if joined else squeeze(r[names[1]])}
            row["part"] = "技能人员" if "技能人员" in banner else "专业技术人员"
            out.append(row)
        return "annex_8_qualifications", out
    at = _columns(last, _COLUMNS_6)
    if {"org_no", "org", "org_code"} <= set(at):
        name = "专项职业能力考核" if "专项" in banner or "item_type" in at else "社会化职业技能等级认定"
        return "annex_6_assessments", [
            {c: _value(c, r[i]) for c, i in at.items()} | {"part": name} for r in rows
        ]
    at = _columns(last, _COLUMNS_4)
    if {"no", "name"} <= set(at) and len(at) == n_cols:
        kind = "脱钩" if "脱钩" in banner or "lead_unit" in at else "双重管理"
        return "annex_4_associations", [
            {c: _value(c, r[i]) for c, i in at.items()} | {"list": kind} for r in rows
        ]
    for name, spec in SPECS.items():
        at = _columns(last, spec)
        if len(at) == len(spec) == n_cols:
            out, group = [], ""
            for n, r in enumerate(rows, start=n_head):
                if (n, 0, n, n_cols - 1) in merges:
                    group = squeeze(r[0])
                    continue
                row = {c: _value(c, r[i]) for c, i in at.items()}
                if name == "annex_5_evaluators":
                    row["group"] = group
                if name == "annex_9_overseas":
                    row["list"] = banner.removesuffix("类")
                out.append(row)
            return name, out
    covered = {(r, c) for m in merges for r in range(m[0], m[2] + 1) for c in range(m[1], m[3] + 1)} - {
        (m[0], m[1]) for m in merges
    }
    cells = [
        {"text": squeeze(v)}
        for r, row in enumerate(rows, start=n_head)
        for c, v in enumerate(row)
        if squeeze(v) and (r, c) not in covered
    ]
    return "annex_other", cells
