"""Character differences as a reader sees them."""

from __future__ import annotations

import pytest

from pipeline.diff.textdiff import compare_texts


@pytest.mark.parametrize(
    ("before", "after", "marked"),
    [
        ("农作物植保员(四级/中级工)", "农作物植保工(四级/中级工)", (["员"], ["工"])),
        ("家畜繁殖员(五级/初级工)", "家畜繁殖员(五级)", (["/初级工"], [])),
        ("第9批", "第12批", (["9"], ["12"])),  # a number is one piece: not 第[9→1]2
        ("ISO9001内审员", "ISO14001内审员", (["9001"], ["14001"])),
        ("茶艺师", "评茶员(三级/高级工)", (["茶艺师"], ["评茶员(三级/高级工)"])),  # too unlike for shreds
        ("𠮷野工", "吉野工", (["𠮷"], ["吉"])),  # beyond the BMP: one character, not two halves
        ("农业类", "智慧农业类", ([], ["智慧"])),
        ("五级为初级", "五级、四级为初级", ([], ["、四级"])),  # not 五[级、四]级
        ("甲、乙、丙", "甲、丙", (["、乙"], [])),
        ("工(三级)", "工(三级)(高级)", ([], ["(高级)"])),
        ("同一", "同一", ([], [])),
        ("", "新增", ([], ["新增"])),
    ],
)
def test_changed_pieces(before: str, after: str, marked: tuple[list[str], list[str]]) -> None:
    runs = compare_texts(before, after)
    assert ("".join(runs[0]), "".join(runs[1])) == (before, after)
    assert tuple([text for text in side[1::2] if text] for side in runs) == marked
    assert "".join(runs[0][0::2]) == "".join(runs[1][0::2])  # what is not marked is the same on both sides


def test_few_pieces() -> None:
    before, after = "中国教育装备行业协会", "中国演艺设备技术协会"
    assert compare_texts(before, after)[0] == ("中国", "教育装", "备", "行业", "协会")
    assert compare_texts(before, after, few=True)[0] == ("中国", "教育装备行业", "协会")
