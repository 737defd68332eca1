"""Asking the published releases: SQL, whether a certificate counts, since when."""

from pipeline.query.catalogue import Catalog

__all__ = ["Catalog"]
