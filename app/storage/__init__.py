"""This machine: folders, the local database, the vault and the log."""
