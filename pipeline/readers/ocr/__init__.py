"""Scans: pages that are pictures without text → cells, by character recognition (optional extra ``xize[ocr]``)."""
