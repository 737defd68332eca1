"""Xize (细则): from a rulebook PDF to versioned Parquet that others can trust."""

import logging

# pdfminer warns once per glyph of a font without a bounding box, whatever opens the file; nothing of what is read depends on it.
logging.getLogger("pdfminer").setLevel(logging.ERROR)

__version__ = "1.0.0"
