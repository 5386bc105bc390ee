"""Messages of D-Bus as bytes: as much of its protocol as calls and signals of the desktop need. Pure.

PySide's own binding cannot send unsigned numbers, which the interface for notifications wants.
See https://dbus.freedesktop.org/doc/dbus-specification.html, "Message Protocol".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any, NamedTuple

METHOD_CALL, METHOD_RETURN, ERROR, SIGNAL = 1, 2, 3, 4
_PATH, _INTERFACE, _MEMBER, _ERROR_NAME, _REPLY_SERIAL, _DESTINATION, _SENDER, _SIGNATURE = range(1, 9)
_ALIGNMENT = {**dict.fromkeys("ygv", 1), **dict.fromkeys("buisoa", 4), **dict.fromkeys("xtd({", 8)}
_NUMBERS = {"y": "B", "b": "I", "u": "I", "i": "i", "x": "q", "t": "Q", "d": "d"}
_FIXED = 16  # bytes before the fields of the header have ended
_LARGEST = 2**24


class Variant(NamedTuple):
    """A value with its own type."""

    signature: str
    value: Any


@dataclass(frozen=True)
class Message:
    kind: int
    path: str = ""
    interface: str = ""
    member: str = ""
    destination: str = ""
    signature: str = ""
    arguments: tuple[Any, ...] = ()
    reply_to: int = 0
    error_name: str = ""
    serial: int = field(default=0, compare=False)


def encode(message: Message) -> bytes:
    """Little-endian. Needs ``serial``."""
    body = bytearray()
    for signature, value in zip(_split(message.signature), message.arguments, strict=True):
        _put(body, signature, value)
    fields = [
        (code, Variant(kind, value))
        for code, kind, value in (
            (_PATH, "o", message.path),
            (_INTERFACE, "s", message.interface),
            (_MEMBER, "s", message.member),
            (_ERROR_NAME, "s", message.error_name),
            (_REPLY_SERIAL, "u", message.reply_to),
            (_DESTINATION, "s", message.destination),
            (_SIGNATURE, "g", message.signature),
        )
        if value
    ]
    out = bytearray(struct.pack("<cBBBII", b"l", message.kind, 0, 1, len(body), message.serial))
    _put(out, "a(yv)", fields)
    _pad(out, 8)
    return bytes(out + body)


def decode(data: bytes) -> tuple[Message | None, int]:
    """The first message and how many bytes it took; (None, 0) while it is not whole. Raises ValueError."""
    if len(data) < _FIXED:
        return None, 0
    order = {b"l": "<", b"B": ">"}.get(data[:1])
    if order is None:
        raise ValueError("no message of D-Bus")
    body_length, serial, fields_length = struct.unpack_from(f"{order}III", data, 4)
    start = (_FIXED + fields_length + 7) // 8 * 8
    if start + body_length > _LARGEST:
        raise ValueError("a message that is too large")
    if len(data) < start + body_length:
        return None, 0
    fields, _end = _get(data, 12, "a(yv)", order)
    known = {code: value.value for code, value in fields}
    signature = str(known.get(_SIGNATURE, ""))
    at, arguments = start, []
    for each in _split(signature):
        value, at = _get(data, at, each, order)
        arguments.append(value)
    message = Message(
        data[1],
        known.get(_PATH, ""),
        known.get(_INTERFACE, ""),
        known.get(_MEMBER, ""),
        known.get(_DESTINATION, ""),
        signature,
        tuple(arguments),
        known.get(_REPLY_SERIAL, 0),
        known.get(_ERROR_NAME, ""),
        serial,
    )
    return message, start + body_length


def _split(signature: str) -> list[str]:
    """The single types in a signature."""
    found, at = [], 0
    while at < len(signature):
        end = _end_of(signature, at)
        found.append(signature[at:end])
        at = end
    return found


def _end_of(signature: str, at: int) -> int:
    if signature[at] == "a":
        return _end_of(signature, at + 1)
    if signature[at] not in "({":
        return at + 1
    depth = 0
    for end in range(at, len(signature)):
        depth += (signature[end] in "({") - (signature[end] in ")}")
        if depth == 0:
            return end + 1
    raise ValueError("a signature that does not end")


def _pad(out: bytearray, to: int) -> None:
    out.extend(bytes(-len(out) % to))


def _put(out: bytearray, signature: str, value: Any) -> None:
    kind = signature[0]
    _pad(out, _ALIGNMENT[kind])
    if kind in _NUMBERS:
        out += struct.pack(f"<{_NUMBERS[kind]}", value)
    elif kind in "so":
        text = str(value).encode()
        out += struct.pack("<I", len(text)) + text + b"\0"
    elif kind == "g":
        text = str(value).encode()
        out += bytes([len(text)]) + text + b"\0"
    elif kind == "v":
        _put(out, "g", value.signature)
        _put(out, value.signature, value.value)
    elif kind == "a":
        _put_array(out, signature[1:], value)
    else:
        for inner, each in zip(_split(signature[1:-1]), value, strict=True):
            _put(out, inner, each)


def _put_array(out: bytearray, inner: str, value: Any) -> None:
    at = len(out)
    out += bytes(4)
    _pad(out, _ALIGNMENT[inner[0]])
    start = len(out)
    for each in value.items() if isinstance(value, dict) else value:
        _put(out, inner, each)
    struct.pack_into("<I", out, at, len(out) - start)


def _get(data: bytes, at: int, signature: str, order: str) -> tuple[Any, int]:
    kind = signature[0]
    at += -at % _ALIGNMENT[kind]
    try:
        if kind in _NUMBERS:
            (value,) = struct.unpack_from(f"{order}{_NUMBERS[kind]}", data, at)
            return value, at + struct.calcsize(_NUMBERS[kind])
        if kind in "sog":
            (length,) = struct.unpack_from(f"{order}{'B' if kind == 'g' else 'I'}", data, at)
            start = at + (1 if kind == "g" else 4)
            return data[start : start + length].decode("utf-8", "replace"), start + length + 1
        if kind == "v":
            inner, at = _get(data, at, "g", order)
            value, at = _get(data, at, inner, order)
            return Variant(inner, value), at
    except (struct.error, IndexError) as error:
        raise ValueError("a damaged message of D-Bus") from error
    return _get_array(data, at, signature[1:], order) if kind == "a" else _get_parts(data, at, signature, order)


def _get_array(data: bytes, at: int, inner: str, order: str) -> tuple[Any, int]:
    (length,) = struct.unpack_from(f"{order}I", data, at)
    at += 4
    at += -at % _ALIGNMENT[inner[0]]
    end, found = at + length, []
    if end > len(data):
        raise ValueError("a damaged message of D-Bus")
    while at < end:
        value, at = _get(data, at, inner, order)
        found.append(value)
    return (dict(found) if inner[0] == "{" else found), end


def _get_parts(data: bytes, at: int, signature: str, order: str) -> tuple[Any, int]:
    found = []
    for inner in _split(signature[1:-1]):
        value, at = _get(data, at, inner, order)
        found.append(value)
    return tuple(found), at
