"""The desktop's session bus, spoken to without waiting: calls are sent, answers and signals come when they come."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalSocket

from .bus_wire import ERROR, METHOD_CALL, METHOD_RETURN, SIGNAL, Message, decode, encode

_BUS = "org.freedesktop.DBus"
Done = Callable[[tuple[Any, ...]], None]


def bus_address(environment: Mapping[str, str]) -> tuple[str, bool] | None:
    """The socket of the session bus and whether its name is abstract; None where this desktop has none."""
    for entry in environment.get("DBUS_SESSION_BUS_ADDRESS", "").split(";"):
        transport, _, rest = entry.partition(":")
        if transport == "unix":
            values = {key: unquote(value) for key, _, value in (each.partition("=") for each in rest.split(","))}
            if "path" in values:
                return values["path"], False
            if "abstract" in values:
                return values["abstract"], True
    usual = os.path.join(environment.get("XDG_RUNTIME_DIR", ""), "bus")
    return (usual, False) if os.path.isabs(usual) and os.path.exists(usual) else None


class SessionBus(QObject):
    """``open`` once; calls that are made before the bus has answered are sent when it has.

    ``failed`` is sent once, with a sentence, when there is no bus (any more); what was not answered by then is told
    with its own ``failed``.
    """

    signal_received = Signal(object)  # Message
    failed = Signal(str)

    def __init__(self, environment: Mapping[str, str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._environment = environment
        self._socket = QLocalSocket(self)
        self._socket.connected.connect(self._greet)
        self._socket.readyRead.connect(self._read)
        self._socket.errorOccurred.connect(lambda _error: self._fail(self._socket.errorString()))
        self._data = b""
        self._serial = 0
        self._is_open = self._is_known = False
        self._waiting: list[bytes] = []
        self._answers: dict[int, tuple[Done, Callable[[str], None]]] = {}
        self._is_failed = False

    @property
    def is_failed(self) -> bool:
        return self._is_failed

    def open(self) -> None:
        address = bus_address(self._environment)
        if address is None or not hasattr(os, "getuid"):
            self._fail("This desktop has no session bus.")
            return
        name, is_abstract = address
        if is_abstract:
            self._socket.setSocketOptions(QLocalSocket.SocketOption.AbstractNamespaceOption)
        self._socket.connectToServer(name)

    def close(self) -> None:
        self._is_failed = True
        self._socket.abort()

    def call(self, message: Message, done: Done | None = None, failed: Callable[[str], None] | None = None) -> None:
        """Send a method call; ``done`` gets what it returns."""
        if self._is_failed:
            if failed is not None:
                failed("There is no session bus.")
            return
        data = self._numbered(message, done or _ignored, failed or _ignored)
        if self._is_known:
            self._socket.write(data)
        else:
            self._waiting.append(data)

    def listen(self, interface: str) -> None:
        """Have the signals of an interface sent here."""
        rule = f"type='signal',interface='{interface}'"
        self.call(_to_bus("AddMatch", "s", rule))

    def _numbered(self, message: Message, done: Done, failed: Callable[[str], None]) -> bytes:
        self._serial += 1
        self._answers[self._serial] = (done, failed)
        return encode(Message(**{**message.__dict__, "serial": self._serial}))

    # The conversation

    def _greet(self) -> None:
        who = str(os.getuid()).encode().hex()
        self._socket.write(b"\0AUTH EXTERNAL " + who.encode() + b"\r\n")

    def _read(self) -> None:
        self._data += bytes(self._socket.readAll().data())
        if not self._is_open and not self._agree():
            return
        try:
            while True:
                message, taken = decode(self._data)
                if message is None:
                    return
                self._data = self._data[taken:]
                self._take(message)
        except ValueError as error:
            self._fail(str(error))

    def _agree(self) -> bool:
        line, found, rest = self._data.partition(b"\r\n")
        if not found:
            return False
        if not line.startswith(b"OK"):
            self._fail("The session bus does not know this user.")
            return False
        self._data, self._is_open = rest, True
        hello = self._numbered(_to_bus("Hello"), self._known, self._fail)
        self._socket.write(b"BEGIN\r\n" + hello)
        return True

    def _known(self, _name: tuple[Any, ...]) -> None:
        self._is_known = True
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            self._socket.write(each)

    def _take(self, message: Message) -> None:
        if message.kind == SIGNAL:
            self.signal_received.emit(message)
        elif message.kind in (METHOD_RETURN, ERROR) and message.reply_to in self._answers:
            done, failed = self._answers.pop(message.reply_to)
            if message.kind == METHOD_RETURN:
                done(message.arguments)
            else:
                failed(message.error_name)

    def _fail(self, sentence: str) -> None:
        if self._is_failed:
            return
        self._is_failed = True
        answers, self._answers = self._answers, {}
        self._socket.abort()
        for _done, failed in answers.values():
            failed(sentence)
        self.failed.emit(sentence)


def _to_bus(member: str, signature: str = "", *arguments: object) -> Message:
    return Message(METHOD_CALL, "/org/freedesktop/DBus", _BUS, member, _BUS, signature, arguments)


def _ignored(_given: object) -> None:
    return None
