"""The templates of the reports, and the files that are set into them whole."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def environment() -> Environment:
    """Jinja2 over this package's templates; values are escaped, names that do not exist are errors."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("pipeline.diff.output"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def asset(name: str) -> str:
    """The text of a style sheet or script of the templates folder."""
    return files("pipeline.diff.output").joinpath("templates", name).read_text("utf-8")
