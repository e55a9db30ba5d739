"""A published voltage curve and measured plateaus beside a computed curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.compare.comparison import ComparisonRow, missing_row
from lianode.analysis.compare.hull import lowest_of
from lianode.analysis.voltage.voltage import voltage_between

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.hull.hull import HullDocument
    from lianode.analysis.voltage.curve import VoltageDocument

SAMPLES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Lithium per host atom at which V(x) and its running average are printed."""


def compare_voltage(
    system: str, expected: Mapping[str, Any], range_note: str, document: VoltageDocument | None
) -> list[ComparisonRow]:
    """Compare capacity and voltages; print V(x), since the paper's average has no stated range.

    Parameters
    ----------
    system
        ``Li-In``.
    expected
        Published values of that system.
    range_note
        What is known of the range of the average.
    document
        Computed curve, or None.
    """
    rows = []
    for key, value in expected.items():
        quantity, unit = _named(key)
        if document is None:
            rows.append(missing_row(quantity, system, None, value, unit))
            continue
        computed, note = _value(key, document, range_note)
        rows.append(
            ComparisonRow(
                quantity=quantity,
                system=system,
                published=value,
                computed=computed,
                unit=unit,
                engine=document.engine,
                flagged=document.flagged,
                note=note,
            )
        )
    return rows + (_samples(system, document) if document else [])


def _named(key: str) -> tuple[str, str]:
    if key == "max_li_per_host":
        return "largest Li per host atom", ""
    if key == "average_voltage_V":
        return "average voltage", "V"
    return f"voltage above a Li fraction of {_threshold(key)}", "V"


def _threshold(key: str) -> float:
    return float(key.removeprefix("voltage_above_").removesuffix("_li_fraction_V"))


def _value(key: str, document: VoltageDocument, range_note: str) -> tuple[float, str]:
    if key == "max_li_per_host":
        return document.max_li_per_host, document.vertices[-1].name
    if key == "average_voltage_V":
        return document.average_voltage_V, f"computed over 0 to {document.max_li_per_host:.2f}; {range_note}"
    fraction = _threshold(key)
    beyond = [plateau for plateau in document.plateaus if plateau.li_fraction_end > fraction + 1e-9]
    if not beyond:
        return 0.0, "beyond the last phase"
    plateaus = ", ".join(f"{p.start} / {p.end} {p.voltage_V:.3f} V" for p in beyond)
    return beyond[0].voltage_V, f"plateaus there: {plateaus}"


def _samples(system: str, document: VoltageDocument) -> list[ComparisonRow]:
    rows = []
    for x in (*(s for s in SAMPLES if s < document.max_li_per_host), document.max_li_per_host):
        for quantity, computed in (
            (f"V at x = {x:.3g}", document.voltage_at(x)),
            (f"mean V from 0 to x = {x:.3g}", document.running_average(x)),
        ):
            if x == document.max_li_per_host and quantity.startswith("V at"):
                continue  # the curve ends there
            rows.append(
                ComparisonRow(
                    quantity=quantity,
                    system=system,
                    computed=computed,
                    unit="V",
                    engine=document.engine,
                    flagged=document.flagged,
                    note="the paper gives no number here",
                )
            )
    return rows


def compare_plateaus(
    system: str,
    measured: Sequence[tuple[str, Mapping[str, Any]]],
    hull: HullDocument | None,
    curve: VoltageDocument | None,
) -> list[ComparisonRow]:
    """Compare measured plateaus.

    Where the phases of a plateau are known, the voltage is that of those two phases, whether or not they are on the
    hull; where they are not, the nearest computed plateau is given and said to be that.
    """
    rows = []
    for paper, plateau in measured:
        quantity, value = f"measured plateau ({paper})", plateau["voltage_V"]
        phases = " / ".join(plateau.get("between", [])) or None
        found = _between(plateau["between"], hull) if phases else _nearest(value, curve)
        document = hull if phases else curve
        if found is None or document is None:
            rows.append(missing_row(quantity, system, phases, value, "V"))
            continue
        computed, note = found
        rows.append(
            ComparisonRow(
                quantity=quantity,
                system=system,
                phase=phases,
                published=value,
                computed=computed,
                unit="V",
                engine=document.engine,
                flagged=document.flagged,
                note=note,
            )
        )
    return rows


def _between(formulas: Sequence[str], hull: HullDocument | None) -> tuple[float, str] | None:
    rows = [lowest_of(hull, formula) for formula in formulas] if hull else []
    names = [row.name for row in rows if row]
    if hull is None or len(names) != 2:
        return None
    return voltage_between(hull, *names), f"equilibrium of {names[0]} and {names[1]}, whatever is stable between them"


def _nearest(value: float, curve: VoltageDocument | None) -> tuple[float, str] | None:
    if curve is None:
        return None
    nearest = min(curve.plateaus, key=lambda plateau: abs(plateau.voltage_V - value))
    return nearest.voltage_V, f"the paper names no phases; nearest computed plateau, {nearest.start} / {nearest.end}"
