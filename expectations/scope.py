"""The coverage page of the validation site: which parts of the document are in the data, at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader

from expectations.reference import reference_majors
from pipeline.quality.scope import STATES, Scope, scope
from pipeline.text import page_spans

if TYPE_CHECKING:
    import pyarrow as pa

    from expectations.report import ValidationContext

PAGE = "scope.html"

_SHORT = {
    "present": "有",
    "partial": "存疑",
    "empty": "无条目",
    "lost": "缺失",
    "unsure": "或缺",
    "absent": "无",
    "extra": "另列",
}


def scope_of(tables: Mapping[str, pa.Table]) -> Scope | None:
    """The coverage of these tables, None where there is none or where they do not fit together."""
    needed = {"coverage", "majors", "classes", "entries"}
    return scope(tables, reference_majors()) if needed <= tables.keys() else None


def write_scope(folder: Path, found: Scope, context: ValidationContext) -> None:
    """Write the page into the site's folder, beside its style.css."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True, trim_blocks=True
    )
    pages = {
        detail: page_spans(
            [int(one.key) for one in found.pages if one.detail == detail and one.key.isdecimal()]
        )
        for detail in dict.fromkeys(one.detail for one in found.pages)
    }
    text = environment.get_template("xize_scope.j2").render(
        scope=found,
        states=STATES,
        short=_SHORT,
        pages=pages,
        edition=context.edition,
        document_title=context.title,
    )
    (folder / PAGE).write_text(text, "utf-8")
