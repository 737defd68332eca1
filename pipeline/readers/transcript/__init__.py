"""A noisy text transcript → the staged cells, blocks and pages that a PDF gives."""
