"""Questions to published releases: SQL, whether a certificate counts, its history."""

from pipeline.query.catalogue import Catalog

__all__ = ["Catalog"]
