"""source.yaml: what it must say, reading it strictly, and rewriting it with its comments kept."""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq
from ruamel.yaml.error import YAMLError

from pipeline.editions.files import replace_file
from pipeline.editions.names import NAME, name_parts
from pipeline.errors import XizeError

Text = Annotated[str, Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


EditionName = Annotated[str, Field(pattern=rf"^{NAME}$")]


class StrictModel(BaseModel):
    """What a steward writes: unknown keys are refused, blanks around texts do not count."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, populate_by_name=True)


class SourceFile(StrictModel):
    """One file of an edition: its name, kind of source, checksum, what it is and where it came from.

    ``url``: where it lies when it is not in the edition's folder (any URL that fsspec understands).
    """

    name: Text
    url: Annotated[str, Field(pattern=r"^[a-z][a-z0-9+.-]*://.+")] | None = None
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    sha256: Sha256
    about: str = ""
    origin: str = ""

    @field_validator("name")
    @classmethod
    def _inside(cls, name: str) -> str:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError("须是版本文件夹内的文件名")
        return name


class HeaderMeaning(StrictModel):
    """What a printed header word stands for: a credential kind, a tier, or a table's column (``field``)."""

    kind: Literal["title", "skill", "practice", "one_plus_x", "industry"] | None = None
    tier: Literal["初级", "中级", "高级"] | None = None
    field: str | None = None

    @model_validator(mode="after")
    def _some(self) -> HeaderMeaning:
        if self.kind is None and self.tier is None and self.field is None:
            raise ValueError("须写明kind、tier或field")
        return self


class Bounds(StrictModel):
    """How many rows a table may have; either end may be left open."""

    min: Annotated[int, Field(ge=0)] | None = None
    max: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Bounds:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min大于max")
        return self


class Source(StrictModel):
    """The whole of source.yaml.

    ``issued``, ``effective_from``, ``document_no`` (发文字号) and ``supersedes`` (the edition that ends with this one) say
    which of several versions is in force.
    """

    edition: Text
    title: Text
    jurisdiction: Text
    year: Annotated[int, Field(ge=1900, le=2999)]
    issued: datetime.date | None = None
    effective_from: datetime.date | None = None
    document_no: Text | None = None
    supersedes: Text | None = None
    read: Text
    files: Annotated[tuple[SourceFile, ...], Field(min_length=1)]
    headers: dict[str, HeaderMeaning] = {}
    bounds: dict[str, Bounds] = {}
    settle: Literal["docx", "none"] = "docx"
    learn_from: tuple[EditionName, ...] | Literal["none"] | None = None
    licence: str | None = None
    disclaimer: str | None = None
    approval: Literal["required"] | None = None

    @field_validator("issued", "effective_from", mode="before")
    @classmethod
    def _dates(cls, value: object) -> object:
        """A number would be taken for seconds since 1970."""
        if isinstance(value, int | float):
            raise ValueError("应是日期，如2026-03-01")
        return value

    @field_validator("headers", mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        """``词: skill`` is short for ``词: {kind: skill}``; a tier and a column name likewise."""
        if not isinstance(value, Mapping):
            return value
        return {word: _meaning(what) if isinstance(what, str) else what for word, what in value.items()}

    @field_validator("learn_from", mode="before")
    @classmethod
    def _one_or_more(cls, value: object) -> object:
        """A single edition may stand without a list; ``none`` learns from nothing."""
        return [value] if isinstance(value, str) and value != "none" else value

    @model_validator(mode="after")
    def _learns_from_others(self) -> Source:
        if self.learn_from and self.edition in self.learn_from:
            raise ValueError(f"learn_from写了本版本“{self.edition}”")
        return self

    @field_validator("bounds")
    @classmethod
    def _tables(cls, value: dict[str, Bounds]) -> dict[str, Bounds]:
        from pipeline.schema import TABLES

        unknown = [name for name in value if name not in TABLES]
        if unknown:
            raise ValueError(f"没有名为{unknown[0]}的表（可用：{'、'.join(TABLES)}）")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Source:
        name = name_parts(self.edition)
        if name is None or (name.jurisdiction, name.year) != (self.jurisdiction, self.year):
            raise ValueError(
                f"edition“{self.edition}”应等于jurisdiction-year“{self.jurisdiction}-{self.year}”，或其后加“-序号”"
            )
        if self.supersedes is not None:
            other = name_parts(self.supersedes)
            if other is None or other == name or other.jurisdiction != name.jurisdiction:
                raise ValueError(f"supersedes“{self.supersedes}”应是同一地区的另一个版本")
        kinds = [file.kind for file in self.files]
        twice = {kind for kind in kinds if kinds.count(kind) > 1}
        if twice:
            raise ValueError(f"files中kind“{min(twice)}”登记了两次")
        if self.read not in kinds:
            raise ValueError(f"read是“{self.read}”，但files中没有该kind（现有：{'、'.join(kinds)}）")
        return self


def _meaning(word: str) -> dict[str, str]:
    from pipeline.schema import KINDS, TIERS

    return {"kind" if word in KINDS else "tier" if word in TIERS else "field": word}


def round_trip() -> YAML:
    """Reads and writes YAML with comments, order and quotes kept."""
    yaml = YAML(typ="rt")
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.preserve_quotes = True
    return yaml


def load_yaml(path: Path) -> Any:
    """The YAML document of ``path`` with its comments and line numbers (ruamel.yaml round-trip nodes).

    Raises XizeError naming file and line when it cannot be read or is not YAML.
    """
    return parse_yaml(path, file_bytes(path))


def file_bytes(path: Path) -> bytes:
    """The bytes of a steward's file. Raises XizeError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise XizeError(f"无法读取{path}（{error.strerror}）：请检查文件及其权限。") from error


@lru_cache(maxsize=8)
def known_yaml(path: Path, data: bytes) -> Any:
    """As :func:`parse_yaml`, kept for whoever asks again: a document to read, not to change.

    A list is parsed item by item, and each is kept: where one is added to many, it alone is parsed. Lines within an item
    are counted from where it begins (:func:`line_of` knows).
    """
    text = _decoded(path, data)
    dash = re.search(r"^ *-(?=\s)", text, re.MULTILINE)
    starts = (
        [] if dash is None else [one.start() for one in re.finditer(f"^{dash[0]}(?=\\s)", text, re.MULTILINE)]
    )
    # Directives, several documents, and line ends that YAML alone counts: as a whole.
    plain = starts and not re.search(r"^\s*[^#\s]", text[: starts[0]], re.MULTILINE) and "\n..." not in text
    if not plain or len(text.splitlines()) != text.count("\n") + (not text.endswith("\n")):
        return parse_yaml(path, data)
    document = CommentedSeq()
    try:
        for start, stop in pairwise([*starts, len(text)]):
            items, line = _known_items(path, text[start:stop]), text.count("\n", 0, start)
            for index, item in enumerate(items):
                at, column = items.lc.item(index)
                document.lc.add_idx_line_col(len(document), [line + at, column])
                document.append(item)
    except XizeError:  # an alias, a quote over several lines: the whole is right, or wrong in its own words
        return parse_yaml(path, data)
    return document


@lru_cache(maxsize=4096)
def _known_items(path: Path, text: str) -> Any:
    return parse_yaml(path, text.encode())


def parse_yaml(path: Path, data: bytes) -> Any:
    """As :func:`load_yaml`, of bytes that were read from ``path``."""
    try:
        return round_trip().load(_decoded(path, data))
    except RecursionError:
        raise XizeError(f"{path}嵌套过深，无法读取：请改成至多几层的列表与键值对。") from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        where = f"第{mark.line + 1}行" if mark is not None else ""
        problem = re.sub(r"\s+", " ", str(getattr(error, "problem", None) or error))
        raise XizeError(
            f"{path}{where}不是合法的YAML（{problem}）：请更正该处的缩进、冒号或引号。"
        ) from error
    except ValueError as error:  # YAML makes days of what looks like one
        where = _line_of_no_day(data.decode())
        what = "不存在的日期" if where else f"读不懂的值（{error}）"
        raise XizeError(f"{path}{where}有{what}：日期请写成年-月-日，如2026-03-01。") from error


def _decoded(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise XizeError(f"{path}不是UTF-8编码（第{error.start + 1}字节起）：请另存为UTF-8。") from error


def _line_of_no_day(text: str) -> str:
    """第N行: the first line with a day that no calendar has; "" where there is none."""
    for number, line in enumerate(text.splitlines(), 1):
        for year, month, day in re.findall(r"\b(\d{4})-(\d\d?)-(\d\d?)\b", line):
            try:
                datetime.date(int(year), int(month), int(day))
            except ValueError:
                return f"第{number}行"
    return ""


def yaml_bytes(document: Any) -> bytes:
    """``document`` (as from :func:`load_yaml`) as a file's bytes."""
    stream = io.BytesIO()
    round_trip().dump(document, stream)
    return stream.getvalue()


def dump_yaml(path: Path, document: Any) -> None:
    """Write ``document`` (as from :func:`load_yaml`, comments kept) to ``path`` in one atomic step.

    Raises OSError; the file is then as it was before.
    """
    replace_file(path, yaml_bytes(document))


def line_of(document: Any, location: Sequence[str | int]) -> int | None:
    """The line (from 1) of the key or item at ``location``; of its nearest parent when it is missing."""
    line: int | None = None
    node, before = document, 0  # lines before those that the node counts
    for step in location:
        position = getattr(node, "lc", None)
        if position is None:
            break
        try:
            at = int((position.key(step) if isinstance(node, Mapping) else position.item(step))[0])
            line = before + at + 1
            node = node[step]
            if isinstance(step, int) and hasattr(node, "lc"):
                before += at - node.lc.line
        except (KeyError, IndexError, TypeError):
            break
    return line


_PROBLEMS = {
    "missing": "没有写明",
    "extra_forbidden": "不认识",
    "json_invalid": "不是完整的JSON",
    "string_type": "应是文字（可加引号）",
    "string_unicode": "含有不成字的字符",
    "finite_number": "应是有限的数",
    "int_type": "应是整数",
    "int_parsing": "应是整数",
    "int_from_float": "应是整数",
    "string_too_short": "不能为空",
    "too_short": "不能为空",
    "tuple_type": "应是列表",
    "dict_type": "应是键值对",
    "model_type": "应是键值对",
    "greater_than_equal": "数值太小",
    "less_than_equal": "数值太大",
    "timezone_aware": "应写明时区",
}


def problem_zh(error: Mapping[str, Any]) -> str:
    """What is wrong with a value, from one of pydantic's errors, without its place: "应是整数"."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "string_pattern_mismatch":
        expected = "64位小写十六进制数" if error["loc"][-1] == "sha256" else f"形如{context['pattern']}的文字"
        return f"应是{expected}"
    if kind == "literal_error":
        return f"只能是{context['expected'].replace(' or ', '、').replace(', ', '、')}之一"
    if kind == "string_too_long":
        return f"文字太长，至多{context['max_length']}字"
    if kind.startswith(("datetime_", "date_")):
        return "应是日期，如2026-03-01" if kind.startswith("date_") else "应是日期时间"
    return _PROBLEMS.get(kind, str(error["msg"]))


def _complaint(path: Path, document: Any, error: Mapping[str, Any]) -> str:
    location = [step for step in error["loc"] if isinstance(step, str | int)]
    line = line_of(document, location)
    where = f"{path}第{line}行" if line is not None else f"{path}"
    key = ".".join(f"第{step + 1}项" if isinstance(step, int) else step for step in location)
    if error["type"] == "missing":
        return f"{where}缺少键“{key}”：请补上。"
    if error["type"] == "extra_forbidden":
        return f"{where}有不认识的键“{key}”：请更正拼写或删去。"
    about = f"的键“{key}”" if key else ""
    return f"{where}{about}有误（{problem_zh(error)}）：请更正。"


def list_items(
    path: Path, document: Any, first_key: str, what: str, keys: str
) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
    """(index, line, item) of a steward's list (corrections, acceptances); None is an empty one.

    Raises XizeError where the document is no list or an item no mapping; ``first_key``, ``what`` and ``keys`` say in
    the message what an item looks like.
    """
    if document is None:
        return
    if isinstance(document, str) or not isinstance(document, Sequence):
        raise XizeError(f"{path}不是列表：每项{first_key}")
    for index, item in enumerate(document):
        line = line_of(document, [index]) or 0
        if not isinstance(item, Mapping):
            raise XizeError(f"{path}第{line}行不是一项{what}：应有{keys}。")
        yield index, line, item


def parse_source(path: Path, document: Any) -> Source:
    """``document`` (from :func:`load_yaml`) as a Source; XizeError naming file, line, key and remedy."""
    if not isinstance(document, Mapping):
        raise XizeError(f"{path}不是键值对：请至少写明edition、title、jurisdiction、year、read与files。")
    try:
        return Source.model_validate(document)
    except ValidationError as failure:
        raise XizeError(_complaint(path, document, dict(failure.errors()[0]))) from failure


def read_source(path: Path) -> Source:
    """Read and check a source.yaml. Raises XizeError naming file, line, key and remedy."""
    return parse_source(path, load_yaml(path))
