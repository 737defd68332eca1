"""Readers: one module per kind of source; every reader gives the same staged cells."""
