"""Tenantry: one window over every tenant's database."""

__version__ = "0.1.0"
