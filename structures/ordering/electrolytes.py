"""The disordered electrolytes of the papers, ordered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.structures.library import phase
from lianode.structures.ordering.ensemble import order

if TYPE_CHECKING:
    from lianode.structures.ordering.ensemble import OrderedEnsemble

FORMAL_CHARGES = {"Li": 1.0, "P": 5.0, "S": -2.0, "Cl": -1.0}
"""e."""

PARENT = "Li6PS5Cl_average"


def argyrodite(
    formula: str = "Li6PS5Cl", *, keep: int = 20, most_alike: int | None = None, seed: int = 0
) -> OrderedEnsemble:
    """Order an argyrodite in the cubic cell of Li6PS5Cl.

    Sulfur and chlorine are arranged on the eight free anion sites, 4a and 4d, in every distinct way; lithium is put on
    the 48h sites, which lie in pairs 1.96 Å apart of which one at most is filled. Both compositions of the papers are
    sampled: Li24P4S20Cl4 (luo2021) has 70 times 2^24 arrangements, su2024's ``Li5.5PS4.5Cl1.5``, Li22P4S18Cl6, has 28
    times 276 times 2^22. The latter is put into the cell of Li6PS5Cl, as its own structure is not in the library.

    The nearest lithium atoms on 48h are 2.25 Å apart where both are in one face of a cage; six atoms in each cage
    of four faces leave no other choice. A relaxation moves them apart.

    Parameters
    ----------
    formula
        With Li, P, S and Cl, neutral, four P in the cell.
    keep
        Models to keep.
    most_alike
        Models kept, at most, with the same arrangement of S and Cl; None keeps the lowest, whichever they are.
    seed
        Of the sampling of lithium.

    Raises
    ------
    InputError
        Where the composition does not fit the cell.
    """
    return order(
        phase(PARENT), formula, charges=FORMAL_CHARGES, closest=2.0, keep=keep, most_alike=most_alike, seed=seed
    )
