"""Messages between the runner and its workers: one JSON object per line over a socket, no pickle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

CHUNK = 1 << 16


class ClosedError(ConnectionError):
    """The process at the other end is gone."""


class Channel:
    """One end of a connection.

    Parameters
    ----------
    connection
        A connected stream socket; the channel owns it.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._buffer = bytearray()

    def fileno(self) -> int:
        """Return the descriptor, for selectors."""
        return self._socket.fileno()

    def send(self, message: dict[str, Any]) -> None:
        """Send one message; what jobflow knows how to serialise may be in it.

        Raises
        ------
        ClosedError
            When the other end is gone.
        """
        from monty.json import MontyEncoder

        try:
            self._socket.sendall(json.dumps(message, cls=MontyEncoder).encode() + b"\n")
        except OSError as error:
            raise ClosedError(str(error)) from error

    def receive(self) -> Iterator[dict[str, Any]]:
        """Wait for data once and yield the messages that are complete.

        Raises
        ------
        ClosedError
            When the other end is gone.
        """
        try:
            data = self._socket.recv(CHUNK)
        except OSError as error:
            raise ClosedError(str(error)) from error
        if not data:
            raise ClosedError("the other end is closed")
        self._buffer += data
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            yield json.loads(line)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()
