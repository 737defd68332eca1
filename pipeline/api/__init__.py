"""Answers over HTTP, read-only: is it counted, since when, what is published."""
