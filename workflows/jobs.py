"""The jobflow jobs: thin wrappers that reach the results store through the job store and hand on keys.

Every job takes and returns plain dictionaries, small enough for any queue's database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobflow import CURRENT_JOB, JobConfig, OnMissing, Response, job

from lianode.workflows.calculate import is_settled, obtain, summary
from lianode.workflows.calculation import State
from lianode.workflows.derivations import derive_documents
from lianode.workflows.hull.analysis import HullSpec, derive_hull
from lianode.workflows.hull.free_energy import (
    FreeEnergySpec,
    NoFreeEnergyError,
    StoppedError,
    obtain_free_energy,
    stored_free_energy,
)
from lianode.workflows.request import Request
from lianode.workflows.results import HeldElsewhereError
from lianode.workflows.session import current_session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobflow import Job

    from lianode.workflows.property_plan import PropertyPlan
    from lianode.workflows.results import Results

MOST_FRUITLESS = 3
"""Runs without a step after which a calculation is not continued any more: its time is too short for a step."""
WITH_STORE = JobConfig(expose_store=True, on_missing_references=OnMissing.NONE)
"""A failed input reaches a job as None: an analysis runs all the same and says what is missing."""


def results_of_job() -> Results:
    """Return the results store that the running job's store carries.

    Raises
    ------
    TypeError
        When the job runs with a store that is not one of lianode's.
    """
    store = CURRENT_JOB.store
    results = getattr(store, "results", None)
    if results is None:
        raise TypeError(
            f"this job needs the job store of a lianode project (lianode.hpc.store.open_store(...).jobstore()), "
            f"not a {type(store).__name__}"
        )
    found: Results = results
    return found


def is_quick(wanted: Job, results: Results) -> bool:
    """Whether a job takes no time, because its calculations are in the store or it only derives documents.

    Parameters
    ----------
    wanted
        Any job of a campaign's flow.
    results
        The store.
    """
    name = wanted.function.__name__
    if name == "calculate":
        request = Request.model_validate(wanted.function_args[0])
        return is_settled(results.calculation(request.key), retry_failed=request.retry_failed)
    if name == "free_energy":
        return stored_free_energy(FreeEnergySpec.model_validate(wanted.function_args[0]), results) is not None
    return True  # every other job derives documents


@job(config=WITH_STORE)
def calculate(
    request: dict[str, Any],
    fruitless: int = 0,
    after: list[dict[str, Any] | None] | None = None,  # noqa: ARG001
) -> dict[str, Any] | Response[Any]:
    """Run one request, or find its result; returns its key and state.

    Where the session continues what had to stop, an interrupted calculation is replaced by this same job, under the
    same uuid, until it has ended.

    Parameters
    ----------
    request
        A :class:`lianode.workflows.request.Request`.
    fruitless
        How many runs before this one ended without a step.
    after
        Outputs of the calculations that this one begins from, which have to come first.
    """
    wanted = Request.model_validate(request)
    results = results_of_job()
    before = results.calculation(wanted.key)
    try:
        done = obtain(wanted, results)
    except HeldElsewhereError:
        if not current_session().continues:
            raise
        return _again(calculate(request, fruitless))
    if done.state is State.INTERRUPTED and current_session().continues:
        stood_still = before is not None and before.steps >= done.steps
        if stood_still and fruitless + 1 >= MOST_FRUITLESS:
            reason = f"no step was finished in {MOST_FRUITLESS} runs; ask for more time per job, or more cores"
            done = results.commit(done.model_copy(update={"state": State.FAILED, "reason": reason}))
        else:
            return _again(calculate(request, fruitless + 1 if stood_still else 0))
    return summary(done)


@job(config=WITH_STORE)
def free_energy(
    spec: dict[str, Any], relaxed: dict[str, Any] | None, reached: int = -1
) -> dict[str, Any] | Response[Any]:
    """Compute the free energy of a phase once it is relaxed; returns its key, or the reason why there is none.

    Parameters
    ----------
    spec
        A :class:`lianode.workflows.hull.free_energy.FreeEnergySpec`.
    relaxed
        Output of the relaxation, which has to come first.
    reached
        Displaced supercells that were finished when the run before this one had to stop.
    """
    wanted = FreeEnergySpec.model_validate(spec)
    results = results_of_job()
    try:
        document = obtain_free_energy(wanted, results)
    except StoppedError as error:
        if not current_session().continues or error.done <= reached:
            return {"phase": wanted.phase.name, "key": None, "reason": str(error)}
        return _again(free_energy(spec, relaxed, error.done))
    except HeldElsewhereError:
        if not current_session().continues:
            raise
        return _again(free_energy(spec, relaxed, reached))
    except NoFreeEnergyError as error:
        return {"phase": wanted.phase.name, "key": None, "reason": str(error)}
    results.put_property(document)
    return {"phase": wanted.phase.name, "key": document.key, "reason": None}


def _again(same: Job) -> Response[Any]:
    """Return the response that puts a job back into the queue, with its name and what its queue knows of it."""
    same.name = CURRENT_JOB.job.name
    return Response(replace=same)


@job(config=WITH_STORE)
def hull(spec: dict[str, Any], inputs: list[dict[str, Any] | None]) -> dict[str, Any]:
    """Derive and store the documents of a hull; returns their keys.

    Parameters
    ----------
    spec
        A :class:`lianode.workflows.hull.analysis.HullSpec`.
    inputs
        Outputs of the calculations and free energies, which have to come first; what is missing is None.
    """
    results = results_of_job()
    reasons = {
        output["phase"]: output["reason"] for output in inputs if output and output.get("reason") and "phase" in output
    }
    documents = derive_hull(HullSpec.model_validate(spec), results, reasons)
    for document in documents:
        results.put_property(document)
    return {"keys": [document.key for document in documents]}


@job(config=WITH_STORE)
def derive(holder: str, spec: dict[str, Any], inputs: list[dict[str, Any] | None]) -> dict[str, Any]:  # noqa: ARG001
    """Derive and store the documents of an analysis; returns their keys.

    Parameters
    ----------
    holder, spec
        As of :func:`lianode.workflows.derivations.derive_documents`.
    inputs
        Outputs of the calculations, which have to come first; what is missing, and why, is in the store.
    """
    results = results_of_job()
    documents = derive_documents(holder, spec, results)
    for document in documents:
        results.put_property(document)
    return {"keys": [document.key for document in documents]}


def derivation(plan: PropertyPlan, holder: str, calculations: Mapping[str, Job]) -> tuple[list[Job], Job]:
    """Return the jobs of a plan beside its calculations, and the last of them: here the one that derives its documents.

    Parameters
    ----------
    plan
        Of one entry.
    holder
        Property whose document holds the derivation.
    calculations
        Jobs by key.
    """
    outputs = [calculations[request.key].output for request, _ in plan.calculations()]
    last = derive(holder, plan.spec.model_dump(mode="json"), outputs)
    last.name = plan.title
    return [last], last


@job(config=WITH_STORE)
def hull_spread(hulls: list[dict[str, Any] | None]) -> dict[str, Any]:
    """Compare the hulls of several models, once they are derived; returns the keys of the comparison."""
    from lianode.analysis.hull.hull import HullDocument
    from lianode.analysis.hull.spread import hull_spread as compare_models

    results = results_of_job()
    keys = [key for output in hulls if output for key in output["keys"] if key.startswith("hull-")]
    found = {
        stored["key"]: HullDocument.model_validate(stored) for stored in results.properties({"key": {"$in": keys}})
    }
    by_temperature: dict[float | None, list[HullDocument]] = {}
    for document in (found[key] for key in keys if key in found):  # in the campaign's order of engines
        by_temperature.setdefault(document.settings.get("temperature"), []).append(document)
    compared = [spread for group in by_temperature.values() if len(group) > 1 for spread in compare_models(group)]
    for spread in compared:
        results.put_property(spread)
    return {"keys": [spread.key for spread in compared]}
