"""The elastic tensor of a phase, as a document."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lianode.analysis.documents import PropertyDocument
from lianode.analysis.elastic.moduli import DirectionalModulus, Moduli
from lianode.analysis.elastic.stability import BornCondition
from lianode.structures.strains import Pattern

Stress = tuple[float, float, float, float, float, float]
"""Cauchy stress in Voigt's order xx yy zz yz xz xy, GPa, tension positive, as ASE has it."""


class StrainedCell(BaseModel):
    """What became of one strained cell.

    Attributes
    ----------
    pattern, magnitude
        Of :class:`lianode.structures.strains.Strain`.
    stress_GPa
        Of the cell with its atoms relaxed, in the Cartesian axes of the cell as it was computed. None where there is
        none.
    reason
        Why there is none, or why it must not count; None where all is well.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pattern: Pattern
    magnitude: float
    stress_GPa: Stress | None = None
    reason: str | None = None


class ReferenceCell(BaseModel):
    """The relaxed crystal that the strains refer to.

    Attributes
    ----------
    structure
        As a pymatgen dictionary, Å.
    stress_GPa
        What is left of it, in the Cartesian axes of the cell.
    axes_in_cell
        Conventional axes as rows in units of the cell's vectors.
    hall_number
        spglib's number of the space group's setting.
    space_group
        International number of the crystal that was asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    structure: dict[str, Any]
    stress_GPa: Stress
    axes_in_cell: tuple[tuple[float, float, float], ...]
    hall_number: int
    space_group: int


class ElasticTolerances(BaseModel):
    """When a check of an elastic tensor fails.

    Attributes
    ----------
    nonlinearity
        Difference of the slopes at the smallest and at the largest strain, over the largest element of the tensor.
    asymmetry
        Difference of the raw matrix from its transposed one, over the largest element.
    broken_symmetry
        Part of a stress that the strained crystal's symmetry forbids, over the largest stress at that strain.
    youngs_modulus
        Difference of Young's modulus (Hill) from the smallest and from the largest strains alone, relative.
    reference_stress_GPa
        Largest component that may be left in the reference, GPa.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    nonlinearity: float = Field(default=0.05, gt=0)
    asymmetry: float = Field(default=0.05, gt=0)
    broken_symmetry: float = Field(default=0.05, gt=0)
    youngs_modulus: float = Field(default=0.1, gt=0)
    reference_stress_GPa: float = Field(default=0.1, gt=0)


class ElasticDocument(PropertyDocument):
    """Elastic tensor and moduli of a crystal at 0 K.

    Attributes
    ----------
    formula
        As the papers write it.
    space_group
        International number of the crystal that was asked for.
    crystal_class
        Class by elastic constants.
    tensor_GPa
        (6, 6) in Voigt's notation and the crystal's frame (x along a, z along c* of the standard conventional cell),
        with the crystal's symmetry.
    raw_tensor_GPa
        The same before it was made symmetric.
    conventional_cell
        a, b, c of the reference as rows in the crystal's frame, Å.
    eigenvalues_GPa
        Of the tensor (Kelvin), ascending.
    stable
        Whether all of them are positive.
    born_conditions
        Of the class.
    youngs_modulus_GPa, bulk_modulus_GPa, shear_modulus_GPa, poisson_ratio, universal_anisotropy
        Of a polycrystal after Hill; None for a crystal that is not stable.
    moduli
        All averages; None for a crystal that is not stable.
    softest, stiffest
        Directions of the smallest and the largest Young's modulus; None for a crystal that is not stable.
    reference, strained_cells
        What all this was derived from.
    tolerances
        That the checks used.
    """

    property: Literal["elastic"] = "elastic"
    formula: str
    space_group: int
    crystal_class: str
    tensor_GPa: list[list[float]]
    raw_tensor_GPa: list[list[float]]
    conventional_cell: list[list[float]]
    eigenvalues_GPa: list[float]
    stable: bool
    born_conditions: list[BornCondition]
    youngs_modulus_GPa: float | None = None
    bulk_modulus_GPa: float | None = None
    shear_modulus_GPa: float | None = None
    poisson_ratio: float | None = None
    universal_anisotropy: float | None = None
    moduli: Moduli | None = None
    softest: DirectionalModulus | None = None
    stiffest: DirectionalModulus | None = None
    reference: ReferenceCell
    strained_cells: list[StrainedCell]
    tolerances: ElasticTolerances
