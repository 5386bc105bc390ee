"""Changes of a text in place: what goes, what comes, and nothing else is touched. All positions are bytes."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field

from tree_sitter import Node

from .instant_ts_members import ObjectText
from .instant_ts_render import Style, indented


@dataclass(slots=True)
class Splicer:
    """Gathers replacements; ``result`` carries them out in order of place."""

    data: bytes
    style: Style
    _changes: list[tuple[int, int, str]] = field(default_factory=list)

    def replace(self, start: int, end: int, text: str) -> None:
        self._changes.append((start, end, text))

    def result(self) -> str:
        """Regions that overlap are taken out once; what is put in stays in the order in which it came."""
        parts: list[bytes] = []
        at = 0
        for start, end, text in sorted(self._changes, key=lambda each: each[:2]):
            parts += (self.data[at : max(start, at)], text.encode())
            at = max(at, end)
        parts.append(self.data[at:])
        return b"".join(parts).decode()

    def line_start(self, byte: int) -> int:
        return self.data.rfind(b"\n", 0, byte) + 1

    def line_end(self, byte: int) -> int:
        """The end of what stands in the line, without its line break."""
        found = self.data.find(b"\n", byte)
        end = len(self.data) if found < 0 else found
        return end - 1 if self.data[byte:end].endswith(b"\r") else end

    def indent_of(self, byte: int) -> str:
        """The white space with which the line of ``byte`` begins."""
        line = self.data[self.line_start(byte) : self.line_end(byte)]
        return line[: len(line) - len(line.lstrip(b" \t"))].decode()

    def is_first(self, node: Node) -> bool:
        """Whether nothing stands before ``node`` in its line."""
        return not self.data[self.line_start(node.start_byte) : node.start_byte].strip(b" \t")

    def edit_object(self, target: ObjectText, removed: Set[str], entries: list[str]) -> None:
        """Take out the members named ``removed``, and put ``entries`` (without commas) behind the rest."""
        if removed or entries:
            _ObjectEdit(self, target, removed).apply(entries)


class _ObjectEdit:
    """One object; ``_tokens`` is what stands between its braces: pairs, commas and comments."""

    def __init__(self, splicer: Splicer, target: ObjectText, removed: Set[str]) -> None:
        self._splicer = splicer
        self._data = splicer.data
        self._open, *self._tokens, self._close = target.node.children
        going = {target.members[name].node.id for name in removed}
        self._pairs = [index for index, each in enumerate(self._tokens) if each.type == "pair"]
        self._going = [index for index in self._pairs if self._tokens[index].id in going]
        self._kept = [index for index in self._pairs if self._tokens[index].id not in going]

    def apply(self, entries: list[str]) -> None:
        for index in self._going:
            self._splicer.replace(*self._region(index), "")
        self._settle_comma(has_more=bool(entries))
        if not entries:
            return
        if not self._tokens:
            self._fill(entries)
        elif self._is_inline():
            self._append_inline(entries)
        else:
            self._append_lines(entries)

    # Taking out.

    def _comma(self, index: int) -> Node | None:
        """The comma of the pair at ``index``."""
        for each in self._tokens[index + 1 :]:
            if each.type != "comment":
                return each if each.type == "," else None
        return None

    def _region(self, index: int) -> tuple[int, int]:
        """What goes with a pair: its comma and, where it has lines to itself, those lines with their own comment."""
        node, comma = self._tokens[index], self._comma(index)
        end = comma.end_byte if comma is not None else node.end_byte
        if not self._splicer.is_first(node):
            before = self._tokens[index - 1] if index else self._open
            return before.end_byte, end
        tail = self._tail(index, end)
        line_end = self._splicer.line_end(tail)
        if self._data[tail:line_end].strip():
            rest = self._data[end:line_end]
            return node.start_byte, end + len(rest) - len(rest.lstrip(b" \t"))
        start = self._splicer.line_start(node.start_byte) - 1
        return (start - 1 if self._data[start - 1 : start] == b"\r" else start), line_end

    def _tail(self, index: int, end: int) -> int:
        """The end of the comments that follow in the same line, and end in it."""
        line_end = self._splicer.line_end(end)
        for each in self._tokens[index + 1 :]:
            if each.start_byte < end:
                continue
            if each.type != "comment" or each.end_byte > line_end:
                break
            end = each.end_byte
        return end

    def _settle_comma(self, has_more: bool) -> None:
        """The last pair that stays gets the comma it needs, and loses one that the text did not have at the end."""
        if not self._kept:
            return
        last = self._kept[-1]
        comma = self._comma(last)
        if comma is None and has_more:
            end = self._tokens[last].end_byte
            self._splicer.replace(end, end, ",")
        elif comma is not None and not has_more and not self._has_trailing_comma():
            self._splicer.replace(comma.start_byte, comma.end_byte, "")

    def _has_trailing_comma(self) -> bool:
        return not self._pairs or self._comma(self._pairs[-1]) is not None

    # Putting in.

    def _is_inline(self) -> bool:
        """Whether all members stand in the line of the brace; behind a line comment nothing can."""
        if not self._pairs or self._data.startswith(b"//", self._tokens[-1].start_byte):
            return False
        return b"\n" not in self._data[self._open.end_byte : self._tokens[self._pairs[-1]].start_byte]

    def _append_inline(self, entries: list[str]) -> None:
        indent = self._splicer.indent_of(self._open.start_byte)
        written = [indented(each, indent, self._splicer.style.newline)[len(indent) :] for each in entries]
        at = self._tokens[-1].end_byte
        self._splicer.replace(at, at, " " + ", ".join(written) + ("," if self._has_trailing_comma() else ""))

    def _append_lines(self, entries: list[str]) -> None:
        at = self._tokens[-1].end_byte
        closing = "" if b"\n" in self._data[at : self._close.start_byte] or self._pairs else self._closing()
        last = "," if self._has_trailing_comma() else ""
        self._splicer.replace(at, at, self._lines(entries, self._indent()) + last + closing)

    def _fill(self, entries: list[str]) -> None:
        """An object with nothing in it."""
        text = self._lines(entries, self._indent()) + "," + self._closing()
        self._splicer.replace(self._open.end_byte, self._close.start_byte, text)

    def _lines(self, entries: list[str], indent: str) -> str:
        newline = self._splicer.style.newline
        return ",".join(newline + indented(each, indent, newline) for each in entries)

    def _closing(self) -> str:
        return self._splicer.style.newline + self._splicer.indent_of(self._open.start_byte)

    def _indent(self) -> str:
        """That of the last member with a line of its own, else one level more than the line of the brace."""
        for index in reversed(self._pairs):
            if self._splicer.is_first(self._tokens[index]):
                return self._splicer.indent_of(self._tokens[index].start_byte)
        return self._splicer.indent_of(self._open.start_byte) + self._splicer.style.indent
