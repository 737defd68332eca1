"""corrections.yaml: what a steward changes in the content, once, for every later run.

A correction says where (``class``/``kind``/``tier``, ``annex``/``no`` or ``cell_id``), what stands there today
(``from``), what is to be done (``action``) and why. It must fit exactly one place; otherwise it stops the run: the
source has changed, and a correction applied to something else would be a mistake of ours.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator

from pipeline.editions.source_yaml import StrictModel, file_bytes, known_yaml, line_of, list_items, problem_zh
from pipeline.errors import XizeError
from pipeline.findings import Finding
from pipeline.schema import KINDS, TIERS
from pipeline.text import squeeze

HEAD = "更正：逐项写明where、action、from、to、reason、by、date；原文变化后不再适用者会使运行停止。"
"""The comment above a new file."""

Action = Literal["replace", "split", "join", "move", "drop", "add", "set_span", "map_column"]
ACTIONS: tuple[str, ...] = get_args(Action)

CELL_ACTIONS = frozenset({"set_span", "map_column"})
"""Actions on staged cells, before tidying; ``replace`` too where the place is a cell_id and no item of it."""

Words = Annotated[str, Field(min_length=1)]


def _plain(value: object) -> object:
    """Codes and numbers may be written without quotes: 6101, 3."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Target(StrictModel):
    """A cell of the catalogue, or where ``move`` takes an item: there what is not named stays, and the item goes to the end
    unless ``position`` (from 1) is given."""

    class_code: Words | None = Field(None, validation_alias=AliasChoices("class", "class_code"))
    kind: Words | None = None
    tier: Words | None = None
    position: Annotated[int, Field(ge=1)] | None = None

    _code = field_validator("class_code", mode="before")(_plain)

    @field_validator("kind")
    @classmethod
    def _kind(cls, kind: str | None) -> str | None:
        if kind is None or kind in KINDS:
            return kind
        by_label = {squeeze(label): name for name, label in KINDS.items()}
        if squeeze(kind) not in by_label:
            raise ValueError(f"没有“{kind}”这一类别，可用：{'、'.join(KINDS)}")
        return by_label[squeeze(kind)]

    @field_validator("tier")
    @classmethod
    def _tier(cls, tier: str | None) -> str | None:
        if tier is not None and tier not in TIERS:
            raise ValueError(f"没有“{tier}”这一级次，可用：{'、'.join(TIERS)}")
        return tier


class Where(Target):
    """One place: a catalogue cell, a row of an annex, or a staged cell.

    ``position`` tells items of the same text in a cell apart; ``list`` and ``part`` rows of an annex that counts anew;
    ``row_id`` names an annex row outright.
    """

    annex: Annotated[int, Field(ge=0)] | None = None
    no: Words | None = None
    part: Words | None = Field(None, validation_alias=AliasChoices("part", "list"))
    row_id: Words | None = None
    cell_id: Words | None = None

    _codes = field_validator("no", "row_id", mode="before")(_plain)

    @model_validator(mode="after")
    def _one_way(self) -> Where:
        ways = [self.class_code is not None, self.annex is not None, self.cell_id is not None]
        if sum(ways) != 1:
            raise ValueError("须恰好写明class（与kind、tier）、annex（与no）、cell_id三者之一")
        if self.class_code is not None and (self.kind is None or self.tier is None):
            raise ValueError("写了class就须同时写明kind与tier")
        if self.annex is not None and self.no is None and self.row_id is None:
            raise ValueError("写了annex就须同时写明no或row_id")
        return self

    @property
    def words(self) -> str:
        """The place in a message."""
        if self.cell_id is not None:
            return f"单元格{self.cell_id}"
        if self.annex is not None:
            part = f"{self.part}之" if self.part else ""
            return f"附件{self.annex}{part}·{self.row_id or self.no}"
        return f"{self.class_code}·{self.kind}·{self.tier}"


class Correction(StrictModel):
    """One entry of corrections.yaml. ``expect`` is written ``from`` (or ``expect``); ``line`` is its line there.

    ``finding`` is what it settles, ``evidence`` the digest of what that rested on (``decisions.row_digest``).
    """

    where: Where
    action: Action
    expect: str | int | list[str] | dict[str, str | int] | None = Field(
        None, validation_alias=AliasChoices("from", "expect")
    )
    to: str | int | list[str] | dict[str, Any] | None = None
    column: Words | None = None
    after: Words | None = None
    reason: Words
    by: Words
    date: datetime.date
    finding: str | None = None
    evidence: str | None = None
    line: int = 0
    file: str = ""

    @field_validator("expect", "to", mode="before")
    @classmethod
    def _texts(cls, value: object) -> object:
        return [one if one is None else str(one) for one in value] if isinstance(value, list) else value

    @model_validator(mode="after")
    def _fits_action(self) -> Correction:
        items_only = self.action in ("split", "join", "move") and self.where.annex is not None
        problem = "只用于目录条目" if items_only else _SHAPES[self.action](self)
        if problem:
            raise ValueError(f"动作{self.action}{problem}")
        return self

    @property
    def of_cells(self) -> bool:
        """Whether it changes a staged cell, before tidying."""
        return self.action in CELL_ACTIONS or (self.action == "replace" and self.where.cell_id is not None)

    def error(self, problem: str) -> XizeError:
        """The exception that names this correction: file, line, place, and what is the matter."""
        return XizeError(
            f"{self.file}第{self.line}行的更正（{self.where.words}，{self.action}）{problem}：请核对后更正或删去该项，再重新运行。"
        )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _replace(correction: Correction) -> str | None:
    if not _is_text(correction.expect):
        return "须用from写明现在的文字"
    return None if _is_text(correction.to) else "须用to写明更正后的文字"


def _split(correction: Correction) -> str | None:
    expect, to = correction.expect, correction.to
    if not isinstance(expect, str) or not isinstance(to, list) or len(to) < 2:
        return "须用from写明一个条目、用to列出拆成的各条"
    parts = _DIVIDER.join(re.escape(squeeze(str(part))) for part in to)
    return None if re.fullmatch(parts, squeeze(expect)) else "的to各条连起来与from不同"


_DIVIDER = "[、;,/]?"
"""What may be left out between the parts of an item that is split: the mark that divides them."""


def _join(correction: Correction) -> str | None:
    expect, to = correction.expect, correction.to
    if not isinstance(expect, list) or len(expect) < 2:
        return "须用from依次列出要合并的各条"
    same = to is None or squeeze(str(to)) == squeeze("".join(expect))
    return None if same else "的to与from各条连起来不同"


def _move(correction: Correction) -> str | None:
    if not isinstance(correction.expect, str) or not isinstance(correction.to, dict):
        return "须用from写明条目、用to写明新的class、kind或tier"
    try:
        Target.model_validate(correction.to)
    except ValidationError:
        return f"的to只能写class、kind、tier与position，且须是已有的类别与级次（现为{correction.to}）"
    return None if correction.to else "的to是空的"


def _drop(correction: Correction) -> str | None:
    return None if _is_text(correction.expect) else "须用from写明要删去的文字"


def _add(correction: Correction) -> str | None:
    if correction.where.annex is not None:
        return None if isinstance(correction.to, dict) and correction.to else "须用to写明新行的各列"
    return None if _is_text(correction.to) else "须用to写明新条目的文字"


def _set_span(correction: Correction) -> str | None:
    if correction.where.cell_id is None:
        return "须用where.cell_id指明单元格"
    for value, name in ((correction.expect, "from"), (correction.to, "to")):
        if not isinstance(value, dict) or not value or not value.keys() <= {"row_span", "col_span"}:
            return f"的{name}须写明row_span或col_span"
        if not all(isinstance(span, int) and span >= 1 for span in value.values()):
            return f"的{name}须是不小于1的整数"
    return None


def _map_column(correction: Correction) -> str | None:
    if correction.where.cell_id is None:
        return "须用where.cell_id指明单元格"
    whole = all(isinstance(value, int) and value >= 0 for value in (correction.expect, correction.to))
    return None if whole else "的from与to须是列号（从0起）"


_SHAPES = {
    "replace": _replace, "split": _split, "join": _join, "move": _move, "drop": _drop, "add": _add,
    "set_span": _set_span, "map_column": _map_column,
}  # fmt: skip


def load_corrections(path: Path) -> tuple[Correction, ...]:
    """The corrections of a file, none where there is no file.

    Raises XizeError (file, line, remedy) when it is not YAML, not a list, or an entry is incomplete or unknown.
    """
    return corrections_in(path, file_bytes(path) if path.is_file() else None)


def corrections_in(path: Path, data: bytes | None) -> tuple[Correction, ...]:
    """As :func:`load_corrections`, of the bytes that were read from ``path`` (None: there was no file)."""
    return () if data is None else parse_corrections(path, known_yaml(path, data))


def parse_corrections(path: Path, document: Any) -> tuple[Correction, ...]:
    """``document`` (from ``source_yaml.load_yaml``) as corrections. Raises XizeError as :func:`load_corrections`."""
    shape, keys = "更正请以“- where:”开头。", "where、action、from、to、reason、by、date"
    found = []
    for index, line, item in list_items(path, document, shape, "更正", keys):
        try:
            found.append(Correction.model_validate({**item, "line": line, "file": str(path)}))
        except ValidationError as failure:
            raise XizeError(_complaint(path, document, index, failure)) from failure
    return tuple(found)


def decided_corrections(path: Path) -> list[Correction]:
    """The whole entries of the file that name a finding; entries still to be decided are passed over.

    Raises XizeError when the file is not YAML.
    """
    return list(_decided(path, file_bytes(path) if path.is_file() else None))


@lru_cache(maxsize=4)  # the review page asks again and again
def _decided(path: Path, data: bytes | None) -> tuple[Correction, ...]:
    document = None if data is None else known_yaml(path, data)
    named: list[Correction] = []
    for item in document if isinstance(document, list) else ():
        if isinstance(item, Mapping) and item.get("finding"):
            with suppress(XizeError):  # a run will say what it lacks, with its line
                named += parse_corrections(path, [item])
    return tuple(named)


_NAMES = {"class_code": "class", "expect": "from"}


def _complaint(path: Path, document: Any, index: int, failure: ValidationError) -> str:
    # A misspelt key is both missing and unknown: the second says more.
    error = min(failure.errors(), key=lambda one: one["type"] != "extra_forbidden")
    location = [_NAMES.get(str(step), step) for step in error["loc"] if isinstance(step, str)]
    keys = [step for step in location if step.isidentifier()]
    line = line_of(document, [index, *keys])
    at = f"{path}第{line}行的更正"
    key = ".".join(keys[:2])
    if keys[:1] == ["action"]:
        given = error["input"] if error["type"] != "missing" else None
        said = f"的动作“{given}”不认识" if given else "没有写明动作"
        return f"{at}{said}：action请写{'、'.join(ACTIONS)}之一。"
    if error["type"] == "missing" or error.get("input") is None:
        return f"{at}没有写明“{key}”：请补上后重新运行。"
    if error["type"] == "extra_forbidden":
        return f"{at}有不认识的键“{key}”：请更正拼写或删去。"
    said = problem_zh(dict(error))
    about = f"的“{key}”" if key else ""
    return f"{at}{about}有误（{said}）：请更正。"


def summary(data: bytes | None, corrections: Sequence[Correction]) -> dict[str, object]:
    """What corrections did, for the manifest: how many there are by action (all of them apply, or the run stops), and
    the checksum of the file's ``data``."""
    counts = Counter[str](correction.action for correction in corrections)
    sha256 = None if data is None else hashlib.sha256(data).hexdigest()
    return {"count": len(corrections), "by_action": dict(sorted(counts.items())), "sha256": sha256}


@contextmanager
def fitting(correction: Correction, left_out: list[Correction] | None) -> Iterator[None]:
    """Within, ``correction`` is applied; one that does not fit goes to those ``left_out``, or raises XizeError where there is no
    such list."""
    try:
        yield
    except XizeError:
        if left_out is None:
            raise
        left_out.append(correction)


def not_applied(correction: Correction) -> Finding:
    """The finding about a correction that does not fit another source than the edition's own."""
    place, text = correction.where.words, correction.expect
    message = (
        f"corrections.yaml第{correction.line}行的更正（{place}，{correction.action}）不适用于这一来源，没有应用；"
        "对本版本所取的来源仍然有效，请勿删去。"
    )
    return Finding("correction_not_applied", message, f"{place}|{correction.action}|{text}")


def only_one(found: Sequence[Any], correction: Correction, what: str) -> Any:
    """The one place that a correction is about. Raises XizeError naming it when there is none, or several."""
    if not found:
        raise correction.error(f"不再适用：该处没有{what}")
    if len(found) > 1:
        more = "from写得更长" if correction.of_cells else "where中再写明position、part、row_id或cell_id"
        raise correction.error(f"适用于{len(found)}处（{what}），须能唯一确定，可将{more}")
    return found[0]
