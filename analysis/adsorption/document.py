"""The energy of an atom on one surface of a phase, as a document."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lianode.analysis.adsorption.free_atom import FreeAtom
from lianode.analysis.adsorption.geometry import AdsorptionTolerances
from lianode.analysis.checks import Check
from lianode.analysis.documents import PropertyDocument
from lianode.structures.adsorption.sites import SiteKind
from lianode.structures.surfaces.cuts import CutKind

Indices = tuple[int, int, int]


class SiteRow(BaseModel):
    """One distinct site.

    Attributes
    ----------
    site, kind
        Its label, and what it is.
    around
        Elements of the surface atoms that it lies between.
    equal_sites
        Sites that symmetry makes equal, in the cell of the slab.
    position
        Of its middle on the relaxed bare slab, in the plane, Å.
    adsorption_energy
        eV per adsorbate, against the element's crystal; None where there is none.
    adsorption_energy_from_atom
        The same against the free atom.
    ended_on
        Label of the site where the adsorbate is after the relaxation.
    ended_position
        In the plane, Å.
    same_as
        Site whose configuration it relaxed to; None where it is a configuration of its own.
    height
        Above the mean height of the atoms of the site that it ended on, Å.
    nearest_distance
        To an atom of the slab, Å.
    neighbours
        Atoms around it by element.
    slab_displacement
        Largest of an atom of the slab, Å.
    checks
        Of this site.
    reason
        Why there is no energy.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    site: str
    kind: SiteKind
    around: tuple[str, ...]
    equal_sites: int
    position: tuple[float, float]
    adsorption_energy: float | None = None
    adsorption_energy_from_atom: float | None = None
    ended_on: str | None = None
    ended_position: tuple[float, float] | None = None
    same_as: str | None = None
    height: float | None = None
    nearest_distance: float | None = None
    neighbours: dict[str, int] = Field(default_factory=dict)
    slab_displacement: float | None = None
    checks: list[Check] = Field(default_factory=list)
    reason: str | None = None

    @property
    def sound(self) -> bool:
        """Whether the adsorbate is on the surface and the slab is what it was; it may have gone to another site."""
        return not any(check.passed is False and check.name != SITE_KEPT for check in self.checks)


SITE_KEPT = "site_kept"
"""This check says where an adsorbate went, not that its number is wrong."""


class AdsorptionDocument(PropertyDocument):
    """Energy of an atom on the sites of one surface, at 0 K.

    Attributes
    ----------
    formula
        Of the phase, as the papers write it.
    surface
        ``Li13In3(100)``, as it was written.
    plane, plane_label, termination, kind
        As in :class:`lianode.analysis.surface.surface.SurfaceDocument`.
    adsorbate
        Element.
    sides, adsorbates
        One or both surfaces, and adsorbates in the cell.
    supercell, area_per_adsorbate
        Repeats of the surface cell, and area of one surface, Å²: the coverage.
    layers, thickness, n_atoms
        Of the bare slab: lattice planes, Å, atoms.
    adsorption_energy
        Of the best site, eV per adsorbate, against the element's crystal: E = [E(slab + n) - E(slab) - n μ] / n.
        Positive: the atom would rather be in its own crystal, which then grows as islands and does not wet.
    adsorption_energy_from_atom
        The same against the free atom, which papers quote; lower by the cohesive energy.
    free_atom
        That energy, and where it is from; None where it is not known.
    best_site
        Label.
    sites
        All distinct ones, best first.
    slab
        The relaxed bare slab, for drawing, as a pymatgen dictionary.
    tolerances
        That the checks used.
    notes
        Sentences a reader should see, that are not defects.
    """

    property: Literal["adsorption"] = "adsorption"
    formula: str
    surface: str
    plane: Indices
    plane_label: str
    termination: str
    kind: CutKind
    adsorbate: str
    sides: Literal["one", "both"]
    adsorbates: int
    supercell: tuple[int, int]
    area_per_adsorbate: float
    layers: int
    thickness: float
    n_atoms: int
    adsorption_energy: float
    adsorption_energy_from_atom: float | None
    free_atom: FreeAtom | None
    best_site: str
    sites: list[SiteRow]
    slab: dict[str, Any]
    tolerances: AdsorptionTolerances
    notes: list[str] = Field(default_factory=list)
