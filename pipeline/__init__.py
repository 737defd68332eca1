"""Xize (细则): from a rulebook PDF to versioned Parquet that others can trust."""

__version__ = "1.0.0"
