"""What a platform adds to a part beyond the model: pairs of a name and JSON text, read and set one by one."""

from __future__ import annotations

import json
from typing import Any

from app.schema.model import Extra


def extra_of(extra: Extra, name: str, default: Any = None) -> Any:
    """The value under a name; what is no JSON is taken as it is."""
    text = dict(extra).get(name)
    if text is None:
        return default
    try:
        return json.loads(text)
    except ValueError:
        return text


def with_extra(extra: Extra, name: str, value: Any) -> Extra:
    """None and "" take it away; the rest stays, sorted."""
    kept = {key: text for key, text in extra if key != name}
    if value is not None and value != "":
        kept[name] = json.dumps(value, ensure_ascii=False)
    return tuple(sorted(kept.items()))
