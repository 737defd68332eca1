"""Grades, levels and names that an item's text states."""
