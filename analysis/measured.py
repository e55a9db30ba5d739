"""Measured voltage curves, read from a CSV file."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lianode.analysis.capacity import gravimetric_capacity
from lianode.structures.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

X_COLUMN = "x_Li_per_host"
CAPACITY_COLUMN = "capacity_mAh_per_g_host"
VOLTAGE_COLUMN = "voltage_V"
COLUMNS = (X_COLUMN, CAPACITY_COLUMN, VOLTAGE_COLUMN)
LARGEST_FILE_MB = 50


@dataclass(frozen=True, kw_only=True)
class MeasuredCurve:
    """A measured voltage curve.

    Attributes
    ----------
    label
        Name of the file without its ending.
    per_host
        Lithium per host atom, or None where the file has capacities.
    capacity_mAh_per_g_host
        Per gram of host, or None where the file has lithium per host atom.
    voltage_V
        Against Li/Li+.
    """

    label: str
    per_host: tuple[float, ...] | None
    capacity_mAh_per_g_host: tuple[float, ...] | None
    voltage_V: tuple[float, ...]

    def x(self, host: Mapping[str, float]) -> list[float]:
        """Return lithium per host atom, for a host given as atomic fractions."""
        if self.per_host is not None:
            return list(self.per_host)
        one = gravimetric_capacity(1.0, host)
        return [capacity / one for capacity in self.capacity_mAh_per_g_host or ()]


def read_measured(path: Path) -> MeasuredCurve:
    """Read a measured curve.

    The first line names the columns, units included: ``voltage_V`` and one of ``x_Li_per_host`` or
    ``capacity_mAh_per_g_host``. Lines that start with ``#`` and empty lines are passed over, other columns ignored.

    Raises
    ------
    InputError
        Naming file and line, when the file cannot be read as such.
    """
    try:
        if path.stat().st_size > LARGEST_FILE_MB * 1_000_000:
            raise InputError(f"larger than {LARGEST_FILE_MB} MB; that is no voltage curve", str(path))
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("no text file; a CSV file in UTF-8 is needed", str(path)) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", str(path)) from None
    numbered = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not numbered:
        raise InputError("empty; a line of column names and lines of numbers are needed", str(path))
    header = [name.strip() for name in next(csv.reader([numbered[0][1]]))]
    abscissa = _abscissa(header, f"{path}, line {numbered[0][0]}")
    columns = {name: header.index(name) for name in (abscissa, VOLTAGE_COLUMN)}
    points = [_numbers(line, columns, f"{path}, line {number}") for number, line in numbered[1:]]
    if len(points) < 2:
        raise InputError(f"{len(points)} lines of numbers; at least 2 are needed", str(path))
    along = tuple(point[abscissa] for point in points)
    return MeasuredCurve(
        label=path.stem,
        per_host=along if abscissa == X_COLUMN else None,
        capacity_mAh_per_g_host=along if abscissa == CAPACITY_COLUMN else None,
        voltage_V=tuple(point[VOLTAGE_COLUMN] for point in points),
    )


def _abscissa(header: list[str], where: str) -> str:
    if VOLTAGE_COLUMN not in header:
        raise InputError(f"no column '{VOLTAGE_COLUMN}'{_hint(VOLTAGE_COLUMN, header)}", where)
    found = [name for name in (X_COLUMN, CAPACITY_COLUMN) if name in header]
    if len(found) != 1:
        amount = "both" if found else "neither"
        raise InputError(
            f"{amount} '{X_COLUMN}' and '{CAPACITY_COLUMN}'; one of the two columns is needed"
            if found
            else f"no column '{X_COLUMN}' or '{CAPACITY_COLUMN}' (capacities name their basis)"
            f"{_hint(CAPACITY_COLUMN, header) or _hint(X_COLUMN, header)}",
            where,
        )
    return found[0]


def _hint(wanted: str, header: Iterable[str]) -> str:
    others = [name for name in header if name not in COLUMNS]
    close = nearest(wanted, others)
    return close.replace("did you mean", "rename").replace("?", f" to '{wanted}'") if close else ""


def _numbers(line: str, columns: Mapping[str, int], where: str) -> dict[str, float]:
    cells = next(csv.reader([line]))
    values = {}
    for name, position in columns.items():
        if position >= len(cells):
            raise InputError(f"{len(cells)} columns; '{name}' is column {position + 1}", where)
        try:
            value = float(cells[position])
        except ValueError:
            raise InputError(f"'{cells[position].strip()}' in column '{name}' is no number", where) from None
        if not math.isfinite(value) or (name != VOLTAGE_COLUMN and value < 0):
            raise InputError(f"{value} in column '{name}'; it has to be a number of 0 or more", where)
        values[name] = value
    return values
