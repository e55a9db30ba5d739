"""``lianode serve`` as users run it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

from lianode.hpc.serve.run import listen
from lianode.hpc.serve.token import FILE
from lianode.hpc.settings import write_default
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("options", [(), ("--token",)])
def test_it_prints_an_address_and_ends_when_it_is_asked(tmp_path: Path, options: tuple[str, ...]) -> None:
    write_default(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "lianode.cli.main", "serve", "--port", "0", *options],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith("results at http://127.0.0.1:")
        address = said.split()[-1]
        assert ("?token=" in address) == bool(options)
        assert (tmp_path / FILE).exists() == bool(options)
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(address, timeout=60) as answer:
            assert "Nothing found." in answer.read().decode()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "Traceback" not in errors
    assert "stopped" in errors
    assert not options or address.split("=")[1] not in errors


def test_a_port_that_is_taken_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(InputError, match=f"port {port}: Address already in use; name another with --port"),
            listen("127.0.0.1", port),
        ):
            pass
    with pytest.raises(InputError, match="no address of this machine"), listen("no.such.host.invalid", 0):
        pass
