"""Checks of the content of tables, one module per kind."""
