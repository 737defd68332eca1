"""What a certificate is called and who issues it: brackets, organisations, and the name that is left.

An issuer is an organisation before a colon or alone in the last bracket.

General vocabulary of Chinese organisation names only. Names that no general word gives away (brands such as
those of internet companies) are recognised through ``organisation_names``, which the caller fills from the
document's own annexes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.text import CLOSE, OPEN, normalise


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


OPENING, CLOSING = OPEN + "〖「『<", CLOSE + "〗」』>"
_ANY_BRACKET = re.compile(rf"[{re.escape(OPENING)}]")
# "(含)" is no bracket of its own: 三级(含)以上 is one expression.
_INCLUSIVE = "(含)"

_PLACE = (
    r"(?:中国|中华|全国|国家|国际|世界|亚洲|亚太|欧洲|中央|国务院|原|"
    r"北京|天津|上海|重庆|河北|山西|内蒙古|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|"
    r"广西|海南|四川|贵州|云南|西藏|陕西|甘肃|青海|宁夏|新疆|香港|澳门|台湾|"
    r"[\u4e00-\u9fff]{1,5}?(?:省|市|自治区|特别行政区)|[\u4e00-\u9fff]{1,4}国(?!际))"
)
# Endings that only organisations have.
_STRONG = _words(
    "公司 集团 协会 学会 商会 公会 联合会 联合总会 委员会 研究会 促进会 基金会 理事会 协进会 联谊会 总会 联盟 总局 "
    "总署 管理局 监督局 保障局 研究院 研究所 科学院 考试院 工程院 事务所 出版社 杂志社 通讯社 办公室 办公厅 俱乐部 "
    "大学 学院 鉴定所 鉴定站 鉴定院 评价院 法院 检察院"
)
# 中心 is also a machine (加工中心) or a workplace (呼叫中心): it needs a word for what such an organisation does.
_CENTRE = (
    r"[\u4e00-\u9fff]*(?:考试|认证|鉴定|培训|交流|评价|指导|研究|考评|测评|评审|推广|发展|人才|资格|检定|教育)"
    r"[\u4e00-\u9fff]*中心"
)
# Ministries and commissions by their usual short and full names; 部 alone also ends 头部, 全部, 幼儿部.
_MINISTRY = (
    r"(?:国家)?(?:教育|科技|科学技术|工信|工业和信息化|信息产业|公安|民政|司法|财政|人事|人社|人力社保|劳动|"
    r"劳动保障|劳动和社会保障|人力资源社会保障|人力资源和社会保障|自然资源|国土资源|生态环境|环境保护|住建|建设|"
    r"住房和城乡建设|交通|交通运输|铁道|水利|农业|农业农村|商务|文化|文旅|文化和旅游|卫生|退役军人事务|应急管理|"
    r"国防|外交|宣传)(?:部|厅|局)|(?:教|卫健|卫生健康|发改|国资|农业农村|经信|住建|认监)委|"
    r"(?:省|市)(?:[\u4e00-\u9fff]{2,10})(?:厅|局)|"
    r"(?:公安部)?(?:民航|消防|铁路|体育|海关|税务|统计|气象|邮政|知识产权|药监|粮食|林业|旅游|广电|海事)(?:总)?局|"
    r"(?:全国|中国|[\u4e00-\u9fff]{1,4}[省市])?(?:总工会|工商联|残联|妇联|贸促会|红十字会)"
)
# Endings that count only behind a place name or 国家/中国/…: 中央电化教育馆, 上海市教委, 国家体育总局人力资源部.
_WEAK = r"(?:部|委|局|厅|署|处|司|院|所|馆|社|会|中心|学校|党校|医院|站|厂|银行|组织|机构|网)"
_ORGANISATION = re.compile(rf"(?:{_CENTRE}|{_PLACE}.{{1,40}}{_WEAK}|{_MINISTRY}|{_PLACE}.{{0,6}}{_MINISTRY})")
_PLACE_IN_FRONT = re.compile(rf"^{_PLACE}")
_TRAILING_BRACKET = re.compile(r"\([^()]*\)$")
_SEVERAL = re.compile(r"[、,;/&+]")

# What stands before a colon and is a label, a product or an occupation rather than an organisation.
_LABEL = _words(
    "证 证书 执照 认证 认定 考试 考核 资格 级 级别 类 类别 类型 方向 专业 职业 岗位 工种 师 员 工 人 者 手 生 家 技术 "
    "技能 项目 名称 课程 范围 领域 科目 模块 备注 说明 注 其中 包括 包含 含 如 即 为 是 版 条件 要求 年 时间 标准 目录 "
    "清单 编号 代码 序号 系列 内容 对象 行业 学科 化 汽车 维修 护理 制造 加工 管理 服务 设计 检测 运营 养殖 种植 "
    "栽培 施工 建筑 电子 机械 电气 物流 旅游 会计 金融 艺术 音乐 舞蹈 美术 体育 英语 外语 语言 中医 康复 烹饪 美容 表演 "
    "应用 开发 分析 维护 工程 操作 驾驶 测试 机床 设备 系统"
)
_LATIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9 .&'+\-]*")
# Techniques, languages and schemes that are written like company names.
_LATIN_LABEL = _words(
    "1+X BIM CAD CAM CAE CNC PLC VR AR XR MR AI AIGC UI UX IT ICT IOT AIOT ERP GIS GPS SQL JAVA PYTHON PHP C C++ "
    "HTML5 WEB LINUX WINDOWS ANDROID IOS NOTE PS ID"
)
_BRAND = re.compile(r"[\u4e00-\u9fffA-Za-z]{2,8}")

# The part of a company name that says its business and legal form; what precedes it is the brand.
_COMPANY_TAIL = re.compile(
    r"(?:\([^()]*\)|科技|技术|网络|信息|软件|数据|智能|教育|文化|传媒|咨询|培训|服务|管理|档案|实业|投资|控股|"
    r"发展|产业|工程|酒店|旅游|国际|人力资源|职业|健康|养老|医疗|商务|电子|通信|贸易|股份|有限|责任|公司|集团|"
    r"总公司|中国|服务业)+$"
)


# Trades, wares and places: a company name that comes down to one of them (北京新能源汽车有限公司) leaves no brand, or
# every bracket with that direction (汽车维修工(新能源汽车)) would become an issuer.
_TRADE = _words(
    "汽车 飞机 制造 航空 航天 工业 农业 商贸 商业 机器人 计算机 装备 设备 船舶 造船 医药 生物 化妆品 设施 能源 系统 体育 "
    "护理 园 数据库 联网 规划 院 电力 电气 电网 电梯 地铁 高铁 铁路 机床 珠宝 蔬菜 黄金 咖啡 影视 动漫 通讯 保险 证券 "
    "餐饮 美容 物流 运输 安保 物业 家政 市场 材料 化工 环境 生态 安全 省 市 区 县 州 机场 地面 城市 教科 教育 数字 "
    "商品 食品 服装 家居 建筑 设计 时代 时间"
)


@dataclass(frozen=True, slots=True)
class Bracket:
    """A bracket of a text: ``text[start]`` opens it, ``text[stop - 1]`` closes it (``closed``), depth from 0."""

    start: int
    stop: int
    depth: int
    closed: bool

    def inner(self) -> tuple[int, int]:
        """Start and stop of what stands inside.

        >>> Bracket(2, 8, 0, closed=True).inner()
        (3, 7)
        """
        return self.start + 1, self.stop - 1 if self.closed else self.stop


def brackets(text: str) -> list[Bracket]:
    """Every bracket of ``text`` in order of opening; one that is never closed reaches to the end of the text.

    >>> [(one.inner(), one.depth) for one in brackets("焊工(三级(高级)")]
    [((3, 9), 0), ((6, 8), 1)]
    """
    found: list[Bracket] = []
    if not _ANY_BRACKET.search(text):
        return found
    stack: list[int] = []
    for i, char in enumerate(text.replace(_INCLUSIVE, " " * len(_INCLUSIVE))):
        if char in OPENING:
            stack.append(i)
        elif char in CLOSING and stack:
            # A bracket closed by another kind of bracket is a misprint: it closes the innermost one all the same.
            found.append(Bracket(stack.pop(), i + 1, len(stack), True))
    while stack:
        found.append(Bracket(stack.pop(), len(text), len(stack), False))
    return sorted(found, key=lambda b: b.start)


@lru_cache(maxsize=16384)
def is_organisation(text: str, known: frozenset[str] = frozenset()) -> bool:
    """Whether ``text`` (normalised) is by its form the name of one or several organisations.

    ``known`` are names and brands that count whatever their form (see ``organisation_names``).

    >>> is_organisation("某某行业协会"), is_organisation("焊工")
    (True, False)
    """
    if not text or text in known:
        return bool(text)
    parts = _SEVERAL.split(text)
    if len(parts) > 1:
        return all(is_organisation(part, known) for part in parts)
    if text.endswith(")"):
        return is_organisation(_TRAILING_BRACKET.sub("", text).rstrip(")"), known)
    if len(text) < 3:
        return False
    return (text.endswith(_STRONG) and text not in _STRONG) or _ORGANISATION.fullmatch(text) is not None


def organisation_names(names: Iterable[str]) -> frozenset[str]:
    """What the organisations of a document are called: their full names and the brands of companies.

    The brand is a company's name without business words and legal form, with or without the place in front
    (甲乙丙档案管理服务有限责任公司 → 甲乙丙; 北京丁戊己科技有限公司 → 北京丁戊己 and 丁戊己). ``names``: normalised text.

    >>> sorted(organisation_names(["北京丁戊己科技有限公司"]))
    ['丁戊己', '北京丁戊己', '北京丁戊己科技有限公司']
    """
    full = frozenset(names)
    brands = {name: _COMPANY_TAIL.sub("", name) for name in full if name.endswith(("公司", "集团"))}
    found = set(full)
    for brand in set(brands.values()):
        if brand.endswith(_TRADE):
            continue
        if len(brand) >= 2:
            found.add(brand)
        bare = _PLACE_IN_FRONT.sub("", brand)
        # A word that other organisations use too (上海机器人学会) is no brand either.
        if len(bare) >= 3 and all(brands.get(name, "").endswith(bare) for name in full if bare in name):
            found.add(bare)
    return frozenset(found)


def split_issuer(text: str, known: frozenset[str] = frozenset()) -> tuple[str | None, int]:
    """The organisation before the first colon outside brackets, and where the rest of the text starts.

    ``(None, 0)`` where there is no such colon or what precedes it is no organisation (类别:…, Linux认证:…).

    >>> split_issuer("某某行业协会:茶艺师")
    ('某某行业协会', 7)
    """
    found = brackets(text) if ":" in text else []
    colons = (i for i, char in enumerate(text) if char == ":")
    at = next((i for i in colons if not any(b.start < i < b.stop for b in found)), 0)
    named = 0 < at < len(text) - 1 and _names_issuer(text[:at], known)
    return (text[:at], at + 1) if named else (None, 0)


def _names_issuer(head: str, known: frozenset[str]) -> bool:
    """Whether the words before a colon name an organisation: by form, as a brand, or a Latin company name."""
    if is_organisation(head, known):
        return True
    bare = _TRAILING_BRACKET.sub("", head)
    if _LATIN_NAME.fullmatch(bare):
        return bare.upper() not in _LATIN_LABEL
    # A brand in Chinese has no form of its own; labels, trades and occupations do.
    return _BRAND.fullmatch(bare) is not None and not bare.endswith(_LABEL)


def issuer_bracket(text: str, known: frozenset[str] = frozenset()) -> tuple[str | None, str]:
    """The organisation that stands alone in the last bracket of ``text``, and the text without that bracket.

    A bracket that is the whole text is a name, not an issuer.

    >>> issuer_bracket("茶艺师(某某行业协会)")
    ('某某行业协会', '茶艺师')
    """
    last = next((b for b in reversed(brackets(text)) if b.depth == 0), None)
    if last is None:
        return None, text
    start, stop = last.inner()
    rest = text[: last.start] + text[last.stop :]
    if not rest or not is_organisation(text[start:stop], known):
        return None, text
    return text[start:stop], rest


# --- names -------------------------------------------------------------------------------------------------------

# Signs that divide the parts of a list, and dashes of a range: regular-expression character classes without [].
SYMBOLS = r"/、,;·・•|&\\+"
DASHES = r"\-~—–−"
_CUT = "\x00"  # stands for a stated level while the name is put together
_JOINTS = rf"[{SYMBOLS}{DASHES}:\s]*"
_BETWEEN_CUTS = re.compile(rf"{_CUT}(?:{_JOINTS}{_CUT})+")
_AFTER_OPENING = re.compile(rf"(?:(?<=[{re.escape(OPENING)}])|^){_JOINTS}{_CUT}{_JOINTS}")
_BEFORE_CLOSING = re.compile(rf"{_JOINTS}{_CUT}{_JOINTS}(?=[{re.escape(CLOSING)}]|$)")
_INSIDE = re.compile(rf"{_JOINTS}{_CUT}")
_EMPTY_BRACKET = re.compile(rf"[{re.escape(OPENING)}]{_JOINTS}(?:[{re.escape(CLOSING)}]|$)")
_NATIONAL_BEFORE_CUT = re.compile(rf"(?<=.)国家(?:职业资格|职业技能等级)(?={_CUT})")
_WRITTEN = re.compile(r"\w")


def name_without(text: str, body: int, spans: Sequence[tuple[int, int]]) -> str:
    """The text from ``body`` on without the stated words, the separators and brackets that they leave empty.

    珠算五级证书 → 珠算证书; (二级口译/笔译翻译) → (口译/笔译翻译). An item that is nothing but a level keeps its text.

    >>> name_without("珠算五级证书", 0, [(2, 4)])
    '珠算证书'
    """
    if not spans:
        return unwrap(text[body:])
    pieces, at = [], body
    for start, stop in spans:
        pieces += [text[at:start], _CUT]
        at = stop
    name = "".join([*pieces, text[at:]])
    name = _BETWEEN_CUTS.sub(_CUT, name)
    for left_over in (_NATIONAL_BEFORE_CUT, _AFTER_OPENING, _BEFORE_CLOSING, _INSIDE):
        name = left_over.sub("", name)
    while (emptied := _EMPTY_BRACKET.sub("", name)) != name:
        name = emptied
    name = normalise(unwrap(name))
    return name if _WRITTEN.search(name) else normalise(text[body:])


def unwrap(name: str) -> str:
    """A name without the bracket that holds the whole of it.

    >>> unwrap("(高级考评员)")
    '高级考评员'
    """
    first = next(iter(brackets(name)), None)
    whole = first is not None and first.closed and (first.start, first.stop) == (0, len(name))
    return name[1:-1] if whole else name
