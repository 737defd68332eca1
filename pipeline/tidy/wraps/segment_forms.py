"""What the text of one item tells by itself: small named questions, none of which knows a document.

General words of the field only; how much each answer weighs is trained (``weights.yaml``).
"""

from __future__ import annotations

import re
from functools import lru_cache

_PAPER = re.compile(
    r"(?:专业|职称|职业|技能|技术|能力|等级|资格|执业|从业|国家|国际|证书|证|认证|考试|考核|培训|合格|[初中高]级工?|助理|教师|讲师|工程师|专家|产品"
    r"|资深|[一二三四五]级|技师|级|[()/、~-]|\d+)+"
)
_WHOLE = re.compile(r"(?:正?高级|助理|[一二三]级)?(?:技师|工程师|教师|讲师)")


@lru_cache(maxsize=65536)
def paper_only(text: str) -> bool:
    """Whether words that only close other names are all there is, an issuer before a colon aside (执业证书, 1-10级)."""
    rest = text.rpartition(":")[2]
    return not rest or (_PAPER.fullmatch(rest) is not None and _WHOLE.fullmatch(rest) is None)


_BODIES = "公司|集团|学会|协会|联合会|委员会|总会|商会|研究院|研究所|中心|学院|大学"
_BODY_TAIL = re.compile(
    rf"(?:股份|有限|科技|数据|技术)*(?:{_BODIES})|[\u4e00-\u9fff]?(?:司|会|院|局|部|厅|心|团|所):"
)


@lru_cache(maxsize=65536)
def begins_in_issuer(text: str) -> bool:
    """Whether a text begins with the last words of an organisation's name (有限公司:…, 学会(IME):…)."""
    return _BODY_TAIL.match(text) is not None


_BODY_END = re.compile(rf"(?:{_BODIES}|共和国|教育部|[教民应][育政急]厅)(?:\([^()]*\))?$")

_BODY_LAST = frozenset("司团会院所心学国部厅)")


@lru_cache(maxsize=65536)
def organisation_alone(text: str) -> bool:
    """Whether a text is an organisation that issues nothing (音乐家协会)."""
    return text[-1] in _BODY_LAST and ":" not in text and _BODY_END.search(text) is not None


_LEVEL_HEAD = re.compile(
    r"[一二三四五]级(?![/、)及以])|(?:[初中高]级|助理|副?主任|主管|正高级|注册|执业)(?![/、)工])"
)


@lru_cache(maxsize=65536)
def level_head(text: str) -> bool:
    """Whether a text opens as the names of titles do (一级…, 高级…, 助理…, 主任…)."""
    return _LEVEL_HEAD.match(text) is not None


@lru_cache(maxsize=65536)
def issuers(text: str) -> int:
    """How many issuers a text names: colons outside brackets."""
    depth = found = 0
    for char in text if ":" in text else ():
        depth = max(0, depth + (char in "([") - (char in ")]"))
        found += char == ":" and depth == 0
    return found
