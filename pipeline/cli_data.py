"""Commands that look at published data as a whole: ``export``, ``history``, ``coverage`` and ``compare``."""

from __future__ import annotations

import typer

from pipeline import cli_compare, cli_coverage, cli_export, cli_history

app = typer.Typer(no_args_is_help=True)
for part in (cli_export, cli_history, cli_coverage, cli_compare):
    app.add_typer(part.app)
