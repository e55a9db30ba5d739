"""From stresses of strained cells to a document with the elastic tensor and moduli."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.elastic.checks import elastic_checks, stability_check
from lianode.analysis.elastic.document import ElasticDocument, ElasticTolerances, ReferenceCell
from lianode.analysis.elastic.moduli import moduli, softest_and_stiffest
from lianode.analysis.elastic.stability import born_conditions, tensor_eigenvalues
from lianode.analysis.elastic.tensor import fit_tensor, piola_kirchhoff_stress, tensor_of_stress
from lianode.structures.crystal_axes import CrystalAxes
from lianode.structures.errors import InputError
from lianode.structures.strains import MAGNITUDES, Strain, deformation_gradient, independent_strains

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.analysis.checks import Check
    from lianode.analysis.elastic.document import StrainedCell, Stress
    from lianode.analysis.method import MethodKey


def reference_cell(structure: Structure, axes: CrystalAxes, stress_GPa: Stress) -> ReferenceCell:
    """Return the relaxed crystal as a document keeps it.

    Parameters
    ----------
    structure
        Relaxed, Å.
    axes
        Of the crystal that was asked for, found in a cell with the same vectors.
    stress_GPa
        What is left of it, in the Cartesian axes of the cell.
    """
    return ReferenceCell(
        structure=structure.as_dict(),
        stress_GPa=stress_GPa,
        axes_in_cell=tuple((float(a), float(b), float(c)) for a, b, c in axes.in_cell),
        hall_number=axes.hall_number,
        space_group=axes.space_group,
    )


def elastic(
    reference: ReferenceCell,
    strained_cells: Sequence[StrainedCell],
    *,
    system: str,
    phase: str,
    formula: str,
    engine: str,
    campaign: str,
    method: MethodKey,
    calculations: Mapping[str, str],
    magnitudes: Sequence[float] = MAGNITUDES,
    tolerances: ElasticTolerances | None = None,
    settings: Mapping[str, Any] | None = None,
    checks: Sequence[Check] = (),
) -> ElasticDocument:
    """Derive the elastic tensor of a crystal and its moduli.

    Parameters
    ----------
    reference
        The relaxed crystal.
    strained_cells
        All that :func:`lianode.structures.strains.independent_strains` names for the magnitudes; more may be there.
    system, phase, formula, engine, campaign, method, calculations
        For the document.
    magnitudes
        Strains that were asked for, without sign.
    tolerances
        Of the checks.
    settings
        Options of the calculation, for the key.
    checks
        Of the calculations that went in.

    Raises
    ------
    InputError
        When a strain is missing or failed, stands there twice, or has a stress that is no number: a tensor from the
        others would look complete. Also when the reference has lost the crystal's symmetry.
    """
    tolerances = tolerances or ElasticTolerances()
    axes = CrystalAxes(np.array(reference.axes_in_cell), reference.hall_number, reference.space_group)
    cell = np.array(reference.structure["lattice"]["matrix"], dtype=float)
    rotations = axes.rotations(cell)
    _complete(strained_cells, independent_strains(rotations, magnitudes), phase)
    stresses = _stresses(reference, strained_cells, axes.frame(cell), phase)
    fit = fit_tensor(np.stack([strain.tensor() for strain in stresses]), np.stack(list(stresses.values())), rotations)
    eigenvalues = tensor_eigenvalues(fit.tensor)
    conditions = born_conditions(fit.tensor, axes.crystal_class)
    stable = eigenvalues[0] > 0
    averages = moduli(fit.tensor) if stable else None
    softest, stiffest = softest_and_stiffest(fit.tensor, rotations) if stable else (None, None)
    return ElasticDocument(
        system=system,
        phase=phase,
        engine=engine,
        campaign=campaign,
        method=method,
        settings={**(settings or {}), "magnitudes": list(magnitudes), "tolerances": tolerances.model_dump()},
        calculations=dict(calculations),
        checks=[
            *elastic_checks(stresses, fit, rotations, reference.stress_GPa, tolerances),
            stability_check(eigenvalues, conditions),
            *checks,
        ],
        formula=formula,
        space_group=axes.space_group,
        crystal_class=axes.crystal_class,
        tensor_GPa=fit.tensor.tolist(),
        raw_tensor_GPa=fit.raw.tolist(),
        conventional_cell=axes.conventional(cell).tolist(),
        eigenvalues_GPa=eigenvalues,
        stable=stable,
        born_conditions=conditions,
        youngs_modulus_GPa=averages.youngs_hill_GPa if averages else None,
        bulk_modulus_GPa=averages.bulk_hill_GPa if averages else None,
        shear_modulus_GPa=averages.shear_hill_GPa if averages else None,
        poisson_ratio=averages.poisson_ratio if averages else None,
        universal_anisotropy=averages.universal_anisotropy if averages else None,
        moduli=averages,
        softest=softest,
        stiffest=stiffest,
        reference=reference,
        strained_cells=list(strained_cells),
        tolerances=tolerances,
    )


def _complete(strained_cells: Sequence[StrainedCell], needed: Sequence[Strain], phase: str) -> None:
    """Raise unless every strain that is needed is there once, with a stress."""
    where = f"elastic {phase}"
    if not strained_cells:
        raise InputError("no strained cell was computed", where)
    for cell in strained_cells:
        name = Strain(cell.pattern, cell.magnitude).name
        if cell.reason is not None or cell.stress_GPa is None:
            raise InputError(
                f"the strain {name} has no stress ({cell.reason or 'its calculation gave none'}), and without it there "
                "is no elastic tensor",
                where,
            )
        if not np.isfinite(cell.stress_GPa).all():
            raise InputError(f"the stress of the strain {name} is not finite", where)
    found = [Strain(cell.pattern, round(cell.magnitude, 9)) for cell in strained_cells]
    if len(set(found)) < len(found):
        twice = next(strain for strain in found if found.count(strain) > 1)
        raise InputError(f"the strain {twice.name} stands there twice", where)
    absent = [s.name for s in needed if Strain(s.pattern, round(s.magnitude, 9)) not in set(found)]
    if absent:
        raise InputError(
            f"strains are missing, and without them there is no elastic tensor: {', '.join(absent)}", where
        )


def _stresses(
    reference: ReferenceCell, strained_cells: Sequence[StrainedCell], frame: NDArray[np.float64], phase: str
) -> dict[Strain, NDArray[np.float64]]:
    """Return second Piola-Kirchhoff stresses less that of the reference, in the crystal's frame, GPa."""
    if not np.isfinite(reference.stress_GPa).all():
        raise InputError("the stress of the relaxed crystal is not finite", f"elastic {phase}")
    left = frame @ tensor_of_stress(reference.stress_GPa) @ frame.T
    found = {}
    for cell in strained_cells:
        assert cell.stress_GPa is not None  # noqa: S101 - _complete() saw to it
        strain = Strain(cell.pattern, round(cell.magnitude, 9))
        cauchy = frame @ tensor_of_stress(cell.stress_GPa) @ frame.T
        found[strain] = piola_kirchhoff_stress(cauchy, deformation_gradient(strain.tensor())) - left
    return found


def derived_again(document: ElasticDocument) -> ElasticDocument:
    """Derive a document again from the stresses that it holds.

    Checks of its calculations, which are not made here, are kept.

    Parameters
    ----------
    document
        As it was stored.
    """
    made_here = {
        "reference_stress",
        "linear",
        "symmetric_tensor",
        "stress_symmetry",
        "youngs_modulus_linear",
        "mechanically_stable",
    }
    found = elastic(
        document.reference,
        document.strained_cells,
        system=document.system,
        phase=document.phase or "",
        formula=document.formula,
        engine=document.engine,
        campaign=document.campaign,
        method=document.method,
        calculations=document.calculations,
        magnitudes=document.settings["magnitudes"],
        tolerances=document.tolerances,
        settings=document.settings,
        checks=[check for check in document.checks if check.name not in made_here],
    )
    return found.model_copy(update={"created": document.created, "derivation": document.derivation})
