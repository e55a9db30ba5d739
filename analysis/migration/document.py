"""How lithium crosses a phase, as a document."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lianode.analysis.documents import PropertyDocument
from lianode.analysis.migration.diffusivity import Diffusivity
from lianode.analysis.migration.hop_network import PercolatingBarrier
from lianode.structures.hops.hop import Mechanism


class MigrationHop(BaseModel):
    """One kind of hop in the network.

    Attributes
    ----------
    hop, start_orbit, end_orbit, hop_length, multiplicity
        As in its own document.
    barrier_forward, barrier_backward, barrier_kra
        eV.
    saddle_energy
        Above the lowest site of the network, eV.
    barrier_key
        Key of its document.
    flagged
        Whether a check of it failed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hop: str
    start_orbit: str
    end_orbit: str
    hop_length: float
    multiplicity: int
    barrier_forward: float
    barrier_backward: float
    barrier_kra: float
    saddle_energy: float
    barrier_key: str
    flagged: bool = False


class Metastability(BaseModel):
    """What hansel2021 adds to a barrier between metastable end points; here it stays beside the barrier.

    Attributes
    ----------
    energy_above_hull_per_atom
        Of the phase, eV/atom.
    n_atoms
        Of the supercell of the hops.
    shift
        Their product, eV. It grows with the supercell without limit and is a property of no hop.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    energy_above_hull_per_atom: float
    n_atoms: int
    shift: float


class MigrationDocument(PropertyDocument):
    """Percolating barriers and diffusivities of a phase.

    Attributes
    ----------
    formula
        As the papers write it.
    mechanism
        How lithium moves in these hops.
    dimensions
        In how many dimensions the hops that were computed percolate.
    percolating_barrier_1d, percolating_barrier_2d, percolating_barrier_3d
        eV; None where lithium does not percolate in so many dimensions.
    percolating
        The same with their hops, from 1 dimension on.
    largest_hop_barrier
        Of a single hop on the path that quotes the lowest percolating barrier, eV.
    site_energies
        Of the defect on each symmetry-distinct site, above the lowest, eV.
    hops
        In order of their saddles.
    metastability
        Where the energy above hull is known; never added to a barrier.
    diffusivities
        At the temperatures that were asked for.
    notes
        Sentences a reader should see, that are not defects.
    """

    property: Literal["migration"] = "migration"
    formula: str
    mechanism: Mechanism
    dimensions: int
    percolating_barrier_1d: float | None = None
    percolating_barrier_2d: float | None = None
    percolating_barrier_3d: float | None = None
    percolating: list[PercolatingBarrier]
    largest_hop_barrier: float | None = None
    site_energies: dict[str, float]
    hops: list[MigrationHop]
    metastability: Metastability | None = None
    diffusivities: list[Diffusivity] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
