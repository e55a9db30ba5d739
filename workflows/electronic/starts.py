"""What electronic structures begin from: a crystal or slab as its relaxation left it.

Recipe ``as relaxed``, with that relaxation as the parent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.analysis.checks import Check
from lianode.workflows.calculation import State
from lianode.workflows.promotion import NoStartError, Start

if TYPE_CHECKING:
    from lianode.workflows.request import Request
    from lianode.workflows.results import Results

RELAXED = "as relaxed"


def relaxed_start(request: Request, results: Results) -> Start:
    """Return the structure that the parent relaxed, whatever its checks say: they go with the result.

    Raises
    ------
    NoStartError
        When the parent has not converged.
    """
    from pymatgen.core import Structure

    (key,) = request.source.parents
    parent = results.calculation(key)
    if parent is None:
        raise NoStartError("it has not been relaxed", State.UNCONVERGED)
    if parent.state is not State.CONVERGED or parent.structure is None:
        state = State.FAILED if parent.state is State.FAILED else State.UNCONVERGED
        raise NoStartError(f"its relaxation is {parent.state.value}: {parent.reason or 'no reason'}", state)
    check = Check(name="start_accepted", passed=True, message=f"as relaxed with {parent.engine} ({key[:8]})")
    return Start(Structure.from_dict(parent.structure), key, check)
