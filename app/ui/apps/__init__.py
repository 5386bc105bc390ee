"""The list of apps with their IDs, and the dialogs about one."""
