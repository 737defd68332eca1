"""Ruled tables from PDF pages: decode, find edges and cells, put the text into cells."""
