"""Times of queries over many property documents, as `lianode query` and the browser ask them.

    python benchmarks/query.py                      # 100,000 documents, made in the temporary folder
    python benchmarks/query.py --project FOLDER     # the store of a project

Each query is asked some times in one process; the first time is printed apart, because the file is then read from the
disk. The time of the processor is printed beside, which other work on the machine changes little. A page is 100
documents.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store import Ours, load

from lianode.hpc.settings import Settings, load_settings
from lianode.hpc.store import open_store
from lianode.hpc.tables import table_row

if TYPE_CHECKING:
    from lianode.hpc.store import ResultsStore

PAGE = 100
TIMES = 7
CRITERIA = {"energy_above_hull": {"$lt": 0.01}}
QUERIES: dict[str, dict[str, Any]] = {
    "first page": {"limit": PAGE},
    "first page of a property": {"property": "hull", "limit": PAGE},
    "a property and a system": {"property": "hull", "system": "Li-In", "limit": PAGE},
    "a system": {"system": "Li-In", "limit": PAGE},
    "flagged results": {"flagged": True, "limit": PAGE},
    "made on one day": {"since": "2025-01-01", "until": "2025-01-01", "limit": PAGE},
    "no result of that day": {"since": "2030-01-01", "limit": PAGE},
    "a range, first page": {"criteria": CRITERIA, "limit": PAGE},
    "a property and a range": {"property": "hull", "criteria": CRITERIA},
    "a range, all results": {"criteria": CRITERIA},
}


def measure(store: ResultsStore, words: dict[str, Any]) -> tuple[int, float, float, float]:
    """Return how many documents a query finds, its first and median time, and the processor's median time, in ms."""
    times, busy = [], []
    count = 0
    for _ in range(TIMES + 1):
        start, begun = time.perf_counter(), time.process_time()
        count = sum(1 for _ in store.query(**words))
        times.append(1e3 * (time.perf_counter() - start))
        busy.append(1e3 * (time.process_time() - begun))
    return count, times[0], statistics.median(times[1:]), statistics.median(busy[1:])


def report(store: ResultsStore) -> None:
    """Print the times of all queries."""
    print(f"{store.property_documents.count()} property documents")
    for name, words in QUERIES.items():
        count, first, median, busy = measure(store, words)
        times = f"first {first:8.1f} ms   median {median:8.1f} ms   processor {busy:8.1f} ms"
        print(f"  {name:28} {count:7} found   {times}", flush=True)
    documents = list(store.query(limit=1000))
    begun = time.process_time()
    for document in documents:
        table_row(document)
    each = (time.process_time() - begun) / max(1, len(documents))
    print(f"  a row of a table             {1e6 * each:7.0f} µs of the processor")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--project", type=Path, help="folder with lianode.toml; nothing is written there")
    options = parser.parse_args()
    if options.project is not None:
        report(open_store(load_settings(options.project / "lianode.toml")))
        return
    with tempfile.TemporaryDirectory(prefix="lianode-benchmark-") as folder:
        load(Ours(folder), options.documents)
        report(open_store(Settings(project=Path(folder))))


if __name__ == "__main__":
    main()
