"""One engine begins where another one ended: a relaxation from the structure that a potential relaxed.

The other engine's relaxation is a calculation of its own, the same as if a campaign had asked for it. The key of the
promoted one holds the key of that parent, never its floats, so that it is known before anything runs.

The parent's structure is taken only when the parent passed all its checks. A potential can relax a crystal into another
one (SevenNet-0 turns tetragonal In into fcc): begun from that, the result would be right for the wrong phase. Then the
calculation begins from the structure that was asked for, which costs steps and nothing else, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lianode.analysis.checks import Check, failed
from lianode.workflows.calculation import State
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.keys import Source, calculation_key

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.workflows.calculation import Calculation
    from lianode.workflows.request import Request
    from lianode.workflows.results import Results

PROMOTED = "promoted"


class NoStartError(Exception):
    """The calculation cannot begin, because its parent has no result.

    Attributes
    ----------
    state
        ``failed`` where the parent failed; ``unconverged`` where a later run can bring the parent further.
    """

    def __init__(self, message: str, state: State) -> None:
        super().__init__(message)
        self.state = state


@dataclass(frozen=True)
class Start:
    """What a calculation begins from.

    Attributes
    ----------
    structure
        Å.
    parent
        Key of the calculation that it comes from, or None.
    check
        What there is to say about it, or None.
    final
        The other end point of a band, Å.
    """

    structure: Structure
    parent: str | None = None
    check: Check | None = None
    final: Structure | None = None


def promote(request: Request, parent: Request) -> Request:
    """Return the request that begins from the result of another one for the same atoms."""
    engine = make_engine(request.engine)
    source = Source(recipe=PROMOTED, structure_hash=request.source.structure_hash, parents=(parent.key,))
    return request.model_copy(update={"source": source, "key": calculation_key(engine, request.task, source)})


def start_of(request: Request, results: Results) -> Start:
    """Return what a request begins from; a promoted one from its parent, out of the store.

    Raises
    ------
    NoStartError
        When the parent has no result.
    """
    if request.source.recipe != PROMOTED:
        return Start(request.atoms())
    (key,) = request.source.parents
    parent = results.calculation(key)
    if parent is None:
        raise NoStartError("the relaxation it starts from has not been done", State.UNCONVERGED)
    if parent.state is not State.CONVERGED or parent.structure is None:
        state = State.FAILED if parent.state is State.FAILED else State.UNCONVERGED
        ended = parent.state.value if state is State.FAILED else f"is {parent.state.value}"
        raise NoStartError(
            f"the relaxation with {parent.engine} it starts from {ended}: {parent.reason or 'no reason'}", state
        )
    return _accepted(request, parent)


def _accepted(request: Request, parent: Calculation) -> Start:
    """Return the parent's structure, or the one that was asked for where the parent failed a check."""
    from pymatgen.core import Structure

    wrong = failed(parent.checks)
    if wrong:
        message = (
            f"begun from the structure that was asked for and not from that of {parent.engine}, whose relaxation "
            f"failed its checks: {'; '.join(check.message for check in wrong)}"
        )
        return Start(request.atoms(), None, Check(name="start_accepted", passed=True, message=message))
    message = f"begun from the structure relaxed with {parent.engine} ({parent.key[:8]}), which passed its checks"
    structure = Structure.from_dict(parent.structure or {})
    return Start(structure, parent.key, Check(name="start_accepted", passed=True, message=message))


def record_start(done: Calculation, start: Start, request: Request) -> None:
    """Write into a document what it began from, and compare its crystal with the one that was asked for.

    Parameters
    ----------
    done
        What the engine returned; its own checks compare with the start.
    start
        Of :func:`start_of`.
    request
        What was asked for.
    """
    if start.check is None:
        return
    done.started_from = start.parent
    if start.parent is not None and done.volume is not None:
        from lianode.workflows.engines.crystal_checks import crystal_checks

        ratio = done.volume / float(request.atoms().volume)
        again = {check.name: check for check in crystal_checks(done.space_group_before, done.space_group_after, ratio)}
        done.checks = [again["volume_kept"] if check.name == "volume_kept" else check for check in done.checks]
    done.checks = [start.check, *done.checks]
