"""Which job may run next: jobflow's rules for dependencies, replacements, detours and additions.

The serial runner of jobflow walks the flow; here many jobs run at once, so what the walk does implicitly is written
down. A job waits for every job that *blocks* one of its parents' outputs. A job blocks its own output. Jobs that
replace it or detour from it block whatever it blocked, so that a child sees the output of the last of them; they do
not wait for that themselves, so a detour may use the output it detours from. Additions block only themselves.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lianode.hpc.any_order import in_any_order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobflow import Flow, Job

JobId = tuple[str, int]
"""uuid and index: a replacement has the uuid of what it replaces, and the next index."""


class Outcome(StrEnum):
    """How a job of a flow ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    """A parent failed or stopped its children, or the whole flow was stopped."""


@dataclass(frozen=True)
class Diversion:
    """What a job's response asks for beside its output."""

    replace: Flow | None = None
    detour: Flow | None = None
    addition: Flow | None = None
    stop_children: bool = False
    stop_jobflow: bool = False


@dataclass(frozen=True)
class _Node:
    job: Job
    parents: frozenset[str]
    waits_for: frozenset[str]
    blocks: frozenset[str]


class Graph:
    """The jobs of a flow that is being run.

    Parameters
    ----------
    flow
        What to run.
    """

    def __init__(self, flow: Flow) -> None:
        self._waiting: dict[JobId, _Node] = {}
        self._running: dict[JobId, _Node] = {}
        self._blockers: Counter[str] = Counter()
        self._failed: set[str] = set()
        self._stopped: set[str] = set()
        self._ended = False
        self.outcomes: dict[JobId, Outcome] = {}
        self._add(flow, frozenset())

    @property
    def finished(self) -> bool:
        """Whether nothing waits and nothing runs."""
        return not self._waiting and not self._running

    @property
    def waiting(self) -> int:
        """Number of jobs that have not begun."""
        return len(self._waiting)

    def take(self) -> Job | None:
        """Return a job that may run now, marked as running; None where there is none at the moment.

        Jobs come in the order in which the flow lists them.
        """
        while (ready := next(filter(self._is_ready, self._waiting), None)) is not None:
            if self._must_skip(self._waiting[ready]):
                self._skip(ready)
                continue
            node = self._running[ready] = self._waiting.pop(ready)
            return node.job
        return None

    def done(self, job: Job, diversion: Diversion) -> None:
        """Take note that a job ended well, with what it asked for."""
        node = self._running.pop((job.uuid, job.index))
        self.outcomes[job.uuid, job.index] = Outcome.DONE
        if diversion.stop_children:
            self._stopped.add(job.uuid)
        if diversion.stop_jobflow:
            self.stop()
        elif not self._ended:
            for flow in (diversion.replace, diversion.detour):
                if flow is not None:
                    self._add(flow, node.blocks)
            if diversion.addition is not None:
                self._add(diversion.addition, frozenset())
        self._release(node)

    def fail(self, job: Job) -> None:
        """Take note that a job failed."""
        node = self._running.pop((job.uuid, job.index))
        self.outcomes[job.uuid, job.index] = Outcome.FAILED
        self._failed.add(job.uuid)
        self._release(node)

    def stop(self) -> None:
        """Let nothing new begin."""
        self._ended = True
        for identity in list(self._waiting):
            self._skip(identity)

    def _is_ready(self, identity: JobId) -> bool:
        return not any(self._blockers[parent] for parent in self._waiting[identity].waits_for)

    def _add(self, flow: Flow, blocks: Iterable[str]) -> None:
        inherited = frozenset(blocks)
        with in_any_order():
            found = list(flow.iterflow())  # type: ignore[no-untyped-call]
        for job, parents in found:
            node = _Node(job, frozenset(parents), frozenset(parents) - inherited, inherited | {job.uuid})
            self._waiting[job.uuid, job.index] = node
            self._blockers.update(node.blocks)

    def _release(self, node: _Node) -> None:
        self._blockers.subtract(node.blocks)

    def _must_skip(self, node: _Node) -> bool:
        from jobflow import OnMissing

        if node.parents & self._stopped:
            self._stopped.add(node.job.uuid)
            return True
        if node.parents & self._failed and node.job.config.on_missing_references == OnMissing.ERROR:
            self._failed.add(node.job.uuid)
            return True
        return False

    def _skip(self, identity: JobId) -> None:
        node = self._waiting.pop(identity)
        self.outcomes[identity] = Outcome.SKIPPED
        self._release(node)
