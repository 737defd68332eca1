"""A page read a second time, by camelot or by the other decoder, and compared."""
