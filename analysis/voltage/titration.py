"""Galvanostatic titration curves: current pulses with rests between them, read from a CSV file."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from lianode.analysis.columns import column_names, csv_lines, rename_hint, row_numbers
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TIME_COLUMNS = {"time_s": 1.0, "time_min": 60.0, "time_h": 3600.0}
CURRENT_COLUMNS = {"current_A": 1.0, "current_mA": 1e-3, "current_uA": 1e-6}
VOLTAGE_COLUMN = "voltage_V"
COLUMNS = (*TIME_COLUMNS, *CURRENT_COLUMNS, VOLTAGE_COLUMN)
RESTING = 0.01
"""A current below this part of the largest one counts as none."""
FIT_FROM = 0.1
"""Part of a pulse, in time, that the fit over the square root of time leaves out: there the resistance and the double
layer answer."""
FEWEST_POINTS = 3


@dataclass(frozen=True, kw_only=True)
class TitrationCurve:
    """What was measured.

    Attributes
    ----------
    label
        Name of the file without its ending.
    time_s, current_A, voltage_V
        One value each per point; time never goes back.
    """

    label: str
    time_s: NDArray[np.float64]
    current_A: NDArray[np.float64]
    voltage_V: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """One current pulse, with the rests before and after it.

    Attributes
    ----------
    number
        Counted from 1 over the whole curve.
    begin_s, duration_s
        When the current was switched on, and for how long.
    charge_C
        That flowed, with the sign of the current.
    voltage_before_V, voltage_after_V
        At the end of the rests.
    step_V
        Change of the resting voltage, ΔE_s.
    transient_V
        Change of the voltage by diffusion during the pulse, ΔE_t: slope over the square root of time, times that of
        the duration. The resistance's jump is no part of it.
    nonlinearity
        Departure of the voltage from that line, root mean square over ``transient_V``.
    drift_V
        Change of the voltage in the last tenth of the rest after the pulse.
    """

    number: int
    begin_s: float
    duration_s: float
    charge_C: float
    voltage_before_V: float
    voltage_after_V: float
    step_V: float
    transient_V: float
    nonlinearity: float
    drift_V: float


def read_titration(path: Path) -> TitrationCurve:
    """Read a titration curve.

    The first line names the columns: one of ``time_s``, ``time_min``, ``time_h``, one of ``current_A``,
    ``current_mA``, ``current_uA``, and ``voltage_V``. Lines that start with ``#`` and empty lines are passed over,
    other columns ignored.

    Raises
    ------
    InputError
        Naming file and line, when the file cannot be read as such.
    """
    lines = csv_lines(path, "titration curve")
    header, where = column_names(lines[0]), f"{path}, line {lines[0][0]}"
    time, current = (_one_of(list(known), header, where) for known in (TIME_COLUMNS, CURRENT_COLUMNS))
    _one_of([VOLTAGE_COLUMN], header, where)
    columns = {name: header.index(name) for name in (time, current, VOLTAGE_COLUMN)}
    rows = [
        row_numbers(line, columns, f"{path}, line {number}", signed=(current, VOLTAGE_COLUMN))
        for number, line in lines[1:]
    ]
    times = TIME_COLUMNS[time] * np.array([row[time] for row in rows])
    back = np.flatnonzero(np.diff(times) < 0)
    if len(back):
        raise InputError(f"the time goes back; order the lines by '{time}'", f"{path}, line {lines[back[0] + 2][0]}")
    return TitrationCurve(
        label=path.stem,
        time_s=times,
        current_A=CURRENT_COLUMNS[current] * np.array([row[current] for row in rows]),
        voltage_V=np.array([row[VOLTAGE_COLUMN] for row in rows]),
    )


def _one_of(known: list[str], header: list[str], where: str) -> str:
    found = [name for name in known if name in header]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"both '{found[0]}' and '{found[1]}'; one of them is needed", where)
    hint = next((hint for name in known if (hint := rename_hint(name, header, COLUMNS))), "")
    names = " or ".join(f"'{name}'" for name in known)
    raise InputError(f"no column {names}{hint}", where)


def pulses(curve: TitrationCurve) -> tuple[list[Pulse], list[str]]:
    """Find the current pulses of a curve.

    Returns
    -------
    tuple
        Pulses with a rest before and after them, and a sentence for each that was passed over.

    Raises
    ------
    InputError
        When there is none.
    """
    largest = float(np.abs(curve.current_A).max(initial=0.0))
    if largest == 0:
        raise InputError("the current is 0 throughout; pulses with rests between them are needed", curve.label)
    direction = np.where(np.abs(curve.current_A) > RESTING * largest, np.sign(curve.current_A), 0.0)
    edges = [0, *(np.flatnonzero(np.diff(direction)) + 1), len(direction)]
    runs = [(int(a), int(b)) for a, b in pairwise(edges)]
    found, passed_over, number = [], [], 0
    for k, (begin, end) in enumerate(runs):
        if direction[begin] == 0:
            continue
        number += 1
        rests = 0 < k < len(runs) - 1 and direction[runs[k - 1][0]] == 0 and direction[runs[k + 1][0]] == 0
        pulse = _pulse(curve, number, begin, end, runs[k + 1][1]) if rests else None
        if pulse is not None:
            found.append(pulse)
        else:
            reason = f"fewer than {FEWEST_POINTS} points" if rests else "no rest before or after it"
            passed_over.append(f"pulse {number} was passed over: {reason}")
    if not found:
        raise InputError(
            f"no pulse can be used ({'; '.join(passed_over)}); each needs a rest before and after it", curve.label
        )
    return found, passed_over


def _pulse(curve: TitrationCurve, number: int, begin: int, end: int, rest_end: int) -> Pulse | None:
    """Read one pulse, points ``begin`` to ``end``, with the rest that follows it, or nothing where points are few."""
    time, voltage = curve.time_s, curve.voltage_V
    if end - begin < FEWEST_POINTS:
        return None
    # the current was switched on after the last point of the rest, less than the spacing of points before its first
    start = max(float(time[begin - 1]), float(time[begin] - np.median(np.diff(time[begin:end]))))
    since = time[begin:end] - start
    duration = float(since[-1])
    used = since >= FIT_FROM * duration
    if used.sum() < FEWEST_POINTS:
        used = np.arange(len(since)) >= len(since) - FEWEST_POINTS
    root = np.sqrt(since[used])
    if np.ptp(root) == 0:
        return None
    slope, offset = np.polyfit(root, voltage[begin:end][used], 1)
    transient = float(slope * np.sqrt(duration))
    rough = float(np.sqrt(np.mean((offset + slope * root - voltage[begin:end][used]) ** 2)))
    before, after = float(voltage[begin - 1]), float(voltage[rest_end - 1])
    late = float(time[rest_end - 1] - 0.1 * (time[rest_end - 1] - time[end - 1]))
    return Pulse(
        number=number,
        begin_s=start,
        duration_s=duration,
        charge_C=float(np.trapezoid(curve.current_A[begin:end], time[begin:end]))
        + float(curve.current_A[begin]) * float(time[begin] - start),
        voltage_before_V=before,
        voltage_after_V=after,
        step_V=after - before,
        transient_V=transient,
        nonlinearity=rough / abs(transient) if transient else np.inf,
        drift_V=after - float(np.interp(late, time[end:rest_end], voltage[end:rest_end])),
    )
