"""The allocations of a project: what was asked of the scheduler, for which jobs, and what became of it.

A job that stands in a live allocation is taken: nobody else queues it. Nothing else marks it, so that an allocation
that dies gives back its jobs by dying.
"""

from __future__ import annotations

import datetime as dt
import secrets
import shutil
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict

from lianode.hpc.stores.collection import CollectionSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lianode.hpc.cluster.packing import Pack
    from lianode.hpc.store import ResultsStore

SPEC: Final = CollectionSpec("allocations", key=("id",), columns=("state", "queue_job"), indexes=(("state",),))
SILENT_S: Final = 900.0
"""Without a sign of life for so long an allocation counts as dead, where the scheduler cannot be asked."""


MOST_STILLBORN: Final = 3
"""Allocations in a row that may end before they begin; after that their partition gets no more."""
RECENT: Final = 50


class AllocationState(StrEnum):
    """Where an allocation stands."""

    QUEUED = "queued"
    RUNNING = "running"
    ENDED = "ended"


class Allocation(BaseModel):
    """One job of the scheduler.

    Attributes
    ----------
    id
        Ours; also the name of its folder and, after ``lianode-``, of the scheduler's job.
    state
        Where it stands.
    queue_job
        The scheduler's number; None in the moment between asking and the answer.
    partition, program, rehearsal, nodes, tasks, walltime_s
        What was asked for.
    fw_ids
        Jobs it was made for, in their order.
    folder
        With the job script and what the job printed.
    created, began, alive
        ISO times: when it was made, when it began to run, when it last gave a sign of life.
    host
        Where it runs.
    reason
        Why it ended, or why it waits, for people.
    """

    model_config = ConfigDict(extra="ignore")

    id: str
    state: AllocationState = AllocationState.QUEUED
    queue_job: str | None = None
    partition: str
    program: str
    rehearsal: bool = False
    nodes: int
    tasks: int
    walltime_s: int
    fw_ids: list[int]
    folder: str
    created: str
    began: str | None = None
    alive: str | None = None
    host: str = ""
    reason: str = ""

    @property
    def is_live(self) -> bool:
        """Whether its jobs are taken."""
        return self.state is not AllocationState.ENDED

    def silent_s(self) -> float:
        """Return the seconds since its last sign of life."""
        last = dt.datetime.fromisoformat(self.alive or self.created)
        return (dt.datetime.now(dt.UTC) - last).total_seconds()


class Allocations:
    """All allocations of a project.

    Parameters
    ----------
    results
        The project's store.
    """

    def __init__(self, results: ResultsStore) -> None:
        self.documents = results.database.collection(SPEC)
        self.folder = results.settings.resolve(results.settings.runs) / "allocations"

    def words_of(self, allocation: Allocation) -> str:
        """Return the last line that the job script of an allocation left behind."""
        for path in sorted(Path(allocation.folder).glob("*.err*")):
            lines = path.read_text(encoding="utf-8", errors="replace")[-4000:].strip().splitlines()
            if lines:
                return lines[-1].strip()[:200]
        return ""

    def new(self, pack: Pack) -> Allocation:
        """Keep a new allocation for some jobs, and make its folder."""
        moment = dt.datetime.now(dt.UTC)
        name = f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        folder = self.folder / name
        folder.mkdir(parents=True)
        made = Allocation(
            id=name,
            partition=pack.partition,
            program=pack.program,
            rehearsal=pack.rehearsal,
            nodes=pack.nodes,
            tasks=pack.tasks,
            walltime_s=pack.walltime_s,
            fw_ids=[job.fw_id for job in pack.jobs],
            folder=str(folder),
            created=moment.isoformat(timespec="seconds"),
        )
        self.keep(made)
        return made

    def get(self, name: str) -> Allocation | None:
        """Return an allocation, or None."""
        found = self.documents.find_one({"id": name})
        return None if found is None else Allocation.model_validate(found)

    def live(self) -> list[Allocation]:
        """Return those that have not ended."""
        wanted = {"state": {"$in": [AllocationState.QUEUED.value, AllocationState.RUNNING.value]}}
        return [Allocation.model_validate(found) for found in self.documents.find(wanted)]

    def named(self, names: Iterable[str]) -> dict[str, Allocation]:
        """Return allocations by their name; those that are not ours are left out."""
        found = self.documents.find({"id": {"$in": sorted(set(names))}})
        return {one["id"]: Allocation.model_validate(one) for one in found}

    def stillborn(self) -> dict[str, Allocation]:
        """Return the last allocation of every partition whose last `MOST_STILLBORN` all ended before they began.

        A wrong module, a missing Python or a database that the nodes cannot reach ends every job script at once; to ask
        for more would flood the queue.
        """
        ended: dict[str, list[Allocation]] = {}
        for one in self.documents.find({"state": AllocationState.ENDED.value}, sort=[("created", -1)], limit=RECENT):
            allocation = Allocation.model_validate(one)
            ended.setdefault(allocation.partition, []).append(allocation)
        return {
            name: found[0]
            for name, found in ended.items()
            if len(found) >= MOST_STILLBORN and all(one.began is None for one in found[:MOST_STILLBORN])
        }

    def forgive(self) -> None:
        """Let partitions whose allocations died at once be tried again."""
        for one in self.documents.find({"state": AllocationState.ENDED.value, "began": None}):
            self.documents.remove({"id": one["id"]})

    def last_of(self, fw_ids: Iterable[int]) -> dict[int, Allocation]:
        """Return the latest allocation that was made for each of these jobs."""
        wanted = set(fw_ids)
        found: dict[int, Allocation] = {}
        for one in self.documents.find({"fw_ids": {"$in": sorted(wanted)}}, sort=[("created", 1)]):
            allocation = Allocation.model_validate(one)
            found |= dict.fromkeys(wanted & set(allocation.fw_ids), allocation)
        return found

    def keep(self, allocation: Allocation) -> None:
        """Store what is known of an allocation now."""
        self.documents.put([allocation.model_dump(mode="json")])

    def end(self, allocation: Allocation, reason: str) -> None:
        """Note that an allocation has ended; its jobs are free."""
        self.keep(allocation.model_copy(update={"state": AllocationState.ENDED, "reason": reason}))

    def forget(self, allocation: Allocation) -> None:
        """Forget an allocation that the scheduler did not take."""
        self.documents.remove({"id": allocation.id})
        shutil.rmtree(allocation.folder, ignore_errors=True)

    def note_queue_job(self, allocation: Allocation, number: str) -> None:
        """Note the scheduler's number, unless the job has begun and kept it itself."""
        now = self.get(allocation.id)
        if now is not None and now.queue_job is None:
            self.keep(now.model_copy(update={"queue_job": number}))

    def note_reason(self, allocation: Allocation, reason: str) -> None:
        """Note why an allocation waits, unless it has begun meanwhile."""
        now = self.get(allocation.id)
        if now is not None and now.state is AllocationState.QUEUED:
            self.keep(now.model_copy(update={"reason": reason}))

    def sign_of_life(self, allocation: Allocation, **changes: Any) -> Allocation:
        """Note that an allocation is alive; return it as it is now."""
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        alive = allocation.model_copy(update={"alive": now, **changes})
        self.keep(alive)
        return alive
