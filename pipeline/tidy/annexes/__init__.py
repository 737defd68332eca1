"""Annexes: stitched tables under an annex heading become rows of the contract's annex tables."""

from pipeline.tidy.annexes.model import Annex, AnnexResult
from pipeline.tidy.annexes.read import read_annexes

__all__ = ["Annex", "AnnexResult", "read_annexes"]
