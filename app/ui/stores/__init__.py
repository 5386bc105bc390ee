"""Main databases, workspaces and their stores, and moving one."""
