"""Diffusivity of a vacancy (or an extra lithium) on a network of hops, exactly.

A defect on site i jumps over the saddle E_s to site j at the rate of transition state theory, with one attempt
frequency ν for all hops (Vineyard, J. Phys. Chem. Solids 3, 121 (1957)):

    w_ij = ν exp(-(E_s - e_i)/kT).

In equilibrium site i holds it with probability p_i = exp(-e_i/kT)/Z, so that p_i w_ij = p_j w_ji = c_ij, with
c_ij = ν exp(-E_s/kT)/Z: detailed balance. Its diffusivity at long times is the minimum

    D = min_η  sum over hops (each pair once)  c_ij (x_ij + η_j - η_i) ⊗ (x_ij + η_j - η_i)

over a shift η_i of each site of the primitive cell, with x_ij the vector of the hop (Trinkle, Phys. Rev. Lett. 121,
235901 (2018)). At the minimum the shifted walk has no drift on any site and no memory; the result equals the
Green-function and pseudo-inverse expressions (Landman and Shlesinger, Phys. Rev. B 19, 6207 (1979); Trinkle, Phil. Mag.
97, 2514 (2017)). Limits: one kind of site and hop gives D = z/6 l² w; a chain gives conductances in series.

The minimum is taken site by site, as a star of resistors is turned into a mesh: leaving out site k with conductances
c_i to its neighbours joins each pair of them by c_i c_j / Σc. All terms are positive, so that nothing cancels where
rates differ by tens of orders of magnitude, as they do at room temperature, and a linear solver would lose the slow
ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lianode.analysis.migration.hop_network import HopNetwork

BOLTZMANN_EV_PER_K = 8.617333262e-5
ATTEMPT_FREQUENCY_HZ = 1e13
"""The usual assumption where no frequency was computed."""
CM2_PER_A2 = 1e-16
CORRELATION_FACTORS = {"sc": 0.6531, "bcc": 0.7272, "fcc": 0.7815, "diamond": 0.5}
"""Of tracer diffusion by single vacancies on lattices of one kind of site (Le Claire, in Physical Chemistry: An
Advanced Treatise 10, 261 (1970))."""
_STEP = 1e-3


class Diffusivity(BaseModel):
    """Diffusivity of the defect at a temperature.

    Attributes
    ----------
    temperature
        K.
    attempt_frequency_Hz
        One for all hops; D is proportional to it.
    tensor_cm2_per_s
        (3, 3), Cartesian axes of the primitive cell.
    mean_cm2_per_s
        A third of its trace.
    activation_energy
        -d ln(trace D)/d(1/kT) at this temperature, eV; None where D is 0.
    occupations
        Equilibrium probability of the defect on each symmetry-distinct site.
    defect_concentration
        Defects per lithium atom, where it was stated.
    correlation_factor
        Of the tracer, where it was stated.
    lithium_cm2_per_s
        Defect concentration times the mean, times the correlation factor where it was stated; the tracer diffusivity
        of lithium then, and that without correlation otherwise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float
    attempt_frequency_Hz: float
    tensor_cm2_per_s: list[list[float]]
    mean_cm2_per_s: float
    activation_energy: float | None
    occupations: dict[str, float]
    defect_concentration: float | None = None
    correlation_factor: float | None = None
    lithium_cm2_per_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class LithiumTransport:
    """What turns the defect's diffusivity into lithium's; stated, never guessed.

    Attributes
    ----------
    defect_concentration
        Vacancies (or extra lithium) per lithium atom.
    correlation_factor
        Of the tracer, 0 to 1; see :data:`CORRELATION_FACTORS`. None leaves it out.
    """

    defect_concentration: float
    correlation_factor: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.defect_concentration <= 1:
            raise InputError(
                f"{self.defect_concentration:g}; it has to be above 0 and at most 1 per lithium atom",
                "defect_concentration",
            )
        if self.correlation_factor is not None and not 0 < self.correlation_factor <= 1:
            raise InputError(f"{self.correlation_factor:g}; it has to be above 0 and at most 1", "correlation_factor")


def diffusivity(
    network: HopNetwork,
    temperature: float,
    *,
    orbits: Sequence[str] | None = None,
    attempt_frequency_Hz: float = ATTEMPT_FREQUENCY_HZ,
    lithium: LithiumTransport | None = None,
) -> Diffusivity:
    """Return the diffusivity of the defect on a network.

    Parameters
    ----------
    network
        Sites and hops. Parts that no hop joins hold the defect with their equilibrium probability.
    temperature
        K.
    orbits
        Symmetry-distinct site of each site, by which occupations are summed; by default each site is its own.
    attempt_frequency_Hz
        Of all hops.
    lithium
        Adds the diffusivity of lithium.

    Raises
    ------
    InputError
        For a temperature or a frequency that is not above 0.
    """
    for value, where in ((temperature, "temperature"), (attempt_frequency_Hz, "attempt_frequency_Hz")):
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{value:g}; it has to be above 0", where)
    tensor = attempt_frequency_Hz * CM2_PER_A2 * _tensor_per_frequency(network, temperature)
    mean = float(np.trace(tensor)) / 3
    by_orbit: dict[str, float] = {}
    for i, share in enumerate(occupations(network, temperature)):
        name = orbits[i] if orbits is not None else str(i)
        by_orbit[name] = by_orbit.get(name, 0.0) + float(share)
    return Diffusivity(
        temperature=temperature,
        attempt_frequency_Hz=attempt_frequency_Hz,
        tensor_cm2_per_s=tensor.tolist(),
        mean_cm2_per_s=mean,
        activation_energy=_activation_energy(network, temperature) if mean > 0 else None,
        occupations=by_orbit,
        defect_concentration=lithium.defect_concentration if lithium else None,
        correlation_factor=lithium.correlation_factor if lithium else None,
        lithium_cm2_per_s=lithium.defect_concentration * mean * (lithium.correlation_factor or 1.0)
        if lithium
        else None,
    )


def occupations(network: HopNetwork, temperature: float) -> NDArray[np.float64]:
    """Return the equilibrium probability of the defect on each site of the primitive cell, (n,)."""
    weights = np.exp(-(network.energies - network.energies.min()) / (BOLTZMANN_EV_PER_K * temperature))
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def _tensor_per_frequency(network: HopNetwork, temperature: float) -> NDArray[np.float64]:
    """Return D/ν, (3, 3), Å²."""
    mesh = _Mesh(len(network.energies))
    if not network.hops:
        return mesh.remainder
    thermal = BOLTZMANN_EV_PER_K * temperature
    heights = [network.height(hop) for hop in network.hops]
    lowest = min(heights)
    for hop, height in zip(network.hops, heights, strict=True):
        conductance = float(np.exp(-(height - lowest) / thermal))
        for edge in hop.edges:
            mesh.add(edge[0], edge[1], conductance, network.displacement(edge))
    for site in range(len(network.energies)):
        mesh.leave_out(site)
    least = network.energies.min()
    partition = np.exp(-(network.energies - least) / thermal).sum()
    tensor: NDArray[np.float64] = mesh.remainder * np.exp(-(lowest - least) / thermal) / partition
    return tensor


def _activation_energy(network: HopNetwork, temperature: float) -> float | None:
    """Return the slope of ln D over 1/kT, eV, as a central difference."""
    inverse = 1 / (BOLTZMANN_EV_PER_K * temperature)
    low, high = (
        float(np.trace(_tensor_per_frequency(network, temperature / factor))) for factor in (1 - _STEP, 1 + _STEP)
    )
    return float(np.log(low / high) / (2 * _STEP * inverse)) if low > 0 and high > 0 else None


class _Mesh:
    """Conductances between sites; the minimum over the shifts of sites that were left out is kept in ``remainder``."""

    def __init__(self, n: int) -> None:
        self.conductance = np.zeros((n, n))
        self.way = np.zeros((n, n, 3))
        self.remainder = np.zeros((3, 3))

    def add(self, first: int, second: int, conductance: float, way: NDArray[np.float64]) -> None:
        """Add one hop. One that leads to an image of its own site cannot be changed by any shift."""
        if first == second:
            self.remainder += conductance * np.outer(way, way)
        else:
            one = np.array([conductance])
            self._merge(np.array([first]), np.array([second]), one, way[None, :])

    def leave_out(self, site: int) -> None:
        """Shift a site to where it costs least, and leave it out."""
        to = self.conductance[site].copy()
        near = np.flatnonzero(to)
        self.conductance[site] = self.conductance[:, site] = 0.0
        i, j = (near[index] for index in np.triu_indices(len(near), k=1))
        if len(i):
            self._merge(i, j, to[i] * (to[j] / to[near].sum()), self.way[site, j] - self.way[site, i])

    def _merge(
        self,
        i: NDArray[np.intp],
        j: NDArray[np.intp],
        conductance: NDArray[np.float64],
        way: NDArray[np.float64],
    ) -> None:
        """Put connections beside those that are there: two in parallel are one with their mean way, and a rest."""
        there = self.conductance[i, j]
        total = there + conductance
        share = np.divide(conductance, total, out=np.zeros_like(total), where=total > 0)
        apart = way - self.way[i, j]
        self.remainder += np.einsum("e,ea,eb->ab", there * share, apart, apart)
        mean = self.way[i, j] + share[:, None] * apart
        self.conductance[i, j] = self.conductance[j, i] = total
        self.way[i, j], self.way[j, i] = mean, -mean
