"""Colours for SQL, given to the lines in sight only."""

from __future__ import annotations

import re
from typing import Final

from .ts_highlighter import TsHighlighter

_KEYWORDS: Final = """
    add alter always as asc begin by cascade check collate column comment commit concurrently constraint create
    current_timestamp default deferrable deferred delete desc do drop enable end enum exclude exists extension
    false foreign from function generated identity if in include index initially inherits insert into is key
    level like materialized not null nulls on only or and partition primary references rename restrict row
    schema security select sequence set stored table to trigger true type unique update using valid validate
    values view where with without
"""

_TOKEN: Final = re.compile(
    rf"""
    (?P<comment>--.*|/\*.*?(?:\*/|$))
    |(?P<string>'(?:[^']|'')*'?)
    |(?P<name>"(?:[^"]|"")*"?)
    |(?P<value>\b\d[\d.]*\b)
    |(?P<keyword>\b(?:{"|".join(_KEYWORDS.split())})\b)
    |(?P<call>\b[a-z_]\w*(?=\())
    """,
    re.VERBOSE | re.IGNORECASE,
)


class SqlHighlighter(TsHighlighter):
    tokens = _TOKEN
    line_comment = "--"
