"""What the slabs of a campaign are: cut out of a crystal when it is relaxed, with keys that are known before.

The recipe ``slab`` has the relaxation of the primitive cell as its parent. Its cut is named, and found again in the
relaxed crystal at the same share of the lattice spacing as in the crystal before, as names alone may count cuts in
another order there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lianode.analysis.checks import Check
from lianode.structures.errors import InputError
from lianode.structures.interfaces.surface_cell import surface_cell
from lianode.structures.surfaces.cuts import slab_cut, slab_cuts
from lianode.structures.surfaces.slabs import vacuum_slab
from lianode.workflows.calculation import State
from lianode.workflows.promotion import NoStartError, Start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymatgen.core import Structure

    from lianode.structures.interfaces.surface_cell import SurfaceCell
    from lianode.structures.phase import Phase
    from lianode.structures.surfaces.cuts import SlabCut
    from lianode.structures.surfaces.slabs import VacuumSlab
    from lianode.workflows.request import Request
    from lianode.workflows.results import Results

SLAB = "slab"
_SAME_CUT = 0.1  # of the lattice spacing, between the height of a cut before and after a relaxation


def slab_parameters(slab: VacuumSlab, vectors: Sequence[Sequence[int]]) -> dict[str, Any]:
    """Return the parameters of a slab's source: names and whole numbers, and the vacuum.

    Parameters
    ----------
    slab
        As it is cut from the crystal before that relaxes.
    vectors
        Of the stored cell in units of the primitive ones, (3, 3).
    """
    return {
        "plane": list(slab.slab.surface.plane),
        "termination": slab.cut.name,
        "layers": slab.layers,
        "vacuum": slab.vacuum,
        "supercell": list(slab.supercell),
        "vectors": [list(row) for row in vectors],
    }


def relaxed_crystal(name: str, primitive: Structure, vectors: list[list[int]]) -> Phase:
    """Return a primitive cell as a phase in the cell that plane indices refer to.

    Parameters
    ----------
    name
        Of the phase.
    primitive
        Its primitive cell, Å.
    vectors
        Of the stored cell in units of the primitive ones, (3, 3).
    """
    from lianode.structures.phase import Phase

    return Phase(
        name=name,
        formula=primitive.composition.reduced_formula,
        structure=primitive * vectors,
        kind="hypothetical",
        default=False,
        source="relaxed",
        confidence="user",
        confidence_reason="as it relaxed",
    )


def slab_in(crystal: Phase, before: Phase, parameters: Mapping[str, Any]) -> VacuumSlab:
    """Cut the slab of a recipe out of a crystal.

    Parameters
    ----------
    crystal
        As it relaxed, in its stored cell.
    before
        The same as it was when the slab was named.
    parameters
        Of :func:`slab_parameters`.

    Raises
    ------
    InputError
        When the relaxed crystal has no such slab.
    """
    plane = tuple(parameters["plane"])
    surface = surface_cell(crystal, plane)
    cut = cut_like(surface, slab_cut(known := surface_cell(before, plane), parameters["termination"]), known)
    first, second = parameters["supercell"]
    return vacuum_slab(
        surface,
        cut,
        int(parameters["layers"]),
        vacuum=float(parameters["vacuum"]),
        supercell=(int(first), int(second)),
    )


def cut_like(surface: SurfaceCell, cut: SlabCut, of: SurfaceCell) -> SlabCut:
    """Return the cut of a relaxed crystal that is nearest to one of the crystal before, under its old name.

    Raises
    ------
    InputError
        When the crystal has become another one: the nearest cut is elsewhere, or leaves other surfaces.
    """

    def away(other: SlabCut) -> float:
        apart = other.upper.height / surface.spacing - cut.upper.height / of.spacing
        return abs(apart - round(apart))

    found = min(slab_cuts(surface), key=away)
    if away(found) > _SAME_CUT or found.kind != cut.kind or found.excess != cut.excess:
        raise InputError(
            f"the relaxed crystal has no {cut.kind} cut where {cut.name} was, so it has become another one",
            surface.name,
        )
    return replace(found, name=cut.name)


def slab_start(request: Request, results: Results) -> Start:
    """Return the slab cut out of the relaxed crystal.

    Raises
    ------
    NoStartError
        When the crystal's relaxation has no result, or its result has no such slab.
    """
    from pymatgen.core import Structure

    (key,) = request.source.parents
    parent = results.calculation(key)
    if parent is None:
        raise NoStartError("the crystal that it is cut from has not been relaxed", State.UNCONVERGED)
    if parent.state is not State.CONVERGED or parent.structure is None:
        state = State.FAILED if parent.state is State.FAILED else State.UNCONVERGED
        raise NoStartError(f"the crystal that it is cut from is {parent.state.value}: {parent.reason}", state)
    vectors = request.source.parameters["vectors"]
    before = relaxed_crystal(request.label, Structure.from_dict(request.host or {}), vectors)
    crystal = relaxed_crystal(request.label, Structure.from_dict(parent.structure), vectors)
    try:
        slab = slab_in(crystal, before, request.source.parameters)
    except InputError as error:
        raise NoStartError(f"no slab can be cut: {error}", State.FAILED) from error
    message = f"cut from the relaxed crystal ({key[:8]}): {slab.layers} lattice planes, {slab.thickness:.1f} Å"
    return Start(slab.structure, key, Check(name="start_accepted", passed=True, message=message))
