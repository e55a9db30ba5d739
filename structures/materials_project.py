"""Entries of the Materials Project as phases; needs the extra ``mp``, a key and a network."""

from __future__ import annotations

import os
from itertools import combinations
from typing import TYPE_CHECKING, Any

from lianode.structures.errors import InputError
from lianode.structures.formulas import parse_system, reduced_formula
from lianode.structures.phase import Phase

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.structures.phase import PhaseKind

KEY_VARIABLE = "MP_API_KEY"

_FIELDS = ["material_id", "structure", "theoretical", "energy_above_hull"]
_SYMPREC = 0.01


def materials_project_phases(system: str, api_key: str | None = None) -> list[Phase]:
    """Fetch every entry of a chemical system, the systems inside it and the elements included.

    Deprecated entries and those of the GNoME set (predicted crystals under a licence without commercial use) are left
    out. Entries that the library has too come as well; :func:`~lianode.structures.matching.same_structure` finds them.

    Parameters
    ----------
    system
        Element symbols joined by ``-``: ``Li-In``.
    api_key
        Key of the Materials Project; None takes the environment variable ``MP_API_KEY``.

    Returns
    -------
    list[Phase]
        Named like ``mp-1234_LiIn``, in the conventional standard cell, by lithium fraction and then by name. ``kind``
        is ``hypothetical`` where the Materials Project calls the entry theoretical (no match in the ICSD).

    Raises
    ------
    InputError
        Without a key, without the package ``mp-api``, or where the Materials Project does not answer.
    """
    elements = parse_system(system)
    key = api_key or os.environ.get(KEY_VARIABLE)
    if not key:
        raise InputError(
            f"entries of the Materials Project need a key: set {KEY_VARIABLE} to the one shown at "
            "https://next-gen.materialsproject.org/api when logged in",
            f"system '{system}'",
        )
    phases = [_phase(document) for document in _search(_subsystems(elements), key, system)]
    return sorted(phases, key=lambda phase: (phase.structure.composition.get_atomic_fraction("Li"), phase.name))


def _subsystems(elements: tuple[str, ...]) -> list[str]:
    """Return every system inside one, spelt as the Materials Project does (alphabetical)."""
    return ["-".join(sorted(chosen)) for size in range(1, len(elements) + 1) for chosen in combinations(elements, size)]


def _search(systems: list[str], key: str, where: str) -> list[Any]:
    try:
        from mp_api.client import MPRester
        from mp_api.client.core import MPRestError
    except ImportError as error:
        raise InputError(
            "entries of the Materials Project need the package mp-api: pip install 'lianode[mp]'", f"system '{where}'"
        ) from error
    try:
        with MPRester(key) as rester:
            documents: list[Any] = rester.materials.summary.search(
                chemsys=systems, deprecated=False, include_gnome=False, fields=_FIELDS
            )
    except (MPRestError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(
            f"the Materials Project did not answer ({reason}); check the key and the network", f"system '{where}'"
        ) from error
    return documents


def _phase(document: Any) -> Phase:
    structure = _conventional(document.structure)
    formula = reduced_formula(structure.composition.get_el_amt_dict())
    identifier = str(document.material_id)
    kind: PhaseKind = "hypothetical" if document.theoretical else "experimental"
    above_hull = document.energy_above_hull
    return Phase(
        name=f"{identifier}_{formula}",
        formula=formula,
        structure=structure,
        kind=kind,
        default=False,
        source=f"Materials Project {identifier} (Jain et al., APL Materials 1, 011002 (2013))",
        confidence="medium" if document.theoretical else "high",
        confidence_reason="relaxed with DFT by the Materials Project, "
        + ("not matched to a measured structure" if document.theoretical else "matched to a measured structure"),
        ordered=structure.is_ordered,
        note=None if above_hull is None else f"{1000 * above_hull:.0f} meV/atom above the Materials Project's hull",
    )


def _conventional(structure: Structure) -> Structure:
    from pymatgen.core import Structure
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    cell = SpacegroupAnalyzer(structure, symprec=_SYMPREC).get_conventional_standard_structure()
    return Structure(cell.lattice, [site.specie.symbol for site in cell], cell.frac_coords)
