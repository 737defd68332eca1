"""The two releases that are compared, as far as the reports need them, and the names they print."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import pyarrow as pa

from pipeline.schema import ANNEX_TABLES, TABLES


class Side(Protocol):
    """One side of a comparison: a release, its tables by name and its manifest (``pipeline.diff.Side``)."""

    @property
    def edition(self) -> str:
        """The edition's name."""

    @property
    def release(self) -> str:
        """The release's name."""

    @property
    def tables(self) -> Mapping[str, pa.Table]:
        """The release's tables by name."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The release's manifest.json."""


def release_hash(side: Side) -> str:
    """What a release holds, as one SHA-256 in hexadecimal; sign-offs are bound to it.

    It covers edition, release and the checksums of the release's Parquet files as the manifest lists them. The time
    of publishing and the validation site are left out: the same data published again are the same data.
    """
    files = {
        name: record["sha256"] for name, record in side.manifest["files"].items() if name.endswith(".parquet")
    }
    content = {"edition": side.edition, "release": side.release, "files": files}
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def name_of(side: Side) -> str:
    """How a release is named: edition@release."""
    return f"{side.edition}@{side.release}"


def title_of(side: Side) -> str:
    """The rulebook's title, or the edition's name where the manifest states none."""
    return str(side.manifest.get("title") or side.edition)


def created_of(side: Side) -> str:
    """The day on which the release was published, YYYY-MM-DD."""
    return str(side.manifest.get("created", ""))[:10]


def _pairs(side: Side, table: str, key: str, value: str) -> dict[str, str]:
    found = side.tables.get(table)
    if found is None:
        return {}
    return dict(zip(found[key].to_pylist(), found[value].to_pylist(), strict=True))


@dataclass(frozen=True)
class Names:
    """The names of classes, majors and annexes on both sides; ``after`` wins where both have one."""

    before: Side
    after: Side

    @cached_property
    def classes(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Name by class code, before and after."""
        return tuple(_pairs(side, "classes", "class_code", "name") for side in (self.before, self.after))  # type: ignore[return-value]

    @cached_property
    def majors(self) -> Mapping[str, str]:
        """Name by major code."""
        both = [_pairs(side, "majors", "major_code", "name") for side in (self.before, self.after)]
        return both[0] | both[1]

    @cached_property
    def major_of_class(self) -> Mapping[str, str]:
        """Major code by class code."""
        both = [_pairs(side, "classes", "class_code", "major_code") for side in (self.before, self.after)]
        return both[0] | both[1]

    @cached_property
    def _annex_numbers(self) -> Mapping[str, int]:
        numbers: dict[str, int] = {}
        for side in (self.after, self.before):
            for name in ANNEX_TABLES:
                table = side.tables.get(name)
                if name not in numbers and table is not None and table.num_rows:
                    numbers[name] = table["annex_no"][0].as_py()
        return numbers

    def table(self, name: str) -> str:
        """What a table is called: 附件4 行业协会商会名单."""
        declared = TABLES.get(name)
        title = declared.title_zh if declared else "文件标题与标题行"
        if name not in ANNEX_TABLES or name == "annex_other":
            return title
        number = self._annex_numbers.get(name)
        return f"附件{number} {title}" if number else f"附件 {title}"

    def annex_order(self, name: str) -> tuple[int, int]:
        """A key under which annexes come in the order of their printed numbers."""
        known = ANNEX_TABLES.index(name) if name in ANNEX_TABLES else len(ANNEX_TABLES)
        return (self._annex_numbers.get(name) or 100, known)
