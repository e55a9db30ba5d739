"""How like a reference crystal's the neighbours in a window are: which product is forming.

Of two RDFs the shapes are compared, over the distances that both cover up to R: with

    p(r) = g(r) / ∫ g dr,    overlap = ∫ min(p₁, p₂) dr,

1 for equal shapes and 0 for shapes that have no distance in common. Normalising takes the density out, so that a thin
layer of product between two slabs can be compared with a crystal. The overlap does not say how much has formed: the
bonds do, and the window with the largest overlap may hold three bonds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lianode.analysis.structure_in_time.distribution import neighbour_density, shell_volumes
from lianode.analysis.structure_in_time.first_minimum import REACH, broadened
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.analysis.structure_in_time.pair_counts import PairCounts


def similarity(
    counted: PairCounts, reference: PairCounts, pair: str, *, largest: float, sigma: float = 0.0
) -> NDArray[np.float64]:
    """Return the overlap of each window's and layer's RDF with that of a reference crystal.

    Parameters
    ----------
    counted
        Pairs of the trajectory.
    reference
        Pairs of the crystal at rest (with ``sigma``) or of its MD at the same temperature; same width of bins.
    pair
        Such as ``In-S``, in both.
    largest
        R, Å; one or two shells. Farther out all solids of one density look alike.
    sigma
        Broadening of the crystal, Å.

    Returns
    -------
    ndarray
        (n_windows, n_layers); NaN where there is no such pair within R.

    Raises
    ------
    InputError
        When bins differ, or R is beyond what was counted.
    """
    width = counted.radii.width
    if not np.isclose(width, reference.radii.width, rtol=1e-9, atol=0):
        raise InputError(f"bins of {width:g} Å and of {reference.radii.width:g} Å; they have to be equal", pair)
    beyond = REACH * sigma
    most = min(counted.radii.edges[-1], reference.radii.edges[-1] - beyond)
    if not 0 < largest <= most + 1e-9:
        raise InputError(f"{largest:g} Å; between 0 and {most:g} Å, as far as pairs were counted, would be right", pair)
    n_bins = round(largest / width)
    shells = shell_volumes(counted.radii)[:n_bins]
    crystal = broadened(neighbour_density(reference)[0, 0, reference.index(pair)], width, sigma)[:n_bins] / shells
    windows = neighbour_density(counted)[:, :, counted.index(pair), :n_bins] / shells
    with np.errstate(invalid="ignore"):
        overlap: NDArray[np.float64] = np.minimum(
            windows / windows.sum(axis=2, keepdims=True), crystal / crystal.sum()
        ).sum(axis=2)
    return overlap
