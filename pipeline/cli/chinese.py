"""Help, and what is said of a wrong command line, in Chinese where the locale is.

help.zh.json has every text of the commands beside its English.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

WORDS = {
    "ARGUMENTS_PANEL_TITLE": "参数", "OPTIONS_PANEL_TITLE": "选项", "COMMANDS_PANEL_TITLE": "命令",
    "DEFAULT_STRING": "[默认：{}]", "ENVVAR_STRING": "[环境变量：{}]", "REQUIRED_LONG_STRING": "[必填]",
    "ERRORS_PANEL_TITLE": "用法有误", "RICH_HELP": "说明见[blue]“{command_path} {help_option}”[/]。", "ABORTED_TEXT": "已中止。",
}  # fmt: skip

_REFUSALS = {
    r"No such option: (\S+)": r"没有选项\1。",
    r" \(Possible options: (.*)\)$": r"相近的选项：\1。",
    r"^No such command '(.*?)'\.": r"没有命令“\1”。",
    r" Did you mean '(.*)'\?$": r"相近的命令：\1。",
    r"^Missing argument '(.*)'\.$": r"缺少参数\1。",
    r"^Missing option '(.*)'\.$": r"缺少选项\1。",
    r"^Got unexpected extra argument\(s\) \((.*)\)$": r"多余的参数：\1。",
    r"^Option '(.*)' requires an argument\.$": r"选项\1之后须有值。",
    r"^Option '(.*)' does not take a value\.$": r"选项\1之后不可有值。",
    r"^Invalid value for '(\S+)'.*?: ": r"\1的值有误：",
    r"Input should be a valid integer, .*": "须为整数。",
    r"Input should be greater than or equal to (\S+)": r"不得小于\1。",
    r"Input should be less than or equal to (\S+)": r"不得大于\1。",
    r"Value error, '(.*)' is not one of (.*)\.$": r"“\1”不是\2之一。",
}
"""What the option parser says (patterns, one applied after the other) → the same in Chinese."""


def is_wanted() -> bool:
    """Whether the locale of messages is Chinese."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    return next((os.environ[name] for name in names if os.environ.get(name)), "").startswith("zh")


def translations() -> dict[str, str]:
    """English text (blanks and line ends as one blank) → Chinese."""
    text = (files("pipeline.cli") / "help.zh.json").read_text(encoding="utf-8")
    made: dict[str, str] = json.loads(text)
    return made


def texts(group: Any) -> list[tuple[Any, str]]:
    """(what has it, name of the attribute) of every text that help shows."""
    found = [(group, "help")]
    for command in (group, *group.commands.values()):
        found += [(command, name) for name in ("help", "rich_help_panel")]
        found += [(parameter, "help") for parameter in command.params]
    return [(owner, name) for owner, name in found if isinstance(getattr(owner, name, None), str)]


def as_key(text: str) -> str:
    """A text as help.zh.json has it."""
    return " ".join(text.split())


def refusal(text: str) -> str:
    """What the option parser says of a wrong command line, in Chinese.

    >>> refusal("No such option: --grad (Possible options: --grade)")
    '没有选项--grad。相近的选项：--grade。'
    """
    for pattern, words in _REFUSALS.items():
        text = re.sub(pattern, words, text)
    return text


def translate(group: Any) -> None:
    """Put the Chinese texts in place of the English ones; what has none stays."""
    from typer import rich_utils

    known = translations()
    for owner, name in texts(group):
        text = getattr(owner, name)
        setattr(owner, name, known.get(as_key(text), text))
    for command in group.commands.values():
        command.short_help = command.help.partition("。")[0] + "。"
    for command in (group, *group.commands.values()):
        option = command.get_help_option(command.context_class(command))
        if option is not None:
            option.help = "显示本说明后退出。"
    for name, words in WORDS.items():
        setattr(rich_utils, name, words)
    _wrap_lines(rich_utils)
    _refuse_in_chinese(rich_utils)


def _refuse_in_chinese(rich_utils: Any) -> None:
    show = rich_utils.rich_format_error

    def show_in_chinese(error: Any) -> None:
        said = refusal(error.format_message())
        error.format_message = lambda: said
        show(error)

    rich_utils.rich_format_error = show_in_chinese


def _wrap_lines(rich_utils: Any) -> None:
    """Chinese has no blanks to wrap at: what is too long for a line goes on in the next, where Rich would cut it off."""
    from rich import columns, table
    from rich.text import Text

    def folded(cells: Iterable[Any]) -> list[Any]:
        cells = list(cells)
        for cell in cells:
            if isinstance(cell, Text):
                cell.overflow = "fold"
        return cells

    class FoldedTable(table.Table):
        def add_row(self, *cells: Any, **options: Any) -> None:
            super().add_row(*folded(cells), **options)

    class FoldedColumns(columns.Columns):
        def __init__(self, cells: Iterable[Any], **options: Any) -> None:
            super().__init__(folded(cells), **options)

    rich_utils.Table, rich_utils.Columns = FoldedTable, FoldedColumns
