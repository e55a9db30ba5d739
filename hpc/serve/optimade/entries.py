"""All structures of a store, as far as filters ask them, kept in memory and brought up to date when they are asked."""

from __future__ import annotations

import threading
import time
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.serve.optimade.fields import PREFIX, PUBLISHED
from lianode.hpc.serve.optimade.structures import BULKY, attributes, is_shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lianode.hpc.store import ResultsStore

FRESH_S: Final = 2.0
"""So long what was read stands without a look at the store."""
_PORTION: Final = 500
_RESULTS: Final = f"_{PREFIX}_results"
_FLAGGED: Final = f"_{PREFIX}_flagged"


class Entries:
    """The structures of a store.

    A finished calculation never changes, so each is read once; numbers of property documents are read again when there
    are newer ones.

    Parameters
    ----------
    store
        Only read.
    """

    def __init__(self, store: ResultsStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._read_at = -FRESH_S
        self._own: dict[str, dict[str, Any] | None] = {}
        self._documents: tuple[int, str] | None = None
        self._taken: dict[str, dict[str, tuple[float, Mapping[str, Any]]]] = {}
        self._rows: list[dict[str, Any]] = []

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """Return what filters and orders are decided on, by id: all attributes but the bulky ones."""
        with self._lock:
            if time.monotonic() - self._read_at >= FRESH_S:
                changed = self._read_calculations()
                if self._read_documents() or changed:
                    own = sorted((key, row) for key, row in self._own.items() if row is not None)
                    self._rows = [_joined(row, self._taken.get(key, {})) for key, row in own]
                self._read_at = time.monotonic()
            return self._rows

    def whole(self, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return rows with their bulky attributes, which are read from the store."""
        wanted = list(rows)
        stored = {
            document["key"]: document
            for document in self._store.calculation_documents.find({"key": {"$in": [row["id"] for row in wanted]}})
        }
        return [{**attributes(stored[row["id"]]), **row} for row in wanted if row["id"] in stored]

    def _read_calculations(self) -> bool:
        documents = self._store.calculation_documents
        keys = set(documents.distinct("key", {"state": "converged"}))
        gone, new = self._own.keys() - keys, sorted(keys - self._own.keys())
        for key in gone:
            del self._own[key]
        for start in range(0, len(new), _PORTION):
            for calculation in documents.find({"key": {"$in": new[start : start + _PORTION]}}):
                self._own[calculation["key"]] = _row(calculation) if is_shown(calculation) else None
        return bool(gone or new)

    def _read_documents(self) -> bool:
        """Read the numbers of results again where there are other ones than before."""
        names = sorted({one.property for one in PUBLISHED})
        newest = next(self._store.query(property=names, sort=[("created", -1), ("key", -1)], limit=1), None)
        now = (self._store.count(property=names), "" if newest is None else f"{newest['created']} {newest['key']}")
        if now == self._documents:
            return False
        self._documents = now
        self._taken = {}
        for document in self._store.query(property=names, completeness="complete", sort=[("created", 1)]):
            if not document["settings"].get("temperature"):
                self._take(document)
        return True

    def _take(self, document: Mapping[str, Any]) -> None:
        """Give the numbers of a document to its crystal; those of newer documents come later and stay."""
        for one in PUBLISHED:
            key = document["calculations"].get(one.role or document["phase"])
            value = document.get(one.field)
            if document["property"] != one.property or key is None or value is None:
                continue
            self._taken.setdefault(key, {})[one.own.name] = (float(value), document)


def _joined(row: Mapping[str, Any], taken: Mapping[str, tuple[float, Mapping[str, Any]]]) -> dict[str, Any]:
    """Return what a calculation says of itself, with the numbers of results and where they are from."""
    documents = {document["key"]: document for _, document in taken.values()}
    return {
        **row,
        **{name: value for name, (value, _) in taken.items()},
        _RESULTS: sorted(documents),
        _FLAGGED: row[_FLAGGED] or any(document["flagged"] for document in documents.values()),
    }


def _row(calculation: Mapping[str, Any]) -> dict[str, Any]:
    whole = attributes(calculation)
    kept = {name: value for name, value in whole.items() if name not in BULKY}
    return {"id": calculation["key"], "type": "structures", **kept}


def ordered(rows: Iterable[Mapping[str, Any]], by: Sequence[tuple[str, bool]]) -> list[Mapping[str, Any]]:
    """Return rows by fields, each with whether it is from the largest; what is not known comes last."""
    found = sorted(rows, key=itemgetter("id"))
    for name, down in reversed(by):
        known = [row for row in found if row.get(name) is not None]
        known.sort(key=itemgetter(name), reverse=down)
        found = [*known, *(row for row in found if row.get(name) is None)]
    return found
