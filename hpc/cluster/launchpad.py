"""FireWorks' database, in the same MongoDB database as the results."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.settings import FILE_NAME, MongoSettings
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from fireworks import LaunchPad

    from lianode.hpc.settings import Settings
    from lianode.hpc.store import ResultsStore
    from lianode.hpc.stores.mongo import MongoDatabase

CONFIG: Final = Path(__file__).with_name("fireworks.yaml")
INDEXES: Final = ("spec.lianode.campaign", "spec.lianode.key", "spec.lianode.hold")
WORKFLOW_INDEXES: Final = ("metadata.lianode.campaign", "metadata.lianode.question")


def open_launchpad(results: ResultsStore) -> LaunchPad:
    """Open FireWorks' collections in the project's database; make them where they are missing.

    ``lpad`` works on them too: the page on clusters in the docs says how.

    Parameters
    ----------
    results
        The project's store.

    Raises
    ------
    InputError
        Without MongoDB, without FireWorks, or when another project uses the database for its jobs.
    """
    from lianode.hpc.stores.mongo import MongoDatabase, translated

    database = results.database
    if not isinstance(database, MongoDatabase):
        raise InputError(
            "a cluster needs a MongoDB server, and this project keeps its results in SQLite; "
            "make a project with 'lianode init --cluster'",
            _where(results.settings),
        )
    _require_own_database(results.settings, database)
    launchpad = _launchpad(results.settings, database)
    with translated(database.where):
        # never `LaunchPad.reset`, which empties the database
        launchpad.fw_id_assigner.update_one(
            {}, {"$setOnInsert": {"_id": -1, "next_fw_id": 1, "next_launch_id": 1}}, upsert=True
        )
        launchpad.fireworks.create_index("fw_id", unique=True)
        for field in ("state", "launches", *INDEXES):
            launchpad.fireworks.create_index(field)
        launchpad.launches.create_index("launch_id", unique=True)
        for field in ("fw_id", "state"):
            launchpad.launches.create_index(field)
        for field in ("nodes", "state", "locked", *WORKFLOW_INDEXES):
            launchpad.workflows.create_index(field)
    return launchpad


def _require_own_database(settings: Settings, database: MongoDatabase) -> None:
    """Keep which project queues its jobs here; another one's launcher would run them in its own folders.

    A project that was moved takes its database along.

    Raises
    ------
    InputError
        When the database is another project's.
    """
    from pymongo import ReturnDocument

    from lianode.hpc.stores.mongo import META, translated

    own = str(settings.project.resolve())
    with translated(database.where):
        meta = database.database()[META]
        kept = meta.find_one_and_update(
            {"_id": "cluster"}, {"$setOnInsert": {"project": own}}, upsert=True, return_document=ReturnDocument.AFTER
        )
        other = own if kept is None else str(kept["project"])
        if other == own:
            return
        if (Path(other) / FILE_NAME).is_file():
            raise InputError(
                f"the database queues the jobs of the project in {other}; write another 'database' under [store]",
                _where(settings),
            )
        meta.update_one({"_id": "cluster"}, {"$set": {"project": own}})


def _launchpad(settings: Settings, database: Any) -> LaunchPad:
    """Return a launchpad on the store's own connection: address and password stay there."""
    configure()
    try:
        from fireworks import LaunchPad
    except ImportError as error:
        raise InputError("FireWorks is not installed; run: pip install 'lianode[cluster]'", "cluster") from error
    assert isinstance(settings.store, MongoSettings)  # noqa: S101  the database above says so
    unused = {"host": "mongodb://localhost", "mongoclient_kwargs": {"connect": False}}
    launchpad = LaunchPad(name=settings.store.database, uri_mode=True, strm_lvl="WARNING", **unused)
    launchpad.connection.close()
    handle = database.database()
    launchpad.connection, launchpad.db, launchpad.gridfs_fallback = handle.client, handle, None
    for name in ("fireworks", "launches", "offline_runs", "fw_id_assigner", "workflows"):
        setattr(launchpad, name, handle[name])
    return launchpad


def configure() -> None:
    """Name our settings of FireWorks before it is imported, and keep its log quiet."""
    os.environ["FW_CONFIG_FILE"] = str(CONFIG)  # that of `lpad` may say otherwise, and locks would stay closed
    for name in ("launchpad", "rocket.launcher", "queue.launcher"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _where(settings: Settings) -> str:
    return str(settings.file or settings.project)
