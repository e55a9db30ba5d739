"""Collections in one SQLite file: no server, durable commits, safe for several processes."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from lianode.hpc.stores.collection import STORE_VERSION, CollectionSpec, check_range, check_revision, keyed
from lianode.hpc.stores.criteria import field_path, holds, parse
from lianode.hpc.stores.selection import project, projection_fields, sort_documents, sort_fields, sort_values
from lianode.hpc.stores.sqlite_file import DAMAGED, SQLiteFile, translated
from lianode.hpc.stores.sqlite_numbers import NumberIndex
from lianode.hpc.stores.sqlite_query import (
    Known,
    column,
    column_value,
    document_value,
    page,
    quoted,
    where,
)
from lianode.hpc.stores.sqlite_query import order as order_of
from lianode.hpc.stores.values import lookup, order, spread
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from lianode.hpc.stores.criteria import Node
    from lianode.hpc.stores.selection import SortField

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_INDEXABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


class SQLiteDatabase:
    """A SQLite file with collections.

    Parameters
    ----------
    path
        The file, made where it is missing.
    version
        Version of the documents that is expected; None for any.
    """

    def __init__(self, path: Path, version: int | None = STORE_VERSION) -> None:
        self.file = SQLiteFile(path, version)
        self.version = self.file.version

    def collection(self, spec: CollectionSpec) -> SQLiteCollection:
        """Open a collection; make it where it is missing."""
        return SQLiteCollection(self.file, spec)

    def check(self) -> None:
        """Read the whole file, every document too, and raise ``InputError`` where it is damaged."""
        self.file.check()
        with translated(self.file.path):
            collections = self.file.reader().execute("SELECT name, key FROM lianode_collections").fetchall()
        for name, key in collections:
            for _ in self.collection(CollectionSpec(name, tuple(json.loads(key)))).find():
                pass

    def upgrade(
        self, changes: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]], specs: Sequence[CollectionSpec]
    ) -> int:
        """Bring every document to the next version, all in one transaction, and return that version."""
        collections = [self.collection(spec) for spec in specs if spec.name in changes]
        with self.file.transaction() as connection:
            for collection in collections:
                collection.rewrite(connection, changes[collection.spec.name])
            connection.execute(f"PRAGMA user_version = {self.version + 1:d}")
        self.version += 1
        return self.version

    def close(self) -> None:
        """Close this thread's connections."""
        self.file.close()


class SQLiteCollection:
    """One collection: a table of documents (JSON) with columns for the fields that are indexed.

    The columns are filled when a document is written. Which columns there are is read inside each write's
    transaction, so that a process that indexes another field and one that does not know of it yet can write at the
    same time.

    Parameters
    ----------
    file
        The file it is in.
    spec
        What it holds.
    """

    def __init__(self, file: SQLiteFile, spec: CollectionSpec) -> None:
        if not _NAME.fullmatch(spec.name) or spec.name.startswith("sqlite") or spec.name == "lianode_collections":
            raise InputError(f"{spec.name!r} is not a name for a collection; use lower-case letters, digits and _")
        self.file = file
        self.spec = spec
        self._table = quoted(spec.name)
        self._numbers: NumberIndex | None = None
        self._description: tuple[str, ...] = ()
        self._columns: tuple[str, ...] = ()
        self._paths: tuple[tuple[str, ...], ...] = ()
        self._upsert = ""
        self._open()

    def put(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Insert documents, or replace those with the same key; all of them or none, durable when it returns.

        Raises
        ------
        InputError
            For a document that cannot be stored.
        """
        rows = keyed(self.spec, documents).values()
        encoded = [(orjson.dumps(row), row) for row in rows]
        if not encoded:
            return
        with self.file.transaction() as connection:
            self._refresh(connection)
            connection.executemany(self._upsert, ((text, *self._column_values(row)) for text, row in encoded))
            self._read_numbers(connection)

    def compare_and_set(self, expected_revision: int, document: Mapping[str, Any]) -> bool:
        """Store a document whose ``revision`` follows the expected one, if that is still what is stored.

        Raises
        ------
        ValueError
            When the document's revision is not ``expected_revision + 1``.
        """
        ((key, row),) = keyed(self.spec, [document]).items()
        check_revision(expected_revision, row)
        text = orjson.dumps(row)
        with self.file.transaction() as connection:
            self._refresh(connection)
            sql = f"SELECT document FROM {self._table} WHERE {self._key_clause()}"  # noqa: S608
            stored = connection.execute(sql, key).fetchone()
            revision = 0 if stored is None else self._decode(stored[0]).get("revision", 0)
            if revision != expected_revision or (stored is not None and expected_revision == 0):
                return False
            connection.execute(self._upsert, (text, *self._column_values(row)))
            self._read_numbers(connection)
        return True

    def find(
        self,
        criteria: Mapping[str, Any] | None = None,
        *,
        projection: Iterable[str] | Mapping[str, Any] | None = None,
        sort: Sequence[tuple[str, int]] = (),
        skip: int = 0,
        limit: int = 0,
    ) -> Iterator[dict[str, Any]]:
        """Yield documents as they are read; a limit of 0 means all.

        Raises
        ------
        InputError
            For criteria, sort orders or projections outside the subset of :mod:`lianode.hpc.stores.criteria`.
        """
        check_range(skip, limit)
        node = parse(criteria)
        fields = projection_fields(projection)
        by = sort_fields(sort, self.spec.key) if sort or skip or limit else ()
        found = self._find(node, by, skip, limit)
        return found if fields is None else (project(document, fields) for document in found)

    def find_one(
        self, criteria: Mapping[str, Any] | None = None, *, sort: Sequence[tuple[str, int]] = ()
    ) -> dict[str, Any] | None:
        """Return the first document, or None."""
        return next(self.find(criteria, sort=sort, limit=1), None)

    def count(self, criteria: Mapping[str, Any] | None = None, *, limit: int = 0) -> int:
        """Count documents, up to a limit where one is given."""
        check_range(0, limit)
        node = parse(criteria)
        clause = where(node, self._known(of_page=bool(limit)))
        if not clause.exact:
            return sum(1 for _ in self._find(node, (), 0, limit))
        with translated(self.file.path):
            found = f"SELECT 1 FROM {self._table} AS t{clause.clause()} LIMIT ?"  # noqa: S608
            sql = f"SELECT count(*) FROM ({found})"  # noqa: S608
            return int(self.file.reader().execute(sql, (*clause.parameters, limit or -1)).fetchone()[0])

    def distinct(self, field: str, criteria: Mapping[str, Any] | None = None) -> list[Any]:
        """Return the different values of a field (elements, of lists) but null, in MongoDB's order of values."""
        path = field_path(field)
        node = parse(criteria)
        clause = where(node, self._known())
        values: dict[tuple[Any, ...], Any] = {}
        if field in self._columns and clause.exact:
            name = column(field)
            condition = f"({clause.sql}) AND {name} IS NOT NULL" if clause.sql else f"{name} IS NOT NULL"
            with translated(self.file.path):
                sql = f"SELECT DISTINCT {name} FROM {self._table} AS t WHERE {condition}"  # noqa: S608
                for (value,) in self.file.reader().execute(sql, clause.parameters):
                    values[order(document_value(value))] = document_value(value)
        else:
            for document in self._find(node, (), 0, 0):
                for value in spread(document, path):
                    values.setdefault(order(value), value)
            values.pop(order(None), None)
        return [values[key] for key in sorted(values)]

    def remove(self, criteria: Mapping[str, Any]) -> int:
        """Remove documents and return how many."""
        node = parse(criteria)
        clause = where(node, self._known())
        chosen = f"FROM {self._table} AS t{clause.clause()}"
        with self.file.transaction() as connection:
            if clause.exact:
                return connection.execute(f"DELETE {chosen}", clause.parameters).rowcount
            rows = connection.execute(f"SELECT id, document {chosen}", clause.parameters)
            matching = [(number,) for number, text in rows if holds(node, self._decode(text))]
            connection.executemany(f"DELETE FROM {self._table} WHERE id = ?", matching)  # noqa: S608
            return len(matching)

    def ensure_index(self, fields: Sequence[str]) -> None:
        """Index fields together; they have to hold single values from now on.

        Raises
        ------
        InputError
            When a stored document holds a list or object there.
        """
        try:
            with self.file.transaction() as connection:
                self._grow(connection, tuple(fields), (tuple(fields),))
                self._read_numbers(connection)
        except BaseException:
            with translated(self.file.path):
                self._refresh(self.file.reader())  # forget the columns that were rolled back
            raise

    def rewrite(self, connection: sqlite3.Connection, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Replace every document by ``change(document)``, inside a transaction; keys have to stay."""
        self._refresh(connection)
        for number, document in self._scan(connection):
            (old,) = keyed(self.spec, [document])
            ((new, row),) = keyed(self.spec, [change(document)]).items()
            if new != old:
                raise ValueError(f"an upgrade must not change keys ({old} became {new})")
            self._overwrite(connection, number, row)
        self._read_numbers(connection)

    def _find(self, node: Node, by: tuple[SortField, ...], skip: int, limit: int) -> Iterator[dict[str, Any]]:
        known = self._known(of_page=bool(limit))
        clause, sorted_by = where(node, known), order_of(by, known)
        if clause.exact and sorted_by is not None and (limit or skip):
            return self._rows(*page(self._table, clause, sorted_by, limit, skip), None)
        sql = f"SELECT document FROM {self._table} AS t{clause.clause()}"  # noqa: S608
        parameters = clause.parameters
        if sorted_by is not None:
            sql += sorted_by.clause()
            parameters += sorted_by.parameters
        rows = self._rows(sql, parameters, None if clause.exact else node)
        if sorted_by is None:
            # keep the text, not the objects, of what may be a large collection
            pairs = [(sort_values(document, by), orjson.dumps(document)) for document in rows]
            rows = (orjson.loads(text) for text in sort_documents(pairs, by))
        return islice(rows, skip, skip + limit if limit else None) if skip or limit else rows

    def _known(self, *, of_page: bool = False) -> Known:
        """Return what SQL knows; for a page it may ask document by document, which ends when the page is full."""
        numbers = self._numbers
        if numbers is None:
            return Known(self._columns)

        def has_numbers(path: tuple[str, ...]) -> bool:
            with translated(self.file.path):
                return numbers.answers(self.file.reader(), path)

        def are_many(condition: str, values: tuple[Any, ...]) -> bool:
            with translated(self.file.path):
                return of_page and numbers.are_many(self.file.reader(), condition, values)

        return Known(self._columns, numbers.table, has_numbers, are_many)

    def _read_numbers(self, connection: sqlite3.Connection) -> None:
        if self._numbers is not None:
            self._numbers.read_marked(connection, self._decode)

    def _rows(self, sql: str, parameters: tuple[Any, ...], node: Node | None) -> Iterator[dict[str, Any]]:
        with translated(self.file.path):
            for (text,) in self.file.reader().execute(sql, parameters):
                document = self._decode(text)
                if node is None or holds(node, document):
                    yield document

    def _decode(self, text: bytes) -> dict[str, Any]:
        try:
            document: Any = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise InputError(DAMAGED, str(self.file.path)) from error
        if not isinstance(document, dict):
            raise InputError(DAMAGED, str(self.file.path))
        return document

    def _open(self) -> None:
        wanted = self.spec
        with translated(self.file.path):
            self._refresh(self.file.reader())
            if not (set(wanted.fields()) <= set(self._columns) and set(wanted.indexes) <= set(self.spec.indexes)):
                with self.file.transaction() as connection:
                    self._grow(connection, wanted.fields(), wanted.indexes)
            if wanted.numbers:
                self._open_numbers(NumberIndex(wanted.name, wanted.numbers))

    def _open_numbers(self, numbers: NumberIndex) -> None:
        """Make the index of numbers where it is missing, and let it read what was written without it."""
        reader = self.file.reader()
        if not numbers.exists(reader) or numbers.is_behind(reader):
            with self.file.transaction() as connection:
                if not numbers.exists(connection):
                    numbers.make(connection)
                numbers.read_marked(connection, self._decode)
        self._numbers = numbers

    def _refresh(self, connection: sqlite3.Connection) -> None:
        """Learn which columns there are now; another process may have added some."""
        row = connection.execute(
            "SELECT key, columns, indexes FROM lianode_collections WHERE name = ?", (self.spec.name,)
        ).fetchone()
        if row is None or row == self._description:
            return
        try:
            key, columns = (tuple(map(str, json.loads(text))) for text in row[:2])
            groups = tuple(tuple(map(str, group)) for group in json.loads(row[2]))
        except (ValueError, TypeError) as error:
            raise InputError(DAMAGED, str(self.file.path)) from error
        if key != self.spec.key:
            raise InputError(
                f"the collection {self.spec.name!r} is kept by {', '.join(key)}, not by {', '.join(self.spec.key)}",
                str(self.file.path),
            )
        self._description = row
        self._columns = columns
        self._paths = tuple(tuple(field.split(".")) for field in columns)
        self.spec = CollectionSpec(self.spec.name, self.spec.key, self._columns, groups)
        names = ", ".join(column(field) for field in columns)
        updates = ", ".join(f"{column(field)} = excluded.{column(field)}" for field in columns)
        self._upsert = (
            f"INSERT INTO {self._table} (document, {names}) VALUES (?{', ?' * len(columns)}) "  # noqa: S608
            f"ON CONFLICT ({', '.join(column(field) for field in self.spec.key)}) "
            f"DO UPDATE SET document = excluded.document, {updates}"
        )

    def _grow(
        self, connection: sqlite3.Connection, columns: tuple[str, ...], indexes: tuple[tuple[str, ...], ...]
    ) -> None:
        """Make the table where it is missing, add the columns and indexes that are, inside a transaction."""
        self._refresh(connection)
        old_indexes = self.spec.indexes if self._description else ()
        if not self._description:
            key_columns = ", ".join(f"{column(field)} NOT NULL" for field in self.spec.key)
            unique = ", ".join(column(field) for field in self.spec.key)
            connection.execute(
                f"CREATE TABLE {self._table} (id INTEGER PRIMARY KEY, document BLOB NOT NULL, {key_columns}, "
                f"UNIQUE ({unique}))"
            )
        have = self._columns or self.spec.key
        wanted = tuple(dict.fromkeys((*columns, *(field for group in indexes for field in group))))
        added = tuple(field for field in wanted if field not in have)
        taken = {field.lower() for field in have}
        for field in added:
            if not _INDEXABLE.fullmatch(field) or field.lower() in taken:
                raise InputError(f"{field!r} cannot be indexed; names differ by more than upper and lower case")
            taken.add(field.lower())
            connection.execute(f"ALTER TABLE {self._table} ADD COLUMN {column(field)}")
        for group in indexes:
            name = quoted(f"{self.spec.name}:{','.join(group)}")
            names = ", ".join(column(field) for field in group)
            connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {self._table} ({names})")
        connection.execute(
            "INSERT OR REPLACE INTO lianode_collections (name, key, columns, indexes) VALUES (?, ?, ?, ?)",
            (
                self.spec.name,
                json.dumps(self.spec.key),
                json.dumps([*have, *added]),
                json.dumps(list(dict.fromkeys((*old_indexes, *indexes)))),
            ),
        )
        self._refresh(connection)
        if added:
            for number, document in self._scan(connection):
                ((_, row),) = keyed(self.spec, [document]).items()
                self._overwrite(connection, number, row)

    def _scan(self, connection: sqlite3.Connection) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield all documents by row, in portions, so that rows may be overwritten meanwhile."""
        last = 0
        sql = f"SELECT id, document FROM {self._table} WHERE id > ? ORDER BY id LIMIT 500"  # noqa: S608
        while rows := connection.execute(sql, (last,)).fetchall():
            for number, text in rows:
                yield number, self._decode(text)
            last = rows[-1][0]

    def _overwrite(self, connection: sqlite3.Connection, number: int, row: dict[str, Any]) -> None:
        updates = ", ".join(f"{column(field)} = ?" for field in self._columns)
        connection.execute(
            f"UPDATE {self._table} SET document = ?, {updates} WHERE id = ?",  # noqa: S608
            (orjson.dumps(row), *self._column_values(row), number),
        )

    def _column_values(self, row: Mapping[str, Any]) -> list[Any]:
        return [column_value(lookup(row, path)) for path in self._paths]

    def _key_clause(self) -> str:
        return " AND ".join(f"{column(field)} = ?" for field in self.spec.key)
