"""The self-consistency cycle as VASP's outputs show it, for an energy that is known beforehand."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class ElectronicStep:
    """One line of the cycle.

    Attributes
    ----------
    number
        From one on, within the ionic step.
    energy
        Free energy, eV.
    change
        Against the step before, eV.
    last
        Whether the cycle ends here.
    converged
        Whether it ends because EDIFF is reached.
    """

    number: int
    energy: float
    change: float
    last: bool
    converged: bool


def cycle(energy: float, *, ediff: float, nelm: int, nelmin: int, first: bool, converges: bool) -> list[ElectronicStep]:
    """Write down a cycle that ends at an energy.

    Parameters
    ----------
    energy
        eV, of the last step.
    ediff
        eV; the last change is smaller.
    nelm, nelmin
        Largest and smallest number of steps. Where ``nelm`` leaves no room to reach ``ediff``, as with one or two
        steps, the cycle ends unconverged, as it would in VASP.
    first
        Of the first ionic step, which starts farther away.
    converges
        If not, the energy swings by 0.01 eV until ``nelm``.
    """
    start = 1.0 if first else 0.05
    # the last change is start * 10 ** (2 - needed)
    needed = max(nelmin, 3 + math.floor(math.log10(max(start / ediff, 1.0)) + 1e-9))
    reached = converges and needed < nelm
    count = needed if reached else max(nelm, 1)
    steps: list[ElectronicStep] = []
    before = 0.0
    for number in range(1, count + 1):
        swing = start * 10.0 ** (1 - number) if converges else 0.01 * (-1.0) ** number
        now = energy if number == count else energy + swing
        steps.append(ElectronicStep(number, now, now - before, number == count, number == count and reached))
        before = now
    return steps
