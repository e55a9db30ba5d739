"""Our collections as maggma stores, so that jobflow and maggma builders can use them."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maggma.core import Sort, Store
from maggma.core.store import DateTimeFormat, StoreError

from lianode.hpc.stores.collection import CollectionSpec
from lianode.hpc.stores.sqlite import SQLiteDatabase
from lianode.hpc.stores.values import MISSING, lookup, order
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lianode.hpc.stores.collection import Collection

Properties = dict[str, Any] | list[str] | None
SortOrder = dict[str, Sort | int] | None


class CollectionStore(Store):
    """A maggma store on an open collection.

    Parameters
    ----------
    collection
        Collection that holds the documents.
    last_updated_field
        Field with the time of the last change, as an ISO string.
    """

    def __init__(self, collection: Collection | None, last_updated_field: str = "last_updated") -> None:
        self._open_collection = collection
        key = "" if collection is None else collection.spec.key[0]
        super().__init__(key=key, last_updated_field=last_updated_field, last_updated_type=DateTimeFormat.IsoFormat)

    @property
    def _collection(self) -> Collection:
        if self._open_collection is None:
            raise StoreError("the store is not connected")  # type: ignore[no-untyped-call]
        return self._open_collection

    @property
    def name(self) -> str:
        """Name of the collection."""
        return self._collection.spec.name

    def connect(self, force_reset: bool = False) -> None:
        """Do nothing: the collection is open."""

    def close(self) -> None:
        """Do nothing: who opened the collection closes it."""

    def count(self, criteria: Mapping[str, Any] | None = None) -> int:
        """Count documents."""
        return self._collection.count(criteria)

    def query(
        self,
        criteria: Mapping[str, Any] | None = None,
        properties: Properties = None,
        sort: SortOrder = None,
        skip: int = 0,
        limit: int = 0,
    ) -> Iterator[dict[str, Any]]:
        """Yield documents; criteria are the subset of :mod:`lianode.hpc.stores.criteria`."""
        order_by = [(field, Sort(direction).value) for field, direction in (sort or {}).items()]
        return self._collection.find(criteria, projection=properties or None, sort=order_by, skip=skip, limit=limit)

    def query_one(
        self, criteria: Mapping[str, Any] | None = None, properties: Properties = None, sort: SortOrder = None
    ) -> dict[str, Any] | None:
        """Return the first document, or None."""
        return next(self.query(criteria, properties, sort, limit=1), None)

    def update(self, docs: list[dict[str, Any]] | dict[str, Any], key: Sequence[str] | str | None = None) -> None:
        """Insert documents, or replace those with the same key.

        Raises
        ------
        InputError
            When ``key`` names other fields than those the collection is unique by.
        """
        unique = self._collection.spec.key
        fields = unique if key is None else (key,) if isinstance(key, str) else tuple(key)
        if set(fields) != set(unique):
            raise InputError(
                f"the collection {self.name!r} is kept by {', '.join(unique)}, so documents cannot be updated by "
                f"{', '.join(fields)}"
            )
        documents = docs if isinstance(docs, list) else [docs]
        self._collection.put({name: value for name, value in doc.items() if name != "_id"} for doc in documents)

    def ensure_index(self, key: str, unique: bool = False) -> bool:
        """Index a field; return whether that was possible."""
        if unique:
            return self._collection.spec.key == (key,)
        try:
            self._collection.ensure_index([key])
        except InputError:
            return False
        return True

    def groupby(  # noqa: PLR0917  maggma's signature
        self,
        keys: list[str] | str,
        criteria: Mapping[str, Any] | None = None,
        properties: Properties = None,
        sort: SortOrder = None,
        skip: int = 0,
        limit: int = 0,
    ) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """Yield documents in groups of equal single values; documents without one of the fields are left out."""
        from pydash import set_

        names = [keys] if isinstance(keys, str) else list(keys)
        paths = [name.split(".") for name in names]
        wanted = [*properties, *names] if properties else None
        documents = [
            (tuple(lookup(document, path) for path in paths), document)
            for document in self.query(criteria, wanted, sort, skip, limit)
        ]
        complete = [pair for pair in documents if MISSING not in pair[0]]

        def place(pair: tuple[tuple[Any, ...], dict[str, Any]]) -> tuple[Any, ...]:
            return tuple(order(value) for value in pair[0])

        for _, group in groupby(sorted(complete, key=place), key=place):
            members = list(group)
            values: dict[str, Any] = {}
            for name, value in zip(names, members[0][0], strict=True):
                set_(values, name, value)
            yield values, [document for _, document in members]

    def distinct(
        self,
        field: str,
        criteria: Mapping[str, Any] | None = None,
        all_exist: bool = False,  # noqa: ARG002  maggma's signature
    ) -> list[Any]:
        """Return the different values of a field."""
        return self._collection.distinct(field, criteria)

    def remove_docs(self, criteria: Mapping[str, Any]) -> None:
        """Remove documents."""
        self._collection.remove(criteria)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


class SQLiteStore(CollectionStore):
    """A maggma store in a SQLite file, without a server, that several processes may write.

    Parameters
    ----------
    path
        The file.
    collection_name
        Lower-case letters, digits and ``_``.
    key
        Field or fields that are unique: ``task_id``; ``["uuid", "index"]`` for jobflow's documents, ``blob_uuid`` for
        its additional stores.
    last_updated_field
        Field with the time of the last change, as an ISO string.

    Examples
    --------
    >>> docs = SQLiteStore("jobs.db", "outputs", key=["uuid", "index"])  # doctest: +SKIP
    >>> data = SQLiteStore("jobs.db", "data", key="blob_uuid")  # doctest: +SKIP
    >>> JobStore(docs, additional_stores={"data": data})  # doctest: +SKIP
    """

    def __init__(
        self,
        path: str | Path,
        collection_name: str,
        key: str | list[str] = "task_id",
        last_updated_field: str = "last_updated",
    ) -> None:
        self.path = str(path)
        self.collection_name = collection_name
        self.unique = [key] if isinstance(key, str) else list(key)
        self._database: SQLiteDatabase | None = None
        super().__init__(None, last_updated_field)
        self.key = self.unique[0]

    @property
    def name(self) -> str:
        """Where it is."""
        return f"sqlite://{self.path}/{self.collection_name}"

    def connect(self, force_reset: bool = False) -> None:
        """Open the file; make it where it is missing."""
        if self._database is None or force_reset:
            self.close()
            self._database = SQLiteDatabase(Path(self.path))
            self._open_collection = self._database.collection(CollectionSpec(self.collection_name, tuple(self.unique)))

    def close(self) -> None:
        """Close the file."""
        if self._database is not None:
            self._database.close()
        self._database = None
        self._open_collection = None

    def as_dict(self) -> dict[str, Any]:
        """Return what :meth:`from_dict` makes the store from again."""
        return {
            "@module": type(self).__module__,
            "@class": type(self).__name__,
            "path": self.path,
            "collection_name": self.collection_name,
            "key": self.unique,
            "last_updated_field": self.last_updated_field,
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SQLiteStore) and self.as_dict() == other.as_dict()

    def __hash__(self) -> int:
        return hash((self.path, self.collection_name))
