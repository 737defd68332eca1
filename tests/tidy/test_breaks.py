"""Line breaking: pieces found by classes of whole lines are those found character by character."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from pipeline.model import Line
from pipeline.tidy.wraps.break_classes import char_class, classes_of, first_break
from pipeline.tidy.wraps.breaks import (
    CERTAIN_WRAPS,
    BreakRules,
    Gap,
    _is_flush,
    _Wrap,
    gap_between,
    learn,
)

_CHARACTERS = "茶艺师级(五)/、-A1b ，%"


def _lines(seed: int, count: int) -> list[Line]:
    draw = random.Random(seed)
    out = []
    for k in range(count):
        text = "".join(draw.choice(_CHARACTERS) for _ in range(draw.randint(1, 12)))
        advances = tuple(round(draw.uniform(4, 12), 3) for _ in text)
        x1 = 10 + sum(advances) * 1.04
        out.append(Line(text, 10.0, 12.0 * k, x1, 12.0 * k + 10, 1, advances, 10.0))
    return out


def _first_piece(rules: BreakRules, line: Line, loose: bool) -> float:
    width = 0.0
    before: str | None = None
    for at, (char, advance) in enumerate(zip(line.text, line.advances, strict=True)):
        here = "a" if _in_a_drawn_word(line.text, at) else char_class(char)
        if before is not None:
            sticks = rules.sticks((before, here))
            if (sticks is False and (loose or at >= first_break(line.text))) or (sticks is None and loose):
                break
            if "x" in (before, here) and before != here and {before, here} & {"a", "i"}:
                width += 0.25 * line.size / rules.stretch
        width += 0.0 if here == "a" and char == " " else advance
        before = here
    return width * rules.stretch


def _in_a_drawn_word(text: str, at: int) -> bool:
    """Whether a blank stands between two letters that stand alone."""
    around = "".join(char_class(char) for char in f"、、{text}、、"[at : at + 5])
    return around[1:4] == "asa" and around[0] != "a" and around[4] != "a"


def _last_piece(rules: BreakRules, line: Line) -> float:
    width = 0.0
    after: str | None = None
    for char, advance in zip(reversed(line.text), reversed(line.advances), strict=True):
        here = char_class(char)
        if after is not None and rules.sticks((here, after)) is False:
            break
        width += advance
        after = here
    return width * rules.stretch


@pytest.mark.parametrize(
    "rules",
    [
        BreakRules(),
        BreakRules({("x", "a"): True, ("a", "x"): True, ("x", "/"): False}, stretch=1.04),
        BreakRules({("x", "x"): None, ("o", "x"): None, ("x", "i"): True}),
    ],
)
def test_pieces_are_those_found_character_by_character(rules: BreakRules) -> None:
    for line in _lines(1, 400):
        assert rules.first_pieces([line]) == (
            _first_piece(rules, line, False),
            _first_piece(rules, line, True),
        )
        assert rules.last_piece(line) == _last_piece(rules, line)


def test_a_pair_that_never_stands_at_a_wrap_sticks_together() -> None:
    """Of 400 lines none is wrapped before 级: this producer does not part 师/级 … as others would; blanks swallow wraps."""
    lines = [Line("茶艺A-1级", 0, 0, 60, 10, 1, (10.0,) * 6, 10.0)] * 400
    cells = [(0.0, 65.0, lines[k : k + 4]) for k in range(0, 400, 4)]
    rules = learn({"catalogue": cells})
    assert rules.sticks(("a", "x")) is True and rules.sticks(("x", "x")) is False
    wrapped = [(0.0, 65.0, [lines[0], Line("A-1级茶艺", 0, 0, 60, 10, 1, (10.0,) * 6, 10.0)])] * 100
    assert rules.sticks(("x", "a")) is True
    assert learn({"catalogue": [*cells, *wrapped]}).sticks(("x", "a")) is False


def test_lines_of_all_cells_are_counted_pair_by_pair() -> None:
    cells = [(0.0, 80.0, _lines(seed, 5)) for seed in range(40)]
    inside: Counter[tuple[str, str]] = Counter()
    ends: Counter[tuple[str, str]] = Counter()
    spaced: Counter[tuple[str, str]] = Counter()
    for _, width, lines in cells:
        for line in lines:
            classes = classes_of(line.text)
            assert classes == "".join(map(char_class, line.text))
            inside.update(zip(classes, classes[1:], strict=False))
            spaced.update(
                (x, z) for x, y, z in zip(classes, classes[1:], classes[2:], strict=False) if y == "s"
            )
        for a, b in zip(lines, lines[1:], strict=False):
            if _last_piece(BreakRules(), a) + _first_piece(BreakRules(), b, False) < 0.9 * width:
                ends[char_class(a.text[-1]), char_class(b.text[0])] += 1
    rules = learn({"annex": cells})
    rate = 4 * len(cells) / inside.total()
    for pair, count in inside.items():
        if "s" in pair or count * rate < 4:
            continue
        if spaced[pair] and spaced[pair] >= ends[pair]:
            continue
        if pair == ("a", "a"):
            wanted: bool | None = ends[pair] <= 0.3 * count * rate
        elif ends[pair] >= max(3.0, 0.12 * count * rate):
            wanted = False
        else:
            wanted = True if ends[pair] <= 0.02 * count * rate else None
        assert rules.sticky[pair] is wanted, pair
    assert len(rules.sticky) > 10


def test_one_line_that_sticks_out_does_not_tell_how_wide_a_column_is() -> None:
    em = 7.7  # eleven letters are 84.7 points wide; a twelfth does not fit into the 92 that the padding leaves of 100

    def printed(text: str, top: float) -> Line:
        return Line(text, 4.0, top, 4.0 + em * len(text), top + 10.0, 1, (em,) * len(text), 10.0)

    wrapped = [
        (4.0, 100.0, [printed("农作物(植保员绿化工甲", 0.0), printed("乙丙)", 12.0)]) for _ in range(40)
    ]
    wide = Line("农作物植保员绿化工甲乙丙", 4.0, 0.0, 103.0, 10.0, 1, (8.25,) * 12, 10.0)
    overhanging = (4.0, 100.0, [wide, printed("丁戊", 12.0)])
    learned = learn({"table": [*wrapped, overhanging]})
    assert learned.padding["table"] == pytest.approx(100 - 12 * em)
    # With few wraps inside brackets, the widest lines tell.
    few = learn({"table": [*wrapped[:20], overhanging]})
    assert few.padding["table"] < 2.0


def test_of_two_pieces_the_longer_one_counts() -> None:
    """What the document parts, UAX #14 may keep together; full-width brackets behave as others do."""
    assert first_break("级)证书") == first_break("级）证书") == 2
    assert first_break("HCIA（初级）") == first_break("HCIA(初级)") == 6
    assert first_break("𠮷）𠮷家") == 2
    line = Line("级)证书", 0, 0, 40, 10, 1, (10.0,) * 4, 10.0)
    rules = BreakRules({("x", "c"): False})
    assert rules.first_pieces([line]) == (20.0, 10.0)


def test_a_piece_runs_on_over_the_next_lines_end() -> None:
    def printed(text: str, top: float) -> Line:
        return Line(text, 0.0, top, 5.0 * len(text), top + 10.0, 1, (5.0,) * len(text), 10.0)

    lines = [printed("证:LinuxPro", 0.0), printed("fessional", 12.0), printed("认证", 24.0)]
    whole = 5.0 * len("证:LinuxProfessional") + 0.25 * 10.0
    assert BreakRules().first_pieces(lines)[0] == pytest.approx(whole)
    before = printed("Linux认", -12.0)
    for room, slack in (
        (200.0, (200.0 - 30.0 - whole) / 10.0),
        (90.0, 0.0),
    ):  # a piece wider than a line tells nothing
        gap = gap_between(before, lines, room, BreakRules(), "", (0.0, 0.0))
        assert gap.slack == pytest.approx(slack)
    assert not gap_between(before, [printed("LPI", 0.0)], 36.0, BreakRules(), "", (0.0, 0.0)).intended


def test_between_latin_letters_only_room_for_word_and_blank_tells() -> None:
    def printed(*texts: str) -> list[Line]:
        return [
            Line(t, 0.0, 12.0 * k, 5.0 * len(t), 12.0 * k + 10, 1, (5.0,) * len(t), 10.0)
            for k, t in enumerate(texts)
        ]

    def gap(room: float, *texts: str) -> Gap:
        first, *behind = printed(*texts)
        return gap_between(first, behind, room, BreakRules(), "", (0.0, 0.0))

    assert gap(40.0, "CMA", "CIA").intended  # two words of fifteen points, and a blank of five at most
    assert gap(35.0, "CMA", "CIA").slack == 0.0
    # A word has no further letters where its line has room for them: CIA is all that had to fit.
    assert gap(42.0, "书:9级", "CIA", "ACCAX").intended
    assert not gap(42.0, "书:9级", "CertifUs", "er").intended
    # What goes on in small letters, on a line with no room for another, is the rest of a word wider than a line.
    assert gap(50.0, "Profession", "al(中级)").settled is False
    assert gap(60.0, "Profession", "al(中级)").settled is None
    assert gap(50.0, "PROFESSION", "AL(中级)").settled is None


def test_a_group_with_few_certain_wraps_has_the_documents_padding() -> None:
    em = 7.7

    def cell(*texts: str) -> tuple[float, float, list[Line]]:
        return (
            4.0,
            100.0,
            [
                Line(t, 4.0, 12.0 * k, 4.0 + em * len(t), 12.0 * k + 10, 1, (em,) * len(t), 10.0)
                for k, t in enumerate(texts)
            ],
        )

    wrapped = cell("农作物(植保员绿化工甲", "乙丙)")
    learned = learn({"table": [wrapped] * 40, "annex": [cell("农业", "林业")] * 5})
    assert learned.certain == 40 and not learned.is_guess
    assert learned.room(4.0, 104.0, "annex") == pytest.approx(11 * em)
    assert learn({"table": [wrapped] * 20}).is_guess


def test_what_a_columns_lines_are_seen_to_fill_has_room() -> None:
    """A column that is drawn half a point narrower than it is holds twelve characters all the same: a line of eleven ended on
    purpose. Where wraps show that the next piece did not fit, no line stands for it; where a column has none, its lines alone tell."""
    em = 8.0

    def cells(x0: float, width: float, *texts: str) -> list[tuple[float, float, list[Line]]]:
        lines = [
            Line(t, x0 + 2, 12.0 * k, x0 + 2 + em * len(t), 12.0 * k + 10, 1, (em,) * len(t), 8.0)
            for k, t in enumerate(texts)
        ]
        return [(x0, width, lines)] * 40

    drawn = cells(0.0, 99.5, "农作物(植保员绿化工甲乙", "丙丁)", "农作物植保员绿化工甲乙", "园艺工")
    alone = cells(300.0, 99.5, "农作物植保员绿化工甲乙丙", "农作物植保员绿化工甲乙", "园艺工")
    other = cells(99.5, 108.0, "农作物(植保员绿化工甲乙", "丙丁)", "农作物植保员绿化工甲乙丙", "园艺工")
    rules = learn({"table": [*drawn, *other, *alone[:3]]})
    for (x0, width, lines), at, intended in ((drawn[0], 2, True), (other[0], 2, False), (alone[0], 1, True)):
        room = rules.room(x0, x0 + width, "table")
        gap = gap_between(lines[at], lines[at + 1 :], room, rules, "table", (x0, x0))
        assert gap.intended is intended


def test_a_line_short_of_a_flush_column_ended_on_purpose() -> None:
    """Ten points wide letters in a room of 100: a wrapped line would have been stretched to it."""

    def printed(text: str, top: float, width: float) -> Line:
        return Line(text, 0.0, top, width, top + 10, 1, (10.0,) * len(text), 10.0)

    short = [printed("注册安全工程师茶", 0, 80.0), printed("BIMBIM", 12, 60.0)]
    full = [printed("注册安全工程师茶", 0, 99.0), *short[1:]]
    for flush, lines, settled in ((True, short, True), (False, short, None), (True, full, False)):
        names = frozenset({"g"})
        rules = BreakRules(justified=names, flush=names if flush else frozenset())
        gap = gap_between(lines[0], lines[1:], 100.0, rules, "g", (0.0, 0.0))
        assert gap.settled is settled and gap.intended is bool(settled)
    wraps = [_Wrap(3.0, 1.0, 99.0, 10.0)] * CERTAIN_WRAPS
    assert _is_flush(wraps, 2.0) and not _is_flush(wraps[1:], 2.0)
    assert not _is_flush([*wraps, _Wrap(9.0, 1.0, 99.0, 10.0)], 2.0), "one of thirty-one falls short"


def test_only_what_a_cells_further_lines_are_set_in_by_is_an_indent() -> None:
    """A class column of one character per line, text set in the middle, a column that begins further in: none is an indent.
    One of ten points is, beside any of them."""

    def cells(*lines: tuple[float, int]) -> list[tuple[float, float, list[Line]]]:
        """Eight cells of 54 points: from where each line begins, and its number of letters."""
        printed = [
            Line("农" * n, 40 + at, 12.0 * k, 40 + at + 10 * n, 12.0 * k + 10, 1, (10.0,) * n, 10.0)
            for k, (at, n) in enumerate(lines)
        ]
        return [(40.0, 54.0, printed)] * 8

    plain = cells((2, 5), (2, 3)) * 3
    odd = {
        "stacked": cells((22, 1), (22, 1), (22, 1)),
        "code above": cells((12, 3), (22, 1), (22, 1)),
        "set in the middle": cells((2, 5), (22, 1)),
        "further in": cells((12, 3), (12, 2)),
        "none": [],
    }
    for name, others in odd.items():
        assert learn({"table": plain + others}).indents == {}, name
        hanging = cells((2, 5), (12, 4), (12, 2), (2, 3)) * 3
        assert learn({"table": hanging + others}).indents == {"table": (2.0, 12.0)}, name
