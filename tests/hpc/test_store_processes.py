"""Several processes on one store, and processes that are killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lianode.hpc.store import PROPERTIES, open_database
from lianode.hpc.stores.collection import CollectionSpec
from lianode.hpc.stores.sqlite import SQLiteDatabase

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.hpc.settings import Settings

OPEN = """
from pathlib import Path
from lianode.hpc.settings import load_settings
from lianode.hpc.store import PROPERTIES, open_database
collection = open_database(load_settings(Path(sys.argv[1]))).collection(PROPERTIES)
start()
"""
WRITE = (
    OPEN
    + """
name, count = sys.argv[2], int(sys.argv[3])
for number in range(count):
    collection.put([{"key": f"{name}-{number}", "property": "hull", "system": "Li-In", "number": number}])
"""
)
RACE = (
    OPEN
    + """
for number in range(int(sys.argv[3])):
    if collection.compare_and_set(0, {"key": f"race-{number}", "revision": 1, "winner": sys.argv[2]}):
        print(number)
"""
)
COUNTER = (
    OPEN
    + """
for _ in range(int(sys.argv[3])):
    while True:
        held = collection.find_one({"key": "counter"})
        revision = held["revision"] if held else 0
        new = {"key": "counter", "revision": revision + 1, "total": (held["total"] if held else 0) + 1}
        if collection.compare_and_set(revision, new):
            break
"""
)
ACKNOWLEDGE = (
    OPEN
    + """
number = 0
while True:
    collection.put([{"key": f"{sys.argv[2]}-{number}", "text": "x" * 2000}])
    print(number, flush=True)
    number += 1
"""
)


def start_all(workers: Any, script: str, settings: Settings, count: int, *arguments: object) -> list[Any]:
    started = [workers(script, settings.file, f"w{number}", *arguments) for number in range(count)]
    for worker in started:
        worker.ready()
    for worker in started:
        worker.go()
    return started


def test_two_writers_lose_nothing(settings: Settings, workers: Any) -> None:
    for worker in start_all(workers, WRITE, settings, 2, 5000):
        worker.finish()
    collection = open_database(settings).collection(PROPERTIES)
    assert collection.count() == 10_000
    for name in ("w0", "w1"):
        found = {document["key"] for document in collection.find({"key": {"$regex": f"^{name}"}})}
        assert found == {f"{name}-{number}" for number in range(5000)}


def test_processes_that_make_the_store_at_once(settings: Settings, workers: Any) -> None:
    script = """
from pathlib import Path
from lianode.hpc.settings import load_settings
start()
from lianode.hpc.store import open_store
store = open_store(load_settings(Path(sys.argv[1])))
store.property_documents.put([{"key": sys.argv[2]}])
"""
    for worker in start_all(workers, script, settings, 4):
        worker.finish()
    assert open_database(settings).collection(PROPERTIES).count() == 4


def test_one_winner_per_key(settings: Settings, workers: Any) -> None:
    won = [worker.finish() for worker in start_all(workers, RACE, settings, 4, 200)]
    assert sorted(int(number) for lines in won for number in lines) == list(range(200))
    collection = open_database(settings).collection(PROPERTIES)
    for name, lines in enumerate(won):
        assert collection.count({"winner": f"w{name}"}) == len(lines)


def test_compare_and_set_counts_every_step(settings: Settings, workers: Any) -> None:
    for worker in start_all(workers, COUNTER, settings, 3, 100):
        worker.finish()
    counter = open_database(settings).collection(PROPERTIES).find_one({"key": "counter"})
    assert counter == {"key": "counter", "revision": 300, "total": 300}


def test_killed_writer_keeps_what_it_acknowledged(settings: Settings, workers: Any) -> None:
    for attempt, lines in enumerate((1, 37, 211)):
        worker = workers(ACKNOWLEDGE, settings.file, f"a{attempt}")
        worker.ready()
        worker.go()
        acknowledged = []
        for line in worker.lines():
            acknowledged.append(int(line))
            if len(acknowledged) == lines:
                os.kill(worker.process.pid, signal.SIGKILL)
        worker.process.wait()
        collection = open_database(settings).collection(PROPERTIES)
        found = {document["key"] for document in collection.find({"key": {"$regex": f"^a{attempt}-"}})}
        assert {f"a{attempt}-{number}" for number in acknowledged} <= found
        assert len(found) <= len(acknowledged) + 1
    if settings.store.kind == "sqlite":
        SQLiteDatabase(settings.resolve(settings.store.path)).check()


def write_after_fork(collection: Any, name: str) -> None:
    for number in range(50):
        collection.put([{"key": f"{name}-{number}"}])


def test_connections_do_not_cross_a_fork(settings: Settings) -> None:
    collection = open_database(settings).collection(PROPERTIES)
    collection.put([{"key": "before"}])
    reading = collection.find()
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=write_after_fork, args=(collection, f"c{n}")) for n in range(2)]
    for child in children:
        child.start()
    write_after_fork(collection, "parent")
    for child in children:
        child.join()
        assert child.exitcode == 0
    assert next(reading)["key"] == "before"
    assert collection.count() == 151


def test_threads_share_a_collection(settings: Settings) -> None:
    collection = open_database(settings).collection(PROPERTIES)
    threads = [threading.Thread(target=write_after_fork, args=(collection, f"t{n}")) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert collection.count() == 200


def test_a_failed_batch_leaves_nothing(tmp_path: Path) -> None:
    collection = SQLiteDatabase(tmp_path / "a.db").collection(CollectionSpec("things", ("key",)))

    def documents() -> Any:
        yield {"key": "a"}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collection.put(documents())
    assert collection.count() == 0
