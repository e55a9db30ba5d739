"""One process at a time, over all machines."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError
from lianode.workflows.results import HeldElsewhereError
from lianode.workflows.session import Session, session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lianode.hpc.store import ResultsStore


class BusyError(InputError):
    """Another process does the same at this moment."""


@contextmanager
def only_one(results: ResultsStore, what: str) -> Iterator[None]:
    """Hold ``what`` (``submit``, ``launch``) for this project.

    Raises
    ------
    BusyError
        When another process does it at this moment.
    InputError
        Without MongoDB.
    """
    if results.leases is None:
        raise InputError("a cluster needs a MongoDB server; make a project with 'lianode init --cluster'", what)
    hold = results.leases.hold(f"command {what}")
    try:
        with session(Session(stop=lambda: True)):  # do not wait
            hold.__enter__()
    except HeldElsewhereError:
        owner = results.leases.all().get(f"command {what}", {}).get("owner", {})
        raise BusyError(
            f"another `lianode {what}` of this project runs on {owner.get('host', 'another machine')} "
            f"(process {owner.get('pid', '?')}); wait until it has ended",
            what,
        ) from None
    try:
        yield
    finally:
        hold.__exit__(None, None, None)
