"""A schema that is being edited, as grids, diagram and text share it."""
