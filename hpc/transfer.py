"""Copying a campaign's results from one project's store to another's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lianode.analysis.method import REHEARSAL
from lianode.hpc.settings import FILE_NAME, load_settings, write_default
from lianode.hpc.store import open_store
from lianode.structures.errors import InputError
from lianode.workflows.calculation import State, supersedes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from lianode.hpc.store import ResultsStore
    from lianode.workflows.calculation import Calculation

ANY_REVISION = -1
"""Revision of a calculation that comes from another store: it replaces one only where it is further along."""


@dataclass
class Transferred:
    """What a transfer did.

    Attributes
    ----------
    documents, calculations
        Copied.
    documents_known
        Not copied, because the target holds them.
    missing
        Keys of calculations that documents name and the source does not hold.
    refused
        Documents left out, because a rehearsal made them.
    """

    documents: int = 0
    documents_known: int = 0
    calculations: int = 0
    missing: int = 0
    refused: int = 0

    @property
    def found(self) -> int:
        """Documents of the campaign in the source."""
        return self.documents + self.documents_known + self.refused


def transfer(
    source: ResultsStore, target: ResultsStore, campaign: str, *, with_rehearsals: bool = False
) -> Transferred:
    """Copy a campaign's property documents, and the calculations they name, one document at a time.

    Calculations come before the document that names them, so that a stopped transfer leaves no document without its
    calculations; a second transfer goes on where the first stopped, and one of equal stores changes nothing. A
    converged calculation of the target stays whatever comes, and a document that a later one of the target replaced
    stays replaced. Files are not copied: what refers to them names the machine that has them.

    Parameters
    ----------
    source, target
        Of any kind.
    campaign
        Its name.
    with_rehearsals
        Whether documents of a rehearsal are copied too; results for others must not hold any.
    """
    done = Transferred()
    order = [("created", 1), ("key", 1)]
    # keys first: a server sends whole documents in portions of 16 MB
    for found in source.property_documents.find({"campaign": campaign}, projection=["key"], sort=order):
        document = source.property_documents.find_one({"key": found["key"]})
        if document is None:
            continue  # removed meanwhile
        if document["method"]["program"].endswith(REHEARSAL) and not with_rehearsals:
            done.refused += 1
            continue
        _copy_calculations(source, target, named_calculations(document), done)
        if place(target, document):
            done.documents += 1
        else:
            done.documents_known += 1
    return done


def open_other(folder: Path, file: Path, *, make: bool = False) -> ResultsStore:
    """Open the store of the other project of a transfer.

    Parameters
    ----------
    folder
        Its folder, which itself holds the settings file.
    file
        Settings file of this project, which it must not be.
    make
        Whether it is made, on SQLite, where it is missing.

    Raises
    ------
    InputError
        When there is no project, or it is this one.
    """
    other = folder / FILE_NAME
    if other.resolve() == file.resolve():
        raise InputError("this is the project itself; name the folder of another one", str(folder))
    if not other.is_file():
        if not make:
            raise InputError(f"there is no {FILE_NAME} in this folder; name the folder of a project", str(folder))
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"the folder cannot be made: {error.strerror}", str(folder)) from error
        write_default(folder)
    return open_store(load_settings(other))


def named_calculations(document: Mapping[str, Any]) -> list[str]:
    """Return the calculations that a document was made from, and those that are asked for and not done."""
    keys = list(document["calculations"].values())
    keys += [phase["key"] for phase in document["derivation"].get("phases", ())]
    return list(dict.fromkeys(keys))


def _copy_calculations(source: ResultsStore, target: ResultsStore, keys: Sequence[str], done: Transferred) -> None:
    settled = {"key": {"$in": list(keys)}, "state": State.CONVERGED.value}
    known = {found["key"] for found in target.calculation_documents.find(settled, projection=["key"])}
    for key in set(keys) - known:
        calculation = source.calculation(key)
        if calculation is None:
            done.missing += 1
        elif commit_if_further(target, calculation):
            done.calculations += 1


def commit_if_further(target: ResultsStore, calculation: Calculation) -> bool:
    """Commit a calculation where the target has none, or one less far along."""
    held = target.calculation(calculation.key)
    if held is not None and not supersedes(calculation, held):
        return False
    kept = target.commit(calculation.model_copy(update={"revision": ANY_REVISION}))
    return kept.model_copy(update={"revision": calculation.revision}) == calculation


def place(target: ResultsStore, document: dict[str, Any]) -> bool:
    """Put a document beside those of the same question; return whether anything changed."""
    held = next(target.properties({"key": document["key"]}, limit=1), None)
    new = document
    if held is not None:  # derived again somewhere: the later one counts, and replaced stays replaced
        later = max(held, document, key=lambda one: one["created"])
        new = later | {"superseded_by": held["superseded_by"] or document["superseded_by"]}
    changes: list[dict[str, Any]] = []
    if new["superseded_by"] is None:
        for rival in list(target.rivals(new)):
            if rival["created"] > new["created"]:
                new = new | {"superseded_by": rival["key"]}
            else:
                changes.append(rival | {"superseded_by": new["key"]})
    if new["superseded_by"] is not None:
        changes = []
    if held is None or new != held:
        changes.append(new)
    if changes:
        target.property_documents.put(changes)
    return bool(changes)
