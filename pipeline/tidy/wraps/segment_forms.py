"""What the text of one item tells by itself: small named questions, none of which knows a document.

General words of the field only; how much each answer weighs is trained (``weights.yaml``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pipeline.text import OPEN

_TITLES = str.maketrans("", "", "《〈")
"""Brackets round the title of a work, which may open a name (《…规范》内审员证书)."""

_OPENS_BADLY = re.compile(
    f"[{re.escape(OPEN.translate(_TITLES))}:,、]|工程师[A-Za-z]|(?:职业|执业|从业|技能|等级|资格)+证书?(?![书及与和])[\u4e00-\u9fff]"
)


def opens_badly(text: str) -> bool:
    """Whether a text opens as items do not: with a bracket, a colon, a comma, or with a title or a paper before what it is of
    (工程师CAD, 执业证书口腔医师)."""
    return _OPENS_BADLY.match(text) is not None


_ENDS_BADLY = re.compile(r".*(?:[:、/-]|\((?:注册|执业)\))", re.DOTALL)


def ends_badly(text: str) -> bool:
    """Whether a text ends as items do not: with a colon, a dash, a slash, a comma, or a bracket that a title must follow (注册)."""
    return _ENDS_BADLY.fullmatch(text) is not None


_PAPER = re.compile(
    r"(?:专业|职称|职业|技能|技术|能力|等级|资格|执业|从业|注册|国家|国际|证书|证|认证|考试|考核|培训|合格|[初中高]级工?|助理|教师|讲师|工程师|专家|产品"
    r"|资深|[一二三四五]级|技师|级|上岗|考级|水平|裁判|教官|评委|[():/、~-]|\d+)+"
)
_RANGE = re.compile(r"\d+[-~]\d+级")
_WHOLE = re.compile(r"(?:正?高级|助理|[一二三]级)?(?:技师|工程师|教师|讲师)")


def paper_only(text: str) -> bool:
    """Whether words that only close other names are all there is, an issuer before a colon aside (执业证书; but 考级证书:1-10级)."""
    rest = text.rpartition(":")[2]
    rest = text if _RANGE.fullmatch(rest) else rest
    return not rest or (_PAPER.fullmatch(rest) is not None and _WHOLE.fullmatch(rest) is None)


_BODIES = "公司|集团|学会|协会|联合会|委员会|总会|商会|研究院|研究所|中心|学院|大学"
_BODY_TAIL = re.compile(
    rf"(?:股份|有限|科技|数据|技术)*(?:{_BODIES})|[\u4e00-\u9fff]?(?:司|会|院|局|部|厅|心|团|所):"
)


def begins_in_issuer(text: str) -> bool:
    """Whether a text begins with the last words of an organisation's name (有限公司:…, 学会(IME):…)."""
    return _BODY_TAIL.match(text) is not None


_BODY_END = re.compile(rf"(?:{_BODIES}|共和国|教育部|[厅局])(?:\([^()]*\))?$")

_BODY_LAST = frozenset("司团会院所心学国部厅局)")


def organisation_alone(text: str) -> bool:
    """Whether a text is an organisation that issues nothing (音乐家协会)."""
    return text[-1] in _BODY_LAST and ":" not in text and _BODY_END.search(text) is not None


_HEADS = re.compile(r"(?:[一二三四五]级|[初中高]级|助理|副?主任|主管|正高级|注册|执业)+")


def heads_only(text: str) -> bool:
    """Whether a text is no more than how the names of titles open (一级注册, 助理)."""
    return _HEADS.fullmatch(text) is not None


_LEVEL_HEAD = re.compile(
    r"[一二三四五]级(?![/、)及以])|(?:[初中高]级|助理|副?主任|主管|正高级|注册|执业(?!证|资格|技能))(?![/、)工(])|1\+X"
)


def level_head(text: str) -> bool:
    """Whether a text opens as only names do (一级…, 高级…, 助理…, 主任…, 1+X…)."""
    return _LEVEL_HEAD.match(text) is not None


def issuers(text: str) -> int:
    """How many issuers a text names: colons outside brackets."""
    depth = found = 0
    for char in text if ":" in text else ():
        depth = max(0, depth + (char in "([") - (char in ")]"))
        found += char == ":" and depth == 0
    return found


_HEAD = "(?:[一二三四五]级|[初中高]级|助理|正高级|副?主任|主管)"
_BARE_LEVEL = re.compile(rf"[师员工士长]{_HEAD}(?=[^及以()证、/工技])")
_PERSON_INSIDE = "(?:师|员|士|(?<![化加施手职员社电木人])工)(?![程艺作业具商种机])"
_LEVEL_BEHIND = r"(?:\([^()]*[级工师][^()]*\)|[初中高一二三四五]级)?"
_TWO_PERSONS = re.compile(
    rf"{_HEAD}(?![/、)及以工]).*{_PERSON_INSIDE}[^()]*[^()师员工士][师员工士]{_LEVEL_BEHIND}$"
)


def bare_levels_inside(text: str) -> int:
    """Levels without brackets of one person, with another person behind: 检验员一级|鉴定师三级, 助理农艺师|农业经济员."""
    return len(_BARE_LEVEL.findall(text)) + (_TWO_PERSONS.match(text) is not None)


_LEVEL_CLOSES = re.compile(r"(?:级|工|师|级及以上|级认证)\)(?=[^(),、;/])")
_CLOSES = re.compile(r"\d[-~]\d{1,2}级(?=[^(),、;/])|级\)(?=[A-Za-z])")


def levels_inside(text: str) -> int:
    """Brackets that state a level, where there are two or a Latin word follows, and ranges of levels (3-7级), with more text
    behind: they close an item, what follows is another one."""
    found = len(_LEVEL_CLOSES.findall(text)) if text.count(")") > 1 else 0
    return found + (len(_CLOSES.findall(text)) if "级" in text else 0)


_PAPER_NOUN = re.compile(
    r"(?<!1\+X)证书(?![及与和、])|(?:操作|资格|上岗|从业|执业)证(?!书)|资格(?![证书及与和、考认审专技培训])"
)
_LICENCE = re.compile(r"执业[^师士员医药:(]{2,}(?:证书|(?:操作|资格|上岗|从业|执业)证)")


def further_papers(text: str) -> int:
    """Certificates, and 1+X, that a text names beyond the first; a licence that no person holds (执业…) counts as one."""
    found = max(text.count("1+X") - 1, 0)
    if "证" in text or "资格" in text:
        found += max(len(_PAPER_NOUN.findall(text)) - 1, 0) + (_LICENCE.match(text) is not None)
    return found


_LATIN_WORD = re.compile(r"[\x21-\x7e]*[a-z0-9+-][\x21-\x7e]*|[\x20-\x7e]+\([^()]*\)")


def latin_alone(text: str) -> bool:
    """Whether a text is a Latin word, and no acronym, before a bracket at most: 3D-ABC, Python(高级)."""
    return text[0].isascii() and _LATIN_WORD.fullmatch(text) is not None


_TITLE = re.compile(r"(?:[初中高]级|资深|助理|产品)?(?:工程|专家|讲师|教师)")


def title_after_certification(first: str, second: str) -> bool:
    """Whether a bare title stands behind a line that ends with a certification: 阿里云认证|高级工程师."""
    return first.endswith("认证") and _TITLE.match(second) is not None


OF_PRINTED: Mapping[str, Callable[[str], float]] = {
    "paper_only": paper_only,
    "begins_in_issuer": begins_in_issuer,
    "organisation_alone": organisation_alone,
    "further_issuers": lambda text: max(issuers(text) - 1, 0),
    "further_papers": further_papers,
    "latin_alone": latin_alone,
    "bare_levels_inside": bare_levels_inside,
}
"""What is asked of a text of printed lines only, by the name of the feature."""
