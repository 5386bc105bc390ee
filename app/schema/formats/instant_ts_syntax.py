"""Where a text is not TypeScript: the bracket or the word that an operator can do something about."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from tree_sitter import Node

from .instant_ts_source import Source, shown

_CLOSES: Final = {")": "(", "]": "[", "}": "{"}
_OPENS: Final = frozenset({"(", "[", "{", "${"})
# What follows the first few is mostly their echo.
MAX_ERRORS: Final = 10
_REMEDY: Final = "Correct the text here, or just before."


def refuse_syntax(source: Source) -> None:
    """Refuse every error of the tree; brackets that do not match come first, as they make the rest unreadable."""
    if not source.root.has_error:
        return
    if (bracket := _unmatched(source)) is not None:
        source.refuse(*bracket)
        source.check()
    for node in islice(_errors(source.root), MAX_ERRORS):
        source.refuse(node, _sentence(source, node), _REMEDY)
    if not source.problems:
        source.refuse(source.root, "This is not TypeScript.", _REMEDY)


def _unmatched(source: Source) -> tuple[Node, str, str] | None:
    """The first bracket without its partner; those in strings and comments are no tokens."""
    opened: list[Node] = []
    for token in _leaves(source.root):
        kind = token.type
        if token.is_missing:
            continue
        if kind in _OPENS:
            opened.append(token)
        elif kind in _CLOSES:
            if not opened:
                return token, f"This {kind} closes nothing.", f"Delete it, or add the {_CLOSES[kind]} it belongs to."
            partner = opened.pop()
            if partner.type[-1] != _CLOSES[kind]:
                return _unclosed(source, partner, token)
    return _unclosed(source, opened[-1], None) if opened else None


def _unclosed(source: Source, partner: Node, closer: Node | None) -> tuple[Node, str, str]:
    before = "the end of the text" if closer is None else f"the {closer.type} in line {source.start(closer)[0]}"
    wanted = {"(": ")", "[": "]", "{": "}"}[partner.type[-1]]
    return partner, f"This {partner.type} is not closed before {before}.", f"Add the missing {wanted}."


def _leaves(root: Node) -> Iterator[Node]:
    """All tokens in order; a loop, as hostile texts are deeper than any stack."""
    cursor = root.walk()
    while True:
        if cursor.goto_first_child():
            continue
        if (node := cursor.node) is not None:
            yield node
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def _errors(root: Node) -> Iterator[Node]:
    """The innermost errors in order, skipping the parts that have none."""
    cursor = root.walk()
    while True:
        node = cursor.node
        if node is not None and (node.is_missing or _is_innermost(node)):
            yield node
        elif node is not None and node.has_error and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def _is_innermost(node: Node) -> bool:
    return node.is_error and not any(each.has_error for each in node.children)


def _sentence(source: Source, node: Node) -> str:
    if node.is_missing:
        return f"A {shown(node.type)} is missing here." if not node.is_named else "A name or a value is missing here."
    words = source.text(node).strip().splitlines()
    word = shown(words[0]) if words else ""
    return f"{word} cannot stand here." if word else "Something that cannot be seen stands here."
