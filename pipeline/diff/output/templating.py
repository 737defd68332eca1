"""The pages' templates, and the style sheets and scripts that are set into them whole."""

from __future__ import annotations

from importlib.resources import files
from typing import Any


def _asset(name: str) -> Any:
    from markupsafe import Markup

    return Markup(files("pipeline.diff.output").joinpath("templates", name).read_text("utf-8").rstrip("\n"))


def render(template: str, **values: Any) -> str:
    """A page of this package; values are escaped, names that do not exist are errors.

    In a template ``asset("diff.css")`` is a style sheet or script of the templates folder.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("pipeline.diff.output"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(asset=_asset, **values)
