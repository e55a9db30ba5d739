"""What becomes of a process of GPAW that dies, hangs or talks nonsense; the processes here compute nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

from lianode.workflows.engine import RunContext
from lianode.workflows.engines.gpaw.process import GpawError, GpawProcess, GpawStoppedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Start = Callable[..., GpawProcess]

LISTEN = """
import json, os, signal, sys, time
def answer(content): print(content, flush=True)
order = json.loads(sys.stdin.readline())
"""


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Start a process that reads one order and then does what its code says."""

    def started(code: str, **context: object) -> GpawProcess:
        program = tmp_path / "program.py"
        program.write_text(LISTEN + textwrap.dedent(code), encoding="utf-8")
        return GpawProcess((sys.executable,), RunContext(tmp_path, **context), program=program)  # type: ignore[arg-type]

    return started


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", GpawStoppedError, "SIGKILL .out of memory, or someone ended it"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", GpawStoppedError, "SIGSEGV .it crashed"),
        ("raise ImportError('no libxc')", GpawError, "ended: ImportError: no libxc"),
        ("sys.exit('rank=1 L09: ValueError: no\\nMPI_ABORT was invoked')", GpawError, "ended: ValueError: no"),
        ("sys.exit(3)", GpawError, "no word of why .code 3"),
        ("raise MemoryError", GpawError, "out of memory"),
        ("answer('hello')", GpawError, "cannot be read"),
        ("""answer('{"error": "", "kind": "scf"}')""", GpawError, "SCF not converged"),
        ("""answer('{"error": "no Xx.PBE", "kind": "dataset"}')""", GpawError, "lacks a file: no Xx.PBE"),
        ("""answer('{"error": "ValueError: x", "kind": "other"}')""", GpawError, "broke down: ValueError: x"),
    ],
)
def test_what_goes_wrong_has_a_reason(start: Start, code: str, error: type[Exception], words: str) -> None:
    with start(code) as process, pytest.raises(error, match=words) as raised:
        process.ask({"cell": []})
    assert "\n" not in str(raised.value)
    assert process.process.returncode is not None


def test_answers_come_whole_however_long_they_are(start: Start) -> None:
    code = """
    content = json.dumps({"given": order, "forces": [0.25] * 200_000})
    sys.stdout.write(content[:1000]); sys.stdout.flush(); time.sleep(0.2)
    answer(content[1000:])
    """
    with start(code) as process:
        answer = process.ask({"cell": [1.5]})
    assert answer["given"] == {"cell": [1.5]}
    assert len(answer["forces"]) == 200_000


def test_a_process_that_computes_is_stopped_in_time(start: Start) -> None:
    clock = time.monotonic()
    with (
        start("time.sleep(600)", deadline=clock + 0.5) as process,
        pytest.raises(GpawStoppedError, match="the next run continues it"),
    ):
        process.ask({})
    assert time.monotonic() - clock < 30
    assert process.process.returncode == -signal.SIGTERM


def test_a_process_that_ignores_the_request_to_end_is_killed(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lianode.workflows.engines.gpaw.process.GRACE_S", 0.5)
    code = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nanswer('{}')\ntime.sleep(600)"
    with start(code) as process:
        process.ask({})
    assert process.process.returncode == -signal.SIGKILL


def test_an_idle_process_ends_by_itself(start: Start) -> None:
    with start("answer('{}')\nsys.stdin.read()") as process:
        process.ask({})
    assert process.process.returncode == 0


def test_a_command_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(GpawError, match="does not start"):
        GpawProcess(("/nowhere/python",), RunContext(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent is gone")
def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n")
    code = f"""
import sys, time
from pathlib import Path
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.gpaw.process import GpawProcess
folder = Path({str(tmp_path)!r})
process = GpawProcess((sys.executable,), RunContext(folder), program=folder / "program.py")
print(process.process.stdout.readline().decode(), flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    for _ in range(100):
        if not _is_alive(child):
            return
        time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the process outlived its parent")


def _is_alive(number: int) -> bool:
    try:
        with open(f"/proc/{number}/stat", encoding="utf-8") as file:  # noqa: PTH123
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
