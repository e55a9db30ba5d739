"""What every relaxation is asked afterwards, whichever engine did it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from lianode.analysis.checks import Check

if TYPE_CHECKING:
    from ase import Atoms

    from lianode.workflows.task import RelaxTask

SYMPREC_CHECK = 0.1
"""Å: tolerance at which the crystals before and after are compared; c/a of a soft cell is not exact."""
VOLUME_CHANGE = 0.15
"""Relative change of volume above which the relaxed crystal is not taken for the one that was asked for."""
RATTLE_STRAIN = 0.25
"""Strain of the displaced cell per Å of displacement: 0.5 % for the usual 0.02 Å."""


def space_group(atoms: Atoms) -> int | None:
    """Return the international number of the space group within 0.1 Å, or None where spglib finds none."""
    import spglib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = spglib.get_spacegroup(
                (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers), symprec=SYMPREC_CHECK
            )
        except spglib.SpglibError:
            return None
    return int(found.rsplit("(", 1)[1].rstrip(")")) if found else None


def crystal_checks(before: int | None, after: int | None, volume_ratio: float) -> list[Check]:
    """Compare a relaxed crystal with the one that was asked for.

    Parameters
    ----------
    before, after
        Space groups, of :func:`space_group`.
    volume_ratio
        Volume after over volume before.
    """
    change = volume_ratio - 1.0
    return [
        Check(
            name="space_group_kept",
            passed=before == after,
            message=f"space group {before} before and {after} after the relaxation (tolerance {SYMPREC_CHECK} Å)",
        ),
        Check(
            name="volume_kept",
            passed=abs(change) <= VOLUME_CHANGE,
            message=f"volume changed by {change:+.1%} (limit {VOLUME_CHANGE:.0%})",
        ),
    ]


def convergence_checks(
    max_force: float, max_stress_GPa: float, *, force_limit: float, stress_limit_GPa: float | None
) -> list[Check]:
    """Write down what was reached beside what was asked for.

    Parameters
    ----------
    max_force, force_limit
        Largest force on an atom, eV/Å.
    max_stress_GPa, stress_limit_GPa
        Largest component of the stress, GPa; without a limit it is left out (fixed cell).
    """
    checks = [
        Check(
            name="forces_converged",
            passed=max_force <= force_limit,
            message=f"largest force {max_force:.4f} eV/Å (limit {force_limit})",
        )
    ]
    if stress_limit_GPa is not None:
        checks.append(
            Check(
                name="stress_converged",
                passed=max_stress_GPa <= stress_limit_GPa,
                message=f"largest stress {max_stress_GPa:.3f} GPa (limit {stress_limit_GPa})",
            )
        )
    return checks


def rattle(atoms: Atoms, task: RelaxTask) -> None:
    """Displace the atoms, and strain the cell where it relaxes, so that no symmetry is left.

    The displacements are fixed: the same input always gives the same document.
    """
    rng = np.random.default_rng(20260)
    strain = rng.uniform(-1.0, 1.0, (3, 3)) * RATTLE_STRAIN * task.rattle * (task.relax_cell is True)
    atoms.set_cell(atoms.cell @ (np.eye(3) + 0.5 * (strain + strain.T)), scale_atoms=True)
    atoms.positions += rng.normal(0.0, task.rattle, (len(atoms), 3))


def saddle_check(gain_meV_per_atom: float | None, reason: str | None, task: RelaxTask) -> Check:
    """Say whether the free relaxation after the rattle found something lower.

    Parameters
    ----------
    gain_meV_per_atom
        By how much it ended lower; None where it did not converge.
    reason
        Why it did not.
    task
        Size of the rattle and the limit; without a rattle the check says that it was not made.
    """
    limit = task.rattle_gain_meV_per_atom
    if task.rattle == 0:
        message = "not made: no relaxation after a rattle was asked for, so the crystal may be a saddle (`rattle`)"
        return Check(name="no_lower_symmetry", passed=None, message=message)
    if gain_meV_per_atom is not None:
        message = (
            f"a free relaxation after a rattle of {task.rattle} Å gains {gain_meV_per_atom:.2f} meV/atom "
            f"(limit {limit:g})"
        )
        return Check(name="no_lower_symmetry", passed=gain_meV_per_atom <= limit, message=message)
    message = f"the free relaxation after a rattle did not end ({reason}), so a saddle cannot be excluded"
    return Check(name="no_lower_symmetry", passed=False, message=message)
