"""The text of an ``instant.schema.ts`` as a syntax tree, and the places where it is refused.

tree-sitter counts bytes; people count characters: the crossing is here only.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Final

import tree_sitter_typescript
from tree_sitter import Language, Node, Parser, Point

from app.core.text import plain

from .text_problems import MAX_PROBLEMS, TextErrors, TextProblem

MAX_BYTES: Final = 32 * 2**20
# A text that is meant to be read takes 0.3 s per MB; only one made to be slow comes near this.
MAX_SECONDS: Final = 30.0
_CHUNK: Final = 64 * 2**10
_LANGUAGE: Final = Language(tree_sitter_typescript.language_typescript())


@dataclass(slots=True)
class Source:
    """One text with its tree; problems gather here while it is read."""

    data: bytes
    root: Node
    problems: list[TextProblem] = field(default_factory=list)

    def position(self, at: Point, byte: int) -> tuple[int, int]:
        """Line from 1, column in characters from 0."""
        if at.column == 0:
            return at.row + 1, 0
        before = self.data[byte - at.column : byte]
        return at.row + 1, len(before) if before.isascii() else len(before.decode(errors="replace"))

    def start(self, node: Node) -> tuple[int, int]:
        return self.position(node.start_point, node.start_byte)

    def text(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode()

    def refuse(self, node: Node, sentence: str, remedy: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            line, column = self.start(node)
            end_line, end_column = self.position(node.end_point, node.end_byte)
            self.problems.append(TextProblem(line, column, end_line, end_column, sentence, remedy))

    def check(self) -> None:
        """Raise what was gathered, if anything."""
        if self.problems:
            raise TextErrors(tuple(sorted(self.problems, key=lambda each: (each.line, each.column))))


def source_of(text: str) -> Source:
    """Raises TextErrors for a text that is no text (half characters), or is too large or too tangled."""
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        column = error.start - (text.rfind("\n", 0, error.start) + 1)
        _give_up(line, column, "Half of a character stands here.", "Delete it, and enter it again.")
    if len(data) > MAX_BYTES:
        _give_up(1, 0, f"The text is larger than {MAX_BYTES // 2**20} MB.", "Open a file that holds a schema only.")
    return Source(data, _parsed(data))


def _give_up(line: int, column: int, sentence: str, remedy: str) -> None:
    raise TextErrors((TextProblem(line, column, line, column + 1, sentence, remedy),))


def _parsed(data: bytes) -> Node:
    """The callbacks let other threads run in between: a parse of plain bytes would hold all of them up."""
    end = time.monotonic() + MAX_SECONDS

    def read(offset: int, _at: Point) -> bytes:
        return data[offset : offset + _CHUNK]

    def must_stop(_offset: int, _has_error: bool) -> bool:
        return time.monotonic() > end

    try:
        return Parser(_LANGUAGE).parse(read, progress_callback=must_stop).root_node
    except ValueError:
        problem = TextProblem(1, 0, 1, 1, "The text is too tangled to be read.", "Check that it is a schema file.")
        raise TextErrors((problem,)) from None


_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|.))", re.DOTALL)
_SIMPLE: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_CONTINUED: Final = {"\n", "\r\n", "\r", "\u2028", "\u2029"}


def unescaped(text: str) -> str | None:
    """What the inside of a JavaScript string (or an identifier) says; None where it is not well formed."""
    if "\\" not in text:
        return text
    try:
        found = _ESCAPE.sub(_character, text)
        # Two halves of one character may have been written as two escapes.
        return found.encode("utf-16", "surrogatepass").decode("utf-16")
    except ValueError:
        return None


def _character(match: re.Match[str]) -> str:
    *codes, single = match.groups()
    code = next((each for each in codes if each), None)
    if code is not None:
        return chr(int(code, 16))
    if single in _CONTINUED:
        return ""
    if single in "ux123456789":
        raise ValueError(single)
    return _SIMPLE.get(single, single)


def shown(name: str) -> str:
    """A name or a piece of the text, fit for a sentence."""
    return plain(name, 60)
