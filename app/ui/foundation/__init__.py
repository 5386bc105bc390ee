"""Users, tasks and the registry of a foundation."""
