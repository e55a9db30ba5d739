"""Voltage of a host that lithium alloys with, through equilibrium phases (not topotactic), against Li/Li+.

Between neighbouring vertices of the hull, with E the energy per host atom,

    V = -[E(x2) - E(x1) - (x2 - x1) E(Li)] / (x2 - x1)   in eV per electron, which is V,

and formation energies per host atom give the same, since the references cancel. At pure lithium V is 0.
The running average is V_mean(x) = (1/x) int_0^x V dx', which at a vertex is minus its formation energy per lithium.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from pydantic import BaseModel

from lianode.analysis.checks import Check, failed
from lianode.analysis.hull.diagram import SAME_FRACTION, same_composition
from lianode.analysis.voltage.capacity import gravimetric_capacity, volumetric_capacity
from lianode.analysis.voltage.curve import WORKING_ION, Plateau, VoltageDocument, VoltageVertex
from lianode.structures.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.hull.hull import HullDocument

STEP_V = 1e-6
"""A rise in voltage above this is a step upwards, V."""


class _Corner(BaseModel):
    """A vertex before the capacities are known."""

    phases: dict[str, float]
    x: float
    fractions: dict[str, float]
    energy: float
    above: float
    volume_per_atom: float


def voltage(
    document: HullDocument,
    *,
    host: Mapping[str, float] | None = None,
    hull_tolerance: float = 0.0,
    exclude: Sequence[str] = (),
) -> VoltageDocument:
    """Compute the voltage curve of a hull.

    Parameters
    ----------
    document
        Hull of lithium with one or more other elements.
    host
        Ratio of the host's elements, needed where there are several: ``{"In": 1, "Sn": 1}``.
    hull_tolerance
        Counted phases up to this far above the hull are vertices too, eV/atom. A step upwards that follows is kept,
        and flagged by a check.
    exclude
        Names or formulas of phases that are left out, with what is then stable in their place.

    Raises
    ------
    InputError
        For a hull without lithium or host, a negative tolerance, an unknown phase, or a missing or wrong host.
    """
    ratio = _host(document, host)
    _check_options(document, hull_tolerance, exclude)
    corners = _corners(document, ratio, hull_tolerance, exclude)
    if len(corners) < 2:
        raise InputError(
            f"no phase with lithium lies on the {document.system} hull, so it has no voltage curve", "hull"
        )
    plateaus = [_plateau(first, second) for first, second in pairwise(corners)]
    vertices = [_vertex(corner, corners[0], ratio, plateaus[0].voltage_V) for corner in corners]
    last = vertices[-1]
    return VoltageDocument(
        system=document.system,
        engine=document.engine,
        campaign=document.campaign,
        method=document.method,
        settings={
            **document.settings,
            "host": {element: round(fraction, 9) for element, fraction in sorted(ratio.items())},
            "hull_tolerance": hull_tolerance,
            "exclude_from_curve": sorted(exclude),
        },
        calculations=document.calculations,
        completeness=document.completeness,
        missing=document.missing,
        checks=[*_curve_checks(plateaus, vertices), *_carried(document, corners)],
        created=document.created,
        host=ratio,
        hull=document.key,
        references=document.references,
        vertices=vertices,
        plateaus=plateaus,
        average_voltage_V=last.running_average_V,
        max_li_per_host=last.x,
        capacity_mAh_per_g_host=last.capacity_mAh_per_g_host,
        capacity_mAh_per_g_alloy=last.capacity_mAh_per_g_alloy,
        capacity_mAh_per_cm3=last.capacity_mAh_per_cm3,
        volume_expansion=last.volume_expansion,
    )


def voltage_between(document: HullDocument, start: str, end: str) -> float:
    """Return the voltage at which two phases of a binary hull are in equilibrium, vertices or not, V.

    Parameters
    ----------
    document
        Hull of lithium and one host element.
    start, end
        Names of phases; ``end`` holds more lithium per host atom.

    Raises
    ------
    InputError
        For an unknown phase, pure lithium, or two phases in the wrong order.
    """
    poor, rich = document.phase_named(start), document.phase_named(end)
    if rich.fractions[WORKING_ION] > 1 - SAME_FRACTION:
        raise InputError("lithium itself is at 0 V", end)
    x_poor, x_rich = _x(poor.fractions), _x(rich.fractions)
    if x_rich <= x_poor:
        raise InputError(f"{end} has to hold more lithium per host atom than {start}", "voltage")
    energy = rich.formation_energy_per_atom * (1 + x_rich) - poor.formation_energy_per_atom * (1 + x_poor)
    return -energy / (x_rich - x_poor)


def _host(document: HullDocument, host: Mapping[str, float] | None) -> dict[str, float]:
    others = [element for element in document.elements if element != WORKING_ION]
    if WORKING_ION not in document.elements or not others:
        raise InputError(f"a voltage curve needs lithium and a host, not {document.system}", "system")
    if host is None:
        if len(others) > 1:
            ratio = ", ".join(f"{element}: 1" for element in others)
            raise InputError(f"{document.system} has several host elements; give their ratio, as {{{ratio}}}", "host")
        host = {others[0]: 1.0}
    for element, amount in host.items():
        if element not in others:
            raise InputError(f"'{element}' is no host element of {document.system}{nearest(element, others)}", "host")
        if not amount > 0:
            raise InputError(f"amount {amount} of {element}; it has to be above 0", "host")
    total = sum(host.values())
    return {element: amount / total for element, amount in host.items()}


def _check_options(document: HullDocument, hull_tolerance: float, exclude: Sequence[str]) -> None:
    if hull_tolerance < 0:
        raise InputError(f"{hull_tolerance} eV/atom; it has to be 0 or more", "hull_tolerance")
    known = sorted({*(row.name for row in document.phases), *(row.formula for row in document.phases)})
    for word in exclude:
        if word not in known:
            raise InputError(f"no phase '{word}' in {document.system}{nearest(word, known)}", "exclude")
        for element, name in document.references.items():
            if word in {name, document.phase_named(name).formula}:
                raise InputError(f"'{word}' is the reference of {element} and cannot be left out", "exclude")


def _corners(
    document: HullDocument, ratio: Mapping[str, float], hull_tolerance: float, exclude: Sequence[str]
) -> list[_Corner]:
    """Return the vertices along host + x Li: where the equilibrium changes, and the tolerated phases."""
    diagram = document.diagram(exclude)
    rows = {row.name: row for row in document.phases}
    corners = []
    for fractions in diagram.critical(ratio, {WORKING_ION: 1.0})[:-1]:
        phases = diagram.decomposition(fractions)
        corners.append(
            _Corner(
                phases=phases,
                x=_x(fractions),
                fractions=fractions,
                energy=diagram.energy(fractions),
                above=0.0,
                volume_per_atom=sum(part * rows[name].volume_per_atom for name, part in phases.items()),
            )
        )
    for row in sorted(document.phases, key=lambda r: r.formation_energy_per_atom):
        above = row.formation_energy_per_atom - diagram.energy(row.fractions)
        left_out = not row.counted or row.name in exclude or row.formula in exclude
        if left_out or row.name in diagram.stable or above > hull_tolerance or not _on_line(row.fractions, ratio):
            continue
        here = [corner for corner in corners if same_composition(corner.fractions, row.fractions)]
        if any(len(corner.phases) == 1 for corner in here):
            continue  # a polymorph of a vertex
        corners = [corner for corner in corners if corner not in here]
        corners.append(
            _Corner(
                phases={row.name: 1.0},
                x=_x(row.fractions),
                fractions=row.fractions,
                energy=row.formation_energy_per_atom,
                above=above,
                volume_per_atom=row.volume_per_atom,
            )
        )
    return sorted(corners, key=lambda corner: corner.x)


def _x(fractions: Mapping[str, float]) -> float:
    li = fractions[WORKING_ION]
    return li / (1 - li)


def _on_line(fractions: Mapping[str, float], ratio: Mapping[str, float]) -> bool:
    li = fractions[WORKING_ION]
    if li > 1 - SAME_FRACTION:
        return False
    return same_composition(
        {element: part / (1 - li) for element, part in fractions.items() if element != WORKING_ION}, ratio
    )


def _per_host(corner: _Corner) -> float:
    """Return the formation energy per host atom, eV."""
    return corner.energy * (1 + corner.x)


def _plateau(first: _Corner, second: _Corner) -> Plateau:
    return Plateau(
        start=" + ".join(first.phases),
        end=" + ".join(second.phases),
        x_start=first.x,
        x_end=second.x,
        li_fraction_start=first.fractions[WORKING_ION],
        li_fraction_end=second.fractions[WORKING_ION],
        voltage_V=-(_per_host(second) - _per_host(first)) / (second.x - first.x),
    )


def _vertex(corner: _Corner, bare: _Corner, ratio: Mapping[str, float], first_voltage: float) -> VoltageVertex:
    x, volume = corner.x, corner.volume_per_atom * (1 + corner.x)
    return VoltageVertex(
        phases=corner.phases,
        x=x,
        li_fraction=corner.fractions[WORKING_ION],
        energy_above_hull_per_atom=corner.above,
        formation_energy_per_host_atom=_per_host(corner),
        # against the bare host itself: a host compound or a fixed reference may have an energy of its own
        running_average_V=-(_per_host(corner) - _per_host(bare)) / x if x > 0 else first_voltage,
        capacity_mAh_per_g_host=gravimetric_capacity(x, ratio),
        capacity_mAh_per_g_alloy=gravimetric_capacity(x, {**ratio, WORKING_ION: x}),
        capacity_mAh_per_cm3=volumetric_capacity(x, volume),
        volume_per_host_atom=volume,
        volume_expansion=volume / bare.volume_per_atom - 1,
    )


def _curve_checks(plateaus: Sequence[Plateau], vertices: Sequence[VoltageVertex]) -> list[Check]:
    tolerated = [vertex.name for vertex in vertices if vertex.energy_above_hull_per_atom > 0]
    rises = [(a, b) for a, b in pairwise(plateaus) if b.voltage_V > a.voltage_V + STEP_V]
    steps = ", ".join(f"at {b.start} by {1000 * (b.voltage_V - a.voltage_V):.0f} mV" for a, b in rises)
    lowest = min(plateaus, key=lambda plateau: plateau.voltage_V)
    return [
        Check(
            name="voltage_falls",
            passed=not rises,
            message=f"the voltage steps up {steps}; counted as a vertex although above the hull: {', '.join(tolerated)}"
            if rises
            else "the voltage falls from plateau to plateau",
        ),
        Check(
            name="voltage_above_lithium",
            passed=lowest.voltage_V > -STEP_V,
            message=f"the lowest plateau, {lowest.start} / {lowest.end}, is at {lowest.voltage_V:.3f} V; "
            + (
                "beyond it lithium plates at 0 V"
                if lowest.voltage_V > -STEP_V
                else "below 0 V lithium would plate instead"
            ),
        ),
    ]


def _carried(document: HullDocument, corners: Sequence[_Corner]) -> list[Check]:
    """Return the checks of the hull and of the phases the curve is made of."""
    used = {None, *document.references.values(), *(name for corner in corners for name in corner.phases)}
    return [
        check
        for check in document.checks
        if check.subject in used or (check.name == "no_uncounted_phase_below_hull" and failed([check]))
    ]
