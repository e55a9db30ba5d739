"""What is verified about an elastic tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lianode.analysis.checks import Check
from lianode.analysis.elastic.moduli import moduli
from lianode.analysis.elastic.stability import tensor_eigenvalues
from lianode.analysis.elastic.tensor import fit_tensor, symmetry_lets_it_be_asymmetric
from lianode.structures.strains import operation_that_reverses, operations_that_keep

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from lianode.analysis.elastic.document import ElasticTolerances
    from lianode.analysis.elastic.stability import BornCondition
    from lianode.analysis.elastic.tensor import TensorFit
    from lianode.structures.strains import Pattern, Strain


def elastic_checks(
    stresses: Mapping[Strain, NDArray[np.float64]],
    fit: TensorFit,
    rotations: NDArray[np.float64],
    reference_stress_GPa: Sequence[float],
    tolerances: ElasticTolerances,
) -> list[Check]:
    """Return the checks of a fit.

    Parameters
    ----------
    stresses
        Second Piola-Kirchhoff stresses less that of the reference, (3, 3) in the crystal's frame, GPa.
    fit
        Of these stresses.
    rotations
        Point group in the crystal's frame.
    reference_stress_GPa
        Left in the reference.
    tolerances
        When a check fails.
    """
    patterns = list(dict.fromkeys(strain.pattern for strain in stresses))
    scale = float(np.abs(fit.tensor).max())
    return [
        reference_check(reference_stress_GPa, tolerances),
        *(linearity_check(pattern, stresses, rotations, scale, tolerances) for pattern in patterns),
        asymmetry_check(fit, rotations, tolerances),
        symmetry_check(stresses, rotations, tolerances),
        youngs_modulus_check(stresses, rotations, tolerances),
    ]


def reference_check(stress_GPa: Sequence[float], tolerances: ElasticTolerances) -> Check:
    """Check that the reference is relaxed: what is left of its stress is taken off, but it tells of a wrong volume."""
    largest = float(np.abs(stress_GPa).max())
    return Check(
        name="reference_stress",
        passed=largest <= tolerances.reference_stress_GPa,
        message=f"the reference has a stress of up to {largest:.3f} GPa ({tolerances.reference_stress_GPa:g} allowed), "
        "which was taken off",
    )


def linearity_check(
    pattern: Pattern,
    stresses: Mapping[Strain, NDArray[np.float64]],
    rotations: NDArray[np.float64],
    scale: float,
    tolerances: ElasticTolerances,
) -> Check:
    """Compare the slopes of the stress at the smallest and at the largest strain of a pattern.

    A slope is (S(e) - S(-e))/2e, in which even orders cancel; the next order makes it grow as e².
    """
    slopes = central_slopes(pattern, stresses, rotations)
    if len(slopes) < 2:
        return Check(
            name="linear",
            passed=None,
            message=f"{pattern}: linearity was not judged, which takes two magnitudes with both signs",
            subject=pattern,
        )
    small, large = min(slopes), max(slopes)
    off = float(np.abs(slopes[large] - slopes[small]).max())
    return Check(
        name="linear",
        passed=off <= tolerances.nonlinearity * scale,
        message=f"{pattern}: slopes at {100 * small:g} % and {100 * large:g} % differ by up to {off:.3g} GPa "
        f"({tolerances.nonlinearity * scale:.3g} allowed)",
        subject=pattern,
    )


def central_slopes(
    pattern: Pattern, stresses: Mapping[Strain, NDArray[np.float64]], rotations: NDArray[np.float64]
) -> dict[float, NDArray[np.float64]]:
    """Return dS/de (3, 3), GPa, by magnitude, where both signs are known or one follows from the other."""
    known = {strain.magnitude: stress for strain, stress in stresses.items() if strain.pattern == pattern}
    reverse = operation_that_reverses(pattern, rotations)
    if reverse is not None:
        known = {-size: reverse @ stress @ reverse.T for size, stress in known.items()} | known
    return {size: (known[size] - known[-size]) / (2 * size) for size in sorted(known) if size > 0 and -size in known}


def asymmetry_check(fit: TensorFit, rotations: NDArray[np.float64], tolerances: ElasticTolerances) -> Check:
    """Check that the raw matrix equals its transposed one, as second derivatives of an energy do."""
    if not symmetry_lets_it_be_asymmetric(rotations):
        return Check(
            name="symmetric_tensor", passed=None, message="the crystal's symmetry makes the raw matrix symmetric"
        )
    allowed = tolerances.asymmetry * float(np.abs(fit.tensor).max())
    return Check(
        name="symmetric_tensor",
        passed=fit.asymmetry <= allowed,
        message=f"elements C_ij and C_ji of the raw matrix differ by up to {fit.asymmetry:.3g} GPa ({allowed:.3g} "
        "allowed)",
    )


def symmetry_check(
    stresses: Mapping[Strain, NDArray[np.float64]], rotations: NDArray[np.float64], tolerances: ElasticTolerances
) -> Check:
    """Check that every stress has the symmetry of its strained crystal; atoms that fell out of it would show."""
    worst, where = 0.0, ""
    for strain, stress in stresses.items():
        kept = operations_that_keep(strain.pattern, rotations)
        mean = (kept @ stress @ kept.transpose(0, 2, 1)).mean(axis=0)
        largest = float(np.abs(stress).max())
        part = float(np.abs(stress - mean).max()) / largest if largest else 0.0
        if part > worst:
            worst, where = part, f" (at {strain.name})"
    return Check(
        name="stress_symmetry",
        passed=worst <= tolerances.broken_symmetry,
        message=f"up to {100 * worst:.2g} % of a stress{where} is forbidden by the strained crystal's symmetry "
        f"({100 * tolerances.broken_symmetry:g} % allowed)",
    )


def youngs_modulus_check(
    stresses: Mapping[Strain, NDArray[np.float64]], rotations: NDArray[np.float64], tolerances: ElasticTolerances
) -> Check:
    """Compare Young's modulus (Hill) from the smallest strains alone with that from the largest alone.

    An error that is small beside the largest element can be large beside the softest shear, which decides the modulus.
    """
    found: dict[float, float | None] = {}
    for size in sorted({abs(strain.magnitude) for strain in stresses}):
        part = {strain: stress for strain, stress in stresses.items() if abs(strain.magnitude) == size}
        if {strain.pattern for strain in part} != {strain.pattern for strain in stresses}:
            continue
        tensor = fit_tensor(np.stack([s.tensor() for s in part]), np.stack(list(part.values())), rotations).tensor
        stable = tensor_eigenvalues(tensor)[0] > 0
        found[size] = moduli(tensor).youngs_hill_GPa if stable else None
    small, large = (found[size] for size in (min(found), max(found))) if found else (None, None)
    passed: bool | None = None
    if len(found) > 1 and (small is not None or large is not None):
        passed = small is not None and large is not None and abs(large / small - 1) <= tolerances.youngs_modulus
    told = [
        f"{100 * size:g} % alone {'give an unstable crystal' if value is None else f'give {value:.4g} GPa'}"
        for size, value in found.items()
    ]
    allowed = f"{100 * tolerances.youngs_modulus:g} % of difference allowed"
    return Check(
        name="youngs_modulus_linear",
        passed=passed,
        message="Young's modulus is not known at two magnitudes of strain, to be compared"
        if passed is None
        else f"Young's modulus: strains of {', of '.join(told)} ({allowed})",
    )


def stability_check(eigenvalues_GPa: Sequence[float], conditions: Sequence[BornCondition]) -> Check:
    """Check that the crystal withstands every small strain."""
    lowest = min(eigenvalues_GPa)
    violated = [found.condition for found in conditions if not found.fulfilled]
    because = f"; violated: {', '.join(violated)}" if violated else ""
    return Check(
        name="mechanically_stable",
        passed=lowest > 0,
        message=f"the lowest eigenvalue of the elastic tensor is {lowest:.3g} GPa{because}",
    )
