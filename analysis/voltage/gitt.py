"""Diffusion coefficients along a measured titration curve (GITT).

A constant current for a time τ, then a rest until the voltage no longer changes (Weppner and Huggins, J. Electrochem.
Soc. 124, 1569 (1977); Eq. 1 of ren2026):

    D = 4/(π τ) (n_m V_m / S)² (ΔE_s / ΔE_t)²,          for τ << L²/D,

with the amount n_m, molar volume V_m and area S of the electrode, whose quotient L = n_m V_m/S is its thickness, the
change ΔE_s of the resting voltage and the change ΔE_t during the pulse without the jump of the resistance. For a slab
closed at its back it is right to 0.5 % up to τ D/L² = 0.1 and to 5 % up to 0.3. For longer pulses the number it gives
tends to τ D/L² = 0.7 whatever D is (ΔE_t by a line over the square root of time), which is how they are known.

This is the chemical diffusion coefficient: lithium in a gradient of its own. Hops in a crystal without a gradient give
another quantity; the two are related by the thermodynamic factor, of the same curve,

    D_chemical = Φ D_self,     Φ = d ln a / d ln c = -(x F/RT) dE/dx,

(volume per host atom constant; the host does not move). A lattice gas without interactions has Φ = 1/(1 - x) >= 1.
Where two phases are in equilibrium dE/dx = 0, a front moves instead of a profile, and the formula gives a number that
is no diffusion coefficient: apparent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from lianode.analysis.checks import Check
from lianode.analysis.voltage.titration import pulses
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lianode.analysis.voltage.titration import Pulse, TitrationCurve

FARADAY_C_PER_MOL = 96485.33212
GAS_J_PER_MOL_K = 8.314462618
SHORT = 0.1
"""Largest τ D/L² that counts as τ << L²/D."""
TWO_PHASES = 0.5
"""Thermodynamic factor below which a step counts as one between two phases: without attraction it is 1 or more."""
RESOLUTION_V = 5e-4
"""Change of the resting voltage below which it counts as none, unless stated."""
SMALLEST_V = 1e-7
"""Change of the voltage during a pulse that no instrument sees."""
RESTED = 0.02
"""Largest change in the last tenth of a rest, as part of ΔE_s: what is still to come is 3 to 10 times as much."""
RESTED_RESOLUTION = 0.1
"""The same as part of the resolution, below which it is noise."""
STRAIGHT = 0.1
"""Largest departure from a line over the square root of time, as part of ΔE_t."""


@dataclass(frozen=True, kw_only=True)
class Electrode:
    """What was titrated.

    Attributes
    ----------
    length_cm
        Thickness of the electrode, n_m V_m / S.
    host_mol
        Host atoms, in mol; None where unknown, and then there is neither x nor a thermodynamic factor.
    x_start
        Lithium per host atom before the first pulse.
    temperature
        K.
    """

    length_cm: float
    host_mol: float | None = None
    x_start: float = 0.0
    temperature: float = 298.15

    def __post_init__(self) -> None:
        for name in ("length_cm", "host_mol", "temperature"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise InputError(f"{value:g}; it has to be above 0", name)
        if not (math.isfinite(self.x_start) and self.x_start >= 0):
            raise InputError(f"{self.x_start:g}; it has to be 0 or more", "x_start")


class TitrationPoint(BaseModel):
    """One pulse.

    Attributes
    ----------
    pulse
        Number, from 1.
    time_s, duration_s
        When it began, and τ.
    x
        Lithium per host atom, halfway through it; None where the amount of host is not known.
    voltage_V
        Resting voltage after it.
    step_V, transient_V
        ΔE_s and ΔE_t.
    chemical_diffusivity_cm2_per_s
        By the formula.
    tau_over_limit
        τ D/L².
    thermodynamic_factor
        Φ; None where x is not known.
    self_diffusivity_cm2_per_s
        D/Φ in single-phase ranges; None elsewhere.
    apparent
        Why the number is no diffusion coefficient; None where it is one.
    concerns
        Names of the checks that it did not pass.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pulse: int
    time_s: float
    duration_s: float
    x: float | None
    voltage_V: float
    step_V: float
    transient_V: float
    chemical_diffusivity_cm2_per_s: float
    tau_over_limit: float
    thermodynamic_factor: float | None
    self_diffusivity_cm2_per_s: float | None
    apparent: str | None
    concerns: list[str] = Field(default_factory=list)


class Titration(BaseModel):
    """Diffusion coefficients along a measured curve.

    Attributes
    ----------
    label
        Name of the curve.
    length_cm, host_mol, temperature, resolution_V
        What was assumed.
    points
        By time.
    checks
        Over all points.
    notes
        Sentences a reader should see.
    """

    model_config = ConfigDict(extra="forbid")

    label: str
    length_cm: float
    host_mol: float | None
    temperature: float
    resolution_V: float
    points: list[TitrationPoint]
    checks: list[Check]
    notes: list[str]


def thickness_cm(amount_mol: float, molar_volume_cm3_per_mol: float, area_cm2: float) -> float:
    """Return n_m V_m / S, cm.

    Raises
    ------
    InputError
        For a value that is not above 0.
    """
    for name, value in (
        ("amount", amount_mol),
        ("molar volume", molar_volume_cm3_per_mol),
        ("area", area_cm2),
    ):
        if not (math.isfinite(value) and value > 0):
            raise InputError(f"{value:g}; it has to be above 0", name)
    return amount_mol * molar_volume_cm3_per_mol / area_cm2


def gitt(curve: TitrationCurve, electrode: Electrode, *, resolution_V: float = RESOLUTION_V) -> Titration:
    """Return the diffusion coefficient at each pulse of a curve.

    Parameters
    ----------
    curve
        Measured.
    electrode
        What it was measured on.
    resolution_V
        Change of the resting voltage below which it counts as none, V.

    Raises
    ------
    InputError
        When the curve has no pulse with rests, or the voltage does not answer to the current.
    """
    if not (math.isfinite(resolution_V) and resolution_V >= 0):
        raise InputError(f"{resolution_V:g}; it has to be 0 or more", "resolution_V")
    found, passed_over = pulses(curve)
    # lithium goes in where the voltage falls, whatever sign the cycler gives that current
    into = -math.copysign(1.0, sum(pulse.transient_V * pulse.charge_C for pulse in found))
    points, x = [], electrode.x_start
    for pulse in found:
        change = None if electrode.host_mol is None else into * pulse.charge_C / FARADAY_C_PER_MOL / electrode.host_mol
        points.append(_point(pulse, electrode, change, x, resolution_V))
        x += change or 0.0
    return Titration(
        label=curve.label,
        length_cm=electrode.length_cm,
        host_mol=electrode.host_mol,
        temperature=electrode.temperature,
        resolution_V=resolution_V,
        points=points,
        checks=_checks(points),
        notes=_notes(points, passed_over),
    )


def _point(pulse: Pulse, electrode: Electrode, change: float | None, x: float, resolution_V: float) -> TitrationPoint:
    if abs(pulse.transient_V) < SMALLEST_V:
        raise InputError(f"the voltage does not change during pulse {pulse.number}", "voltage_V")
    ratio = pulse.step_V / pulse.transient_V
    chemical = 4 / (math.pi * pulse.duration_s) * electrode.length_cm**2 * ratio**2
    middle = None if change is None else x + change / 2
    factor = None
    if change and middle is not None:
        thermal = GAS_J_PER_MOL_K * electrode.temperature / FARADAY_C_PER_MOL
        factor = -middle / thermal * pulse.step_V / change
    apparent = _apparent(pulse, factor, resolution_V)
    concerns = {
        "single_phase": apparent is None,
        "pulse_short": pulse.duration_s * chemical / electrode.length_cm**2 <= SHORT,
        "rested": abs(pulse.drift_V) <= max(RESTED * abs(pulse.step_V), RESTED_RESOLUTION * resolution_V),
        "square_root_of_time": pulse.nonlinearity <= STRAIGHT,
    }
    return TitrationPoint(
        pulse=pulse.number,
        time_s=pulse.begin_s,
        duration_s=pulse.duration_s,
        x=middle,
        voltage_V=pulse.voltage_after_V,
        step_V=pulse.step_V,
        transient_V=pulse.transient_V,
        chemical_diffusivity_cm2_per_s=chemical,
        tau_over_limit=pulse.duration_s * chemical / electrode.length_cm**2,
        thermodynamic_factor=factor,
        self_diffusivity_cm2_per_s=chemical / factor if factor is not None and apparent is None else None,
        apparent=apparent,
        concerns=[name for name, passed in concerns.items() if not passed],
    )


def _apparent(pulse: Pulse, factor: float | None, resolution_V: float) -> str | None:
    if abs(pulse.step_V) <= resolution_V:
        return f"the resting voltage changes by {1000 * abs(pulse.step_V):.2f} mV, as on a plateau of two phases"
    if pulse.step_V * pulse.transient_V < 0:
        return "the resting voltage changes against the current"
    if factor is not None and factor < TWO_PHASES:
        return f"thermodynamic factor {factor:.2f}, as on a plateau of two phases"
    return None


_CHECKS = {
    "single_phase": "resting voltages change as in a single phase; the others are apparent values",
    "pulse_short": f"τ << L²/D with the D that results, τ D/L² up to {SHORT:g}",
    "rested": "rests long enough",
    "square_root_of_time": "voltage linear in the square root of time during the pulse",
}


def _checks(points: Sequence[TitrationPoint]) -> list[Check]:
    checks = []
    for name, demand in _CHECKS.items():
        bad = [point.pulse for point in points if name in point.concerns]
        where = f"; not so for pulse{'s' if len(bad) > 1 else ''} {_ranges(bad)}" if bad else ""
        checks.append(
            Check(name=name, passed=not bad, message=f"{len(points) - len(bad)} of {len(points)}: {demand}{where}")
        )
    return checks


def _ranges(numbers: Sequence[int]) -> str:
    """Return numbers as text, ``1-4, 7``."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else f"{part[0]}" for part in parts)


def _notes(points: Sequence[TitrationPoint], passed_over: Sequence[str]) -> list[str]:
    notes = ["chemical diffusion coefficients; what hops in a crystal give is D/Φ, but for a correlation factor"]
    if all(point.thermodynamic_factor is None for point in points):
        notes.append("the amount of host is not known, so that there is no thermodynamic factor Φ")
    return [*notes, *passed_over]
