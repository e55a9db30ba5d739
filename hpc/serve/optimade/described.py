"""How the endpoint describes its structures: every field with its kind, its unit and what it means."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.serve.optimade.fields import OWN_FIELDS
from lianode.hpc.serve.optimade.structures import BULKY

if TYPE_CHECKING:
    from lianode.hpc.serve.optimade.fields import Kind

_STANDARD: Final[dict[str, tuple[Kind, str, str]]] = {
    "id": ("string", "", "Key of the calculation; it stays."),
    "type": ("string", "", "structures"),
    "immutable_id": ("string", "", "The same as the id: a calculation that is finished never changes."),
    "last_modified": ("timestamp", "", "When the calculation ended."),
    "elements": ("list", "", "Symbols of the elements, in alphabetical order."),
    "nelements": ("integer", "", "How many elements there are."),
    "elements_ratios": ("list", "", "Fractions of the elements, in their order."),
    "chemical_formula_descriptive": ("string", "", "Formula of the cell."),
    "chemical_formula_reduced": ("string", "", "Formula with the smallest numbers, elements in alphabetical order."),
    "chemical_formula_hill": ("string", "", "Formula of the cell in the order of Hill."),
    "chemical_formula_anonymous": ("string", "", "Formula with letters for the elements, the commonest first."),
    "dimension_types": ("list", "", "1 along vectors that are periodic, 0 along others."),
    "nperiodic_dimensions": ("integer", "", "How many vectors are periodic."),
    "lattice_vectors": ("list", "Å", "The three vectors of the cell."),
    "cartesian_site_positions": ("list", "Å", "Positions of the atoms."),
    "nsites": ("integer", "", "How many atoms there are."),
    "species": ("list", "", "What stands on sites: here always one element."),
    "species_at_sites": ("list", "", "Species of each atom."),
    "structure_features": ("list", "", "Features that need care; here always none."),
}
KINDS: Final[dict[str, Kind]] = {
    **{name: kind for name, (kind, _, _) in _STANDARD.items()},
    **{field.name: field.kind for field in OWN_FIELDS},
}
SORTABLE: Final = frozenset(name for name, kind in KINDS.items() if kind not in {"list", "dictionary", "boolean"})
FILTERED: Final[dict[str, Kind]] = {name: kind for name, kind in KINDS.items() if name not in BULKY}
"""Fields that filters may ask."""


@cache
def unknown_here() -> frozenset[str]:
    """Return fields of the standard that no structure has here; they are null in answers and in filters."""
    from optimade.models import StructureResourceAttributes

    return frozenset(StructureResourceAttributes.model_fields) - KINDS.keys()


def properties() -> dict[str, Any]:
    """Return the fields as ``/info/structures`` lists them."""
    standard = {name: _property(name, *said) for name, said in _STANDARD.items()}
    return standard | {one.name: _property(one.name, one.kind, one.unit, one.description) for one in OWN_FIELDS}


def _property(name: str, kind: Kind, unit: str, description: str) -> dict[str, Any]:
    return {
        "description": description,
        "unit": unit or None,
        "sortable": name in SORTABLE,
        "type": kind,
        **({} if name in FILTERED else {"x-optimade-requirements": {"query-support": "none"}}),
    }
