"""Run a campaign on this machine, from its plan to a summary of what came out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lianode.hpc.local.pool import default_workers
from lianode.hpc.local.runner import LocalRunner
from lianode.workflows.barrier.starts import leads_nowhere
from lianode.workflows.calculation import State
from lianode.workflows.plan import campaign_flow, with_follow_ups

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lianode.hpc.local.events import Event
    from lianode.hpc.local.runner import RunResult
    from lianode.hpc.store import ResultsStore
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.plan import CampaignPlan


MOST_FOLLOW_UPS = 2
"""Runs after the first one: a hop may lose its symmetry, and then turn out to have a minimum on its way."""


@dataclass(frozen=True, kw_only=True)
class CampaignRun:
    """What a run of a campaign left.

    Attributes
    ----------
    stopped
        Whether the user stopped it.
    seconds
        Wall time.
    errors
        Names of jobs that failed, and why.
    calculations
        By key: those of the plan that the store holds now.
    reused
        Keys that were settled before the run began.
    documents
        Property documents of whole systems, of migration in phases and of reactions that the run derived, as stored.
    """

    stopped: bool
    seconds: float
    errors: tuple[tuple[str, str], ...]
    calculations: dict[str, Calculation]
    reused: frozenset[str]
    documents: tuple[dict[str, Any], ...]

    @property
    def undone(self) -> tuple[Calculation, ...]:
        """Calculations without a result; a hop whose ends are one configuration has none and needs none."""
        return tuple(
            calculation
            for calculation in self.calculations.values()
            if calculation.state is not State.CONVERGED and not leads_nowhere(calculation)
        )

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for is there.

        Reactions name phases too that the library has no structure of, and that nobody asked for; what is missing
        because it failed is among :attr:`undone`.
        """
        good = not self.undone
        asked = (document for document in self.documents if document["property"] != "reactivity")
        partial = any(document["completeness"] == "partial" for document in asked)
        return good and not partial and not self.stopped and not self.errors


def run_campaign(
    plan: CampaignPlan,
    results: ResultsStore,
    project: Path,
    *,
    workers: int | None = None,
    tell: Callable[[Event], None] = lambda _event: None,
) -> CampaignRun:
    """Run what the store lacks of a campaign, and derive its documents.

    What finished bands ask for (halves of a hop, or a hop without symmetry) is computed after the rest.

    Parameters
    ----------
    plan
        Of :func:`lianode.workflows.plan.plan_campaign`.
    results
        The project's store.
    project
        Path of ``lianode.toml``, which the workers read.
    workers
        Processes at most; None for as many as the settings or the machine say, and not more than there is work for.
    tell
        Called with every event, for a progress display.
    """
    from lianode.workflows.calculate import is_settled
    from lianode.workflows.jobs import is_quick

    store = results.jobstore()
    store.connect()
    plan = with_follow_ups(plan, results)
    requests = plan.requests
    before = results.calculations(list(requests))
    reused = frozenset(
        key for key, found in before.items() if is_settled(found, retry_failed=requests[key].retry_failed)
    )
    wanted = workers or results.settings.workers or default_workers()

    def run(part: CampaignPlan) -> RunResult:
        runner = LocalRunner(
            project,
            store,
            max(1, min(wanted, len(part.requests))),
            logs=results.settings.resolve(results.settings.runs) / "workers",
            quick=lambda job: is_quick(job, results),
            tell=tell,
        )
        return runner.run(campaign_flow(part))

    began = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    runs = [run(plan)]
    for _ in range(MOST_FOLLOW_UPS):
        followed = with_follow_ups(plan, results)
        if followed.requests.keys() == requests.keys() or runs[-1].stopped:
            break
        requests = followed.requests
        runs.append(run(followed))
    of_phases = [
        "migration", "reactivity", "elastic", "surface", "wulff", "adsorption", "parity", "electronic", "work_function",
    ]  # fmt: skip
    of_systems = {"$or": [{"phase": None}, {"property": {"$in": of_phases}}]}
    derived = results.query(campaign=plan.campaign.name, criteria={**of_systems, "created": {"$gte": began}})
    return CampaignRun(
        stopped=any(one.stopped for one in runs),
        seconds=sum(one.seconds for one in runs),
        errors=tuple(dict.fromkeys(error for one in runs for error in one.errors)),
        calculations=results.calculations(list(requests)),
        reused=reused,
        documents=tuple(sorted(derived, key=lambda d: (d["system"], d["engine"], d["property"]))),
    )
