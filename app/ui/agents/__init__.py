"""Agents of an app, and the templates that they come from."""
