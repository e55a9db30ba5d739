"""Importing an archive of results into a store."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.archive.read import verified_archive
from lianode.hpc.store import SPECS
from lianode.hpc.transfer import commit_if_further, place
from lianode.structures.errors import InputError
from lianode.workflows.calculation import Calculation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from lianode.hpc.archive.read import Archive
    from lianode.hpc.store import ResultsStore

_PORTION: Final = 500


@dataclass
class Imported:
    """What an import did.

    Attributes
    ----------
    properties, calculations
        Documents that the store has now and had not, or had in an earlier state.
    properties_known, calculations_known
        Documents that the store holds already.
    files
        Written beside the store.
    """

    properties: int = 0
    properties_known: int = 0
    calculations: int = 0
    calculations_known: int = 0
    files: int = 0


def import_archive(store: ResultsStore, file: Path, *, folder: Path | None = None) -> Imported:
    """Import an archive; of one that is not right in every part, nothing.

    An empty store then holds exactly the documents of the archive, with their revisions and times. In a store with
    results of its own a converged calculation is never replaced, and of documents of one question the newest counts, as
    with ``lianode pull``. An import that was stopped is repeated as a whole.

    Parameters
    ----------
    store
        That takes the documents.
    file
        The archive.
    folder
        A new folder for its other files: campaign files, figures, versions; None leaves them out.

    Raises
    ------
    InputError
        When the archive is refused, or the folder is there already.
    """
    done = Imported()
    with verified_archive(file, {spec.name: spec for spec in SPECS}) as archive:
        if folder is not None:
            done.files = _unpack(archive, folder)
        for portion in _portions(archive.calculations()):
            _put_calculations(store, portion, done)
        empty = store.property_documents.count() == 0
        for portion in _portions(archive.properties()):
            if empty:
                store.property_documents.put(portion)
                done.properties += len(portion)
                continue
            for document in portion:
                if place(store, document):
                    done.properties += 1
                else:
                    done.properties_known += 1
    return done


def _put_calculations(store: ResultsStore, documents: list[dict[str, Any]], done: Imported) -> None:
    keys = [document["key"] for document in documents]
    held = {found["key"] for found in store.calculation_documents.find({"key": {"$in": keys}}, projection=["key"])}
    new = [document for document in documents if document["key"] not in held]
    store.calculation_documents.put(new)
    done.calculations += len(new)
    for document in documents:
        if document["key"] not in held:
            continue
        if commit_if_further(store, Calculation.model_validate(document)):
            done.calculations += 1
        else:
            done.calculations_known += 1


def _portions(documents: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    every = iter(documents)
    while portion := list(islice(every, _PORTION)):
        yield portion


def _unpack(archive: Archive, folder: Path) -> int:
    """Write the members that are no documents into a new folder; their names have been checked."""
    try:
        folder.mkdir(parents=True)
        count = 0
        for name, stream in archive.files():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            with path.open("xb") as target:
                shutil.copyfileobj(stream, target)
            count += 1
    except FileExistsError:
        raise InputError("there is such a folder already; name a new one", str(folder)) from None
    except OSError as error:
        raise InputError(f"the files cannot be written: {error.strerror or error}", str(folder)) from error
    return count
