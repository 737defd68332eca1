"""A steward's corrections: the file and how it changes cells and rows."""
