"""Times of the results store, and of maggma's stores on the same documents in the same run.

    python benchmarks/store.py                      # SQLite, JSONStore, MontyStore; MongoDB when its wheel is installed
    python benchmarks/store.py --mongo mongodb://host:27017

Measured: an indexed query (property, system, phase) with many documents; one document written durably; two processes
that write at once, and what they lose; a fresh process that opens the store and asks; and, as the limit of the disk, a
bare append with fsync. Writes of JSONStore and MontyStore are not synced, ours and MongoDB's (majority, journal) are.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from lianode.analysis.checks import Check
from lianode.analysis.documents import PropertyDocument
from lianode.analysis.method import MethodKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ELEMENTS = ("Na", "Mg", "Al", "Si", "Zn", "Ga", "Ge", "Ag", "Cd", "In", "Sn", "Sb", "Pb", "Bi")
SYSTEMS = [f"Li-{element}" for element in ELEMENTS]
PROPERTIES = ["hull", "barrier", "surface", "elastic", "electronic"]
ENGINES = ["sevennet-0", "sevennet-l3i5", "chgnet", "vasp"]
METHOD = MethodKey(program="sevennet", functional="PBE", model="SevenNet-0", checksum="0" * 64)


class SampleDocument(PropertyDocument):
    """A property document of ordinary size: energies of a dozen phases and their checks."""

    property: Literal["hull", "barrier", "surface", "elastic", "electronic"]
    energy_above_hull: float
    formation_energies: dict[str, float]


def sample(number: int) -> dict[str, Any]:
    """Return property document ``number``: each (property, system, phase) comes once per engine and repetition."""
    source = random.Random(number)  # noqa: S311
    phases = [f"Li{source.randrange(1, 22)}X{source.randrange(1, 9)}" for _ in range(12)]
    document = SampleDocument(
        property=PROPERTIES[number % len(PROPERTIES)],
        system=SYSTEMS[number // 5 % len(SYSTEMS)],
        phase=f"P{number // 70 % 250}",
        engine=ENGINES[number // 17_500 % len(ENGINES)],
        campaign=f"campaign-{number // 70_000}",
        method=METHOD,
        settings={"number": number, "hull_tolerance": 0.005, "references": {}, "temperature": 300.0},
        calculations={phase: f"relax-{source.getrandbits(64):016x}" for phase in phases},
        checks=[
            Check(
                name=name, passed=source.random() > 0.01, message=f"largest value {source.random():.4f}", subject=phase
            )
            for phase in phases
            for name in ("forces_converged", "crystal_unchanged")
        ],
        created="2025-01-01T00:00:00+00:00",
        energy_above_hull=source.random(),
        formation_energies={phase: -source.random() for phase in phases},
    )
    return document.model_dump(mode="json")


class Store(Protocol):
    """What is timed."""

    def put(self, documents: list[dict[str, Any]]) -> None:
        """Write documents."""
        ...

    def find(self, criteria: dict[str, Any]) -> list[dict[str, Any]]:
        """Ask for documents."""
        ...

    def count(self) -> int:
        """Count documents."""
        ...


class Ours:
    """Our collection, in SQLite or MongoDB."""

    def __init__(self, place: str) -> None:
        from lianode.hpc.store import PROPERTIES as SPEC

        if place.startswith("mongodb://"):
            from lianode.hpc.stores.mongo import MongoDatabase

            self.collection = MongoDatabase(place, "lianode-benchmark").collection(SPEC)
        else:
            from lianode.hpc.stores.sqlite import SQLiteDatabase

            self.collection = SQLiteDatabase(Path(place) / "lianode.db").collection(SPEC)

    def put(self, documents: list[dict[str, Any]]) -> None:
        """Write documents."""
        self.collection.put(documents)

    def find(self, criteria: dict[str, Any]) -> list[dict[str, Any]]:
        """Ask for documents."""
        return list(self.collection.find(criteria))

    def count(self) -> int:
        """Count documents."""
        return self.collection.count()


class Maggma:
    """One of maggma's stores."""

    def __init__(self, store: Any) -> None:
        self.store = store
        store.connect()
        for field in ("key", "property", "system", "phase"):
            with suppress(NotImplementedError):  # montydb has no indexes
                store.ensure_index(field)

    def put(self, documents: list[dict[str, Any]]) -> None:
        """Write documents."""
        self.store.update(documents, key="key")

    def find(self, criteria: dict[str, Any]) -> list[dict[str, Any]]:
        """Ask for documents."""
        return list(self.store.query(criteria))

    def count(self) -> int:
        """Count documents, those that are really there."""
        return sum(1 for _ in self.store.query({}, ["key"]))


def _json_store(place: str) -> Store:
    from maggma.stores import JSONStore

    return Maggma(JSONStore(str(Path(place) / "store.json"), read_only=False, key="key"))


def _monty_store(place: str) -> Store:
    from maggma.stores.mongolike import MontyStore

    return Maggma(MontyStore("documents", database_path=str(Path(place) / "monty"), key="key"))


def _mongo_store(place: str) -> Store:
    from maggma.stores import MongoStore

    durable = {"w": "majority", "journal": True}
    return Maggma(MongoStore("maggma-benchmark", "documents", uri=place, key="key", mongoclient_kwargs=durable))


OPENERS: dict[str, Callable[[str], Store]] = {
    "lianode SQLite": Ours,
    "lianode MongoDB": Ours,
    "maggma JSONStore": _json_store,
    "maggma MontyStore": _monty_store,
    "maggma MongoStore": _mongo_store,
}


@dataclass
class Times:
    """Seconds of one operation, many times."""

    seconds: list[float]

    @property
    def median(self) -> float:
        """Median in ms."""
        return 1e3 * statistics.median(self.seconds)

    @property
    def p99(self) -> float:
        """99th percentile in ms."""
        ordered = sorted(self.seconds)
        return 1e3 * ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]

    def __str__(self) -> str:
        return f"median {self.median:8.3f} ms   p99 {self.p99:8.3f} ms   ({len(self.seconds)} times)"


def timed(actions: Iterable[Callable[[], object]]) -> Times:
    """Run actions one by one."""
    seconds = []
    for action in actions:
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return Times(seconds)


def load(store: Store, count: int) -> None:
    """Write the first ``count`` samples in portions."""
    for start in range(0, count, 2000):
        store.put([sample(number) for number in range(start, min(start + 2000, count))])


def queries(store: Store, count: int, times: int) -> Times:
    """Time indexed queries for (property, system, phase) of random samples among the first ``count``."""
    source = random.Random(1)  # noqa: S311

    def ask() -> object:
        wanted = sample(source.randrange(count))
        criteria = {name: wanted[name] for name in ("property", "system", "phase")}
        start = time.perf_counter()
        found = store.find(criteria)
        seconds.append(time.perf_counter() - start)
        assert wanted["key"] in {document["key"] for document in found}
        return None

    seconds: list[float] = []
    for _ in range(times):
        ask()
    return Times(seconds)


def appends(path: Path, size: int, times: int) -> Times:
    """Time what the disk itself takes to keep ``size`` more bytes of a file."""
    with path.open("wb", buffering=0) as file:

        def append() -> None:
            file.write(b"x" * size)
            os.fsync(file.fileno())

        return timed(append for _ in range(times))


def writes(store: Store, first: int, times: int) -> Times:
    """Time writing one document at a time."""
    documents = [sample(first + number) for number in range(times)]
    return timed((lambda document=document: store.put([document])) for document in documents)


def _write_many(name: str, place: str, first: int, count: int, barrier: Any) -> None:
    warnings.simplefilter("ignore")
    documents = [sample(first + number) for number in range(count)]
    store = OPENERS[name](place)
    barrier.wait()
    for document in documents:
        store.put([document])


def two_writers(name: str, place: str, first: int, count: int) -> tuple[float, str]:
    """Let two processes write ``count`` documents each, one at a time; return seconds and what was lost."""
    context = multiprocessing.get_context("spawn")
    before = OPENERS[name](place).count()
    barrier = context.Barrier(3)
    writers = [
        context.Process(target=_write_many, args=(name, place, first + half * count, count, barrier)) for half in (0, 1)
    ]
    for writer in writers:
        writer.start()
    barrier.wait()
    start = time.perf_counter()
    for writer in writers:
        writer.join()
    seconds = time.perf_counter() - start
    crashed = sum(writer.exitcode != 0 for writer in writers)
    try:
        lost = str(2 * count - (OPENERS[name](place).count() - before))
    except Exception as error:  # noqa: BLE001  a peer's file may be beyond reading
        lost = f"all ({type(error).__name__})"
    return seconds, lost + (f", {crashed} writer crashed" if crashed else "")


def fresh_process(folder: Path) -> Times:
    """Time a new Python process that opens the store and asks for one triple."""
    script = (
        "import sys; from pathlib import Path\n"
        "from lianode.hpc.settings import Settings\n"
        "from lianode.hpc.store import open_store\n"
        "store = open_store(Settings(project=Path(sys.argv[1])))\n"
        "print(sum(1 for _ in store.query(property='hull', system='Li-In', phase='P7')))\n"
    )
    command = [sys.executable, "-c", script, str(folder)]
    return timed((lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(7))


def main() -> None:
    """Run it and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--folder", type=Path, help="on the disk that is to be measured; the temporary folder by default"
    )
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--peer-documents", type=int, default=2_000, help="for the comparison of all stores")
    parser.add_argument("--writers", type=int, default=5_000, help="documents of each of the two writers")
    parser.add_argument("--peer-writers", type=int, default=100, help="the same, in the comparison")
    parser.add_argument("--mongo", default="auto", help="URI, 'auto' (the wheel's server) or 'none'")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    folder = Path(tempfile.mkdtemp(prefix="lianode-benchmark-", dir=options.folder))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        own(folder, options.documents, options.writers)
        compare(folder, mongo_uri(options.mongo, folder, stack), options.peer_documents, options.peer_writers)


def mongo_uri(choice: str, folder: Path, stack: ExitStack) -> str | None:
    """Return the server to compare with, started where asked."""
    if choice == "none":
        return None
    if choice != "auto":
        return choice
    from lianode.hpc.stores.mongod import find_mongod, running_mongod

    return None if find_mongod() is None else stack.enter_context(running_mongod(folder / "mongod"))


def own(folder: Path, count: int, per_writer: int) -> None:
    """Measure the SQLite store at full size."""
    place = folder / "own"
    place.mkdir()
    store = Ours(str(place))
    size = len(str(sample(0)))
    start = time.perf_counter()
    load(store, count)
    print(f"SQLite store, documents of about {size / 1000:.1f} kB")
    print(f"  loaded {count} documents in {time.perf_counter() - start:.1f} s, making them included")
    print(f"  indexed query (property, system, phase)   {queries(store, count, 500)}")
    print(f"  one durable write                         {writes(store, count, 2000)}")
    print(f"  bare append of as much, with fsync        {appends(folder / 'bare', size, 2000)}", flush=True)
    seconds, lost = two_writers("lianode SQLite", str(place), count + 2000, per_writer)
    rate = 2 * per_writer / seconds
    print(f"  two writers, {per_writer} documents each          {seconds:.1f} s ({rate:.0f} per s), lost: {lost}")
    times = fresh_process(place)
    print(f"  a new process: start, open, query         {times}", flush=True)


def compare(folder: Path, mongo: str | None, count: int, per_writer: int) -> None:
    """Measure all stores at a small size, and print ratios to the SQLite store."""
    print(
        f"\nAll stores with {count} documents; two writers with {per_writer} documents each (x: times the SQLite store)"
    )
    columns = f"{'query, ms':>12}{'p99':>10}{'x':>8}{'write, ms':>12}{'p99':>10}{'x':>8}{'2 writers, s':>14}{'x':>8}"
    print(f"  {'':20}{columns}  lost", flush=True)
    base: tuple[float, float, float] | None = None
    for name, opener in OPENERS.items():
        if "Mongo" in name and "Monty" not in name and mongo is None:
            print(f"  {name:20}  not measured: no server")
            continue
        place = mongo or ""
        if "MongoDB" not in name and "MongoStore" not in name:
            place = str(folder / name.replace(" ", "-"))
            Path(place).mkdir()
        try:
            store = opener(place)
        except ImportError as error:
            print(f"  {name:20}  not measured: {error}")
            continue
        load(store, count)
        asked, wrote = queries(store, count, 40), writes(store, count, 40)
        seconds, lost = two_writers(name, place, count + 40, per_writer)
        base = base or (asked.median, wrote.median, seconds)
        print(
            f"  {name:20}{asked.median:12.3f}{asked.p99:10.3f}{asked.median / base[0]:8.1f}"
            f"{wrote.median:12.3f}{wrote.p99:10.3f}{wrote.median / base[1]:8.1f}"
            f"{seconds:14.2f}{seconds / base[2]:8.1f}  {lost}",
            flush=True,
        )


if __name__ == "__main__":
    main()
