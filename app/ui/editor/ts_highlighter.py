"""Colours for TypeScript, given to the lines in sight only: a text of any length opens at once."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtGui import QColor, QTextBlock, QTextCharFormat, QTextDocument, QTextLayout

from app.ui.look.theme import Colours, colours

_TOKEN: Final = re.compile(
    r"""
    (?P<comment>//.*|/\*.*?(?:\*/|$))
    |(?P<string>"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`(?:[^`\\]|\\.)*`?)(?P<key>\s*:)?
    |(?P<call>\bi\s*\.\s*\w+|\.\s*(?:optional|unique|indexed|clientRequired)\b)
    |(?P<name>[A-Za-z_$][\w$]*(?=\s*:))
    |(?P<keyword>\b(?:import|from|export|default|const|let|type|interface|extends|as|typeof|declare|satisfies)\b)
    |(?P<value>\b(?:true|false|null|undefined|\d[\d_.]*)\b)
    """,
    re.VERBOSE,
)
_ROLES: Final = {
    "comment": "muted",
    "string": "good",
    "call": "link",
    "keyword": "info",
    "value": "warning",
    "name": "text",
}
# How far up to look for the start of a comment; longer ones are rare, and looking has to end.
_LOOK_BACK: Final = 400
_PLAIN, _IN_COMMENT = 1, 2
_LONGEST: Final = 4_000


class TsHighlighter(QObject):
    """``touch`` what may have changed, then ``paint`` what is in sight. Other languages have other ``tokens``."""

    tokens: re.Pattern[str] = _TOKEN
    line_comment = "//"

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._document = document
        self.is_busy = False  # what the document tells of meanwhile is no edit

    def refresh_looks(self) -> None:
        """Colours anew everywhere, when each line comes into sight."""
        block = self._document.begin()
        while block.isValid():
            block.setUserState(-1)
            block = block.next()

    def touch(self, block: QTextBlock) -> None:
        """The line changed; if it opens or closes a comment, the lines below follow by themselves."""
        block.setUserState(-1)

    def paint(self, first: QTextBlock, count: int) -> None:
        """Colour ``count`` lines from ``first`` that are not yet, or whose comment above opened or closed."""
        is_inside = self._is_inside(first)
        block = first
        self.is_busy = True
        try:
            for _ in range(count):
                if not block.isValid():
                    break
                is_inside = self._line(block, is_inside)
                block = block.next()
        finally:
            self.is_busy = False

    def _line(self, block: QTextBlock, is_inside: bool) -> bool:
        """Whether the next line begins inside a comment. The state of a line keeps how it began and ended."""
        state = block.userState()
        began = _IN_COMMENT if is_inside else _PLAIN
        if state >= 0 and state & 3 == began:
            return bool(state & 4)
        ranges, ends_inside = _ranges(self.tokens, block.text()[:_LONGEST], is_inside)
        block.layout().setFormats(ranges)
        block.setUserState(began | (4 if ends_inside else 0))
        self._document.markContentsDirty(block.position(), block.length())
        return ends_inside

    def _is_inside(self, block: QTextBlock) -> bool:
        """Whether a line begins inside a comment: the last mark above it tells."""
        above = block.previous()
        for _ in range(_LOOK_BACK):
            if not above.isValid():
                return False
            text = above.text()
            opened, closed = text.rfind("/*"), text.rfind("*/")
            if opened >= 0 or closed >= 0:
                return opened > closed and self.line_comment not in text[:opened]
            above = above.previous()
        return False


def _ranges(tokens: re.Pattern[str], text: str, is_inside: bool) -> tuple[list[QTextLayout.FormatRange], bool]:
    found: list[tuple[int, int, str]] = []
    at = 0
    if is_inside:
        closed = text.find("*/")
        if closed < 0:
            return [_range(0, len(text), "comment")], True
        at = closed + 2
        found.append((0, at, "comment"))
    ends_inside = False
    for match in tokens.finditer(text, at):
        kind = match.lastgroup or ""
        token = match.group()
        if kind == "key":
            found.append((match.start("string"), len(match.group("string")), "name"))
            continue
        found.append((match.start(), len(token), kind))
        ends_inside = kind == "comment" and token.startswith("/*") and not (token.endswith("*/") and len(token) > 3)
    return [_range(*each) for each in found], ends_inside


def _range(start: int, length: int, kind: str) -> QTextLayout.FormatRange:
    made = QTextLayout.FormatRange()
    made.start, made.length = start, length
    made.format = _format(kind, colours())
    return made


@cache
def _format(kind: str, look: Colours) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setForeground(QColor(getattr(look, _ROLES[kind])))
    if kind == "comment":
        made.setFontItalic(True)
    return made
