"""What strained cells begin from: the relaxed crystal.

Their requests hold the unrelaxed crystal strained, so that keys, plans and costs are known before anything runs. The
axes that a strain refers to are found in the unrelaxed crystal and hold for the relaxed one.

Recipe ``strained cell``, with the relaxation of the crystal as its parent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.analysis.checks import Check
from lianode.structures.errors import InputError
from lianode.structures.strains import Strain, strained
from lianode.workflows.calculation import State
from lianode.workflows.promotion import NoStartError, Start

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.structures.crystal_axes import CrystalAxes
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.request import Request
    from lianode.workflows.results import Results

STRAINED = "strained cell"


def strained_start(request: Request, results: Results) -> Start:
    """Return the relaxed crystal in its strained cell.

    Raises
    ------
    NoStartError
        When the crystal has no result, or has lost its symmetry.
    """
    from pymatgen.core import Structure

    from lianode.structures.crystal_axes import crystal_axes

    if request.host is None:
        raise NoStartError("the request does not say which crystal is strained", State.FAILED)
    (key,) = request.source.parents
    parent = results.calculation(key)
    if parent is None:
        raise NoStartError("the crystal has not been relaxed", State.UNCONVERGED)
    if parent.state is not State.CONVERGED or parent.structure is None:
        state = State.FAILED if parent.state is State.FAILED else State.UNCONVERGED
        raise NoStartError(
            f"the relaxation of the crystal is {parent.state.value}: {parent.reason or 'no reason'}", state
        )
    crystal = Structure.from_dict(request.host)
    axes = crystal_axes(crystal)
    fault = symmetry_fault(parent, crystal, axes)
    if fault is not None:
        raise NoStartError(fault, State.FAILED)
    strain = Strain(request.source.parameters["pattern"], request.source.parameters["magnitude"])
    message = f"the relaxed crystal ({key[:8]}) strained by {strain.name}"
    check = Check(name="start_accepted", passed=True, message=message)
    return Start(strained(Structure.from_dict(parent.structure), axes, strain), key, check)


def symmetry_fault(relaxed: Calculation, crystal: Structure, axes: CrystalAxes) -> str | None:
    """Say why strains that symmetry makes equal in a crystal are not in the relaxed one, or return None.

    Parameters
    ----------
    relaxed
        Its relaxation, converged.
    crystal
        As it was asked for.
    axes
        Of that.
    """
    import numpy as np
    from pymatgen.core import Structure

    from lianode.structures.symmetry import keeps_symmetry

    found = Structure.from_dict(relaxed.structure or {})
    try:
        axes.rotations(np.asarray(found.lattice.matrix))
        kept = keeps_symmetry(found, crystal)
    except InputError:
        kept = False
    if kept:
        return None
    return (
        f"the crystal ({relaxed.key[:8]}) lost symmetry when it relaxed, so that strains that were equal are not any "
        "more; give the structure that it relaxes to"
    )
