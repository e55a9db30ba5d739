"""A stream of bytes seen through a window that only moves forward, so that memory does not grow with the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class ByteWindow:
    """Looks for marks and lines in a stream.

    A zero byte ends the stream: text has none, and file systems leave blocks of them after a crash.

    Parameters
    ----------
    chunks
        The stream, in pieces.

    Attributes
    ----------
    zeros
        Whether a zero byte ended it.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._data = b""
        self._at = 0
        self._base = 0
        self.zeros = False

    @property
    def byte(self) -> int:
        """Number of the byte at which the window stands, from 0."""
        return self._base + self._at

    def _more(self) -> bool:
        """Load at least as much as is held, so that the copies of a large block stay proportional to its size."""
        rest = self._data[self._at :]
        pieces, size = [rest], 0
        while size <= len(rest) and not self.zeros and (chunk := next(self._chunks, b"")):
            if (zero := chunk.find(b"\0")) >= 0:
                self.zeros, chunk = True, chunk[:zero]
            pieces.append(chunk)
            size += len(chunk)
        self._base += self._at
        self._data, self._at = b"".join(pieces), 0
        return size > 0

    def _find(self, tokens: tuple[bytes, ...], start: int) -> tuple[int, int] | None:
        """Return place and number of the token that comes first."""
        first: tuple[int, int] | None = None
        for number, token in enumerate(tokens):
            end = len(self._data) if first is None else first[0] + len(token) - 1
            place = self._data.find(token, start, end)
            if place >= 0:
                first = (place, number)
        return first

    def seek(self, *tokens: bytes) -> int | None:
        """Move to the nearest of the tokens and return which it is; None at the end of the stream."""
        longest = max(map(len, tokens))
        while True:
            found = self._find(tokens, self._at)
            if found is not None:
                self._at = found[0]
                return found[1]
            self._at = max(self._at, len(self._data) - longest + 1)
            if not self._more():
                self._at = len(self._data)
                return None

    def until(self, token: bytes, stop: bytes) -> bytes | None:
        """Take the bytes up to the token and it too; None where ``stop`` or the end of the stream comes before."""
        start, longest = self._at, max(len(token), len(stop))
        while True:
            found = self._find((token, stop), start)
            if found is not None:
                if found[1] == 1:
                    return None
                begin, self._at = self._at, found[0] + len(token)
                return self._data[begin : self._at]
            held = len(self._data) - self._at
            if not self._more():
                return None
            start = max(0, held - longest + 1)

    def skip(self, count: int) -> None:
        """Move on by bytes that have been seen."""
        self._at += count

    def lines(self, count: int) -> bytes:
        """Take lines; at the end of the stream fewer, the last perhaps without its line break."""
        block = self.peek(count)
        self._at += len(block)
        return block

    def peek(self, count: int) -> bytes:
        """Return the next lines and stay."""
        while True:
            end = self._end_of_lines(count)
            if end is not None:
                return self._data[self._at : end]
            if not self._more():
                return self._data[self._at :]

    def _end_of_lines(self, count: int) -> int | None:
        """Return where the next lines end, or None where the data do before. Rows of one length are found at once."""
        first = self._data.find(b"\n", self._at)
        if first < 0:
            return None
        guess = self._at + count * (first + 1 - self._at)
        rows = self._data.count(b"\n", self._at, guess)
        if guess <= len(self._data) and rows == count and self._data[guess - 1] == 10:
            return guess
        place = first
        for _ in range(count - 1):
            place = self._data.find(b"\n", place + 1)
            if place < 0:
                return None
        return place + 1


def last_row_is_whole(rows: bytes) -> bool:
    """Whether the last of some rows was written to its end: with a line break, or as many digits as the row before."""
    if rows.endswith(b"\n"):
        return True
    last = [row.split() for row in rows.splitlines()[-2:]]
    return (
        len(last) == 2
        and len(last[0]) == len(last[1]) > 0
        and b"." in last[0][-1]
        and len(last[0][-1].partition(b".")[2]) == len(last[1][-1].partition(b".")[2])
    )
