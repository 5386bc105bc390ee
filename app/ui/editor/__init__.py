"""The schema editor: grids, text and diagram of one draft."""
