"""Dialogs about connections, and the strip of those that take writes."""
