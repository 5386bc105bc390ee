"""Which addresses can be those of a platform."""

from __future__ import annotations

from urllib.parse import urlsplit

from app.core.errors import FieldError, Invalid


def checked_base_url(text: str) -> str:
    """The base URL without trailing slash; raises Invalid with the field ``base_url`` for what cannot be one."""
    url = text.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        port_is_fine, parts = False, urlsplit("")
    is_fine = (
        port_is_fine
        and parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and not any(char.isspace() for char in url)
        and parts.username is None
        and not parts.query
        and not parts.fragment
    )
    if is_fine:
        return url
    message = "Enter an address such as https://api.instantdb.com, without user name, query or token."
    raise Invalid("The address of the platform is not usable.", fields=(FieldError("base_url", message),))
