"""From expectations that do not hold to findings that name the rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from expectations.checks import Check
from pipeline.findings import Finding
from pipeline.schema import TABLES

if TYPE_CHECKING:
    import pandas as pd

# One finding per row up to here; the rest of an expectation's rows share one finding that lists their keys.
EACH = 200
# The column of a frame of findings that joins the keys of a finding about several rows.
KEYS = "_keys"
_PLACE = ("page", "line", "x0", "top", "x1", "bottom", "cell_id")


def findings_of(
    check: Check, frame: pd.DataFrame, rows: Sequence[int], observed: object
) -> Iterator[Finding]:
    """The findings of one failed ``check``: ``rows`` are the positions in ``frame`` where it does not hold.

    An expectation on a whole table (no rows) gives one finding with its ``observed`` value.
    """
    if not check.findings:
        return
    if not rows:
        message = check.message.format(observed=observed)
        table = check.table if check.table in TABLES else None
        yield Finding(check.code, message, f"{check.name}={observed}", check.severity, table)
        return
    records: list[dict[Any, Any]] = frame.iloc[list(rows)].to_dict("records")
    each = list(zip(rows, records, strict=True))
    for position, record in each[:EACH]:
        yield _finding(check, position, record)
    rest = each[EACH:]
    if rest:
        keys = "、".join(_key(check, record) or str(position + 1) for position, record in rest)
        title = TABLES[check.table].title_zh if check.table in TABLES else check.table
        message = f"{title}另有{len(rest)}行不符合“{check.title}”，各行的键见证据。"
        yield Finding(check.code, message, keys, check.severity, check.table)


def _missing(value: object) -> bool:
    return value is None or value != value  # NaN is the one value that differs from itself


def _key(check: Check, record: dict[str, Any]) -> str | None:
    if check.table not in TABLES:
        return None
    value = record.get(TABLES[check.table].key[0])
    return None if _missing(value) else str(value)


def _finding(check: Check, position: int, record: dict[str, Any]) -> Finding:
    table = TABLES.get(check.table)
    key = _key(check, record)
    value = _value(check, record)
    by_name = table.by_name if table is not None else {}
    column = check.columns[0] if check.columns else ""
    words = {name: "" if _missing(v) else v for name, v in record.items()}
    words |= {
        "title": table.title_zh if table is not None else "",
        "key": key or f"第{position + 1}行",
        "row": position + 1,
        "column": by_name[column].title_zh if column in by_name else words.get("column", column),
        "value": value,
        "table": words.get("table", check.table) if table is None else check.table,
    }
    place = {name: _place(name, record.get(name)) for name in _PLACE if not _missing(record.get(name))}
    about = check.table if table is not None else record.get("table") if check.table == "structure" else None
    confidence = record.get("confidence")
    return Finding(
        check.code,
        check.message.format_map(words),
        f"{check.name}={value}",
        check.severity,
        about,
        key,
        confidence=1.0 if _missing(confidence) else float(confidence),  # type: ignore[arg-type]
        **place,
    )


def _place(name: str, value: Any) -> Any:
    if name == "cell_id":
        return str(value)
    return int(value) if name in ("page", "line") else float(value)


def _value(check: Check, record: dict[str, Any]) -> str:
    """What is wrong, for message and evidence: the offending values, or the columns that have none."""
    values = {name: record.get(name) for name in check.columns}
    if check.form == "filled":
        return "、".join(name for name, value in values.items() if _missing(value))
    if check.form == "within":
        bounds: Any = check.options["bounds"]
        bad = {n: v for n, v in values.items() if not _missing(v) and not bounds[n][0] <= v <= bounds[n][1]}
        return "、".join(f"{name}={value:g}" for name, value in bad.items())
    return "/".join("" if _missing(value) else str(value) for value in values.values())
