"""Listening, and answering until it is ended."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import uvicorn

    from lianode.hpc.store import ResultsStore


@dataclass(frozen=True)
class Serving:
    """A server that is ready.

    Attributes
    ----------
    address
        To open in a browser, with the token where there is one.
    server, listening
        What answers, and where.
    """

    address: str
    server: uvicorn.Server
    listening: socket.socket

    def run(self) -> None:
        """Answer until the process is asked to end."""
        self.server.run(sockets=[self.listening])


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """Listen on an address.

    Raises
    ------
    InputError
        When that cannot be.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError:
        raise InputError("this is no address of this machine", f"--host {host}") from None
    with socket.socket(family, kind, protocol) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(place)
            listening.listen(64)
        except OSError as error:
            raise InputError(
                f"it cannot be listened on port {port}: {error.strerror}; name another with --port", f"--host {host}"
            ) from None
        yield listening


def serve(
    store: ResultsStore, listening: socket.socket, *, project: Path, host: str, with_token: bool = False
) -> Serving:
    """Make the server ready.

    Parameters
    ----------
    store
        Only read.
    listening
        Of :func:`listen`.
    project
        Folder with ``lianode.toml``, where a token is kept.
    host
        As it was given.
    with_token
        Whether readers on this machine need a token too.

    Raises
    ------
    InputError
        Where the packages of the extra ``serve`` are missing, or the token cannot be used.
    """
    try:
        import uvicorn

        from lianode.hpc.serve.app import application
    except ImportError:
        raise InputError("the browser pages need packages: pip install 'lianode[serve]'", "serve") from None
    from lianode.hpc.serve.guard import PARAMETER, is_loopback
    from lianode.hpc.serve.token import read_token

    token = read_token(project) if with_token or not is_loopback(host) else None
    port = listening.getsockname()[1]
    shown = socket.gethostname() if host in {"0.0.0.0", "::"} else f"[{host}]" if ":" in host else host  # noqa: S104
    query = "" if token is None else f"?{PARAMETER}={token}"
    # no log of requests: an address may hold the token
    config = uvicorn.Config(
        application(store, host=host, token=token), log_level="warning", access_log=False, server_header=False,
        lifespan="off", ws="none", timeout_graceful_shutdown=5,
    )  # fmt: skip
    return Serving(f"http://{shown}:{port}/{query}", uvicorn.Server(config), listening)
