"""What a slab with an adsorbate begins from: the relaxed slab, on which the site is found again by its atoms.

Which sites a slab has is decided on the slab as it is cut from the unrelaxed crystal, so that the keys of a campaign
are known before anything runs, and a queue gets all of it at once. That is sound because a site is a list of atoms,
which a relaxation moves but does not change; where the relaxed slab has lost a symmetry that made sites equal, or its
atoms have gone elsewhere, its own checks say so, and the document is flagged.

Recipe ``adsorbate on a slab``, with the relaxations of the slab and of the crystal as its parents: the second says in
which order the first has its atoms. Recipe ``free atom``: of an element, alone in a box.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lianode.analysis.checks import Check
from lianode.structures.adsorption.placing import adsorbed, carried, same_atoms, touching_distances
from lianode.structures.errors import InputError
from lianode.workflows.calculation import State
from lianode.workflows.promotion import NoStartError, Start
from lianode.workflows.surface.starts import relaxed_crystal, slab_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.structures.adsorption.sites import SiteAtom
    from lianode.structures.phase import Phase
    from lianode.structures.surfaces.slabs import VacuumSlab
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.request import Request
    from lianode.workflows.results import Results

ADSORBED = "adsorbate on a slab"
FREE_ATOM = "free atom"
BOX = (14.0, 15.0, 16.0)
"""Å: of a free atom; its sides differ, as no symmetry of a box may share an electron out between orbitals."""


@dataclass(frozen=True, kw_only=True)
class RelaxedSlab:
    """A slab before and after it relaxed.

    Attributes
    ----------
    crystal
        That it was cut from, relaxed.
    named
        Cut from the crystal before that relaxed; sites are named by its atoms.
    cut
        Cut from the relaxed crystal.
    structure
        As it relaxed.
    numbers
        Of each atom of the first in the other two.
    """

    crystal: Phase
    named: VacuumSlab
    cut: VacuumSlab
    structure: Structure
    numbers: NDArray[np.int64]

    def atoms(self, site: Sequence[Sequence[int]]) -> tuple[SiteAtom, ...]:
        """Return the atoms of a site in the relaxed slab."""
        import numpy as np

        named = tuple((int(atom), int(a), int(b)) for atom, a, b in site)
        inside = carried(named, self.named.structure, self.cut.structure, self.numbers)
        return carried(inside, self.cut.structure, self.structure, np.arange(len(self.structure)))


def relaxed_slab(
    name: str,
    host: Mapping[str, Any],
    parameters: Mapping[str, Any],
    bulk: Mapping[str, Any],
    slab: Mapping[str, Any] | None = None,
) -> RelaxedSlab:
    """Return a slab as it relaxed, and as its sites were named.

    Parameters
    ----------
    name
        Of the phase.
    host, bulk
        Its primitive cell before and after its relaxation, as pymatgen dictionaries.
    parameters
        Of the slab, see :func:`lianode.workflows.surface.starts.slab_parameters`.
    slab
        As it relaxed, as a pymatgen dictionary; None takes it as it is cut.

    Raises
    ------
    InputError
        When the relaxed crystal has no such slab.
    """
    from pymatgen.core import Structure

    vectors = parameters["vectors"]
    before = relaxed_crystal(name, Structure.from_dict(dict(host)), vectors)
    crystal = relaxed_crystal(name, Structure.from_dict(dict(bulk)), vectors)
    named, cut = slab_in(before, before, parameters), slab_in(crystal, before, parameters)
    return RelaxedSlab(
        crystal=crystal,
        named=named,
        cut=cut,
        structure=cut.structure if slab is None else Structure.from_dict(dict(slab)),
        numbers=same_atoms(named.structure, cut.structure),
    )


def adsorbed_start(request: Request, results: Results) -> Start:
    """Return the relaxed slab with adsorbates on it.

    Raises
    ------
    NoStartError
        When the slab or its crystal has no result, or the site cannot be found again.
    """
    from lianode.structures import library

    slab_key, bulk_key = request.source.parents
    slab = _finished(results, slab_key, "the bare slab")
    bulk = _finished(results, bulk_key, "the crystal that the slab is cut from")
    given = request.source.parameters
    try:
        found = relaxed_slab(request.label, request.host or {}, given["slab"], bulk.structure or {}, slab.structure)
        touching = touching_distances(found.structure, found.crystal, library.phase(given["adsorbate"]))
        filled = adsorbed(
            found.structure,
            found.atoms(given["atoms"]),
            found.atoms(given["opposite"]) if given["opposite"] else None,
            touching,
            given["adsorbate"],
            height=given["height"],
        )
    except InputError as error:
        raise NoStartError(f"no adsorbate can be put there: {error}", State.FAILED) from error
    message = f"{given['adsorbate']} on {given['site']} of the relaxed slab ({slab_key[:8]})"
    return Start(filled, slab_key, Check(name="start_accepted", passed=True, message=message))


def _finished(results: Results, key: str, what: str) -> Calculation:
    found = results.calculation(key)
    if found is None:
        raise NoStartError(f"{what} has not been relaxed", State.UNCONVERGED)
    if found.state is not State.CONVERGED or found.structure is None:
        state = State.FAILED if found.state is State.FAILED else State.UNCONVERGED
        raise NoStartError(f"{what} is {found.state.value}: {found.reason or 'no reason'}", state)
    return found
