"""The main window, and what ties everything in it together."""
