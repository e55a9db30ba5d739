"""Times of queries over many property documents, as `lianode query` and the browser ask them.

    python benchmarks/query.py                      # 100,000 documents, made in the temporary folder
    python benchmarks/query.py --project FOLDER     # the store of a project
    python benchmarks/query.py --mongo              # on a MongoDB server of one's own, from the wheel

Each query is asked some times in one process; the first time is printed apart, because the file is then read from the
disk. The time of the processor is printed beside, which other work on the machine changes little; of MongoDB's server
it says nothing. Queries without a limit are counted too. A page is 100 documents.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store import Ours, load

from lianode.hpc.settings import MongoSettings, Settings, load_settings
from lianode.hpc.store import open_store
from lianode.hpc.stores.mongod import running_mongod
from lianode.hpc.tables import table_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from lianode.hpc.store import ResultsStore

PAGE = 100
TIMES = 7
CRITERIA = {"energy_above_hull": {"$lt": 0.01}}
NARROW = {"energy_above_hull": {"$gte": 0.5, "$lt": 0.5001}}
WIDE = {"energy_above_hull": {"$gte": 0.1}}
SETTING = {"settings.number": {"$gte": 5, "$lt": 50}}
NEWEST = [("created", -1), ("key", -1)]
QUERIES: dict[str, dict[str, Any]] = {
    "first page": {"limit": PAGE},
    "the newest": {"sort": NEWEST, "limit": PAGE},
    "first page of a property": {"property": "hull", "limit": PAGE},
    "a property and a system": {"property": "hull", "system": "Li-In", "limit": PAGE},
    "a system": {"system": "Li-In", "limit": PAGE},
    "flagged results": {"flagged": True, "limit": PAGE},
    "made on one day": {"since": "2025-01-01", "until": "2025-01-01", "limit": PAGE},
    "no result of that day": {"since": "2030-01-01", "limit": PAGE},
    "a range, first page": {"criteria": CRITERIA, "limit": PAGE},
    "a property and a range": {"property": "hull", "criteria": CRITERIA},
    "a range, all results": {"criteria": CRITERIA},
    "a narrow range, all results": {"criteria": NARROW},
    "a wide range, the newest": {"criteria": WIDE, "sort": NEWEST, "limit": PAGE},
    "a setting of the analysis": {"criteria": SETTING},
    "a property, by a number": {"property": "hull", "sort": [("energy_above_hull", 1)], "limit": PAGE},
    "all, by a number": {"sort": [("energy_above_hull", 1)], "limit": PAGE},
}
PAGES = {
    "first": [],
    "the thousandth": [("page", "1000")],
    "a property": [("property", "hull")],
    "a range": [("where", "energy_above_hull<0.01")],
    "a wide range": [("where", "energy_above_hull>=0.1")],
    "a property, by a number": [("property", "hull"), ("sort", "energy_above_hull")],
    "a search for two words": [("search", "Li-In hull")],
    "results with a failed check": [("flagged", "yes")],
}
COUNTS: dict[str, dict[str, Any]] = {
    "how many there are": {},
    "how many of a property": {"property": "hull"},
    "how many in a range": CRITERIA,
    "how many in a wide range": WIDE,
}


def measure(ask: Callable[[], int]) -> str:
    """Return what was found, and the first and median time and the processor's median time, in ms."""
    times, busy = [], []
    count = 0
    for _ in range(TIMES + 1):
        start, begun = time.perf_counter(), time.process_time()
        count = ask()
        times.append(1e3 * (time.perf_counter() - start))
        busy.append(1e3 * (time.process_time() - begun))
    first, median, processor = times[0], statistics.median(times[1:]), statistics.median(busy[1:])
    return f"{count:7} found   first {first:8.1f} ms   median {median:8.1f} ms   processor {processor:8.1f} ms"


def report(store: ResultsStore) -> None:
    """Print the times of all queries."""
    print(f"{store.property_documents.count()} property documents")
    for name, words in QUERIES.items():
        print(f"  {name:36} {measure(lambda words=words: sum(1 for _ in store.query(**words)))}", flush=True)
    count = store.property_documents.count
    for name, criteria in COUNTS.items():
        wanted = {**criteria, "superseded_by": None}
        print(f"  {name:36} {measure(lambda wanted=wanted: count(wanted))}", flush=True)
        print(f"  {name + ', to 10,000':36} {measure(lambda wanted=wanted: count(wanted, limit=10_000))}", flush=True)
    pages(store)
    documents = list(store.query(limit=1000))
    begun = time.process_time()
    for document in documents:
        table_row(document)
    each = (time.process_time() - begun) / max(1, len(documents))
    print(f"  a row of a table                     {1e6 * each:7.0f} µs of the processor")


def pages(store: ResultsStore) -> None:
    """Print the times of pages of ``lianode serve``, from the words of an address to HTML, where it is installed."""
    try:
        from lianode.hpc.serve.asked import asked
        from lianode.hpc.serve.listing import listing
    except ImportError:
        print("  pages of lianode serve were not measured: the extra 'serve' is not installed")
        return
    for name, words in PAGES.items():
        page = measure(lambda words=words: listing(store, asked(words)).body.count(b"<tr"))
        print(f"  page: {name:30} {page}", flush=True)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--project", type=Path, help="folder with lianode.toml; nothing is written there")
    parser.add_argument("--mongo", action="store_true", help="on MongoDB instead of SQLite")
    options = parser.parse_args()
    if options.project is not None:
        report(open_store(load_settings(options.project / "lianode.toml")))
        return
    with tempfile.TemporaryDirectory(prefix="lianode-benchmark-") as folder, ExitStack() as stack:
        place, settings = folder, Settings(project=Path(folder))
        if options.mongo:
            place = stack.enter_context(running_mongod(Path(folder) / "mongod"))
            settings = Settings(
                project=Path(folder), store=MongoSettings(kind="mongodb", uri=place, database="lianode-benchmark")
            )
        load(Ours(place), options.documents)
        report(open_store(settings))


if __name__ == "__main__":
    main()
