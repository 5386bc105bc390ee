"""A call as a ``curl`` command that can be pasted into a shell; its token stays a variable."""

from __future__ import annotations

import shlex

from app.core.activity import ShownCall

_BODY_FILE = "body.json"


def curl_text(method: str, call: ShownCall) -> str:
    """For a POSIX shell. The token is ``$TOKEN``; a body that was not kept whole is read from a file."""
    parts = ["curl", "-X", shlex.quote(method), shlex.quote(call.url)]
    for name, value in call.request_headers:
        if name.lower() == "authorization":
            parts += ["-H", '"Authorization: Bearer $TOKEN"']
        else:
            parts += ["-H", shlex.quote(f"{name}: {value}")]
    text = " ".join(parts)
    if call.is_request_cut:
        return f"# The body was too long to be kept: put it into {_BODY_FILE}.\n{text} --data-binary @{_BODY_FILE}"
    return f"{text} --data-raw {shlex.quote(call.request)}" if call.request else text
