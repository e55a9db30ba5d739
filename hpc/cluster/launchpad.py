"""FireWorks' database, in the same MongoDB database as the results."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.settings import MongoSettings
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from fireworks import LaunchPad

    from lianode.hpc.settings import Settings
    from lianode.hpc.store import ResultsStore

CONFIG: Final = Path(__file__).with_name("fireworks.yaml")
INDEXES: Final = ("spec.lianode.campaign", "spec.lianode.key")
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
        Without MongoDB, or without FireWorks.
    """
    from lianode.hpc.stores.mongo import MongoDatabase, translated

    database = results.database
    if not isinstance(database, MongoDatabase):
        raise InputError(
            "a cluster needs a MongoDB server, and this project keeps its results in SQLite; "
            "make a project with 'lianode init --cluster'",
            _where(results.settings),
        )
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
    os.environ.setdefault("FW_CONFIG_FILE", str(CONFIG))
    for name in ("launchpad", "rocket.launcher", "queue.launcher"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _where(settings: Settings) -> str:
    return str(settings.file or settings.project)
