"""A script of SQL as words with their places, and a cursor that walks over them."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final, NamedTuple, NoReturn

from app.core.text import plain

from .sql_names import Dialect, entity_name, home_schema
from .text_problems import MAX_PROBLEMS, TextErrors, TextProblem

MAX_LENGTH: Final = 32 * 2**20
_TOKEN: Final = re.compile(
    r"""
    (?P<skip>\s+|--[^\n]*|/\*.*?\*/)
  | (?P<text>'(?:[^']|'')*')
  | (?P<odd>[Ee]'(?:[^'\\]|''|\\.)*'|[BbXxNn]'(?:[^']|'')*'|\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$)
  | (?P<quoted>"(?:[^"]|"")+"|`(?:[^`]|``)+`)
  | (?P<word>[^\W\d][\w$]*)
  | (?P<other>\d[\w.]*|::|.)
    """,
    re.VERBOSE | re.DOTALL,
)


class Refused(Exception):
    """A statement that cannot be read; its problem was written down."""


class Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int

    @property
    def upper(self) -> str:
        """As a word of SQL; "" for what is none."""
        return self.text.upper() if self.kind in ("word", "other") else ""


@dataclass(slots=True)
class Source:
    """One text; problems gather here while it is read."""

    text: str
    problems: list[TextProblem] = field(default_factory=list)
    _lines: list[int] = field(default_factory=list)

    def place(self, at: int) -> tuple[int, int]:
        """Line from 1, column in characters from 0."""
        if not self._lines:
            self._lines = [0, *(each.end() for each in re.finditer("\n", self.text))]
        line = bisect_right(self._lines, at)
        return line, at - self._lines[line - 1]

    def tell(self, start: int, end: int, sentence: str, remedy: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(TextProblem(*self.place(start), *self.place(max(end, start + 1)), sentence, remedy))

    def check(self) -> None:
        """Raise what was gathered, if anything."""
        if self.problems:
            raise TextErrors(tuple(sorted(self.problems, key=lambda each: (each.line, each.column))))

    def statements(self) -> list[list[Token]]:
        """The words of each statement, without spaces, comments and the semicolon."""
        found: list[list[Token]] = [[]]
        for each in _TOKEN.finditer(self.text):
            kind = each.lastgroup or "other"
            if kind == "skip":
                continue
            if each[0] == ";" and kind == "other":
                found.append([])
            else:
                found[-1].append(Token("odd" if kind == "tag" else kind, each[0], each.start(), each.end()))
        return [each for each in found if each]


class Cursor:
    """Walks over the words of one statement, or of a part of it. Every refusal raises Refused."""

    def __init__(self, source: Source, tokens: list[Token], dialect: Dialect) -> None:
        self._source = source
        self._tokens = tokens
        self._dialect = dialect
        self.at = 0

    @property
    def is_done(self) -> bool:
        return self.at >= len(self._tokens)

    @property
    def here(self) -> Token:
        """The next word; at the end an empty one behind the last."""
        if not self.is_done:
            return self._tokens[self.at]
        end = self._tokens[-1].end if self._tokens else 0
        return Token("end", "", end, end)

    def refuse(self, sentence: str, remedy: str = "Correct it.", token: Token | None = None) -> NoReturn:
        where = token or self.here
        self._source.tell(where.start, where.end, sentence, remedy)
        raise Refused

    def peeks(self, *words: str) -> bool:
        """Whether the next words are these."""
        if self.at + len(words) > len(self._tokens):
            return False
        return all(self._tokens[at].upper == word for at, word in enumerate(words, self.at))

    def takes(self, *words: str) -> bool:
        """Step over these words, if they are the next ones."""
        if not self.peeks(*words):
            return False
        self.at += len(words)
        return True

    def expect(self, *words: str) -> None:
        if not self.takes(*words):
            self.refuse(f"Here should be {' '.join(words)}{self._instead()}.", "Write it as in the rest of the script.")

    def _instead(self) -> str:
        return ", and the statement ends" if self.is_done else f" instead of {plain(self.here.text, 40)}"

    def name(self) -> str:
        token = self.here
        if token.kind == "quoted":
            self.at += 1
            return token.text[1:-1].replace(token.text[0] * 2, token.text[0])
        if token.kind != "word":
            self.refuse(f"Here should be a name{self._instead()}.", "Put names with signs into double quotes.")
        self.at += 1
        return token.text if self._dialect == "sqlite" else token.text.lower()

    def path(self) -> tuple[str, ...]:
        """Names with dots between them."""
        found = [self.name()]
        while self.takes("."):
            found.append(self.name())
        return tuple(found)

    def table(self) -> str:
        """As the name of an entity."""
        token, parts = self.here, self.path()
        if len(parts) > 2:
            self.refuse("A table has a schema and a name at most.", "Leave out what stands before.", token)
        return entity_name(*parts) if len(parts) == 2 else entity_name(home_schema(self._dialect), parts[0])

    def literal(self) -> str:
        token = self.here
        if token.kind != "text":
            self.refuse(f"Here should be a text in single quotes{self._instead()}.")
        self.at += 1
        return token.text[1:-1].replace("''", "'")

    def bracketed(self) -> Cursor:
        """What stands in the brackets that open here."""
        start = self.at
        self.expect("(")
        depth = 1
        while depth:
            if self.is_done:
                self.refuse("A bracket is not closed.", "Close it.", self._tokens[start])
            depth += {"(": 1, ")": -1}.get(self.here.text, 0)
            self.at += 1
        return Cursor(self._source, self._tokens[start + 1 : self.at - 1], self._dialect)

    def parts(self) -> list[Cursor]:
        """What stands between the commas, outside of brackets."""
        found: list[list[Token]] = [[]]
        depth = 0
        for each in self._tokens[self.at :]:
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(each.text, 0)
            if each.text == "," and depth == 0:
                found.append([])
            else:
                found[-1].append(each)
        if len(found) == 1 and not found[0]:
            return []
        return [Cursor(self._source, each, self._dialect) for each in found]

    def leading_name(self) -> str | None:
        """The name that all of it begins with, where only words follow (``a DESC NULLS LAST``)."""
        if any(each.kind not in ("word", "quoted") and each.text != "." for each in self._tokens):
            return None
        name = self.name()
        self.at = 0
        return name

    def __len__(self) -> int:
        return len(self._tokens)

    def until(self, words: frozenset[str], *, least: int = 0) -> str:
        """The text up to one of the words outside of brackets, or the end; ``least`` words are part of it anyway."""
        first, depth, count = self.here, 0, 0
        last: Token | None = None
        while not self.is_done:
            token = self.here
            if depth == 0 and count >= least and token.upper in words:
                break
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.text, 0)
            last, count = token, count + 1
            self.at += 1
        return "" if last is None else self._source.text[first.start : last.end]

    def rest(self) -> str:
        return self.until(frozenset())

    def ensure_done(self) -> None:
        if not self.is_done:
            self.refuse(
                f"{plain(self.here.text, 40)} is not understood here.", "Remove it, or make this change in the grids."
            )
