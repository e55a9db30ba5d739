"""One SQLite file: opening it safely, connections per process and thread, and errors people can act on."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from lianode.hpc.stores.collection import STORE_VERSION
from lianode.hpc.stores.filesystem import require_local
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLICATION_ID: Final = 0x6C69616E
"""The letters ``lian``, in the file's header."""

BUSY_TIMEOUT_S: Final = 60.0
_MAGIC: Final = b"SQLite format 3\0"

# Connections that came through a fork. SQLite forbids a child to use or close them, so they are kept and never touched.
_inherited: list[object] = []

_SENTENCES: Final = {
    sqlite3.SQLITE_BUSY: f"another process has kept the results store locked for {BUSY_TIMEOUT_S:g} s; try again later",
    sqlite3.SQLITE_LOCKED: "the results store is locked; try again later",
    sqlite3.SQLITE_READONLY: "the results store cannot be written; check the permissions of the file and its folder",
    sqlite3.SQLITE_PERM: "the results store cannot be opened; check the permissions of the file and its folder",
    sqlite3.SQLITE_AUTH: "the results store cannot be opened; check the permissions of the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "the results store cannot be opened; check that it exists and may be read and written",
    sqlite3.SQLITE_FULL: "the disk is full, so nothing more can be stored; free some space and run again",
    sqlite3.SQLITE_IOERR: "the disk reports an error while the results store is used; check the disk and its quota",
    sqlite3.SQLITE_TOOBIG: "a document is too large for the results store; keep large data in files",
    sqlite3.SQLITE_CORRUPT: "the results store is damaged; restore it from a backup, or move it away and run again",
    sqlite3.SQLITE_NOTADB: "the results store is damaged; restore it from a backup, or move it away and run again",
    sqlite3.SQLITE_FORMAT: "the results store is damaged; restore it from a backup, or move it away and run again",
}
DAMAGED: Final = _SENTENCES[sqlite3.SQLITE_CORRUPT]
_BUGS: Final = {sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_NOMEM}


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors, but those that would be bugs of ours, into ``InputError``."""
    try:
        yield
    except UnicodeDecodeError as error:  # SQLite quotes a damaged name in its message
        raise InputError(DAMAGED, str(path)) from error
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        if "decode to UTF-8" in str(error):  # a name or value on a damaged page; this error has no code
            code = sqlite3.SQLITE_CORRUPT
        if code is None or code & 0xFF in _BUGS:
            raise
        # our statements are fixed, so a table or column that they miss was damaged
        sentence = _SENTENCES.get(code & 0xFF, f"{DAMAGED} ({error})")
        raise InputError(sentence, str(path)) from error


class SQLiteFile:
    """A results store's file; made, whole and at once, where it is missing.

    Each thread of each process has two connections, one that reads and one that writes: a query that is still being
    read keeps its view of the data, and a write in between does not have to be based on that old view.

    Parameters
    ----------
    path
        The file; its folder has to exist.
    version
        Version of the documents that is expected; None for any.

    Raises
    ------
    InputError
        When the file is not a results store of this version, is damaged, or lies where it cannot be used.
    """

    def __init__(self, path: Path, version: int | None = STORE_VERSION) -> None:
        self.path = path.absolute()
        self._local = threading.local()
        self._check_place()
        if not self.path.exists():
            self._create(STORE_VERSION if version is None else version)
        self.version = self._check_identity(version)

    def reader(self) -> sqlite3.Connection:
        """Return this thread's connection for queries."""
        return self._connection("reader")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock; everything inside is stored durably, or nothing of it."""
        with translated(self.path):
            connection = self._connection("writer")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    with suppress(sqlite3.Error):  # the first error is the one to report
                        connection.execute("ROLLBACK")
                raise

    def check(self) -> None:
        """Read the whole file and raise ``InputError`` where it is damaged; takes time on large stores."""
        with translated(self.path):
            for (line,) in self.reader().execute("PRAGMA integrity_check(1)"):
                if line != "ok":
                    raise InputError(f"{DAMAGED} ({line})", str(self.path))

    def close(self) -> None:
        """Close this thread's connections."""
        if getattr(self._local, "pid", None) == os.getpid():
            for role in ("reader", "writer"):
                connection = getattr(self._local, role, None)
                if connection is not None:
                    connection.close()
                    setattr(self._local, role, None)

    def _connection(self, role: str) -> sqlite3.Connection:
        local = self._local
        if getattr(local, "pid", None) != os.getpid():
            _inherited.extend(getattr(local, known, None) for known in ("reader", "writer"))
            local.pid, local.reader, local.writer = os.getpid(), None, None
        connection: sqlite3.Connection | None = getattr(local, role)
        if connection is None:
            connection = self._connect()
            if role == "reader":
                connection.execute("PRAGMA query_only = ON")
            setattr(local, role, connection)
        return connection

    def _connect(self) -> sqlite3.Connection:
        with translated(self.path):
            connection = sqlite3.connect(
                f"file:{quote(os.fsencode(self.path))}?mode=rw",
                uri=True,
                timeout=BUSY_TIMEOUT_S,
                isolation_level=None,
                cached_statements=256,
            )
            connection.execute("PRAGMA synchronous = FULL")
            return connection

    def _check_place(self) -> None:
        folder = self.path.parent
        if self.path.exists() and not self.path.is_file():
            raise InputError("this is a folder; the results store is a file", str(self.path))
        if not folder.is_dir():
            raise InputError("the folder does not exist; make it, or change 'path' under [store]", str(folder))
        require_local(self.path)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise InputError("the folder of the results store cannot be written; check its permissions", str(folder))
        if self.path.exists() and not os.access(self.path, os.R_OK | os.W_OK):
            raise InputError(_SENTENCES[sqlite3.SQLITE_PERM], str(self.path))

    def _create(self, version: int) -> None:
        """Write a new store beside the place and link it there: no process ever sees half a store."""
        try:
            with translated(self.path), tempfile.TemporaryDirectory(prefix=".lianode-", dir=self.path.parent) as name:
                new = Path(name) / "new.db"
                with closing(sqlite3.connect(new, isolation_level=None)) as connection:
                    connection.execute("PRAGMA journal_mode = WAL")
                    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                    connection.execute(f"PRAGMA user_version = {version:d}")
                    connection.execute(
                        "CREATE TABLE lianode_collections"
                        " (name TEXT PRIMARY KEY, key TEXT NOT NULL, columns TEXT NOT NULL, indexes TEXT NOT NULL)"
                    )
                with suppress(FileExistsError):  # another process was faster; its store is used
                    os.link(new, self.path)
                _sync_folder(self.path.parent)
        except OSError as error:
            raise InputError(f"a results store cannot be made here: {error.strerror}", str(self.path)) from error

    def _check_identity(self, expected: int | None) -> int:
        where = str(self.path)
        try:
            with self.path.open("rb") as file:
                magic = file.read(len(_MAGIC))
        except OSError as error:
            raise InputError(f"the results store cannot be read: {error.strerror}", where) from error
        if magic != _MAGIC:
            what = "is empty" if not magic else "is not a SQLite file"
            raise InputError(f"the file {what}, so it is no results store; move it away or change 'path'", where)
        with translated(self.path):
            reader = self.reader()
            (application,) = reader.execute("PRAGMA application_id").fetchone()
            (version,) = reader.execute("PRAGMA user_version").fetchone()
            tables = {name for (name,) in reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if application != APPLICATION_ID:
            raise InputError("this SQLite file belongs to another program; move it away or change 'path'", where)
        if expected is not None:
            require_version(version, expected, where)
        if "lianode_collections" not in tables:
            raise InputError(DAMAGED, where)
        return int(version)


def require_version(found: int, expected: int, where: str) -> None:
    """Refuse a store of another version.

    Raises
    ------
    InputError
        Which says what to do.
    """
    if found > expected:
        raise InputError(
            f"the results store has version {found}, and this lianode knows up to {expected}; install a newer lianode",
            where,
        )
    if found < expected:
        raise InputError(
            f"the results store has the older version {found} (now {expected}); run 'lianode store upgrade'", where
        )


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
