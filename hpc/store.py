"""The results store: calculations by key, property documents by stable key, and jobflow's jobs."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from lianode.analysis.documents import FLAT_FIELDS
from lianode.hpc.query_words import query_criteria
from lianode.hpc.settings import MongoSettings, find_project, load_settings
from lianode.hpc.stores.blobs import BlobStore
from lianode.hpc.stores.collection import STORE_VERSION, CollectionSpec
from lianode.hpc.stores.keylock import folder_lock
from lianode.hpc.tables import data_frame
from lianode.structures.errors import InputError
from lianode.workflows.calculation import Calculation, State, supersedes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    import pandas as pd

    from lianode.analysis.documents import Completeness, PropertyDocument
    from lianode.hpc.settings import Settings
    from lianode.hpc.stores.collection import Collection, Database
    from lianode.hpc.stores.jobstore import LianodeJobStore
    from lianode.hpc.stores.lease import Leases

CALCULATIONS: Final = CollectionSpec(
    "calculations", key=("key",), columns=("state", "engine", "formula"), indexes=(("state",), ("formula", "engine"))
)
PROPERTIES: Final = CollectionSpec(
    "properties",
    key=("key",),
    columns=(*FLAT_FIELDS, "superseded_by", "method.program"),
    indexes=(
        # with every column: what no other index narrows is counted and sorted in it, and documents are not read
        ("property", "system", "phase", "engine", "campaign", "completeness", "flagged", "superseded_by",
         "method.program", "created", "key"),
        ("property", "superseded_by", "key"), ("system", "phase"), ("phase",),
        ("campaign", "property", "superseded_by", "method.program", "created", "key"),
        ("engine", "superseded_by", "method.program", "created", "key"),
        ("method.program",), ("created", "key", "superseded_by", "method.program"),
    ),
    numbers=("", "settings"),
)  # fmt: skip
JOBS: Final = CollectionSpec("jobs", key=("uuid", "index"), columns=("name",), indexes=(("name",),))
SPECS: Final = (CALCULATIONS, PROPERTIES, JOBS)

_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_PORTION: Final = 1000


class ResultsStore:
    """Implements :class:`lianode.workflows.results.Results` on SQLite or MongoDB.

    Parameters
    ----------
    database
        Where the documents are.
    settings
        Of the project.

    Attributes
    ----------
    leases
        Who works on which key, over all machines; None with SQLite, which one machine uses.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self.calculation_documents: Collection = database.collection(CALCULATIONS)
        self.property_documents: Collection = database.collection(PROPERTIES)
        self.jobs: Collection = database.collection(JOBS)
        self.blobs = BlobStore(settings.resolve(settings.blobs))
        self.leases = _leases(database)
        self._runs = settings.resolve(settings.runs)

    def calculation(self, key: str) -> Calculation | None:
        """Return the committed calculation with this key."""
        document = self.calculation_documents.find_one({"key": key})
        return None if document is None else Calculation.model_validate(document)

    def calculations(self, keys: Sequence[str]) -> dict[str, Calculation]:
        """Return those of ``keys`` that are present."""
        found = {}
        for start in range(0, len(keys), _PORTION):
            for document in self.calculation_documents.find({"key": {"$in": list(keys[start : start + _PORTION])}}):
                found[document["key"]] = Calculation.model_validate(document)
        return found

    def states(self, keys: Sequence[str]) -> dict[str, State]:
        """Return the states of those of ``keys`` that are present, without their documents."""
        found = {}
        for start in range(0, len(keys), _PORTION):
            criteria = {"key": {"$in": list(keys[start : start + _PORTION])}}
            for document in self.calculation_documents.find(criteria, projection=["key", "state"]):
                found[document["key"]] = State(document["state"])
        return found

    def commit(self, calculation: Calculation) -> Calculation:
        """Commit by compare-and-set on ``(key, revision)`` and return what the store now holds.

        A converged calculation stays whatever comes; when another process has committed meanwhile, its result stays
        unless this one is further along (:func:`lianode.workflows.calculation.supersedes`).
        """
        expected = calculation.revision
        while True:
            held = self.calculation(calculation.key)
            revision = 0 if held is None else held.revision
            if held is not None and (
                held.state is State.CONVERGED or (revision != expected and not supersedes(calculation, held))
            ):
                return held
            new = calculation.model_copy(update={"revision": revision + 1})
            if self.calculation_documents.compare_and_set(revision, new.model_dump(mode="json")):
                return new

    def put_property(self, document: PropertyDocument) -> None:
        """Insert or replace a property document; earlier ones of the same question become superseded.

        The same question is the same campaign, property, system, phase, engine and settings.
        """
        new = document.model_dump(mode="json")
        earlier = (other for other in self.rivals(new) if other["created"] <= new["created"])
        self.property_documents.put([new, *(other | {"superseded_by": new["key"]} for other in earlier)])

    def rivals(self, document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the other documents of the same question that nothing supersedes."""
        question = {name: document[name] for name in ("property", "system", "phase", "engine", "campaign")}
        others = self.properties(question | {"superseded_by": None, "key": {"$ne": document["key"]}})
        return (other for other in others if other["settings"] == document["settings"])

    def properties(
        self, criteria: Mapping[str, Any], *, sort: Sequence[tuple[str, int]] = (), limit: int = 0
    ) -> Iterator[dict[str, Any]]:
        """Yield property documents that meet criteria (the subset of :mod:`lianode.hpc.stores.criteria`)."""
        return self.property_documents.find(criteria, sort=sort, limit=limit)

    def query(
        self,
        *,
        property: str | Sequence[str] | None = None,  # noqa: A002  the word of the documents and the command line
        system: str | Sequence[str] | None = None,
        phase: str | Sequence[str] | None = None,
        engine: str | Sequence[str] | None = None,
        campaign: str | Sequence[str] | None = None,
        completeness: Completeness | None = None,
        flagged: bool | None = None,
        since: str | date | None = None,
        until: str | date | None = None,
        superseded: bool = False,
        criteria: Mapping[str, Any] | None = None,
        sort: Sequence[tuple[str, int]] = (),
        skip: int = 0,
        limit: int = 0,
    ) -> Iterator[dict[str, Any]]:
        """Yield property documents; every word that is given narrows the choice.

        Parameters
        ----------
        property, system, phase, engine, campaign
            One value, or several of which any will do.
        completeness
            ``complete``, or ``partial`` where something that was asked for is missing.
        flagged
            Whether a check failed.
        since, until
            First and last day (UTC) or time on which they were made; :func:`lianode.hpc.periods.created_between`.
        superseded
            Also documents that a later run of the same campaign replaced.
        criteria
            Further MongoDB criteria, such as a range: ``{"energy_above_hull_per_atom": {"$lte": 0.005}}``.
        sort
            ``(field, 1 or -1)`` pairs.
        skip
            Documents to leave out at the beginning.
        limit
            Most documents to return; 0 for all.

        Examples
        --------
        >>> hulls = store.query(property="hull", system="Li-In", flagged=False)  # doctest: +SKIP
        """
        wanted = query_criteria(
            property=property, system=system, phase=phase, engine=engine, campaign=campaign, completeness=completeness,
            flagged=flagged, since=since, until=until, superseded=superseded, criteria=criteria,
        )  # fmt: skip
        return self.property_documents.find(wanted, sort=sort, skip=skip, limit=limit)

    def count(self, *, limit: int = 0, **words: Any) -> int:
        """Count what :meth:`query` finds with the same words, up to a limit where one is given."""
        return self.property_documents.count(query_criteria(**words), limit=limit)

    def table(self, **words: Any) -> pd.DataFrame:
        """Return property documents as a pandas DataFrame, one row each.

        Parameters
        ----------
        **words
            Those of :meth:`query`.

        Examples
        --------
        >>> store.table(property="phase_stability", system="Li-In", flagged=False)  # doctest: +SKIP
        """
        return data_frame(self.query(**words))

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many calculations there are by state, and property documents (not superseded) by property."""
        states = Counter({state.value: self.calculation_documents.count({"state": state.value}) for state in State})
        names = self.property_documents.distinct("property")
        return {
            "calculations": dict(states),
            "properties": {
                name: self.property_documents.count({"property": name, "superseded_by": None}) for name in names
            },
        }

    def run_directory(self, key: str) -> Path:
        """Return the folder of a calculation, made where it is missing."""
        if not _KEY.fullmatch(key):
            raise InputError(f"{key!r} is not the key of a calculation")
        folder = self._runs / key
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Hold the key; a second process that wants it waits here.

        With SQLite on this machine, by a lock that the kernel releases when the process ends; with MongoDB everywhere,
        by a lease that runs out when nobody renews it.

        Raises
        ------
        HeldElsewhereError
            When the session asks to stop before the other process has ended.
        """
        if self.leases is None:
            with folder_lock(self.run_directory(key)):
                yield
        else:
            with self.leases.hold(key):
                yield

    def jobstore(self) -> LianodeJobStore:
        """Return a jobflow store on the ``jobs`` collection that carries this store as ``results``."""
        from lianode.hpc.stores.jobstore import LianodeJobStore

        return LianodeJobStore(self)

    def close(self) -> None:
        """Close connections of this thread or process."""
        self.database.close()


def _leases(database: Database) -> Leases | None:
    """Return the leases of a database that several machines share."""
    from lianode.hpc.stores.lease import Leases
    from lianode.hpc.stores.mongo import MongoDatabase

    return Leases(database) if isinstance(database, MongoDatabase) else None


def open_store(settings: Settings) -> ResultsStore:
    """Open the project's results store; make it where it is missing.

    Raises
    ------
    InputError
        When it cannot be used; one sentence says why.
    """
    return ResultsStore(open_database(settings), settings)


def open_project(start: Path | None = None) -> ResultsStore:
    """Open the results store of the project that a folder belongs to."""
    return open_store(load_settings(find_project(start)))


def upgrade_store(settings: Settings) -> list[int]:
    """Bring the project's store to this lianode's version; return the versions it went through.

    No campaign may run meanwhile.
    """
    from lianode.hpc.stores.upgrade import upgrade

    database = open_database(settings, version=None)
    try:
        return upgrade(database, SPECS)
    finally:
        database.close()


def open_database(settings: Settings, version: int | None = STORE_VERSION) -> Database:
    """Open the project's database, which has to have this version (None for any)."""
    store = settings.store
    if isinstance(store, MongoSettings):
        from lianode.hpc.stores.mongo import MongoDatabase
        from lianode.hpc.stores.mongo_credentials import read_password

        password_file = None if store.password_file is None else settings.resolve(store.password_file)
        return MongoDatabase(store.uri, store.database, read_password(password_file), version)
    from lianode.hpc.stores.sqlite import SQLiteDatabase

    return SQLiteDatabase(settings.resolve(store.path), version)
