"""Takes over what second launches were asked to open. What comes in is untrusted: bounded, parsed, judged."""

from __future__ import annotations

import logging
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from app.storage.instance import ANSWER, MESSAGE_LIMIT, Handover, Instance

_logger = logging.getLogger(__name__)
_REFUSAL = b"no\n"
_MOST_AT_ONCE = 8
_PATIENCE_MS = 5_000


class SingleInstance(QObject):
    """Listens at the address of the instance. ``handed`` comes after the other side had its answer.

    While ``can_take`` says no, the other side is refused, and asks again until this process has gone.
    """

    handed = Signal(object)  # Handover

    def __init__(self, instance: Instance, can_take: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._can_take = can_take
        self._open: set[QLocalSocket] = set()
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._accept)
        if not self._listen(instance):
            _logger.warning("Second launches cannot be heard: %s", self._server.errorString())

    @property
    def is_listening(self) -> bool:
        return self._server.isListening()

    def close(self) -> None:
        self._server.close()
        for connection in tuple(self._open):
            connection.abort()

    def _listen(self, instance: Instance) -> bool:
        if instance.door is not None:
            # It has taken connections since before the first paint; none of them is lost.
            return self._server.listen(instance.door.detach())
        return bool(instance.address) and self._server.listen(instance.address)

    def _accept(self) -> None:
        while (connection := self._server.nextPendingConnection()) is not None:
            if len(self._open) >= _MOST_AT_ONCE:
                connection.abort()
                connection.deleteLater()
                continue
            self._hear(connection)

    def _hear(self, connection: QLocalSocket) -> None:
        self._open.add(connection)
        connection.setReadBufferSize(MESSAGE_LIMIT + 1)
        limit = QTimer(connection, singleShot=True, interval=_PATIENCE_MS)
        limit.timeout.connect(connection.abort)
        connection.readyRead.connect(lambda: self._read(connection))
        connection.disconnected.connect(lambda: self._forget(connection))
        limit.start()
        # What came before anybody listened is not told of again.
        self._read(connection)
        if connection.state() is QLocalSocket.LocalSocketState.UnconnectedState:
            self._forget(connection)

    def _forget(self, connection: QLocalSocket) -> None:
        if connection in self._open:
            self._open.discard(connection)
            connection.deleteLater()

    def _read(self, connection: QLocalSocket) -> None:
        if not connection.canReadLine():
            if connection.bytesAvailable() > MESSAGE_LIMIT:
                connection.abort()
            return
        handover = Handover.read(bytes(connection.readLine(MESSAGE_LIMIT + 1).data()))
        is_taken = handover is not None and self._can_take()
        connection.write(ANSWER if is_taken else _REFUSAL)
        connection.disconnectFromServer()
        if is_taken:
            self.handed.emit(handover)
