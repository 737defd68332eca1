"""Releases: their catalogue, publishing, manifest, and the store they lie in."""
