"""Many certificates at once: a list of teachers' certificates (.xlsx or .csv) comes back with an answer in every row.

Nothing of a list is kept, logged or quoted in a message.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from pipeline.editions.kinds import contents
from pipeline.errors import XizeError
from pipeline.output.workbook import new_workbook
from pipeline.query.check import Answer, check, parse_grade, parse_level
from pipeline.text import csv_text, squeeze

if TYPE_CHECKING:
    from pipeline.query.catalogue import Catalog

Cell = str | int | float | bool | None
Row = list[Cell]

# What the headers are called, the plainest first; brackets in a header do not count (证书名称（全称）).
_HEADERS = {
    "class": ("专业类代码", "专业类", "专业类名称", "专业代码", "专业名称", "专业", "class", "class_code", "classcode"),
    "name": ("证书名称", "证书", "名称", "资格名称", "证书全称", "name", "certificate", "certificatename"),
    "grade": ("等级", "证书等级", "级别", "技能等级", "证书级别", "grade", "level"),
}  # fmt: skip
_NEEDED = ("class", "name")
_TOP_ROWS = 20
_MOST_ROWS = 100_000
_MOST_CELLS = 2_000_000
_MOST_BYTES = 300_000_000

ANSWER_COLUMNS = ("是否计入", "级次", "原文", "页码", "依据版本", "说明")
YES, NEAR, NO, UNCLEAR = "是", "相近", "否", "无法判断"


@dataclass(frozen=True)
class CertificateList:
    """A list as it was given: ``rows`` as wide as each other; ``header`` is the header's place, ``columns`` what stands where."""

    rows: Sequence[Row]
    header: int
    columns: dict[str, int]


def read_list(path: Path) -> CertificateList:
    """The first sheet of a workbook, or a CSV file. Raises XizeError when it cannot be read or lacks a column needed.

    Example::

        read_list(Path("teachers.xlsx")).columns  # {"class": 0, "name": 2}
    """
    suffix = path.suffix.lower()
    if suffix not in (".xlsx", ".csv"):
        raise XizeError(f"“{path}”不是.xlsx或.csv文件：请另存为其中一种。")
    return parse_list(contents(path), suffix, str(path))


def parse_list(data: bytes, suffix: str, path: str) -> CertificateList:
    """As :func:`read_list`, from the bytes of a file (``suffix`` .xlsx or .csv) that messages call ``path``.

    >>> parse_list("专业类,证书名称\\n6101,焊工\\n".encode(), ".csv", "list.csv").columns
    {'class': 0, 'name': 1}
    """
    rows = _xlsx_rows(data, path) if suffix == ".xlsx" else _csv_rows(data, path)
    if len(rows) > _MOST_ROWS:
        raise XizeError(f"{path}超过{_MOST_ROWS}行：请分成几份。")
    width = max(map(len, rows), default=0)
    rows = [row + [None] * (width - len(row)) for row in rows]
    for at, row in enumerate(rows[:_TOP_ROWS]):
        columns = _columns(row)
        if all(name in columns for name in _NEEDED):
            return CertificateList(rows, at, columns)
    raise XizeError(
        f"{path}中找不到“专业类”和“证书名称”两列（另可有“等级”）：请在前{_TOP_ROWS}行内写明表头，"
        "英文为class、name、grade。"
    )


def _columns(row: Row) -> dict[str, int]:
    """Where a header row has which column; of several that fit, the plainest name counts, then the first."""
    titles = [re.sub(r"\(.*?\)", "", squeeze(str(cell or ""))).casefold() for cell in row]
    found = {}
    for column, names in _HEADERS.items():
        at = next((titles.index(name) for name in names if name in titles), None)
        if at is not None:
            found[column] = at
    return found


def _csv_rows(data: bytes, path: str) -> list[Row]:
    for encoding in ("utf-8-sig", "gb18030"):  # what Excel writes as CSV UTF-8, and as plain CSV in China
        try:
            text = data.decode(encoding)
            return [list(row) for row in csv.reader(io.StringIO(text, newline=""), strict=True)]
        except UnicodeDecodeError:
            continue
        except csv.Error as error:
            raise XizeError(f"{path}不是完好的CSV文件（{error}）：请重新另存。") from error
    raise XizeError(f"{path}的编码无法识别：请另存为UTF-8编码的CSV，或存为.xlsx。")


def _xlsx_rows(data: bytes, path: str) -> list[Row]:
    """The rows of the first sheet; a merged cell's value stands in every row that it covers.

    A formula stands for its value, or (in a workbook that Excel has not calculated) as its text.
    """
    import openpyxl

    try:
        with ZipFile(io.BytesIO(data)) as parts:
            if sum(part.file_size for part in parts.infolist()) > _MOST_BYTES:
                raise XizeError(f"{path}解压后超过{_MOST_BYTES // 1_000_000}兆字节：请删去多余内容后另存。")
        page = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
        if page.max_row * page.max_column > _MOST_CELLS:
            raise XizeError(
                f"{path}的第一张表有{page.max_row}行{page.max_column}列，多得异常；请删去空行空列后另存。"
            )
        formulas = [cell for row in page.iter_rows() for cell in row if cell.data_type == "f"]
        values = openpyxl.load_workbook(io.BytesIO(data), data_only=True).worksheets[0] if formulas else page
    except (BadZipFile, KeyError, ValueError, IndexError, TypeError, OSError, SyntaxError) as error:
        # openpyxl has no error of its own for a file that is broken inside (SyntaxError: XML that does not parse).
        raise XizeError(f"{path}不是完好的Excel工作簿：请用Excel打开并重新另存为.xlsx。") from error
    rows = [[_plain(value) for value in row] for row in values.iter_rows(values_only=True)]
    for cell in formulas:
        if rows[cell.row - 1][cell.column - 1] is None:
            rows[cell.row - 1][cell.column - 1] = str(getattr(cell.value, "text", cell.value))
    for area in page.merged_cells.ranges:
        for row in rows[area.min_row : area.max_row]:
            row[area.min_col - 1] = rows[area.min_row - 1][area.min_col - 1]
    while rows and not any(cell is not None for cell in rows[-1]):
        rows.pop()
    return rows


def _plain(value: object) -> Cell:
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, str | int | float | None) else str(value)


def answer_list(
    catalog: Catalog, given: CertificateList, edition: str | None = None
) -> tuple[list[Row], Counter[str]]:
    """(the list with the answers beside it, how many rows got which answer).

    ``edition`` (or one of its releases) judges; default: the one in force today.

    Example::

        rows, counts = answer_list(catalog, read_list(Path("teachers.xlsx")))
        counts  # Counter({"是": 31, "否": 4})
    """
    edition = edition or catalog.judging()
    counts: Counter[str] = Counter()
    made: list[Row] = []
    for at, row in enumerate(given.rows):
        if at < given.header or not any(cell not in (None, "") for cell in row):
            made.append([*row, *[None] * len(ANSWER_COLUMNS)])
        elif at == given.header:
            made.append([*row, *ANSWER_COLUMNS])
        else:
            answer = _answer(catalog, given.columns, row, edition)
            counts[str(answer[0])] += 1
            made.append([*row, *answer])
    return made, counts


def _answer(catalog: Catalog, columns: dict[str, int], row: Row, edition: str) -> Row:
    asked = {name: str(row[at]).strip() if row[at] is not None else "" for name, at in columns.items()}
    try:
        if any(text.startswith("=") for text in asked.values()):
            raise XizeError("所问的格是公式，文件中没有它的值：请用Excel打开并保存后再核对。")
        grade, level = _grade(asked.get("grade", ""))
        answer = check(catalog, asked["class"], asked["name"], grade, level, edition)
    except XizeError as error:
        return [UNCLEAR, None, None, None, edition, str(error)]
    return list(_told(answer))


def _grade(text: str) -> tuple[int | None, str | None]:
    """(grade, level) as a list's one column of both says it. Raises XizeError."""
    if not text:
        return None, None
    if squeeze(text) in ("初级", "中级", "高级"):
        return None, parse_level(text)
    return parse_grade(text), None


def _told(answer: Answer) -> Iterator[Cell]:
    """The cells of :data:`ANSWER_COLUMNS`."""
    rows = answer.matches or answer.near
    yield YES if answer.counts else NEAR if rows else NO
    yield "、".join(answer.tiers) or None
    yield "；".join(dict.fromkeys(row.text for row in rows)) or None
    yield "、".join(dict.fromkeys(str(row.page) for row in rows if row.page is not None)) or None
    verdict = answer.verdicts[0]
    yield f"{verdict.edition}@{verdict.release}"
    remarks = dict.fromkeys(remark for one in answer.verdicts for remark in one.remarks)
    if not answer.counts:
        remarks |= dict.fromkeys(
            f"见于专业类{row.class_code}{row.class_name}" for row in rows if row.how == "other_class"
        )
    yield "；".join(remarks) or None


def list_bytes(rows: Sequence[Row], suffix: str) -> bytes:
    """The answered list as a file: ``suffix`` .xlsx or .csv. Texts stay texts: nothing turns into a formula or a link.

    >>> list_bytes([["name"], ["=1+1"]], ".csv").decode("utf-8-sig").splitlines()
    ['name', "'=1+1"]
    """
    if suffix == ".csv":
        return csv_text(rows[0], rows[1:]).encode("utf-8-sig")
    made = io.BytesIO()
    with new_workbook(made) as workbook:
        page = workbook.add_worksheet("核对结果")
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                if value is not None:
                    page.write(at, column, value)
        page.autofit()
    return made.getvalue()
