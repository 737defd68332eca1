"""A zoo of small ruled tables, one per ruling style or defect, each with the grid that a reader must find.

``ZOO``: name → function(path) that draws a PDF and returns the expected tables
([{"page", "cells": [{"row", "col", "row_span", "col_span", "text"}]}], in reading order).
"""

from __future__ import annotations

from . import zoo_pages, zoo_rulings, zoo_text
from .sheet import ZOO

__all__ = ["ZOO", "zoo_pages", "zoo_rulings", "zoo_text"]
