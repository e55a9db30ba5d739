"""The accounts after a trial: nothing lost, nothing computed twice, a reason for whatever is missing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from lianode.hpc.cluster.launchpad import open_launchpad
from lianode.hpc.cluster.status import campaign_status
from lianode.workflows.calculation import State
from lianode.workflows.engines.vasp.attempts import attempts
from lianode.workflows.task import NebTask

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.hpc.cluster.status import JobStatus
    from lianode.hpc.rehearsal.scenarios import Scenario
    from lianode.hpc.store import ResultsStore
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.engines.vasp.attempts import Attempt

STATED: Final = frozenset({"failed", "unconverged", "broken"})


def campaign_jobs(results: ResultsStore, campaign: str) -> list[JobStatus]:
    """Return the jobs of a campaign that was submitted with ``--rehearse``."""
    return campaign_status(results, open_launchpad(results), f"{campaign}-rehearsal")


def attempts_of(results: ResultsStore, key: str) -> list[Attempt]:
    """Return all runs of VASP of a calculation."""
    folder = results.run_directory(key)
    own = [*attempts(folder, "attempt"), *attempts(folder, "free")]
    return own + [attempt for image in _images(results, key) for attempt in attempts(image, "attempt")]


def _images(results: ResultsStore, key: str) -> list[Path]:
    return sorted(results.run_directory(key).glob("image-*"))


def _repeated(results: ResultsStore, one: Calculation) -> list[str]:
    """Return what was computed again although it was finished."""
    if isinstance(one.task, NebTask):
        whole = {
            image: [a.ended for a in attempts(image, "attempt")].count("finished")
            for image in _images(results, one.key)
        }
        twice = [f"{one.label}: {image.name} was computed {count} times" for image, count in whole.items() if count > 1]
        lost = [] if len(whole) == one.evaluations else [f"{one.label}: {len(whole)} images, {one.evaluations} count"]
        return twice + lost
    made = sum(attempt.steps for attempt in attempts_of(results, one.key))
    return [] if made == one.steps else [f"{one.label}: {made} steps were made, {one.steps} count"]


def accounts(
    results: ResultsStore,
    scenario: Scenario,
    jobs: list[JobStatus],
    found: dict[str, Calculation],
    *,
    recovers: bool,
) -> list[str]:
    """Return what is wrong with what the campaigns left.

    Parameters
    ----------
    results
        The project's store.
    scenario
        What was submitted.
    jobs
        Of both campaigns.
    found
        Calculations of the store, by key.
    recovers
        Whether every calculation has to converge; otherwise a stated reason will do.
    """
    wrong = []
    for job in jobs:
        good = {"converged", "done"} if recovers else {"converged", "done", *STATED}
        if job.state not in good:
            wrong.append(f"{job.label} is {job.state} ({job.reason})")
        elif job.state in STATED and not job.reason:
            wrong.append(f"{job.label} is {job.state} without a reason")
    calculations = {job.key for job in jobs if job.key}
    if calculations != set(found):
        wrong.append(f"{len(calculations - set(found))} calculations are lost")
    for one in found.values():  # every step that was ever made is in its document
        wrong += _repeated(results, one) if one.state is State.CONVERGED else []
    stored = Counter(document["key"] for document in results.calculation_documents.find({}))
    if set(stored) != set(found) or max(stored.values(), default=0) > 1:
        wrong.append(f"the store holds {sum(stored.values())} calculations of {len(found)}")
    for campaign in scenario.campaigns:
        last = list(results.query(property=scenario.property, campaign=f"{campaign}-rehearsal"))
        if len(last) > 1 or (recovers and not last):  # without a reference there is no hull, and its job says so
            wrong.append(f"campaign {campaign} has {len(last)} documents of kind {scenario.property}")
        elif last and recovers and last[0]["completeness"] != "complete":
            wrong.append(f"the {scenario.property} of campaign {campaign} is {last[0]['completeness']}")
    return wrong
