"""Messages of D-Bus as bytes."""

from dataclasses import replace

import pytest

from app.ui.window.bus_wire import METHOD_CALL, METHOD_RETURN, SIGNAL, Message, Variant, decode, encode

_MESSAGES = [
    Message(METHOD_CALL, "/a", "b.c", "D", "e.f", serial=1),
    Message(METHOD_CALL, "/a", "b.c", "D", "e.f", "s", ("äöü “x”",), serial=2),
    Message(SIGNAL, "/a", "b.c", "D", "", "us", (7, "default"), serial=3),
    Message(METHOD_RETURN, signature="u", arguments=(4_294_967_295,), reply_to=9, serial=4),
    Message(METHOD_CALL, "/a", "b.c", "D", "e.f", "asa{sv}i", ([], {}, -1), serial=5),
    Message(
        METHOD_CALL,
        "/a",
        "b.c",
        "D",
        "e.f",
        "yasa{sv}(us)d",
        (3, ["x", "yy"], {"k": Variant("y", 2), "l": Variant("as", ["z"])}, (5, "t"), 2.5),
        serial=6,
    ),
]


@pytest.mark.parametrize("message", _MESSAGES)
def test_decode_reads_what_encode_wrote(message: Message) -> None:
    data = encode(message)
    assert decode(data) == (message, len(data))
    assert decode(data + b"more") == (message, len(data))


@pytest.mark.parametrize("message", _MESSAGES)
def test_decode_waits_until_the_message_is_whole(message: Message) -> None:
    data = encode(message)
    assert {decode(data[:at]) for at in range(len(data))} == {(None, 0)}


def test_encode_hello_is_as_the_specification_lays_it_out() -> None:
    hello = Message(METHOD_CALL, "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", "org.freedesktop.DBus")
    data = encode(replace(hello, serial=1))
    assert data[:12] == b"l\x01\x00\x01\x00\x00\x00\x00\x01\x00\x00\x00"
    assert len(data) % 8 == 0
    assert b"\x01\x01o\x00\x15\x00\x00\x00/org/freedesktop/DBus\x00" in data


@pytest.mark.parametrize("data", [b"x" * 32, b"l\x01\x00\x01" + b"\xff" * 28])
def test_decode_of_anything_else_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        decode(data)
