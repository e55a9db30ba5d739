"""A voltage curve as a document: vertices, plateaus, and the voltage anywhere between."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from lianode.analysis.documents import PropertyDocument
from lianode.structures.errors import InputError

WORKING_ION = "Li"


class VoltageVertex(BaseModel):
    """A composition where one plateau ends and the next begins.

    Attributes
    ----------
    phases
        Phases there with their fractions of the atoms: one, except in hosts of several elements.
    x
        Lithium per host atom.
    li_fraction
        Atomic fraction of lithium.
    energy_above_hull_per_atom
        eV/atom; above zero for a phase that only ``hull_tolerance`` made a vertex.
    formation_energy_per_host_atom
        eV per host atom.
    running_average_V
        Mean voltage from 0 to x, V; at x = 0 the first plateau.
    capacity_mAh_per_g_host, capacity_mAh_per_g_alloy
        Per gram of host and per gram of lithiated alloy.
    capacity_mAh_per_cm3
        Per volume of lithiated alloy.
    volume_per_host_atom
        Å³.
    volume_expansion
        Volume relative to the host's, less 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    phases: dict[str, float]
    x: float
    li_fraction: float
    energy_above_hull_per_atom: float
    formation_energy_per_host_atom: float
    running_average_V: float
    capacity_mAh_per_g_host: float
    capacity_mAh_per_g_alloy: float
    capacity_mAh_per_cm3: float
    volume_per_host_atom: float
    volume_expansion: float

    @property
    def name(self) -> str:
        """Phase names, joined where there are several."""
        return " + ".join(self.phases)


class Plateau(BaseModel):
    """A range of constant voltage, where two neighbouring vertices are in equilibrium.

    Attributes
    ----------
    start, end
        Vertices by name; the lithium-poor one first.
    x_start, x_end
        Lithium per host atom.
    li_fraction_start, li_fraction_end
        Atomic fraction of lithium.
    voltage_V
        Against Li/Li+.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: str
    end: str
    x_start: float
    x_end: float
    li_fraction_start: float
    li_fraction_end: float
    voltage_V: float


class VoltageDocument(PropertyDocument):
    """Voltage curve of a host.

    Attributes
    ----------
    host
        Atomic fractions of the host, without lithium.
    hull
        Key of the hull it was drawn from.
    references
        Elemental phases that are zero of energy, by element.
    vertices, plateaus
        From the bare host to the most lithiated phase.
    average_voltage_V
        Mean over the full range, 0 to ``max_li_per_host``.
    max_li_per_host
        Lithium per host atom in the most lithiated phase.
    capacity_mAh_per_g_host, capacity_mAh_per_g_alloy, capacity_mAh_per_cm3, volume_expansion
        Of that phase.
    """

    property: Literal["voltage"] = "voltage"
    host: dict[str, float]
    hull: str
    references: dict[str, str]
    vertices: list[VoltageVertex]
    plateaus: list[Plateau]
    average_voltage_V: float
    max_li_per_host: float
    capacity_mAh_per_g_host: float
    capacity_mAh_per_g_alloy: float
    capacity_mAh_per_cm3: float
    volume_expansion: float

    def voltage_at(self, x: float) -> float:
        """Return the voltage at x lithium per host atom, V; beyond the last phase lithium plates at 0 V.

        At a step the lower plateau is returned, the one that follows.
        """
        not_negative(x)
        return next((p.voltage_V for p in self.plateaus if p.x_start <= x < p.x_end), 0.0)

    def running_average(self, x: float) -> float:
        """Return the exact mean voltage from 0 to x, V; at x = 0 the voltage of the first plateau."""
        not_negative(x)
        if x == 0:
            return self.plateaus[0].voltage_V
        return sum(p.voltage_V * (min(x, p.x_end) - p.x_start) for p in self.plateaus if p.x_start < x) / x


def not_negative(x: float) -> None:
    """Raise ``InputError`` for less than no lithium."""
    if x < 0:
        raise InputError(f"{x} lithium per host atom; it has to be 0 or more", "x")
