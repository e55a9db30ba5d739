"""What is measured along a trajectory while it runs, in a few sums, and what is checked at its end."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np

from lianode.analysis.checks import Check

if TYPE_CHECKING:
    from numpy.typing import NDArray

DRIFT_LIMIT = 1.0
"""meV/atom/ps of the conserved energy: a harmonic crystal would heat by 4 K per ps."""
SHORTEST_SLOPE_PS = 0.25
"""Below this the error of Verlet steps, which swings with the crystal's vibrations, is no drift."""
STANDARD_ERRORS = 4.0
"""Deviation of the mean temperature from the target above which a run is flagged."""
EXPLOSION = 10.0
"""Factor on the temperature that was asked for at which a run is given up."""
LARGEST_GROWTH = 2.0
"""Factor on the first volume, up or down, at which a run is given up: the crystal has evaporated, or collapsed."""
RAMP_LAG = 2.0
"""Times of the thermostat by which a crystal may trail a ramp: half of its heat is in the potential energy."""


@dataclass
class Statistics:
    """Running sums over the second half of a trajectory; constant in size, and exact across a continuation.

    Time and energy are taken relative to the first sample of a segment, so that their sums keep their digits. A new
    segment begins where the conserved energy jumps (a restart that lost the thermostat): the drift is the common slope
    within the segments.

    Attributes
    ----------
    samples
        Steps measured.
    temperature_sum
        K.
    n, t0, h0, t, h, tt, th
        Of the segment: samples, first time (ps) and energy (meV/atom), and sums relative to these.
    closed_tt, closed_th
        Centred sums of the segments before.
    """

    samples: int = 0
    temperature_sum: float = 0.0
    n: int = 0
    t0: float = 0.0
    h0: float = 0.0
    t: float = 0.0
    h: float = 0.0
    tt: float = 0.0
    th: float = 0.0
    closed_tt: float = 0.0
    closed_th: float = 0.0

    def add(self, time_ps: float, temperature: float, conserved_meV_per_atom: float) -> None:
        """Count one step."""
        self.samples += 1
        self.temperature_sum += temperature
        if self.n == 0:
            self.t0, self.h0 = time_ps, conserved_meV_per_atom
        t, h = time_ps - self.t0, conserved_meV_per_atom - self.h0
        self.n += 1
        self.t += t
        self.h += h
        self.tt += t * t
        self.th += t * h

    def new_segment(self) -> None:
        """Begin again with the conserved energy."""
        self.closed_tt, self.closed_th = self._sums()
        self.n, self.t, self.h, self.tt, self.th = 0, 0.0, 0.0, 0.0, 0.0

    @property
    def mean_temperature(self) -> float | None:
        """K; None before the second half."""
        return self.temperature_sum / self.samples if self.samples else None

    @property
    def drift(self) -> float | None:
        """Slope of the conserved energy by least squares, meV/atom/ps; None with fewer than two steps in a segment."""
        tt, th = self._sums()
        return th / tt if tt > 0 else None

    def _sums(self) -> tuple[float, float]:
        if self.n == 0:
            return self.closed_tt, self.closed_th
        return self.closed_tt + self.tt - self.t * self.t / self.n, self.closed_th + self.th - self.t * self.h / self.n

    def numbers(self) -> list[float]:
        """Return all sums, for a checkpoint."""
        return [float(value) for value in asdict(self).values()]

    @classmethod
    def of(cls, numbers: list[float]) -> Statistics:
        """Return what :meth:`numbers` wrote."""
        named = dict(zip((field.name for field in fields(cls)), numbers, strict=True))
        return cls(**{**named, "samples": int(named["samples"]), "n": int(named["n"])})  # type: ignore[arg-type]


@dataclass
class CellStatistics:
    """Running sums over the second half of a run whose cell moves.

    Attributes
    ----------
    samples
        Steps measured.
    pressure_sum
        Of the part that the barostat answers to, GPa.
    cell_sum
        (3, 3), Å.
    """

    samples: int = 0
    pressure_sum: float = 0.0
    cell_sum: NDArray[np.float64] = field(default_factory=lambda: np.zeros((3, 3)))

    def add(self, pressure_GPa: float, cell: NDArray[np.float64]) -> None:
        """Count one step."""
        self.samples += 1
        self.pressure_sum += pressure_GPa
        self.cell_sum += cell

    @property
    def mean_pressure(self) -> float | None:
        """GPa; None before the second half."""
        return self.pressure_sum / self.samples if self.samples else None

    @property
    def mean_cell(self) -> NDArray[np.float64] | None:
        """(3, 3), Å; None before the second half."""
        return self.cell_sum / self.samples if self.samples else None

    def numbers(self) -> list[float]:
        """Return all sums, for a checkpoint."""
        return [float(self.samples), self.pressure_sum, *(float(x) for x in self.cell_sum.ravel())]

    @classmethod
    def of(cls, numbers: list[float]) -> CellStatistics:
        """Return what :meth:`numbers` wrote."""
        samples, pressure_sum, *cell = numbers
        return cls(int(samples), pressure_sum, np.array(cell).reshape(3, 3))


def is_measured(step: int, steps: int) -> bool:
    """Whether a step (counted from 1) belongs to the half of the run that is measured, not that of equilibration."""
    return 2 * step > steps


def has_exploded(temperature: float, target: float) -> str | None:
    """Return why a run has to be given up at this temperature (K), or None."""
    if not math.isfinite(temperature):
        return "the temperature is not finite: the motion ran away; use a shorter time step"
    if temperature > EXPLOSION * target:
        return (
            f"the motion ran away: {temperature:.0f} K, more than {EXPLOSION:g} times the {target:g} K asked for; "
            "relax the start, or use a shorter time step"
        )
    return None


def has_left(volume: float, first: float) -> str | None:
    """Return why a run has to be given up at this volume (Å³) of the cell, or None."""
    if first / LARGEST_GROWTH <= volume <= first * LARGEST_GROWTH:
        return None
    return (
        f"the cell ran away: {volume:.0f} Å3, from {first:.0f} Å3 at the start; "
        "take a lower temperature, another pressure, or a longer barostat_time_fs"
    )


def temperature_error(target: float, n_atoms: int, thermostat_time_ps: float, measured_ps: float) -> float:
    """Return the standard error of a mean temperature, K.

    The temperature of N atoms fluctuates by σ = T √(2/(3N - 3)) in the canonical ensemble; over a time t it takes
    t/(2τ) independent values, with the thermostat's τ as correlation time.
    """
    sigma = target * math.sqrt(2.0 / (3 * n_atoms - 3))
    return sigma * min(1.0, math.sqrt(2.0 * thermostat_time_ps / measured_ps)) if measured_ps > 0 else sigma


def md_checks(
    measured: Statistics,
    *,
    n_atoms: int,
    time_step_fs: float,
    target: float | None,
    thermostat_time_fs: float,
    ramp_K_per_ps: float = 0.0,
) -> list[Check]:
    """Judge the drift of the conserved energy and, with a thermostat, the mean temperature.

    Parameters
    ----------
    measured
        Over the second half of the run.
    n_atoms, time_step_fs, thermostat_time_fs
        Of the run.
    target
        Mean over the second half, K; None at constant energy.
    ramp_K_per_ps
        How fast the target moves; the atoms trail it.
    """
    drift, mean = measured.drift, measured.mean_temperature
    time = measured.samples * time_step_fs * 1e-3
    passed = None if drift is None or time < SHORTEST_SLOPE_PS else abs(drift) <= DRIFT_LIMIT
    if passed is None:
        message = f"not made: the second half of the run has {time:g} ps, and a slope needs {SHORTEST_SLOPE_PS:g}"
    else:
        message = (
            f"the conserved energy drifts by {drift:+.3f} meV/atom/ps in the second half of the run "
            f"(limit {DRIFT_LIMIT:g})"
        )
    checks = [Check(name="energy_conserved", passed=passed, message=message)]
    if target is not None and mean is not None:
        trailing = RAMP_LAG * abs(ramp_K_per_ps) * thermostat_time_fs * 1e-3
        limit = STANDARD_ERRORS * temperature_error(target, n_atoms, thermostat_time_fs * 1e-3, time) + trailing
        why = f"{STANDARD_ERRORS:g} standard errors" + (f", and {trailing:.1f} K behind the ramp" if trailing else "")
        message = (
            f"mean temperature {mean:.1f} K in the second half of the run, {target:g} K asked for "
            f"(limit ±{limit:.1f} K: {why})"
        )
        checks.append(Check(name="temperature_kept", passed=abs(mean - target) <= limit, message=message))
    return checks


def pressure_check(mean_GPa: float, wanted_GPa: float, error_GPa: float) -> Check:
    """Judge the mean pressure of a run whose cell moves by its standard error, all in GPa."""
    limit = STANDARD_ERRORS * error_GPa
    message = (
        f"mean pressure {mean_GPa:.3f} GPa in the second half of the run, {wanted_GPa:g} GPa asked for "
        f"(limit ±{limit:.3f} GPa: {STANDARD_ERRORS:g} standard errors)"
    )
    return Check(name="pressure_kept", passed=abs(mean_GPa - wanted_GPa) <= limit, message=message)
