"""Where two readings of one cell differ: cases with the spots that a reader would point to."""

from __future__ import annotations

import random

import pytest

from pipeline.diff.sources.differences import Spot, core, find_spots


@pytest.mark.parametrize(
    ("left", "right", "spots"),
    [
        (["园艺工", "花艺师"], ["园艺工", "花艺师"], []),
        # One misread character, one item on either side.
        (
            ["西式面点师(五级)", "花艺师"],
            ["西式西点师(五级)", "花艺师"],
            [Spot("text", (0, 1), (0, 1))],
        ),
        # The same text, split otherwise; the neighbours are left out.
        (
            ["园艺工", "动画制作(中级)", "花艺师"],
            ["园艺工", "动画", "制作(中级)", "花艺师"],
            [Spot("split", (1, 2), (1, 3))],
        ),
        # A split and a misreading side by side are two spots.
        (
            ["动画制作(中级)", "数字影像(高级)"],
            ["动画", "制作(中级)", "数字影象(高级)"],
            [Spot("split", (0, 1), (0, 2)), Spot("text", (1, 2), (2, 3))],
        ),
        # Items that only one side has, although their ends are like their neighbours'.
        (
            ["园艺工(五级)", "花艺师(五级)"],
            ["园艺工(五级)", "园林工(五级)", "花艺师(五级)"],
            [Spot("right", (1, 1), (1, 2))],
        ),
        (["a", "b", "c"], ["a", "c"], [Spot("left", (1, 2), (1, 1))]),
        (["a", "b", "c", "d"], ["a", "c", "b", "d"], [Spot("order", (1, 3), (1, 3))]),
        (["a"], [], [Spot("left", (0, 1), (0, 0))]),
        ([], ["a", "b"], [Spot("right", (0, 0), (0, 2))]),
        ([], [], []),
    ],
)
def test_spots(left: list[str], right: list[str], spots: list[Spot]) -> None:
    assert find_spots(left, right) == spots
    mirrored = {"left": "right", "right": "left"}
    swapped = [Spot(mirrored.get(one.kind, one.kind), one.right, one.left) for one in spots]
    assert find_spots(right, left) == swapped


def test_outside_the_spots_both_readings_are_the_same() -> None:
    """Random readings: what is in no spot agrees item by item, and every split has the same text."""
    chance = random.Random(7)
    words = ["园艺工", "花艺师(五级)", "动画制作", "(中级)", "a", "b", "园", "园园"]
    for _ in range(400):
        left = chance.choices(words, k=chance.randint(0, 8))
        right = [word for word in left if chance.random() > 0.15]
        for _ in range(chance.randint(0, 3)):
            right.insert(chance.randint(0, len(right)), chance.choice(words))
        if chance.random() < 0.5 and len(right) > 1:
            at = chance.randrange(len(right) - 1)
            right[at : at + 2] = ["".join(right[at : at + 2])]
        spots = find_spots(left, right)
        assert bool(spots) == (left != right)
        rests = []
        for items, side in ((left, "left"), (right, "right")):
            gone = {at for one in spots for at in range(*getattr(one, side))}
            rests.append([item for at, item in enumerate(items) if at not in gone])
        assert rests[0] == rests[1]
        for one in spots:
            mine, yours = left[slice(*one.left)], right[slice(*one.right)]
            assert ("".join(mine) == "".join(yours)) == (one.kind == "split")


def test_the_core_of_a_difference() -> None:
    assert core("管理师(中级)", "管理員(中级)") == ("管理", "师", "員", "(中")
    assert core("aa", "aaa") == ("aa", "", "a", "")
