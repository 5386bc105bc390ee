"""Jump to anything."""
