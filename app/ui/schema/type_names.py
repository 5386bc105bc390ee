"""Short names of types, as they are shown."""

from app.schema.type_names import type_name

__all__ = ["type_name"]
