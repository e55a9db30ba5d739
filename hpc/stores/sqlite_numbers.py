"""Numbers of documents by field and value, beside their table, so that a range reads only what lies in it.

A table ``NAME:numbers`` holds ``(field, value, id)`` of every single number. Triggers keep it from ever holding an
old number, whatever process or version of lianode writes the document: a change takes the numbers of the document out
and marks it in ``NAME:unread``, and the writer reads what is marked in the same transaction. While anything is marked,
which only a writer that knows nothing of this leaves behind, queries read the documents instead. ``NAME:others`` names
the fields that hold something else than a number in some document; those are not answered from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.stores.numbers import numbers_of, object_of
from lianode.hpc.stores.sqlite_query import quoted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

_PORTION: Final = 500
_MANY: Final = 10_000


class NumberIndex:
    """The numbers of one collection.

    Parameters
    ----------
    name
        Of the collection.
    objects
        Whose numbers are kept, as in :class:`lianode.hpc.stores.collection.CollectionSpec`.
    """

    def __init__(self, name: str, objects: Sequence[str]) -> None:
        self._objects = tuple(objects)
        self._documents = quoted(name)
        self.table = quoted(f"{name}:numbers")
        self._unread = quoted(f"{name}:unread")
        self._others = quoted(f"{name}:others")
        self._name = name

    def exists(self, connection: sqlite3.Connection) -> bool:
        """Whether its tables are there."""
        sql = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
        return bool(connection.execute(sql, (f"{self._name}:numbers",)).fetchone()[0])

    def make(self, connection: sqlite3.Connection) -> None:
        """Make its tables, with all documents marked; inside a transaction."""
        documents, numbers, unread = self._documents, self.table, self._unread
        forget = f"DELETE FROM {numbers} WHERE id = OLD.id;"  # noqa: S608
        mark = f"INSERT OR IGNORE INTO {unread} VALUES (NEW.id);"  # noqa: S608
        after = {
            "INSERT": mark,
            "UPDATE OF document": forget + mark,
            "DELETE": f"{forget} DELETE FROM {unread} WHERE id = OLD.id;",  # noqa: S608
        }
        connection.execute(
            f"CREATE TABLE {numbers} (field TEXT NOT NULL, value NOT NULL, id INTEGER NOT NULL, "
            "PRIMARY KEY (field, value, id)) WITHOUT ROWID"
        )
        connection.execute(f"CREATE INDEX {quoted(f'{self._name}:numbers of')} ON {numbers} (id, field)")
        connection.execute(f"CREATE TABLE {unread} (id INTEGER PRIMARY KEY)")
        connection.execute(f"CREATE TABLE {self._others} (field TEXT PRIMARY KEY) WITHOUT ROWID")
        for event, actions in after.items():
            trigger = quoted(f"{self._name}:after {event.lower()}")
            connection.execute(f"CREATE TRIGGER {trigger} AFTER {event} ON {documents} BEGIN {actions} END")
        connection.execute(f"INSERT INTO {unread} SELECT id FROM {documents}")  # noqa: S608

    def is_behind(self, connection: sqlite3.Connection) -> bool:
        """Whether documents are marked."""
        return bool(connection.execute(f"SELECT EXISTS (SELECT 1 FROM {self._unread})").fetchone()[0])  # noqa: S608

    def answers(self, connection: sqlite3.Connection, path: Sequence[str]) -> bool:
        """Whether every document has at this path a number, null or nothing, and the number stands here."""
        above = object_of(path)
        if above not in self._objects or self.is_behind(connection):
            return False
        sql = f"SELECT count(*) FROM {self._others} WHERE field IN (?, ?)"  # noqa: S608
        return not connection.execute(sql, (".".join(path), f"{above}.")).fetchone()[0]

    def are_many(self, connection: sqlite3.Connection, condition: str, values: Sequence[Any]) -> bool:
        """Whether a condition holds for more numbers than are worth a list."""
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {self.table} WHERE {condition} LIMIT {_MANY})"  # noqa: S608
        return bool(connection.execute(sql, values).fetchone()[0] == _MANY)

    def read_marked(self, connection: sqlite3.Connection, decode: Callable[[bytes], dict[str, Any]]) -> None:
        """Take the numbers of marked documents in; inside a transaction.

        Parameters
        ----------
        connection
            That writes.
        decode
            Returns a document from its text.
        """
        known = {field for (field,) in connection.execute(f"SELECT field FROM {self._others}")}  # noqa: S608
        sql = (
            f"SELECT id, document FROM {self._documents} "  # noqa: S608
            f"WHERE id IN (SELECT id FROM {self._unread} ORDER BY id LIMIT {_PORTION})"
        )
        while rows := connection.execute(sql).fetchall():
            numbers: list[tuple[str, float, int]] = []
            others: set[str] = set()
            for number, text in rows:
                for field, value in numbers_of(decode(text), self._objects):
                    if value is None:
                        others.add(field)
                    else:
                        numbers.append((field, value, number))
            connection.executemany(f"INSERT INTO {self.table} VALUES (?, ?, ?)", numbers)  # noqa: S608
            if others - known:
                names = [(field,) for field in others - known]
                connection.executemany(f"INSERT OR IGNORE INTO {self._others} VALUES (?)", names)  # noqa: S608
                known |= others
            done = [(number,) for number, _ in rows]
            connection.executemany(f"DELETE FROM {self._unread} WHERE id = ?", done)  # noqa: S608
