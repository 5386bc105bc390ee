"""Names inside of SQL texts: found by words, so that what stands in quotes or comments is not taken for one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from .sql_names import KEYWORDS, quoted

_TOKEN: Final = re.compile(
    r"""
    (?P<skip>
        [Ee]'(?:[^'\\]|''|\\.)*'
      | (?:[BbXxNn]|[Uu]&)?'(?:[^']|'')*'
      | \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$
      | --[^\n]*
      | /\*.*?\*/
    )
  | (?P<quoted>"(?:[^"]|"")+"|`(?:[^`]|``)+`)
  | (?P<word>[^\W\d][\w$]*)
  | (?P<other>\d[\w.]*|::|.)
    """,
    re.VERBOSE | re.DOTALL,
)
# Words of SQL that are also free as names: they are such words next to these.
_BEFORE: Final = {
    "zone": {"time"},
    "varying": {"character", "char", "bit"},
    "time": {"at", "with", "without"},
    "first": {"nulls"},
    "last": {"nulls"},
}
_AFTER: Final = {"at": {"time"}, "without": {"time"}, "nulls": {"first", "last"}}

_Token = tuple[str, str]


def with_renamed(sql: str, old: str, new: str) -> str:
    """The text with a column under its new name. Left alone are words of SQL, functions, types of casts, and parts of
    texts and comments; a column of that name in another table (``other.name``) is not told apart."""
    return with_names(sql, {old: new})


def with_names(sql: str, names: Mapping[str, str]) -> str:
    """As ``with_renamed`` for several at once, also where they exchange their names."""
    lowered = sql.lower()
    if not any(old.lower() in lowered or '"' in old or "`" in old for old in names):
        return sql
    tokens = list(_tokens(sql))
    found: list[str] = []
    for at, token in enumerate(tokens):
        new = next((names[each] for each in _names(token) if each in names), None)
        found.append(token[1] if new is None or _is_no_column(tokens, at) else quoted(new))
    return "".join(found)


def words_of(sql: str) -> frozenset[str]:
    """All that could be names of columns in the text."""
    tokens = list(_tokens(sql))
    found = (_names(token) for at, token in enumerate(tokens) if not _is_no_column(tokens, at))
    return frozenset(each for names in found for each in names)


def _tokens(sql: str) -> Iterator[_Token]:
    for each in _TOKEN.finditer(sql):
        kind = "skip" if each["skip"] is not None else each.lastgroup or "other"
        yield kind, each[0]


def _names(token: _Token) -> tuple[str, ...]:
    """What a token can mean: without quotes PostgreSQL reads small letters, SQLite any."""
    kind, text = token
    if kind == "quoted":
        return (text[1:-1].replace(text[0] * 2, text[0]),)
    if kind != "word" or text.lower() in KEYWORDS:
        return ()
    return (text, text.lower()) if text != text.lower() else (text,)


def _is_no_column(tokens: Sequence[_Token], at: int) -> bool:
    """A function, the type of a cast, a table in front of a dot, the field that extract() takes, or a word of SQL."""
    before, after = _near(tokens, at, -1), _near(tokens, at, 1)
    if after in (".", "(") or before == "::" or (before == "." and _is_type(tokens, at)):
        return True
    kind, word = tokens[at][0], tokens[at][1].lower()
    if kind != "word":
        return False
    return after == "from" or before in _BEFORE.get(word, ()) or after in _AFTER.get(word, ())


def _is_type(tokens: Sequence[_Token], at: int) -> bool:
    """``schema.type`` behind a cast."""
    texts = [text for kind, text in tokens[:at] if not text.isspace()]
    return len(texts) > 2 and texts[-1] == "." and texts[-3] == "::"


def _near(tokens: Sequence[_Token], at: int, step: int) -> str:
    """The next token on one side, in small letters; "" at the end of the text."""
    at += step
    while 0 <= at < len(tokens) and (tokens[at][1].isspace() or tokens[at][1].startswith(("--", "/*"))):
        at += step
    return tokens[at][1].lower() if 0 <= at < len(tokens) else ""


def without_brackets(sql: str) -> str:
    """The expression without the brackets that stand around all of it."""
    sql = sql.strip()
    while sql.startswith("(") and _closing(sql) == len(sql) - 1:
        sql = sql[1:-1].strip()
    return sql


def _closing(sql: str) -> int:
    """Where the bracket closes that the text begins with; -1 where none does."""
    at = depth = 0
    for _kind, text in _tokens(sql):
        depth += {"(": 1, ")": -1}.get(text, 0)
        if depth == 0:
            return at
        at += len(text)
    return -1
