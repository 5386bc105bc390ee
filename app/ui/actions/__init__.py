"""The one registry of actions, what tells of their keys, and the cheat sheet."""
