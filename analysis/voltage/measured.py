"""Measured voltage curves, read from a CSV file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lianode.analysis.columns import column_names, csv_lines, rename_hint, row_numbers
from lianode.analysis.voltage.capacity import gravimetric_capacity
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

X_COLUMN = "x_Li_per_host"
CAPACITY_COLUMN = "capacity_mAh_per_g_host"
VOLTAGE_COLUMN = "voltage_V"
COLUMNS = (X_COLUMN, CAPACITY_COLUMN, VOLTAGE_COLUMN)


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
    numbered = csv_lines(path, "voltage curve")
    header = column_names(numbered[0])
    abscissa = _abscissa(header, f"{path}, line {numbered[0][0]}")
    columns = {name: header.index(name) for name in (abscissa, VOLTAGE_COLUMN)}
    points = [
        row_numbers(line, columns, f"{path}, line {number}", signed=(VOLTAGE_COLUMN,)) for number, line in numbered[1:]
    ]
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
        raise InputError(f"no column '{VOLTAGE_COLUMN}'{rename_hint(VOLTAGE_COLUMN, header, COLUMNS)}", where)
    found = [name for name in (X_COLUMN, CAPACITY_COLUMN) if name in header]
    if len(found) != 1:
        amount = "both" if found else "neither"
        raise InputError(
            f"{amount} '{X_COLUMN}' and '{CAPACITY_COLUMN}'; one of the two columns is needed"
            if found
            else f"no column '{X_COLUMN}' or '{CAPACITY_COLUMN}' (capacities name their basis)"
            f"{rename_hint(CAPACITY_COLUMN, header, COLUMNS) or rename_hint(X_COLUMN, header, COLUMNS)}",
            where,
        )
    return found[0]
