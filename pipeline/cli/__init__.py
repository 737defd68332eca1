"""The command line: one Typer app, a module per group of commands."""

from pipeline.cli.app import app, main

__all__ = ["app", "main"]
