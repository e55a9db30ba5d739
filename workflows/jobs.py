"""The jobflow jobs: thin wrappers that reach the results store through the job store and hand on keys.

Every job takes and returns plain dictionaries, small enough for any queue's database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobflow import CURRENT_JOB, JobConfig, OnMissing, job

from lianode.workflows.calculate import is_settled, obtain, summary
from lianode.workflows.free_energy import FreeEnergySpec, NoFreeEnergyError, obtain_free_energy, stored_free_energy
from lianode.workflows.hull_analysis import HullSpec, derive_hull
from lianode.workflows.request import Request

if TYPE_CHECKING:
    from jobflow import Job

    from lianode.workflows.results import Results

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
    return name in {"hull", "hull_spread"}


@job(config=WITH_STORE)
def calculate(request: dict[str, Any]) -> dict[str, Any]:
    """Run one request, or find its result; returns its key and state."""
    return summary(obtain(Request.model_validate(request), results_of_job()))


@job(config=WITH_STORE)
def free_energy(spec: dict[str, Any], relaxed: dict[str, Any] | None) -> dict[str, Any]:  # noqa: ARG001
    """Compute the free energy of a phase once it is relaxed; returns its key, or the reason why there is none.

    Parameters
    ----------
    spec
        A :class:`lianode.workflows.free_energy.FreeEnergySpec`.
    relaxed
        Output of the relaxation, which has to come first.
    """
    wanted = FreeEnergySpec.model_validate(spec)
    results = results_of_job()
    try:
        document = obtain_free_energy(wanted, results)
    except NoFreeEnergyError as error:
        return {"phase": wanted.phase.name, "key": None, "reason": str(error)}
    results.put_property(document)
    return {"phase": wanted.phase.name, "key": document.key, "reason": None}


@job(config=WITH_STORE)
def hull(spec: dict[str, Any], inputs: list[dict[str, Any] | None]) -> dict[str, Any]:
    """Derive and store the documents of a hull; returns their keys.

    Parameters
    ----------
    spec
        A :class:`lianode.workflows.hull_analysis.HullSpec`.
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
def hull_spread(hulls: list[dict[str, Any] | None]) -> dict[str, Any]:
    """Compare the hulls of several models, once they are derived; returns the keys of the comparison."""
    from lianode.analysis.hull import HullDocument
    from lianode.analysis.spread import hull_spread as compare_models

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
