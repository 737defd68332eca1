"""Commands that look at published data as a whole: ``export``, ``history``, ``coverage`` and ``compare``."""

from __future__ import annotations

import typer

from pipeline.cli import (
    compare as cli_compare,
)
from pipeline.cli import (
    coverage as cli_coverage,
)
from pipeline.cli import (
    export as cli_export,
)
from pipeline.cli import (
    history as cli_history,
)

app = typer.Typer(no_args_is_help=True)
for part in (cli_export, cli_history, cli_coverage, cli_compare):
    app.add_typer(part.app)
