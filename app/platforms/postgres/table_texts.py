"""What only the text of a SQLite table tells: names of constraints, checks, generated columns, collations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from app.schema.formats.sql_words import without_brackets

_TOKEN: Final = re.compile(
    r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[(),]|[^\s'"`\[(),]+|\s+""",
    re.DOTALL,
)
_BEGINS_CONSTRAINT: Final = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"})


@dataclass(frozen=True, slots=True)
class TableText:
    """By columns, as they are named in the constraint. Checks without a name are called as PostgreSQL would."""

    checks: tuple[tuple[str, str], ...] = ()
    unique_names: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    foreign_names: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    generated: Mapping[str, str] = field(default_factory=dict)
    collations: Mapping[str, str] = field(default_factory=dict)
    rowids: frozenset[str] = frozenset()
    primary_name: str = ""
    has_no_rowid: bool = False


def table_text(sql: str) -> TableText:
    """Nothing is known of a text that is no ``CREATE TABLE`` with columns."""
    tokens = [each for each in _TOKEN.findall(sql) if not each.startswith(("--", "/*"))]
    start = next((at for at, each in enumerate(tokens) if each == "("), None)
    if start is None or not sql[:30].upper().lstrip().startswith("CREATE"):
        return TableText()
    reader = _Reader(_name_before(tokens, start))
    parts, end = _parts(tokens, start)
    for part in parts:
        reader.take(part)
    has_no_rowid = [each.upper() for each in tokens[end:] if not each.isspace()][:2] == ["WITHOUT", "ROWID"]
    return reader.done(has_no_rowid)


class _Reader:
    def __init__(self, table: str) -> None:
        self._table = table
        self._checks: dict[str, str] = {}
        self._unique: dict[tuple[str, ...], str] = {}
        self._foreign: dict[tuple[str, ...], str] = {}
        self._generated: dict[str, str] = {}
        self._collations: dict[str, str] = {}
        self._rowids: set[str] = set()
        self._primary = ""

    def done(self, has_no_rowid: bool) -> TableText:
        return TableText(
            tuple(self._checks.items()),
            self._unique,
            self._foreign,
            self._generated,
            self._collations,
            frozenset(self._rowids),
            self._primary,
            has_no_rowid,
        )

    def take(self, part: list[str]) -> None:
        """One definition: of a column with its constraints, or of a constraint of the table."""
        words = _words(part)
        if not words:
            return
        column = "" if words[0].upper() in _BEGINS_CONSTRAINT else bare(words[0])
        self._walk(words[1:] if column else words, column)

    def _walk(self, words: list[str], column: str) -> None:
        name, at = "", 0
        kind = words[0].upper() if words else ""
        while at < len(words):
            word = words[at].upper()
            if word == "CONSTRAINT" and at + 1 < len(words):
                name, at = bare(words[at + 1]), at + 2
                continue
            group, after = _group(words, at + 1)
            taken = self._constraint(word, words, at, group, column, name, kind)
            at = after if taken and group is not None else at + 1
            if taken:
                name = ""

    def _constraint(
        self, word: str, words: list[str], at: int, group: list[str] | None, column: str, name: str, kind: str
    ) -> bool:
        """Whether it was one, with its brackets."""
        if word == "CHECK" and group is not None:
            self._check(name, column, _joined(group))
        elif word == "AS" and group is not None and column:
            self._generated[column] = without_brackets(_joined(group))
        elif word == "COLLATE" and column and at + 1 < len(words):
            self._collations[column] = bare(words[at + 1])
            return False
        elif word == "UNIQUE":
            self._named(self._unique, (column,) if column else _columns(group), name)
            return bool(group) and not column
        elif word == "REFERENCES" and column:
            self._named(self._foreign, (column,), name)
            return False
        elif word == "PRIMARY":
            self._primary = name or self._primary
            self._rowid(words, at, column, kind)
            return False
        elif word == "FOREIGN" and not column:
            key, _after = _group(words, at + 2)
            self._named(self._foreign, _columns(key), name)
            return False
        else:
            return False
        return True

    def _rowid(self, words: list[str], at: int, column: str, kind: str) -> None:
        """``INTEGER PRIMARY KEY`` is the row's own number, and never null."""
        if column and kind == "INTEGER":
            self._rowids.add(column)

    def _check(self, name: str, column: str, sql: str) -> None:
        usual = f"{self._table}_{column}_check" if column else f"{self._table}_check"
        found, number = name or usual, 0
        while found in self._checks:
            number += 1
            found = f"{usual}{number}"
        self._checks[found] = without_brackets(sql)

    @staticmethod
    def _named(names: dict[tuple[str, ...], str], columns: tuple[str, ...], name: str) -> None:
        if name and columns:
            names[columns] = name


def bare(name: str) -> str:
    """A name without the quotes of any dialect that SQLite takes."""
    for first, last in (('"', '"'), ("`", "`"), ("'", "'"), ("[", "]")):
        if name.startswith(first) and name.endswith(last) and len(name) > 1:
            inner = name[1:-1]
            return inner if first == "[" else inner.replace(last * 2, last)
    return name


def _name_before(tokens: list[str], start: int) -> str:
    words = [each for each in tokens[:start] if not each.isspace()]
    return bare(words[-1].rpartition(".")[2] if not words[-1].startswith(('"', "`", "[")) else words[-1])


def _parts(tokens: list[str], start: int) -> tuple[list[list[str]], int]:
    parts: list[list[str]] = [[]]
    depth = 0
    for at in range(start, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[at], 0)
        if depth == 0:
            return parts, at + 1
        if tokens[at] == "," and depth == 1:
            parts.append([])
        elif at > start:
            parts[-1].append(tokens[at])
    return parts, len(tokens)


def _group(words: list[str], at: int) -> tuple[list[str] | None, int]:
    """The brackets that open right there, with what is in them."""
    if at >= len(words) or words[at] != "(":
        return None, at
    depth = 0
    for end in range(at, len(words)):
        depth += {"(": 1, ")": -1}.get(words[end], 0)
        if depth == 0:
            return words[at : end + 1], end + 1
    return None, at


def _columns(group: list[str] | None) -> tuple[str, ...]:
    return tuple(bare(each) for each in (group or [])[1:-1] if each != ",")


class _Word(str):
    """A token that knows the space in front of it."""

    before: str


def _words(tokens: list[str]) -> list[str]:
    words: list[str] = []
    space = ""
    for token in tokens:
        if token.isspace():
            space = token
            continue
        word = _Word(token)
        word.before, space = space, ""
        words.append(word)
    return words


def _joined(group: list[str]) -> str:
    return "".join(getattr(each, "before", "") + each for each in group).strip()
