"""Sign-offs: reading what reviewers exported from the diff page, merging it, and keeping it with the edition.

A decision is made for a group of changes and lists the changes it was made for. When changes are compared anew and a
group has grown, its new places are open again. A reviewer's later decision replaces the same reviewer's earlier one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import pyarrow as pa
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from pipeline.diff.output.lines import ChangeLine, lines_of
from pipeline.diff.output.terminal import table_of
from pipeline.diff.side import Side
from pipeline.editions.files import folder_lock, save_file
from pipeline.editions.source_yaml import problem_zh
from pipeline.errors import XizeError
from pipeline.text import unkeepable

if TYPE_CHECKING:
    from rich.console import RenderableType

_LARGEST = 64 << 20
"""Bytes of the largest file that is read: a file larger than this is no sign-off."""
_SHOWN = 30

Verdict = Literal["accepted", "queried", "open"]
State = Literal["accepted", "queried", "conflict", "open"]
STATES: Mapping[State, str] = {"accepted": "认可", "queried": "存疑", "conflict": "意见不一", "open": "未签"}
"""What became of a change, in a reviewer's words."""

_Id = Annotated[str, Field(min_length=1, max_length=64)]
_AHEAD = timedelta(days=1)
"""How far a reviewer's clock may be ahead; a decision of a later time could never be replaced."""


def _printable(text: str) -> str:
    """No character that would steer the terminal on which the comments are shown."""
    if unkeepable(text):
        raise ValueError("含有控制字符")
    return text


def _named(text: str) -> str:
    if not text.strip():
        raise ValueError("没有署名")
    return _printable(text)


def _not_ahead(at: datetime) -> datetime:
    if at > datetime.now(UTC) + _AHEAD:
        raise ValueError("签核时间在将来，请校正时钟")
    return at


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SignedRelease(_Strict):
    """One side of the comparison that was signed; as :class:`pipeline.diff.Side` names it."""

    edition: Annotated[str, Field(min_length=1, max_length=80)]
    release: Annotated[str, Field(min_length=1, max_length=20)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Opinion(_Strict):
    """What one reviewer decided about one group; ``open`` takes an earlier decision back."""

    group: _Id
    change_ids: Annotated[tuple[_Id, ...], Field(min_length=1)]
    decision: Verdict
    comment: Annotated[str, Field(max_length=4000), AfterValidator(_printable)] = ""
    by: Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_named)]
    at: Annotated[AwareDatetime, AfterValidator(_not_ahead)]


class Signoff(_Strict):
    """A whole file of sign-offs."""

    format: Literal["xize-signoff"]
    version: Literal[1]
    before: SignedRelease
    after: SignedRelease
    decisions: tuple[Opinion, ...]


@dataclass(frozen=True)
class Signed:
    """A group of changes and what became of it. ``decisions``: the latest of each reviewer."""

    group: str
    title: str
    where: str
    text: str
    places: int
    state: State
    decisions: tuple[Opinion, ...]


@dataclass(frozen=True)
class SignoffSummary:
    """What the sign-offs of a comparison amount to.

    ``groups``: every group that is to be signed, in reading order; ``reviewers``: how many decisions each has made;
    ``strays``: decisions about changes that this comparison does not list (they are kept).
    """

    before: str
    after: str
    groups: tuple[Signed, ...]
    reviewers: Mapping[str, int]
    strays: int

    def of(self, state: State) -> tuple[Signed, ...]:
        """The groups in a state."""
        return tuple(group for group in self.groups if group.state == state)

    @property
    def counts(self) -> dict[State, int]:
        """Number of groups by state."""
        return {state: len(self.of(state)) for state in STATES}

    @property
    def complete(self) -> bool:
        """Whether every group is decided and nobody disagrees or has a question."""
        return all(group.state == "accepted" for group in self.groups)


def signoff_path(before: Side, after: Side) -> Path:
    """raw/<edition after>/signoff/<before>-<release>--<after>-<release>.json"""
    name = f"{before.edition}-{before.release}--{after.edition}-{after.release}.json"
    return after.home / "raw" / after.edition / "signoff" / name


def read_signoff(path: Path, before: Side, after: Side) -> Signoff:
    """A file of sign-offs for this very comparison.

    Raises XizeError when it cannot be read, is no such file, or was made for other releases or other data.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise XizeError(f"{path}过大，不是签核文件：请给出对照页导出的JSON文件。")
        document = Signoff.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise XizeError(f"找不到签核文件{path}：请给出对照页导出的JSON文件。") from None
    except OSError as error:
        raise XizeError(f"无法读取签核文件{path}（{error.strerror}）：请检查其权限。") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = (
            ".".join(f"第{one + 1}项" if isinstance(one, int) else str(one) for one in first["loc"]) or "文件"
        )
        said = problem_zh(dict(first))
        raise XizeError(f"{path}不是有效的签核文件（{place}：{said}）：请在对照页重新导出。") from None
    for signed, side in ((document.before, before), (document.after, after)):
        if (signed.edition, signed.release) != (side.edition, side.release):
            raise XizeError(
                f"{path}签的是{document.before.edition}@{document.before.release}与"
                f"{document.after.edition}@{document.after.release}的对照，而不是{before.name}与"
                f"{after.name}：请给出本次对照的签核文件。"
            )
        if signed.sha256 != side.sha256:
            raise XizeError(
                f"{path}所签的{side.name}内容与现有发布不同（校验和不符）：请重新生成对照页并重新签核。"
            )
    return document


def stored_decisions(before: Side, after: Side) -> tuple[Opinion, ...]:
    """What is kept with the edition for this very comparison, () when there is nothing. Raises XizeError."""
    path = signoff_path(before, after)
    return read_signoff(path, before, after).decisions if path.exists() else ()


def _latest(decisions: Iterable[Opinion]) -> list[Opinion]:
    """The latest decision of each reviewer about each group, in order of time."""
    ordered = sorted(decisions, key=lambda decision: decision.at)
    latest = {(decision.group, decision.by): decision for decision in ordered}
    return sorted(latest.values(), key=lambda decision: (decision.at, decision.by, decision.group))


def read_back(paths: Sequence[Path], changes: pa.Table, before: Side, after: Side) -> SignoffSummary:
    """Merge reviewers' files with what is kept, keep the whole with the later edition, and say what is open.

    Raises XizeError, with nothing written, when any file is not a sign-off of these two releases as they are.
    """
    read = [decision for path in paths for decision in read_signoff(path, before, after).decisions]
    path = signoff_path(before, after)
    edition = path.parents[1]
    if not edition.is_dir():
        raise XizeError(f"找不到{edition}：签核须与版本一同保存，请先恢复该文件夹。")
    if not read:
        return _summary(_latest(stored_decisions(before, after)), changes, before, after)
    with folder_lock(path.parent, f"{path.parent}正被另一个进程使用：请等它完成后再试。"):
        merged = _latest([*stored_decisions(before, after), *read])
        _keep(path, merged, before, after)
    return _summary(merged, changes, before, after)


def _keep(path: Path, decisions: Sequence[Opinion], before: Side, after: Side) -> None:
    first, second = (
        SignedRelease(edition=side.edition, release=side.release, sha256=side.sha256)
        for side in (before, after)
    )
    document = Signoff(
        format="xize-signoff", version=1, before=first, after=second, decisions=tuple(decisions)
    )
    save_file(path, document.model_dump_json(indent=1).encode() + b"\n")


def _summary(decisions: Sequence[Opinion], changes: pa.Table, before: Side, after: Side) -> SignoffSummary:
    """What the decisions (the latest of each reviewer) amount to; quiet changes need no signature."""
    by_group: dict[str, list[ChangeLine]] = {}
    for line in lines_of(changes, before, after):
        if not line.quiet:
            by_group.setdefault(line.group, []).append(line)
    by_change: dict[str, dict[str, Opinion]] = {}
    reviewers: Counter[str] = Counter()
    for decision in decisions:
        reviewers[decision.by] += decision.decision != "open"
        for change in decision.change_ids:
            by_change.setdefault(change, {})[decision.by] = decision
    known = set(changes["change_id"].to_pylist())
    strays = sum(not known.intersection(decision.change_ids) for decision in decisions)
    groups = tuple(_signed(group, places, by_change) for group, places in by_group.items())
    return SignoffSummary(before.name, after.name, groups, reviewers, strays)


def _signed(
    group: str, places: Sequence[ChangeLine], by_change: Mapping[str, Mapping[str, Opinion]]
) -> Signed:
    first = places[0]
    valid = [by_change.get(line.id, {}).values() for line in places]
    states = [_state({decision.decision for decision in decisions}) for decisions in valid]
    found = {(decision.by, decision.at): decision for decisions in valid for decision in decisions}
    return Signed(
        group,
        first.title,
        first.where,
        "→".join(filter(None, (first.row["before"], first.row["after"]))),
        len(places),
        # A group is signed as far as its least signed place.
        min(states, key=("conflict", "open", "queried", "accepted").index),
        tuple(sorted(found.values(), key=lambda decision: decision.at)),
    )


def _state(verdicts: set[Verdict]) -> State:
    given = verdicts - {"open"}
    return "conflict" if len(given) == 2 else next(iter(given), "open")


def render(summary: SignoffSummary) -> RenderableType:
    """The summary for the terminal: counts, then what is disputed, questioned or open (the first of each)."""
    from rich.console import Group
    from rich.markup import escape
    from rich.text import Text

    head = table_of(f"签核（{summary.before} → {summary.after}）", ["签核"], ["项数", "处数"])
    head.min_width = 60
    for state, word in STATES.items():
        own = summary.of(state)
        head.add_row(word, str(len(own)), str(sum(group.places for group in own)))
    total = len(summary.groups)
    head.add_row("合计", str(total), str(sum(group.places for group in summary.groups)), style="bold")
    parts: list[RenderableType] = [head]
    who = "、".join(f"{name} {count}项" for name, count in sorted(summary.reviewers.items())) or "尚无"
    parts.append(Text(f"签核人：{who}"))
    if summary.strays:
        parts.append(Text(f"另有{summary.strays}条签核所指的变更不在本次对照中，已照原样保留。"))
    disputed: tuple[State, ...] = ("conflict", "queried", "open")
    for state in disputed:
        found = summary.of(state)
        if not found:
            continue
        more = f"（先列{_SHOWN}项，共{len(found)}项）" if len(found) > _SHOWN else f"（{len(found)}项）"
        table = table_of(f"{STATES[state]}{more}", ["变更", "位置", "内容", "签核意见"], overflow="fold")
        for group in found[:_SHOWN]:
            where = f"{group.where}等{group.places}处" if group.places > 1 else group.where
            table.add_row(group.title, escape(where), escape(group.text), escape(_opinions(group)))
        parts.append(table)
    if summary.complete and total:
        parts.append(Text("全部变更均已认可。"))
    return Group(*parts)


def _opinions(group: Signed) -> str:
    said = []
    for decision in group.decisions:
        comment = f"：{decision.comment}" if decision.comment else ""
        when = decision.at.astimezone(UTC).strftime("%Y-%m-%d")
        said.append(f"{decision.by} {STATES[decision.decision]}（{when}）{comment}")
    return "\n".join(said)
