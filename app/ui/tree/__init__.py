"""The database tree."""
