"""A second pair of eyes: camelot's reading, or the other decoder's, compared cell by cell."""
