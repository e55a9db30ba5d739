"""Running coordination n(r) and radial distribution g(r) from counted pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.analysis.structure_in_time.pair_counts import PairCounts, Radii

Normalisation = Literal["global", "layer"]
"""``global``: by the mean density of the whole cell, as papers do; at an interface g(r) then tends to no 1.
``layer``: pairs inside a layer, by the layer's density and the exact volume of each shell inside the layer."""


def running_coordination(counted: PairCounts) -> NDArray[np.float64]:
    """Return n(r): how many neighbours a centre has closer than r. It needs no density.

    Parameters
    ----------
    counted
        Pairs.

    Returns
    -------
    ndarray
        (n_windows, n_layers, n_pairs, n_bins + 1) at the edges of the bins. In layers the neighbours may be anywhere.
        NaN where a layer never held a centre.
    """
    running = np.zeros((*counted.counts.shape[:3], counted.counts.shape[3] + 1))
    running[..., 1:] = np.cumsum(counted.counts, axis=3)
    with np.errstate(invalid="ignore"):
        n: NDArray[np.float64] = running / counted.centres[..., None]
    return n


def neighbour_density(counted: PairCounts) -> NDArray[np.float64]:
    """Return dn/dr, the mean of each bin, (n_windows, n_layers, n_pairs, n_bins), 1/Å."""
    density: NDArray[np.float64] = np.diff(running_coordination(counted), axis=3) / counted.radii.width
    return density


def radial_distribution(counted: PairCounts, normalisation: Normalisation) -> NDArray[np.float64]:
    """Return g(r) = (pairs in the shell) / (pairs that centres would have at the density of the neighbours).

    With N_A centres, N_B neighbours and the volume V of the cell, averages over frames,

        global:  g = counts / (N_A N_B <1/V> 4/3 π ((r + w)³ - r³))
        layer:   g = counts inside the layer / (ρ_B in the layer  x  Σ_centres shell inside the layer).

    In an ideal gas of N atoms g(r) between atoms of one species is (N - 1)/N in both: the centre is counted among the
    neighbours, as freud and MDAnalysis do. From the cell's shortest vector on, each atom's own images are among them.

    Parameters
    ----------
    counted
        Pairs.
    normalisation
        Which of the two.

    Returns
    -------
    ndarray
        (n_windows, n_layers, n_pairs, n_bins); NaN where nothing can be said.

    Raises
    ------
    InputError
        For ``layer`` where no layers were counted.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        if normalisation == "global":
            others = np.array([counted.atoms[pair.split("-")[1]] for pair in counted.pairs])
            expected = (
                counted.centres[..., None]
                * (others * counted.inverse_volume[:, None])[:, None, :, None]
                * shell_volumes(counted.radii)
            )
            g: NDArray[np.float64] = counted.counts / expected
            return g
        if counted.inside is None or counted.shells is None:
            raise InputError("'layer' needs pairs that were counted in layers; name the layers", "normalisation")
        volumes = counted.volume[:, None] * counted.shares
        densities = counted.neighbours / (counted.frames[:, None] * volumes)[..., None]
        inside: NDArray[np.float64] = counted.inside / (densities[..., None] * counted.shells)
        return np.where(counted.shells > 0, inside, np.nan)


def shell_volumes(radii: Radii) -> NDArray[np.float64]:
    """Return the volume of each whole shell, (n_bins,), Å³."""
    shells: NDArray[np.float64] = 4 / 3 * np.pi * np.diff(radii.edges**3)
    return shells
