"""Who works on which key: leases in the database, so that two nodes never compute the same at once.

A lease is renewed while its owner works. It can be taken over once it has run out and stayed so for a while, or at once
when its owner was a process of this machine that is gone. Times are the server's: clocks of nodes need not agree.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.stores.mongo import patiently, translated
from lianode.workflows.results import HeldElsewhereError
from lianode.workflows.session import must_stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.collection import Collection as PyMongoCollection

    from lianode.hpc.stores.mongo import MongoDatabase
    from lianode.workflows.engine import Progress

COLLECTION: Final = "leases"
TIME_TO_LIVE_S: Final = 120.0
RENEWALS: Final = 8
"""Renewals per time to live; progress goes with them, so this is also how fresh `lianode status` is."""
POLL_S: Final = 1.0


def this_process() -> dict[str, Any]:
    """Return what identifies this process, here and on any other machine."""
    return {"host": socket.gethostname(), "machine": _machine(), "pid": os.getpid(), "began": _began(os.getpid())}


def is_gone(owner: dict[str, Any]) -> bool:
    """Whether an owner was a process of this machine that has ended; of other machines nothing is known."""
    return owner.get("machine") == _machine() and _began(int(owner["pid"])) != owner["began"]


def _machine() -> str:
    """Return a name of this boot of this machine and its space of process numbers."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""  # not Linux: ask the clock only


def _began(pid: int) -> str | None:
    """Return when a process began, in the kernel's count, or None where there is none (a zombie counts as none)."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if words[0] in {"Z", "X"} else words[19]


@dataclass(frozen=True)
class _Holder:
    """Who holds a lease, and whether it has run out."""

    token: str
    run_out: bool


class Leases:
    """The leases of one project.

    Parameters
    ----------
    database
        Where they are kept.
    time_to_live_s
        Seconds without a renewal after which another process may take over.

    Attributes
    ----------
    about
        What everyone may know of this process: queue job, end of its time, cores. Goes into each of its leases.
    """

    def __init__(self, database: MongoDatabase, time_to_live_s: float = TIME_TO_LIVE_S) -> None:
        self.database = database
        self.time_to_live_s = time_to_live_s
        self.about: dict[str, Any] = {}
        self._held: dict[str, dict[str, Any]] = {}
        self._taken = threading.Event()
        with translated(database.where):
            self._handle().create_index("key", unique=True)

    @property
    def lost(self) -> bool:
        """Whether another process took over a lease of this one: whatever it computes is no longer wanted."""
        return self._taken.is_set()

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Hold a key; wait while someone else does.

        Raises
        ------
        HeldElsewhereError
            When the session asks to stop first.
        """
        token = secrets.token_hex(8)
        silent: tuple[str, float] | None = None
        while (holder := self._take(key, token, silent[0] if silent and self._long(silent[1]) else "")) is not None:
            if must_stop():
                raise HeldElsewhereError(f"another process works on {key}")
            if holder.run_out:
                silent = silent if silent and silent[0] == holder.token else (holder.token, time.monotonic())
            else:
                silent = None
            time.sleep(min(POLL_S, self.time_to_live_s / RENEWALS))
        self._taken.clear()
        self._held[key] = {}
        ended = threading.Event()
        renewing = threading.Thread(target=self._renew, args=(key, token, ended), daemon=True)
        renewing.start()
        try:
            yield
        finally:
            ended.set()
            renewing.join()
            self._held.pop(key, None)
            with contextlib.suppress(Exception):  # it runs out by itself
                self._handle().delete_one({"key": key, "token": token})

    def note(self, label: str, progress: Progress) -> None:
        """Remember a step of the calculation that is being done; it goes out with the next renewal."""
        for held in self._held.values():
            held.update(
                {"label": label, "step": progress.step, "energy": progress.energy, "max_force": progress.max_force}
            )

    def all(self) -> dict[str, dict[str, Any]]:
        """Return the leases that have not run out, by key."""
        alive = {"$expr": {"$gte": ["$expires", "$$NOW"]}}
        with translated(self.database.where):
            return {lease["key"]: lease for lease in self._handle().find(alive, {"_id": 0, "token": 0})}

    def _long(self, since: float) -> bool:
        """Whether an owner has been silent, under our eyes, for longer than renewals after an outage take."""
        return time.monotonic() - since > 2 * self.time_to_live_s / RENEWALS

    @patiently
    def _take(self, key: str, token: str, silent: str) -> _Holder | None:
        """Take a lease that is free, whose owner is gone, or has the token ``silent``; else return who holds it.

        That a lease has run out is not enough: after an outage of the server all of them have, and their owners live.
        """
        from pymongo.errors import DuplicateKeyError

        known = {"key": key, "token": token, "owner": this_process()} | self.about
        fields = {name: {"$literal": value} for name, value in known.items()}
        change = [{"$replaceWith": {"_id": "$_id", **fields, "since": "$$NOW", "expires": self._expiry()}}]
        look = {"owner": 1, "token": 1, "run_out": {"$lt": ["$expires", "$$NOW"]}}
        with translated(self.database.where):
            found = self._handle().find_one({"key": key}, look)
            if found is not None and found["token"] == token:
                return None  # taken, and the answer was lost
            if found is not None and found["token"] != silent and not is_gone(found["owner"]):
                return _Holder(found["token"], found["run_out"])
            free = {"key": key, "token": None if found is None else found["token"]}  # None matches nothing: inserts
            if found is not None and found["token"] == silent:
                free["$expr"] = {"$lt": ["$expires", "$$NOW"]}
            try:
                done = self._handle().update_one(free, change, upsert=found is None)
            except DuplicateKeyError:  # someone else was faster
                return _Holder("", run_out=False)
        return None if done.modified_count or done.upserted_id is not None else _Holder("", run_out=False)

    def _renew(self, key: str, token: str, ended: threading.Event) -> None:
        """Renew until the work ends; while the server is away nobody else can take over either."""
        from pymongo.errors import PyMongoError

        while not ended.wait(self.time_to_live_s / RENEWALS):
            fields = {name: {"$literal": value} for name, value in (self.about | self._held.get(key, {})).items()}
            try:
                done = self._handle().update_one(
                    {"key": key, "token": token}, [{"$set": {"expires": self._expiry(), "updated": "$$NOW", **fields}}]
                )
            except PyMongoError:
                continue
            if done.matched_count == 0:
                self._taken.set()
                return

    def _expiry(self) -> dict[str, Any]:
        return {"$add": ["$$NOW", int(self.time_to_live_s * 1000)]}

    def _handle(self) -> PyMongoCollection[dict[str, Any]]:
        return self.database.database()[COLLECTION]
