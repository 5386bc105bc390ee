"""Untrusted text made safe to show."""

from __future__ import annotations

_ELLIPSIS = "…"
# Overrides and isolates can make a title look like another one, or turn the rest of a row around.
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain(text: str, limit: int = 200) -> str:
    """One line of at most ``limit`` characters, without control and direction characters.

    Right-to-left letters stay; what could reorder the text around them goes. Whatever shows the result must
    still show it as plain text, not as markup.
    """
    # Cut first with a margin: a hostile megabyte must not be walked through on the UI thread.
    head = text[: limit * 4]
    # Nearly everything is: what can be printed has no control or direction characters.
    kept = head if head.isprintable() else _without_controls(head)
    line = " ".join(kept.split())
    if len(line) > limit or len(text) > len(head):
        return line[: limit - 1].rstrip() + _ELLIPSIS
    return line


def _without_controls(text: str) -> str:
    import unicodedata

    return "".join(
        " " if char in "\r\n\t" else char
        for char in text
        if char not in _BIDI_CONTROLS and (char in "\r\n\t" or unicodedata.category(char) not in {"Cc", "Cs"})
    )
