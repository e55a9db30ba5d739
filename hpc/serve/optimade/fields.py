"""What an OPTIMADE structure of this project has beyond the standard's own fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

PREFIX: Final = "lianode"
Kind = Literal["float", "integer", "string", "boolean", "list", "timestamp", "dictionary"]


@dataclass(frozen=True)
class OwnField:
    """A field of this project.

    Attributes
    ----------
    name
        With the prefix of the provider, in lower case, as the standard asks.
    kind
        Of its values.
    unit
        Empty for none.
    description
        For people.
    """

    name: str
    kind: Kind
    unit: str
    description: str


@dataclass(frozen=True)
class Published:
    """A number of a property document that its crystal gets.

    Attributes
    ----------
    property, field
        Of the document.
    role
        What the document calls the calculation whose structure the number belongs to; empty for its phase.
    own
        As the structure has it.
    """

    property: str
    field: str
    role: str
    own: OwnField


def _published(name: str, field: str, unit: str, description: str, *, role: str = "") -> Published:
    return Published(name, field, role, OwnField(f"_{PREFIX}_{field.lower()}", "float", unit, description))


PUBLISHED: Final = (
    _published("phase_stability", "formation_energy_per_atom", "eV", "Formation energy per atom, 0 K."),
    _published("phase_stability", "energy_above_hull_per_atom", "eV", "Energy per atom above the convex hull, 0 K."),
    _published("elastic", "youngs_modulus_GPa", "GPa", "Young's modulus of a polycrystal (Hill).", role="relaxation"),
    _published("elastic", "bulk_modulus_GPa", "GPa", "Bulk modulus of a polycrystal (Hill).", role="relaxation"),
    _published("elastic", "shear_modulus_GPa", "GPa", "Shear modulus of a polycrystal (Hill).", role="relaxation"),
    _published("electronic", "band_gap", "eV", "Kohn-Sham band gap; that of PBE is too small."),
)
"""Numbers whose structure is known. Of several documents the newest complete one counts."""

OF_CALCULATION: Final = (
    OwnField(f"_{PREFIX}_energy", "float", "eV", "Total energy of the cell, on the scale of the method."),
    OwnField(f"_{PREFIX}_max_force", "float", "eV/Å", "Largest force."),
    OwnField(f"_{PREFIX}_label", "string", "", "Name of the structure: a phase, a slab, an end point of a hop."),
    OwnField(f"_{PREFIX}_task", "string", "", "What was computed: static, relax, md, ..."),
    OwnField(f"_{PREFIX}_engine", "string", "", "Engine, as campaigns name it."),
    OwnField(f"_{PREFIX}_method", "string", "", "Program and functional, or potential."),
    OwnField(f"_{PREFIX}_method_key", "string", "", "Only energies with the same one may be subtracted."),
    OwnField(f"_{PREFIX}_space_group", "integer", "", "Number of the space group, within 0.1 Å."),
    OwnField(f"_{PREFIX}_flagged", "boolean", "", "Whether a check failed, of the calculation or of a result below."),
    OwnField(f"_{PREFIX}_results", "list", "", "Keys of the results that fields of this structure were taken from."),
)
OWN_FIELDS: Final = (*OF_CALCULATION, *(one.own for one in PUBLISHED))
