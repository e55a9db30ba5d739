"""A server on loopback that runs in a thread, and how tests ask it."""

from __future__ import annotations

import http.client
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lianode.hpc.store import ResultsStore

HOSTILE = "\"'><script>window.hacked=1</script><img src=x onerror=window.hacked=2>"
FORMULA = '=HYPERLINK("http://example.org","x")'
COPIES = 130


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass(frozen=True)
class Site:
    """A server that runs."""

    address: str
    port: int

    def get(self, path: str = "/", method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.putrequest(method, path, skip_host=True)
        for name, value in {"Host": f"127.0.0.1:{self.port}", **headers}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        text = answer.read().decode("utf-8")
        found = {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        return Answer(answer.status, found, text)


@contextmanager
def served(store: ResultsStore, host: str = "127.0.0.1", *, with_token: bool = False) -> Iterator[Site]:
    """Serve a store in a thread of this process."""
    from lianode.hpc.serve.run import listen, serve

    with listen(host, 0) as listening:
        serving = serve(store, listening, project=store.settings.project, host=host, with_token=with_token)
        thread = threading.Thread(target=serving.run)
        thread.start()
        for _ in range(600):
            if serving.server.started:
                break
            time.sleep(0.05)
        yield Site(serving.address, listening.getsockname()[1])
        serving.server.should_exit = True
        thread.join(30)
