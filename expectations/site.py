"""The rendered validation site: GX Data Docs pages in a frame of our own that needs no network.

Great Expectations' page template loads a dozen style sheets and scripts from content networks. Its renderers
and section templates are kept; the page around them, a small style sheet and a few lines of script are ours.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from great_expectations.render.components import CollapseContent, RenderedDocumentContent
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.view.view import DefaultJinjaPageView
from jinja2 import ChoiceLoader, FileSystemLoader

from expectations.report import ValidationContext, ValidationReport
from expectations.scope import write_scope
from pipeline.schema import TABLES

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult

    from pipeline.quality.scope import Scope

_TEMPLATES = Path(__file__).with_name("templates")
_TITLES = {"document": "文件整体", "structure": "表结构"}
_SEVERITIES = {"error": "错误", "warning": "警告", "info": "提示"}

# What Great Expectations' renderers say in English, as a reader here would say it.
_WORDS = {
    "Overview": "概况",
    "Table-Level Expectations": "整表的期望",
    "Table-level expectations": "整表的期望",
    "Expectation Suite:": "期望集：",
    "Data asset:": "数据表：",
    "Status:": "结果：",
    "Succeeded": "通过",
    "Failed": "未通过",
    "Statistics": "统计",
    "Evaluated Expectations": "已检查的期望",
    "Successful Expectations": "通过的期望",
    "Unsuccessful Expectations": "未通过的期望",
    "Success Percent": "通过比例",
    "Status": "结果",
    "Expectation": "期望",
    "Observed Value": "实际情况",
    "Sampled Unexpected Values": "不符合的值（部分）",
    "Unexpected Value": "不符合的值",
    "Count": "次数",
    "Index": "行",
    "Info": "信息",
}
_TEXT_NODE = re.compile(
    r">(\s*)(" + "|".join(map(re.escape, sorted(_WORDS, key=len, reverse=True))) + r")(\s*)<"
)
_UNEXPECTED = re.compile(r"([\d,]+) unexpected values? found\. (~?[≈<]?[\d.]+)% of ([\d,]+) total rows\.")
_PERCENT = re.compile(r">\s*([≈~<]?(?:&lt;)?[\d.]+)% (unexpected|null|not null)\s*<")
_MEASURES = {"unexpected": "不符合", "null": "符合", "not null": "有值"}
# The suite's own page and the asset's name: we render results only, and the page's title names the table.
_SUITE_LINK = re.compile(
    r'<span class="h6" >Expectation Suite:</span>.*?(?=<span class="h6" >Status:)', re.DOTALL
)
_HEADING = re.compile(r"(<h5[^>]*>\s*)([a-z][a-z0-9_]*)(\s*</h5>)")


class OfflinePageView(DefaultJinjaPageView):
    """Great Expectations' page view with our frame: templates of the same name here come first."""

    def __init__(self) -> None:
        super().__init__()
        theirs = [self.env.loader] if self.env.loader is not None else []
        self.env.loader = ChoiceLoader([FileSystemLoader(_TEMPLATES), *theirs])


def write_site(
    folder: Path,
    pages: Mapping[str, str],
    report: ValidationReport,
    context: ValidationContext,
    scope: Scope | None = None,
) -> None:
    """Write index.html, the suites' ``pages`` and style.css into ``folder`` (created), naming no host.

    ``scope``: the coverage, which gets a page of its own (scope.html); None where the tables have none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "style.css").write_text((_TEMPLATES / "style.css").read_text("utf-8"), "utf-8")
    for table, page in pages.items():
        (folder / f"{table}.html").write_text(page, "utf-8")
    index = (
        _view()
        .env.get_template("xize_index.j2")
        .render(
            report=report,
            suites=[_suite_row(table, report) for table in pages],
            failed=[r for r in report.results if not r.success],
            titles={table: title_of(table) for table in pages},
            severities=_SEVERITIES,
            findings=report.findings,
            scope=scope,
            **_words(context),
        )
    )
    (folder / "index.html").write_text(index, "utf-8")
    if scope is not None:
        write_scope(folder, scope, context)


@lru_cache(maxsize=1)
def _view() -> Any:
    return OfflinePageView()


def _words(context: ValidationContext) -> dict[str, str]:
    return {"edition": context.edition, "document_title": context.title}


def suite_page(table: str, outcome: ExpectationSuiteValidationResult, context: ValidationContext) -> str:
    """The page of one suite. What it does not show is dropped from ``outcome``."""
    for one in outcome.results:
        one.result = _shown(one.result)
    document = ValidationResultsPageRenderer(run_info_at_end=False).render(outcome)
    _trim(document)
    page = _view().render(document, suite_title=title_of(table), suite_name=table, **_words(context))
    return _in_chinese(page, table)


def title_of(table: str) -> str:
    """The Chinese title of a suite."""
    return _TITLES.get(table) or TABLES[table].title_zh


def _shown(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a page shows of a result: no full lists of rows, and the document's words as text, not markup."""
    kept = {
        k: v for k, v in result.items() if not k.startswith("unexpected_index") and k != "unexpected_list"
    }
    return {key: _escaped(value) if key.startswith("partial_") else value for key, value in kept.items()}


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return html.escape(value, quote=False)
    if isinstance(value, dict):
        return {key: _escaped(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_escaped(member) for member in value]
    return value


def _trim(document: RenderedDocumentContent) -> None:
    """Leave out the block of run times and batch ids: it is not about the data and differs on every run."""
    for section in document.sections:
        section.content_blocks = [
            block for block in section.content_blocks if not isinstance(block, CollapseContent)
        ]


def _in_chinese(page: str, table: str) -> str:
    page = _SUITE_LINK.sub("", page)
    page = _TEXT_NODE.sub(lambda m: f">{m[1]}{_WORDS[m[2]]}{m[3]}<", page)
    page = _UNEXPECTED.sub(r"共\3行，其中\1个值不符合（\2%）。", page)
    page = _PERCENT.sub(lambda m: f">{m[1]}%{_MEASURES[m[2]]}<", page)
    fields = TABLES[table].by_name if table in TABLES else {}
    return _HEADING.sub(
        lambda m: f"{m[1]}{fields[m[2]].title_zh if m[2] in fields else '检查列'} <code>{m[2]}</code>{m[3]}",
        page,
    )


def _suite_row(table: str, report: ValidationReport) -> dict[str, object]:
    own = [r for r in report.results if r.table == table]
    tables: Any = report.summary["tables"]
    failed = {s: sum(not r.success and r.severity == s for r in own) for s in _SEVERITIES}
    return {
        "name": table,
        "title": title_of(table),
        "rows": tables[table]["rows"],
        "checked": len(own),
        **failed,
    }
