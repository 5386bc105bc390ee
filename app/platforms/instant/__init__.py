"""Instant: cloud and self-hosted, over its Platform API and its Admin API."""
