"""browse.html: every table of a release in one file, to search and filter without a server.

The page holds the sheets of the export as columns of numbers: texts stand once in a pool, and everything is deflated.
Its policy lets nothing run but its own script, told by its hash, and nothing load from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pipeline.export.sheets import Sheet, Value, book, type_zh, values_zh
from pipeline.output.web import render, template_text
from pipeline.schema import GRADE_LABELS, TABLES, TIERS

if TYPE_CHECKING:
    import pyarrow as pa

_PACKAGE = "pipeline.export"
_SCRIPTS = ("unpack.js", "rows.js", "check.js", "crops.js", "browse.js")

# Columns that a reader asks for when needed: they are shown in a row's details and on demand.
_SET_ASIDE = {
    "edition", "source", "line", "x0", "top", "x1", "bottom", "cell_id", "confidence", "corrected", "entry_id", "row_id",
    "finding_id", "position", "annex_no", "keys", "chance",
}  # fmt: skip

Place = tuple[int, float, float, float, float]
"""A box on a page: page from 1, x0, top, x1, bottom in points, origin top left."""


Crop = tuple[Place, float, bytes]
"""A part of a page: where it lies, pixels per point, and the picture as PNG."""


def doubtful_places(tables: Mapping[str, pa.Table]) -> list[Place]:
    """The boxes of all rows that an open finding names, and of the findings themselves, page by page."""
    findings = [row for row in tables["findings"].to_pylist() if row["status"] == "open"]
    named: dict[str, set[str]] = {}
    for row in findings:
        named.setdefault(row["table"] or "", set()).update(row["keys"] or [row["key"] or ""])
    places = set(_places(findings))
    for name, keys in named.items():
        if name in tables and (column := key_column(name)):
            places.update(_places(row for row in tables[name].to_pylist() if row[column] in keys))
    return sorted(places)


def _places(rows: Iterable[Mapping[str, Any]]) -> Iterator[Place]:
    for row in rows:
        if row["page"] is not None and row["bottom"] is not None:
            yield row["page"], row["x0"], row["top"], row["x1"], row["bottom"]


def key_column(table: str) -> str | None:
    """The column whose values name the rows of a table in findings and links; None where several together do."""
    names = TABLES[table].names
    return next((name for name in ("row_id", "entry_id", *TABLES[table].key[:1]) if name in names), None)


def browse_page(
    record: Mapping[str, Any],
    package: Mapping[str, Any],
    tables: Mapping[str, pa.Table],
    crops: Iterable[Crop] = (),
) -> bytes:
    """The page of a release: its manifest, its datapackage, its tables, and pictures of doubtful places."""
    made = book(record, package, tables)
    pictures = list(crops)
    pool: dict[str, int] = {}  # a text is its place in it; numbers stand for themselves, null for nothing
    document = {
        "name": f"{made.edition}@{made.release}",
        "tables": [_packed(sheet, pool) for sheet in made.sheets],
        "pool": list(pool),
        "crops": [[*place, scale] for place, scale, _ in pictures],
        "tiers": TIERS,
        "grades": list(GRADE_LABELS.items()),
    }
    return page(
        "browse.html.j2",
        _SCRIPTS,
        title=f"{record['title']}（{made.edition}@{made.release}）",
        book=made,
        data=deflated(document),
        crops=[base64.b64encode(png).decode("ascii") for _, _, png in pictures],
    )


def _packed(sheet: Sheet, pool: dict[str, int]) -> dict[str, Any]:
    """A sheet as columns."""
    labelled = {
        column.name.removesuffix("_label") for column in sheet.columns if column.name.endswith("_label")
    }
    columns = []
    for at, column in enumerate(sheet.columns):
        values = [row[at] for row in sheet.rows]
        number = type_zh(column) in ("整数", "小数")
        described = {
            "code": column.name,
            "title": column.title_zh,
            "about": "；".join(filter(None, (column.doc_zh, values_zh(column), type_zh(column)))),
            "number": number,
            "aside": column.name in _SET_ASIDE or column.name in labelled,
        }
        columns.append({**described, "values": values if number else _pooled(values, pool)})
    return {
        "name": sheet.table,
        "title": sheet.title,
        "about": sheet.meaning_zh,
        "key": key_column(sheet.table),
        "columns": columns,
    }


def _pooled(values: Iterable[Value], pool: dict[str, int]) -> list[int | None]:
    """The places of texts in the pool, which takes in those that are new."""
    values = list(values)
    known = {
        one: None if one is None else pool.setdefault(str(one), len(pool)) for one in dict.fromkeys(values)
    }
    return [known[one] for one in values]


def deflated(document: object) -> str:
    """JSON for a page, deflated and in base64: a tenth of its size, and nothing in it is HTML."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 6)).decode("ascii")


def page(template: str, scripts: Iterable[str], **values: Any) -> bytes:
    """A page of this package, values escaped, with its style sheet and scripts inside and a policy that allows no others."""
    script = "\n".join(template_text(_PACKAGE, name) for name in scripts)
    style = template_text(_PACKAGE, "browse.css")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    # The text of the policy, the style and the script is this package's own.
    own = {name: Markup(text) for name, text in {"policy": policy, "script": script, "style": style}.items()}
    return render(_PACKAGE, template, **own, **values).encode()


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"
