"""Bringing stored documents from one version to the next.

Someone who changes the layout of a stored document raises ``STORE_VERSION`` in :mod:`lianode.hpc.stores.collection` and
registers a function here::

    @upgrades("properties", 1)
    def _name_units(document):
        document["energy_eV"] = document.pop("energy")
        return document
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.hpc.stores.collection import STORE_VERSION
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lianode.hpc.stores.collection import CollectionSpec, Database

    Change = Callable[[dict[str, Any]], dict[str, Any]]

_CHANGES: dict[tuple[str, int], Change] = {}


def upgrades(collection: str, version: int) -> Callable[[Change], Change]:
    """Register a function that brings a document of ``collection`` from ``version`` to the next; keys have to stay."""

    def register(change: Change) -> Change:
        if (collection, version) in _CHANGES:
            raise ValueError(f"there is an upgrade of {collection} from version {version} already")
        _CHANGES[collection, version] = change
        return change

    return register


def changes_from(version: int) -> dict[str, Change]:
    """Return the functions that start from a version, by collection; documents of other collections stay."""
    return {collection: change for (collection, start), change in _CHANGES.items() if start == version}


def upgrade(database: Database, specs: Sequence[CollectionSpec], target: int = STORE_VERSION) -> list[int]:
    """Bring all documents to the target version, one version at a time; may be repeated after an interruption.

    Parameters
    ----------
    database
        Opened with whatever version it has.
    specs
        Collections of the store.
    target
        Version it is to have.

    Returns
    -------
    list of int
        The version it had, and each it was brought to.

    Raises
    ------
    InputError
        For a store that is newer than the target.
    """
    if database.version > target:
        raise InputError(
            f"the results store has version {database.version}, and this lianode knows up to {target}; "
            "install a newer lianode"
        )
    had = database.version
    return [had, *(database.upgrade(changes_from(step), specs) for step in range(had, target))]
