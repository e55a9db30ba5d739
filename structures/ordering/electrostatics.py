"""Electrostatic energy of point charges on the sites of a crystal, for every occupation of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.structures.ordering.sublattices import DisorderedCell


def ewald_matrix(average: Structure) -> NDArray[np.float64]:
    """Return M such that the Ewald energy of charges q (in units of e) on the sites is q · M q, in eV.

    It holds for neutral sets of charges: a charged cell would need its background (Ewald, Ann. Phys. 369, 253 (1921)).

    Parameters
    ----------
    average
        Sites; who is on them does not matter.

    Returns
    -------
    ndarray of shape (sites, sites)
    """
    from pymatgen.analysis.ewald import EwaldSummation
    from pymatgen.core import Species, Structure

    unit = Structure(average.lattice, [Species("Li", 1)] * len(average), average.frac_coords)
    matrix = np.asarray(EwaldSummation(unit, acc_factor=12.0).total_energy_matrix)  # type: ignore[no-untyped-call]
    symmetric: NDArray[np.float64] = (matrix + matrix.T) / 2
    return symmetric


def formal_charges(cell: DisorderedCell, stated: Mapping[str, float] | None = None) -> dict[str, float]:
    """Return the charge of each element, as stated or as its oxidation states are.

    Raises
    ------
    InputError
        Where a charge is missing or the cell is not neutral.
    """
    from pymatgen.core import Composition

    if stated is None:
        guesses = Composition(cell.amounts).reduced_composition.oxi_state_guesses()
        # an average over one element's sites (S -1.8) is a guess that it cannot be neutral otherwise
        whole = [guess for guess in guesses if all(float(state).is_integer() for state in guess.values())]
        if not whole:
            raise InputError(
                f"{cell.formula} is not neutral with common oxidation states; take another composition, or state the "
                "charges",
                cell.phase.name,
            )
        stated = whole[0]
    charges = {element: float(stated[element]) for element in cell.amounts if element in stated}
    if missing := sorted(set(cell.amounts) - set(charges)):
        raise InputError(f"the charge of {missing[0]} is not stated", cell.phase.name)
    total = sum(charges[element] * amount for element, amount in cell.amounts.items())
    if abs(total) > 1e-6:
        said = ", ".join(f"{element} {charge:+g}" for element, charge in charges.items())
        raise InputError(f"{cell.formula} with {said} has a charge of {total:+g} and not none", cell.phase.name)
    return charges
