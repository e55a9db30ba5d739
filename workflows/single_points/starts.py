"""What single points look at: the structure that another engine relaxed, or the highest image of its band.

The recipe ``single point`` has one parent, the calculation with another engine. Its result is looked at as it is, also
where it failed its checks: then the single point carries the failed check, for it tells of that very structure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lianode.analysis.checks import Check, failed
from lianode.workflows.barrier.bands import HALF, is_on_ridge
from lianode.workflows.calculation import State
from lianode.workflows.keys import Source
from lianode.workflows.promotion import NoStartError, Start
from lianode.workflows.request import derived_request
from lianode.workflows.task import NebTask, StaticTask

if TYPE_CHECKING:
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.engine import Engine
    from lianode.workflows.request import Request
    from lianode.workflows.results import Results

SINGLE_POINT: Final = "single point"
ACCEPTED: Final = "structure_accepted"


def single_point(engine: Engine, parent: Request) -> Request:
    """Return the request for the energy of one engine at the result of another one's calculation.

    Parameters
    ----------
    engine
        Of the single point.
    parent
        A relaxation, or a band, of which the highest image is meant.

    Raises
    ------
    InputError
        When the engine cannot compute it.
    """
    half = parent.source.recipe == HALF  # what is said of whole bands does not send it back
    return derived_request(
        engine,
        StaticTask(),
        Source(recipe=SINGLE_POINT, parameters={"half": True} if half else {}, parents=(parent.key,)),
        parent.atoms(),
        label=f"{parent.label}, single point",
        retry_failed=parent.retry_failed,
        where=parent.label,
    )


def single_point_start(request: Request, results: Results) -> Start:
    """Return the structure that the parent found.

    Raises
    ------
    NoStartError
        When it has none, or is a band whose hop is computed again in another way.
    """
    from pymatgen.core import Structure

    (key,) = request.source.parents
    parent = results.calculation(key)
    if parent is None:
        raise NoStartError("the calculation whose structure it takes has not been done", State.UNCONVERGED)
    if parent.state is not State.CONVERGED or parent.structure is None:
        state = State.FAILED if parent.state is State.FAILED else State.UNCONVERGED
        ended = parent.state.value if state is State.FAILED else f"is {parent.state.value}"
        raise NoStartError(
            f"the calculation with {parent.engine} whose structure it takes {ended}: {parent.reason or 'no reason'}",
            state,
        )
    whole = isinstance(parent.task, NebTask) and not request.source.parameters.get("half")
    if whole and (is_on_ridge(parent) or parent.intermediate is not None):
        raise NoStartError("its hop is computed again, without symmetry or in halves", State.UNCONVERGED)
    return Start(Structure.from_dict(parent.structure), parent.key, _accepted(parent))


def _accepted(parent: Calculation) -> Check:
    wrong = failed(parent.checks)
    found = "the highest image of the band" if isinstance(parent.task, NebTask) else "the structure"
    message = f"energy of {found} that {parent.engine} found ({parent.key[:8]})"
    if not wrong:
        return Check(name=ACCEPTED, passed=True, message=message)
    failures = "; ".join(check.message for check in wrong)
    return Check(name=ACCEPTED, passed=False, message=f"{message}, which failed its checks: {failures}")
