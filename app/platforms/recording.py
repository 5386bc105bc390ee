"""What the latest calls sent and were answered, for the activity list: in memory only, shown without secrets.

Recording keeps the first bytes as they are, which costs nothing; secrets are taken out when somebody looks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from app.core.activity import ShownCall
from app.core.secret import Secret

from .redaction import MASK, scrub

# Of each body, in bytes kept and in characters shown: a secret across the end of what is kept is not shown in part.
_KEPT, _SHOWN = 9 * 1024, 8 * 1024
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"})
_NAMES = r"token|secret|passw|authorization|cookie|api[-_]?key|credential|private[-_]?key|refresh"
# A value under a telling name, as JSON writes it; also in JSON that is a text within JSON. Lengths are bounded: what
# comes from a server must not make looking at it slow.
_NAME = rf'[^"\\]{{0,60}}(?:{_NAMES})[^"\\]{{0,60}}'
_NAMED = re.compile(rf'(?i)(?<!\\)("{_NAME}"\s{{0,9}}:\s{{0,9}}")(?:[^"\\]|\\.)*')
_NAMED_WITHIN = re.compile(
    rf'(?i)(\\{{1,7}}"{_NAME}\\{{1,7}}"\s{{0,9}}:\s{{0,9}}\\{{1,7}}")(?:[^"\\]|\\{{2,9}}"?|\\(?!["\\]))*'
)
_IN_ADDRESS = re.compile(r"(//[^/\s:@\"]{1,80}:)[^@\s/\"]{1,200}(?=@)")


def without_secrets(text: str, secrets: Iterable[Secret] = ()) -> str:
    """What looks like a secret, is known as one, or stands under the name of one, is masked."""
    found = scrub(text, secrets)
    for telling in (_NAMED, _NAMED_WITHIN):
        found = telling.sub(lambda each: f"{each[1]}{MASK}", found)
    return _IN_ADDRESS.sub(lambda each: f"{each[1]}{MASK}", found)


class HttpDetails:
    """One request and its answer. ``secrets`` are those of the channel, also such as it learns later."""

    __slots__ = ("_answer", "_answer_headers", "_answer_size", "_headers", "_request", "_secrets", "_size", "_url")

    def __init__(
        self, url: str, headers: Collection[tuple[str, str]], content: bytes, secrets: Collection[Secret]
    ) -> None:
        self._url: str | None = url
        self._headers = tuple(headers)
        self._request, self._size = content[:_KEPT], len(content)
        self._answer_headers: tuple[tuple[str, str], ...] = ()
        self._answer, self._answer_size = b"", 0
        self._secrets = secrets

    def take_headers(self, headers: Mapping[str, str]) -> None:
        self._answer_headers = tuple(headers.items())

    def take_answer(self, content: bytes) -> None:
        self._answer, self._answer_size = content[:_KEPT], len(content)

    def shown(self) -> ShownCall | None:
        if self._url is None:
            return None
        known = tuple(self._secrets)
        return ShownCall(
            without_secrets(self._url, known),
            _shown_headers(self._headers, known),
            _shown(self._request, known),
            _shown_headers(self._answer_headers, known),
            _shown(self._answer, known),
            self._size > _SHOWN,
            self._answer_size > _SHOWN,
        )

    def forget(self) -> None:
        self._url = None
        self._headers = self._answer_headers = ()
        self._request = self._answer = b""

    def __repr__(self) -> str:
        return "HttpDetails()"

    def __reduce_ex__(self, protocol: object) -> str:
        raise TypeError("What was sent is kept in memory only.")


class SqlDetails:
    """A statement as it may be shown, ``values`` by name only."""

    __slots__ = ("_names", "_statement")

    def __init__(self, statement: str, names: Iterable[str]) -> None:
        self._statement: str | None = statement[:_KEPT]
        self._names = tuple(names)

    def shown(self) -> ShownCall | None:
        if self._statement is None:
            return None
        from .postgres.sql_lines import without_values

        text = without_secrets(without_values(self._statement))
        values = "\n".join(f"{name} = {MASK}" for name in self._names)
        whole = f"{text[:_SHOWN]}\n\n{values}" if values else text[:_SHOWN]
        return ShownCall("", request=whole, is_request_cut=len(text) > _SHOWN)

    def forget(self) -> None:
        self._statement = None
        self._names = ()

    def __repr__(self) -> str:
        return "SqlDetails()"


def _shown(content: bytes, secrets: Iterable[Secret]) -> str:
    return without_secrets(content.decode("utf-8", "replace"), secrets)[:_SHOWN]


def _shown_headers(headers: Iterable[tuple[str, str]], secrets: Iterable[Secret]) -> tuple[tuple[str, str], ...]:
    known = tuple(secrets)
    return tuple(
        (name, _masked_header(value) if name.lower() in _SECRET_HEADERS else without_secrets(value, known))
        for name, value in headers
    )


def _masked_header(value: str) -> str:
    scheme, _, rest = value.partition(" ")
    return f"{scheme} {MASK}" if rest and scheme.isalpha() else MASK
