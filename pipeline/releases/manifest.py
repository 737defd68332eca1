"""What stands beside a release's tables: manifest.json and datapackage.json."""

from __future__ import annotations

import hashlib
import platform
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import __version__
from pipeline.arrow import where
from pipeline.editions.edition import Edition
from pipeline.releases.catalogue import FACTS
from pipeline.schema import QUEUES, TABLES
from pipeline.schema.json_schema import field_schema, value_schema
from pipeline.schema.types import Field, Table

if TYPE_CHECKING:
    from pipeline.releases.catalogue import Release

_LIBRARIES = (
    "pyarrow", "pdfplumber", "pdfminer.six", "pypdfium2", "playa-pdf", "camelot-py", "great_expectations",
    "prefect", "duckdb", "rapidfuzz",
)  # fmt: skip

CONTRACT = 2
"""Version of the data contract that releases are written to. Releases of version 1 do not say theirs."""

_LICENCE = "细则的著作权与使用条件以发布机关的规定为准；本数据未附加其他许可。"
_LICENCE_EN = "Rights in the rulebook rest with its publisher; these data add no licence of their own."
_DISCLAIMER = "摹本或文字稿不是法律文本；认定请以主管部门发布的原件为准。"
_DISCLAIMER_EN = (
    "A facsimile or transcript is no legal text; only the document issued by the authority counts."
)


@dataclass(frozen=True)
class SourceInfo:
    """The source file that a release was read from, and what source.yaml says about its edition.

    ``is_default``: it is the source that source.yaml names under ``read``, whose releases become the latest. ``facts``:
    what it says of :data:`pipeline.releases.catalogue.FACTS`; ``approval``: a second person must approve its releases.
    """

    kind: str
    file: str
    sha256: str
    edition: str
    title: str
    is_default: bool
    about: str = ""
    origin: str = ""
    licence: str | None = None
    disclaimer: str | None = None
    facts: Mapping[str, str | None] = field(default_factory=lambda: dict.fromkeys(FACTS))
    approval: bool = False

    @property
    def record(self) -> dict[str, str]:
        """What a release says of the file itself."""
        return {name: getattr(self, name) for name in ("kind", "file", "sha256", "about", "origin")}

    @classmethod
    def of(cls, edition: Edition, kind: str | None = None, sha256: str | None = None) -> SourceInfo:
        """Of an edition's source of ``kind`` (default: the one read); ``sha256`` as found on disk."""
        file, source = edition.file(kind), edition.source
        return cls(
            file.kind, file.name, sha256 or file.sha256, edition.name, source.title, file.kind == source.read,
            file.about, file.origin, source.licence, source.disclaimer,
            source.model_dump(mode="json", include=set(FACTS)), source.approval is not None,
        )  # fmt: skip


@dataclass(frozen=True)
class RunInfo:
    """What a release records of the run that made it.

    ``stats`` holds ``conservation`` and whatever else the manifest should say; ``allow_incomplete`` is only recorded:
    validation then makes warnings of what is missing. ``compare`` gives the bytes of changes.json from the release before,
    the manifest as it is without that file, and the new tables; ``browse`` the bytes of browse.html from that manifest, the
    datapackage and the tables. Without them there are no such files.
    """

    stats: Mapping[str, object] = field(default_factory=dict)
    validation: Mapping[str, object] = field(default_factory=dict)
    allow_incomplete: bool = False
    code_version: str | None = None
    compare: Callable[[Release, Mapping[str, Any], Mapping[str, pa.Table]], bytes] | None = None
    browse: Callable[[Mapping[str, Any], Mapping[str, Any], Mapping[str, pa.Table]], bytes] | None = None
    by: str = ""


def library_versions() -> dict[str, str]:
    """Versions of Xize, Python and the libraries that are installed."""
    versions = {"xize": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # optional libraries need not be there
    return versions


def count_findings(findings: pa.Table) -> dict[str, dict[str, int]]:
    """Number of findings by severity, by code, by status and by queue; of the open ones by queue."""
    counts = {
        f"by_{column}": dict(sorted(Counter(findings[column].to_pylist()).items()))
        for column in ("severity", "code", "status", "queue")
    }
    open_ones = where(findings, "status", "open")
    return {**counts, "open_by_queue": count_queues(open_ones["queue"].to_pylist())}


def count_queues(queues: Iterable[str]) -> dict[str, int]:
    """Number of findings in each queue, also where there is none."""
    counts = Counter(queues)
    return {queue: counts[queue] for queue in QUEUES}


def _file_record(data: bytes, rows: int | None) -> dict[str, object]:
    """What the manifest says of one file."""
    record: dict[str, object] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    return record if rows is None else {**record, "rows": rows}


def manifest(
    release: str, source: SourceInfo, run: RunInfo, tables: Mapping[str, pa.Table], files: Mapping[str, bytes]
) -> dict[str, Any]:
    """manifest.json: the only place of a release where a time stands."""
    rows = {f"{name}.parquet": table.num_rows for name, table in tables.items()}
    corrected = {
        name: count
        for name, table in tables.items()
        if "corrected" in table.column_names and (count := pc.sum(table["corrected"]).as_py() or 0)
    }
    return {
        "contract": CONTRACT,
        "edition": source.edition,
        "release": release,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "title": source.title,
        **source.facts,
        "source": source.record,
        "used": [
            {"role": "read", "kind": source.kind, "file": source.file, "sha256": source.sha256},
            *cast("list[object]", run.stats.get("settled_by", [])),
            *cast("list[object]", run.stats.get("learned", [])),
        ],
        "versions": library_versions(),
        "code_version": run.code_version,
        "allow_incomplete": run.allow_incomplete,
        "validation": dict(run.validation),
        "conservation": run.stats.get("conservation"),
        "stats": {
            key: value
            for key, value in run.stats.items()
            if key not in ("conservation", "settled_by", "learned")
        },
        "findings": count_findings(tables["findings"]),
        "corrected": corrected,
        "rows": {name: table.num_rows for name, table in tables.items()},
        "files": {name: _file_record(data, rows.get(name)) for name, data in files.items()},
    }


def _field(field: Field, table: Table) -> dict[str, Any]:
    schema = field_schema(field)
    kind = value_schema(field.type)["type"]
    constraints: dict[str, Any] = {"required": True} if not field.nullable else {}
    if table.key == (field.name,):
        constraints["unique"] = True
    if field.enum:
        constraints["enum"] = list(field.enum)
    constraints |= {name: schema[name] for name in ("pattern", "minimum", "maximum") if name in schema}
    described = {
        "name": field.name,
        # Frictionless reads a Parquet list as a NumPy array, which its own "array" does not accept.
        "type": "any" if kind == "array" else kind,
        "title": field.title_zh,
        "title_en": field.title_en,
        "description": schema["description"],
        "arrow_type": str(field.type),
    }
    return {**described, "constraints": constraints} if constraints else described


def _resource(table: Table, rows: int) -> dict[str, Any]:
    # Parquet has nulls of its own; these are the words under which Frictionless meets them, "" is a text.
    schema: dict[str, Any] = {
        "fields": [_field(field, table) for field in table.fields],
        "missingValues": ["nan", "None"],
    }
    # A primary key may hold no null in Frictionless; a key with a nullable column is described only.
    if not any(table.by_name[name].nullable for name in table.key):
        schema["primaryKey"] = list(table.key)
    if table.foreign:
        schema["foreignKeys"] = [
            {
                "fields": list(key.fields),
                "reference": {"resource": key.target, "fields": list(key.target_fields)},
            }
            for key in table.foreign
        ]
    return {
        "name": table.name,
        "path": f"{table.name}.parquet",
        "title": table.title_zh,
        "title_en": table.title_en,
        "description": f"{table.doc_zh} / {table.doc_en}",
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "rows": rows,
        "key": list(table.key),
        "schema": schema,
    }


def datapackage(release: str, source: SourceInfo, tables: Mapping[str, pa.Table]) -> dict[str, Any]:
    """datapackage.json (Frictionless): tables and columns in two languages, source, licence, disclaimer."""
    licence, disclaimer = source.licence or _LICENCE, source.disclaimer or _DISCLAIMER
    about = f"（{source.about}）" if source.about else ""
    return {
        "profile": "data-package",
        "contract": CONTRACT,
        "name": source.edition,
        "version": release,
        "title": source.title,
        "title_en": f"Certificates recognised for dual-qualified teachers, {source.edition}",
        "description": (
            f"{source.title}的结构化数据，来源：{source.file}{about}。{disclaimer} / "
            f"Tables of the rulebook, edition {source.edition}, read from {source.file}. {_DISCLAIMER_EN}"
        ),
        **source.facts,
        "disclaimer": disclaimer,
        "disclaimer_en": _DISCLAIMER_EN,
        "licenses": [{"name": "not-specified", "title": f"{licence} / {_LICENCE_EN}"}],
        "sources": [{"title": source.title, **source.record}],
        "resources": [_resource(TABLES[name], table.num_rows) for name, table in tables.items()],
    }
