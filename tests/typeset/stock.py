"""Word stock: plausible occupations, titles and certificates that stand in no known edition."""

from __future__ import annotations

import random

from .layout import KINDS, TIERS


def words(text: str) -> list[str]:
    """Word stock: blank-separated."""
    return text.split()


THINGS = words(
    "青稞 藏药材 牦牛 唐卡 银饰 锰矿 萤石 盐湖 光热 绿氢 储能 抽蓄 竹编 茶艺 黄酒 米粉 榨菜 柑橘 枸杞 羊绒 苗绣 蜡染 侗布 木构 石雕 紫陶 建盏 "
    "瓷板 漆器 宣纸 徽墨 湖笔 盾构 桥隧 高铁 动车 轨枕 接触网 船台 渔港 深海网箱 海带 对虾 贝类 珊瑚 盐场 潮汐 风塔 叶片 光纤 晶圆 封装 激光 "
    "铝箔 钛材 稀土 石墨 玄武岩 玻纤 轴承 齿轮 液压 模具 铸锻 热处理 电镀 涂装 数控刀具 工业母机 智能网联汽车 电池包 充电桩 无人艇 低空物流 北斗 "
    "遥感 三维实景 水文 泥沙 堤坝 灌渠 冻土 沙障 草方格 苗圃 林火 松材线虫 野生动物 湿地 碳汇 固废 危废 渗滤液 烟气 噪声 放射源 急救 康复辅具 "
    "助听器 义齿 中药饮片 针灸推拿 血站 疫苗冷链 养老 育婴 殡葬 婚庆 社区矫正 法律援助 司法鉴定 消防设施 应急救援 特种设备 电梯 压力容器 起重机械 "
    "跨境电商 直播 供应链 冷链仓储 保税 报关 票据 小微信贷 农险 理赔 税控 审计底稿 会展 民宿 研学旅行 导览 茶旅 滑雪场 马术 龙舟 武术 舞龙 皮影 "
    "木偶 评弹 花鼓 古琴 修复 影视剪辑 动画绑定 数字人 字幕 播音 融媒体 版权 印前 包装 服装制版 针织 鞋楦 皮革 家具 木工机械 造纸 香精 食品检验 "
    "酱油 腐乳 白酒 啤酒 咖啡 烘焙 面点 药膳 营养配餐"
)
ACTS = words(
    "装调 运维 检测 养护 制作 加工 操作 安装 调试 维修 设计 管理 分析 检验 评估 保养 采集 标注 服务 规划 施工 监测 勘测 培育 繁育 鉴定 策划 运营 "
    "编制 巡检"
)
PLACES = words("云岭省 赤水省 洮河省 琼湾省 漠北自治区")
BUREAUS = words(
    "教育厅 人力资源和社会保障厅 工业和信息化厅 农业农村厅 文化和旅游厅 卫生健康委员会 应急管理厅 交通运输厅 住房和城乡建设厅 林业和草原局 市场监督管理局 "
    "民政厅 生态环境厅 水利厅 能源局 药品监督管理局"
)
FIRMS = words("同创 远大 锦绣 朝阳 瑞丰 明德 天工 博雅 长风 海纳 恒信 嘉禾 云帆 启明")
LATIN = words(
    "CAD PLC BIM GIS UI Python Java Web SolidWorks Revit AutoCAD HCIA HCIP CCNA RHCE AWS ISO9001 ISO/IEC27001 IPMP PMP CFA ACCA CMA IELTS Unity3D "
    "Photoshop Premiere Maya CATIA ANSYS LabVIEW MCU ERP SaaS AIGC 3D 5G VR/AR C++ C#"
)


def occupation(dice: random.Random) -> str:
    return dice.choice(THINGS) + dice.choice(ACTS) + dice.choice("工工员员师")


def fresh(kind: str, tier: str, dice: random.Random) -> str:
    """One plausible item for a cell."""
    n = TIERS.index(tier)
    thing, act = dice.choice(THINGS), dice.choice(ACTS)
    if kind == "title":
        head = ("助理", "", "高级")[n]
        shape = dice.randrange(6)
        if shape == 0:
            return thing + ("技术员", "工程师", "正高级工程师")[n]
        if shape == 1:
            return f"{head}{thing}师"
        if shape == 2:
            return f"{head}{thing}{act}工程师"
        if shape == 3:
            return ("初级", "中级", "高级")[n] + thing + "技术职称"
        if shape == 4:
            return f"{('三级', '二级', '一级')[n]}{thing}师"
        return f"{head}工程师（{thing}{act}）"
    if kind == "skill":
        name = occupation(dice)
        if dice.random() < 0.2:
            name += f"（{dice.choice(THINGS)}{dice.choice(ACTS)}）"
        words = (
            ("五级/初级工", "五级", "五级/初级", "国家职业资格五级", "初级"),
            ("四级/中级工", "四级", "四级/中级", "国家职业资格四级", "中级"),
            (
                "三级/高级工", "三级", "三级及以上", "三级/高级工、二级/技师、一级/高级技师", "三级/二级/一级/高级工/技师/高级技师",
                "二级/技师", "一级/高级技师", "高级",
            ),
        )[n]  # fmt: skip
        word = dice.choice(words)
        left, right = dice.choice(("()", "（）"))
        return f"{name}{left}{word}{right}" if dice.random() < 0.93 else name
    if kind == "practice":
        shape = dice.randrange(5)
        if shape == 0:
            return f"{('二级', '二级', '一级')[n]}注册{thing}师"
        if shape == 1:
            return f"{dice.choice(BUREAUS)}：{thing}{act}从业资格证"
        if shape == 2:
            return f"注册{thing}{act}工程师"
        if shape == 3:
            return f"{thing}特种作业操作证（{act}）"
        return f"执业{thing}师" if n else f"执业助理{thing}师"
    if kind == "one_plus_x":
        latin = dice.choice(LATIN) if dice.random() < 0.25 else ""
        return f"{thing}{latin}{act}{dice.choice(ACTS)}职业技能等级证书{dice.choice(('({})', '（{}）')).format(tier)}"
    shape = dice.randrange(8)
    latin = dice.choice(LATIN)
    if shape == 0:
        return f"{dice.choice(FIRMS)}科技有限公司：{latin}（{tier}认证）"
    if shape == 1:
        return f"{latin} {dice.choice(('Certified Associate', 'Certified Professional', 'Master Instructor', 'Level'))} {n + 1}"
    if shape == 2:
        return f"{latin}{act}工程师认证"
    if shape == 3:
        return f"中国{thing}协会：{thing}{act}师（{TIERS[n]}）"
    if shape == 4:
        return f"《{thing}{act}规范》内审员证书"
    if shape == 5:
        return f"{thing}{act}师证书（{('三', '二', '一')[n]}级）"
    if shape == 6:
        return f"全国{thing}{act}水平考试{latin}{tier}合格证"
    return f"{dice.choice(FIRMS)}集团有限公司“{thing}”{act}能力{tier}证"


_STEPS = (
    ("（五级/初级工）", "（四级/中级工）", "（三级/高级工）"),
    ("(五级/初级)", "(四级/中级)", "(三级/高级)"),
    ("（五级）", "（四级）", "（三级及以上）"),
    ("(五级/初级工)", "(四级/中级工)", "(三级/高级工、二级/技师、一级/高级技师)"),
    ("（国家职业资格五级）", "（国家职业资格四级）", "（国家职业资格三级）"),
)


def class_cells(dice: random.Random) -> dict[str, dict[str, list[str]]]:
    """Cells of one class. As in real rulebooks most occupations stand in all three tiers with their grades, and
    the common titles come back in many classes."""
    cells: dict[str, dict[str, list[str]]] = {kind: {tier: [] for tier in TIERS} for kind in KINDS}
    steps = dice.choice(_STEPS)
    for _ in range(dice.randint(2, 14)):
        name = occupation(dice)
        if dice.random() < 0.15:
            name += f"（{dice.choice(THINGS)}{dice.choice(ACTS)}）"
        here = steps if dice.random() < 0.8 else dice.choice(_STEPS)
        for tier, step in zip(TIERS, here, strict=True):
            if dice.random() < 0.9:
                cells["skill"][tier].append(name + step)
    for _ in range(dice.randint(0, 7)):
        latin = dice.choice(LATIN) if dice.random() < 0.2 else ""
        name = f"{dice.choice(THINGS)}{latin}{dice.choice(ACTS)}{dice.choice((dice.choice(ACTS), ''))}职业技能等级证书"
        form = dice.choice(("({})", "（{}）"))
        for tier in TIERS:
            if dice.random() < 0.9:
                cells["one_plus_x"][tier].append(name + form.format(tier))
    common = (
        ("技术员", "助理工程师", "助理经济师"),
        ("工程师", "经济师"),
        ("高级工程师", "正高级工程师", "高级经济师"),
    )
    for tier, words in zip(TIERS, common, strict=True):
        cells["title"][tier] += [w for w in words if dice.random() < 0.5]
    for kind, most in (("title", 5), ("skill", 3), ("practice", 4), ("one_plus_x", 1), ("industry", 5)):
        for tier in TIERS:
            if dice.random() < 0.7:
                cells[kind][tier] += [fresh(kind, tier, dice) for _ in range(dice.randint(0, most))]
            cells[kind][tier] = list(dict.fromkeys(cells[kind][tier]))
    return cells
