"""A client per platform behind one contract."""
