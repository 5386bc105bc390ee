"""The first page: connections with their health, what was found, and the apps."""
