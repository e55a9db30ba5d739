"""What VASP is told for an electronic structure, beside what it is told for an energy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.structures.errors import InputError
from lianode.workflows.engines.vasp.settings import WHERE
from lianode.workflows.engines.vasp.valence import bands, electrons

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.workflows.engines.vasp.kpoints import Mesh
    from lianode.workflows.engines.vasp.settings import VaspSettings
    from lianode.workflows.task import ElectronicTask

HYBRID = "HSE06"
"""Heyd, Scuseria and Ernzerhof, J. Chem. Phys. 118, 8207 (2003), with the screening of Krukau et al., ibid. 125, 224106
(2006)."""
HYBRID_TAGS: dict[str, Any] = {
    "LHFCALC": True, "HFSCREEN": 0.2, "AEXX": 0.25, "PRECFOCK": "Fast", "ALGO": "Damped", "TIME": 0.4,
}  # fmt: skip
"""``ALGO`` as VASP's manual advises where it is not known whether there is a gap."""
EMPTY_PER_ATOM = 3
"""Empty bands beyond VASP's own number that a density of states gets for each atom."""
NEDOS = 3001
TETRAHEDRA = 4
"""Divisions along every vector from which tetrahedra make sense."""
SMEARING: dict[str, Any] = {"ISMEAR": 0, "SIGMA": 0.05}
"""Elsewhere: Gaussians, narrower than any gap of interest."""


def electronic_tags(settings: VaspSettings, task: ElectronicTask, structure: Structure, mesh: Mesh) -> dict[str, Any]:
    """Return what an electronic structure adds to the INCAR of an energy, or changes in it.

    Without exchange and correlation (``LVHAR``) the potential in the vacuum is flat: that of exchange goes to zero
    slowly there.

    Raises
    ------
    InputError
        For a hybrid functional on top of another one than PBE.
    """
    tags: dict[str, Any] = {"LORBIT": 11, "NEDOS": NEDOS}
    tags |= {"ISMEAR": -5} if min(mesh) >= TETRAHEDRA and not task.hybrid else SMEARING
    if task.wants("potential"):
        tags["LVHAR"] = True
    if task.wants("dos") or task.wants("projected_dos"):
        usual = bands(
            electrons(structure, settings.potential_of), len(structure), spin_polarised=settings.ispin == 2
        )  # fmt: skip
        tags["NBANDS"] = usual + EMPTY_PER_ATOM * len(structure)
    if task.hybrid:
        if settings.functional != "pbe":
            raise InputError(f"{HYBRID} is built on pbe, not on {settings.functional}; leave one of them out", WHERE)
        tags |= HYBRID_TAGS
    return tags
