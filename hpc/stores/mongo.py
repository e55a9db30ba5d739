"""The same collections on a MongoDB server, with the same meaning of queries."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from lianode.hpc.stores.collection import STORE_VERSION, CollectionSpec, check_range, check_revision, keyed
from lianode.hpc.stores.criteria import field_path, parse
from lianode.hpc.stores.mongo_credentials import PASSWORD_VARIABLE
from lianode.hpc.stores.mongo_numbers import NUMBERS, OTHERS, narrowed, open_numbers, with_numbers
from lianode.hpc.stores.selection import projection_fields, sort_fields
from lianode.hpc.stores.sqlite_file import require_version
from lianode.hpc.stores.values import order, plain
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pymongo import MongoClient
    from pymongo.collection import Collection as PyMongoCollection
    from pymongo.database import Database as PyMongoDatabase

META: Final = "lianode_meta"
_HIDDEN: Final = {"_id": 0, "_version": 0, NUMBERS: 0, OTHERS: 0}
TOO_LARGE: Final = "a document is too large for MongoDB (16 MB); keep large data in files"
_AUTHENTICATION_FAILED, _UNAUTHORIZED, _DUPLICATE_KEY, _PARALLEL_ARRAYS, _TOO_LARGE = 18, 13, 11000, 2, 10334
_TIMEOUT_MS: Final = 10_000
_BATCH: Final = 1000
RETRY_S: Final = 2.0

_Document = dict[str, Any]
P = ParamSpec("P")
R = TypeVar("R")


class ServerGoneError(InputError):
    """The server does not answer; it may come back."""


def patiently(operation: Callable[P, R]) -> Callable[P, R]:
    """Repeat an operation that can be repeated while the server is away, as long as its database says.

    A running job must not lose its result because the server was restarted meanwhile.
    """

    @wraps(operation)
    def repeated(*args: P.args, **options: P.kwargs) -> R:
        (collection, *_) = args
        database: MongoDatabase = collection.database  # type: ignore[attr-defined]
        deadline = time.monotonic() + database.patience_s
        while True:
            try:
                return operation(*args, **options)
            except ServerGoneError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(RETRY_S)

    return repeated


class MongoDatabase:
    """A database with collections.

    Writes are acknowledged by the majority of the servers, after they are in the journal.

    Parameters
    ----------
    uri
        Address without a password.
    database
        Name of the database.
    password
        Kept in the client only.
    version
        Version of the documents that is expected; None for any.

    Attributes
    ----------
    patience_s
        Seconds that an operation waits for a server that went away, beyond the driver's own time limit.

    Raises
    ------
    InputError
        When the server does not answer, refuses the password, or the database is of another version or purpose.
    """

    def __init__(
        self, uri: str, database: str, password: str | None = None, version: int | None = STORE_VERSION
    ) -> None:
        self.where = f"MongoDB database {database!r}"
        self.patience_s = 0.0
        self._name = database
        self._connect = _connector(uri, database, password)
        self._clients: dict[int, MongoClient[_Document]] = {}
        self.version = self._check_identity(version)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name!r})"

    def collection(self, spec: CollectionSpec) -> MongoCollection:
        """Open a collection; make it where it is missing."""
        return MongoCollection(self, spec)

    def database(self) -> PyMongoDatabase[_Document]:
        """Return the database of this process's client (clients do not survive a fork)."""
        process = os.getpid()
        if process not in self._clients:
            self._clients[process] = self._connect()
        return self._clients[process][self._name]

    def upgrade(self, changes: Mapping[str, Callable[[_Document], _Document]], specs: Sequence[CollectionSpec]) -> int:
        """Bring every document to the next version and return it.

        Each document is marked with the version it was brought to, so that an interrupted upgrade goes on.
        """
        target = self.version + 1
        for spec in specs:
            if spec.name in changes:
                self.collection(spec).rewrite(changes[spec.name], target)
        with translated(self.where):
            self.database()[META].update_one({"_id": "store"}, {"$set": {"version": target}})
        self.version = target
        return target

    def close(self) -> None:
        """Close this process's client."""
        client = self._clients.pop(os.getpid(), None)
        if client is not None:
            client.close()

    def _stored_version(self) -> int | None:
        with translated(self.where):
            meta = self.database()[META].find_one({"_id": "store"})
        return None if meta is None else int(meta["version"])

    def _check_identity(self, expected: int | None) -> int:
        """Return the version of the documents; a new database gets the expected one."""
        from pymongo.errors import DuplicateKeyError

        found = self._stored_version()
        if found is None:
            with translated(self.where):
                names = set(self.database().list_collection_names())
                if names & {"calculations", "properties"}:
                    raise InputError(
                        "the database has collections of another program; name an empty one in 'database'", self.where
                    )
                with suppress(DuplicateKeyError):  # another process was faster
                    version = STORE_VERSION if expected is None else expected
                    self.database()[META].insert_one({"_id": "store", "version": version})
            found = self._stored_version()
        if found is None:
            raise InputError("the version of the results store was removed while it was opened", self.where)
        if expected is not None:
            require_version(found, expected, self.where)
        return found


class MongoCollection:
    """One collection.

    Parameters
    ----------
    database
        The database it is in.
    spec
        What it holds.
    """

    def __init__(self, database: MongoDatabase, spec: CollectionSpec) -> None:
        self.database = database
        self.spec = spec
        with translated(database.where):
            handle = self._handle()
            handle.create_index([(field, 1) for field in spec.key], unique=True)
            for group in spec.indexes:
                handle.create_index([(field, 1) for field in group])
            if spec.numbers:
                open_numbers(handle, spec.numbers)

    @patiently
    def put(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Insert documents, or replace those with the same key; durable when it returns."""
        from pymongo import ReplaceOne
        from pymongo.errors import BulkWriteError

        rows = keyed(self.spec, documents)
        if not rows:
            return
        requests = [
            ReplaceOne(dict(zip(self.spec.key, key, strict=True)), self._stored(row), upsert=True)
            for key, row in rows.items()
        ]
        with translated(self.database.where):
            try:
                self._handle().bulk_write(requests, ordered=False)
            except BulkWriteError as error:
                # two processes inserted one key at the same moment; the second time it is a replacement
                failed = error.details["writeErrors"]
                if error.details.get("writeConcernErrors") or {entry["code"] for entry in failed} != {_DUPLICATE_KEY}:
                    raise
                self._handle().bulk_write([requests[entry["index"]] for entry in failed], ordered=False)

    @patiently
    def compare_and_set(self, expected_revision: int, document: Mapping[str, Any]) -> bool:
        """Store a document whose ``revision`` follows the expected one, if that is still what is stored."""
        from pymongo.errors import DuplicateKeyError

        ((key, row),) = keyed(self.spec, [document]).items()
        check_revision(expected_revision, row)
        row = self._stored(row)
        with translated(self.database.where):
            if expected_revision == 0:
                try:
                    self._handle().insert_one(row)
                except DuplicateKeyError:
                    return False
                return True
            criteria = dict(zip(self.spec.key, key, strict=True)) | {"revision": expected_revision}
            return self._handle().replace_one(criteria, row).matched_count == 1

    def find(
        self,
        criteria: Mapping[str, Any] | None = None,
        *,
        projection: Iterable[str] | Mapping[str, Any] | None = None,
        sort: Sequence[tuple[str, int]] = (),
        skip: int = 0,
        limit: int = 0,
    ) -> Iterator[_Document]:
        """Yield documents as they arrive; a limit of 0 means all."""
        check_range(skip, limit)
        fields = projection_fields(projection)
        wanted = _HIDDEN if fields is None else dict.fromkeys(fields, 1) | {"_id": 0}
        by = sort_fields(sort, self.spec.key) if sort or skip or limit else ()
        cursor = self._handle().find(self._asked(criteria), wanted, skip=skip, limit=limit)
        if by:
            cursor = cursor.sort([(field.field, -1 if field.descending else 1) for field in by]).allow_disk_use(True)
        return self._stream(iter(cursor))

    @patiently
    def find_one(
        self, criteria: Mapping[str, Any] | None = None, *, sort: Sequence[tuple[str, int]] = ()
    ) -> _Document | None:
        """Return the first document, or None."""
        return next(self.find(criteria, sort=sort, limit=1), None)

    @patiently
    def count(self, criteria: Mapping[str, Any] | None = None, *, limit: int = 0) -> int:
        """Count documents, up to a limit where one is given."""
        check_range(0, limit)
        with translated(self.database.where):
            bounds: dict[str, Any] = {"limit": limit} if limit else {}
            return self._handle().count_documents(self._asked(criteria), **bounds)

    def distinct(self, field: str, criteria: Mapping[str, Any] | None = None) -> list[Any]:
        """Return the different values of a field (elements, of lists) but null, in MongoDB's order of values."""
        field_path(field)
        with translated(self.database.where):
            values = self._handle().distinct(field, self._asked(criteria))
        return sorted((value for value in values if value is not None), key=order)

    @patiently
    def remove(self, criteria: Mapping[str, Any]) -> int:
        """Remove documents and return how many."""
        with translated(self.database.where):
            return self._handle().delete_many(self._asked(criteria)).deleted_count

    def ensure_index(self, fields: Sequence[str]) -> None:
        """Index fields together; they have to hold single values from now on.

        Raises
        ------
        InputError
            When a stored document holds a list or object there.
        """
        spec = CollectionSpec(self.spec.name, self.spec.key, self.spec.columns, (*self.spec.indexes, tuple(fields)))
        for document in self.find():
            keyed(spec, [document])
        with translated(self.database.where):
            self._handle().create_index([(field, 1) for field in fields])
        self.spec = spec

    def rewrite(self, change: Callable[[_Document], _Document], version: int) -> None:
        """Replace every document by ``change(document)`` and mark it; marked ones are left alone."""
        from pymongo import ReplaceOne

        handle = self._handle()
        while True:
            with translated(self.database.where):
                portion = list(handle.find({"_version": {"$ne": version}}, limit=_BATCH))
            if not portion:
                return
            requests = []
            for document in portion:
                number = document.pop("_id")
                for hidden in _HIDDEN:
                    document.pop(hidden, None)
                (old,) = keyed(self.spec, [document])
                ((new, row),) = keyed(self.spec, [change(document)]).items()
                if new != old:
                    raise ValueError(f"an upgrade must not change keys ({old} became {new})")
                requests.append(ReplaceOne({"_id": number}, self._stored(row) | {"_version": version}))
            with translated(self.database.where):
                handle.bulk_write(requests, ordered=False)

    def _stored(self, row: _Document) -> _Document:
        return with_numbers(row, self.spec.numbers) if self.spec.numbers else row

    def _asked(self, criteria: Mapping[str, Any] | None) -> _Document:
        """Return criteria that MongoDB and :mod:`lianode.hpc.stores.criteria` read alike, with dates as text."""
        node = parse(criteria)
        wanted = {name: _as_stored(value) for name, value in (criteria or {}).items()}
        return narrowed(wanted, node, self.spec.numbers) if self.spec.numbers else wanted

    def _stream(self, documents: Iterator[_Document]) -> Iterator[_Document]:
        with translated(self.database.where):
            yield from documents

    def _handle(self) -> PyMongoCollection[_Document]:
        return self.database.database()[self.spec.name]


def _as_stored(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_stored(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_as_stored(entry) for entry in value]
    return plain(value)


def _connector(uri: str, database: str, password: str | None) -> Callable[[], MongoClient[_Document]]:
    """Return a function that makes a client; the password stays inside."""

    def connect() -> MongoClient[_Document]:
        from pymongo import MongoClient
        from pymongo.errors import PyMongoError

        where = f"MongoDB database {database!r}"
        options: dict[str, Any] = {"w": "majority", "journal": True, "appname": "lianode"}
        if "serverselectiontimeoutms" not in uri.lower():
            options["serverSelectionTimeoutMS"] = _TIMEOUT_MS
        user = _user(uri)
        if user and password:
            options |= {"username": user, "password": password}
        elif user and "authmechanism" not in uri.lower():
            raise InputError(f"'uri' names a user; set {PASSWORD_VARIABLE} or 'password_file'", where)
        try:
            return MongoClient(uri, **options)
        except (PyMongoError, ValueError) as error:
            raise InputError(f"the address 'uri' cannot be used ({type(error).__name__})", where) from None

    return connect


def _user(uri: str) -> str | None:
    from urllib.parse import unquote

    user, at, _ = uri.partition("://")[2].partition("/")[0].rpartition("@")
    return unquote(user) if at else None


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn the server's errors into ``InputError``; messages of the driver, which may quote addresses, stay out."""
    from bson.errors import InvalidDocument
    from pymongo import errors
    from pymongo.errors import DocumentTooLarge

    try:
        yield
    except (DocumentTooLarge, InvalidDocument):
        raise InputError(TOO_LARGE, where) from None
    except errors.OperationFailure as error:
        if error.code in {_AUTHENTICATION_FAILED, _UNAUTHORIZED}:
            raise InputError(
                f"the server refuses the user or the password; check the user in 'uri' and {PASSWORD_VARIABLE} "
                "or 'password_file'",
                where,
            ) from None
        if error.code == _TOO_LARGE:
            raise InputError(TOO_LARGE, where) from None
        if error.code == _PARALLEL_ARRAYS:
            raise InputError("documents cannot be sorted by several fields that hold lists", where) from None
        raise
    except errors.ConfigurationError as error:
        raise InputError(f"the address 'uri' cannot be used ({type(error).__name__})", where) from None
    except errors.ConnectionFailure:
        raise ServerGoneError(
            "the MongoDB server does not answer; check 'uri' under [store] and the server", where
        ) from None
