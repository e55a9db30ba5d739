"""What the trials run: two campaigns that share calculations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

DENSE_LITHIUM: Final = """fcc lithium, which the stand-in's potential holds together
1.0
0.0 2.0748 2.0748
2.0748 0.0 2.0748
2.0748 2.0748 0.0
Li
1
direct
0.0 0.0 0.0
"""


@dataclass(frozen=True)
class Scenario:
    """Two campaigns that share calculations.

    Attributes
    ----------
    campaigns
        By name, what each asks for.
    property
        Of the document that each campaign ends with.
    between_s
        Range of the moment of a fault, s after the launch: from the first calculations to the last ones.
    """

    campaigns: dict[str, dict[str, Any]]
    property: str
    between_s: tuple[float, float]


def _hull(*phases: str) -> dict[str, Any]:
    return {"hull": {"system": "Li-In", "phases": list(phases)}}


def _barrier(*temperatures: float) -> dict[str, Any]:
    wanted = {"phases": ["./dense.vasp"], "supercell_length": 8, "images": 3, "temperatures": list(temperatures)}
    return {"barrier": wanted}


def _interface(windows: int) -> dict[str, Any]:
    wanted = {
        "electrolyte": "LiCl", "anode": "In", "width": 5, "max_area": 80, "max_strain": 0.15, "anode_thickness": 4,
        "electrolyte_thickness": 5, "time": 80, "equilibration": 20, "reference_time": 0, "frame_interval": 1,
        "windows": windows, "largest": 6, "max_force": 0.05,
    }  # fmt: skip
    return {"interface_md": wanted}


def _surface(*planes: list[int]) -> dict[str, Any]:
    wanted = {"phases": ["./dense.vasp"], "planes": list(planes), "layers": [3, 4, 5], "vacuum": 8, "slab_force": 0.05}
    return {"surface": wanted}


def _interface_energy(*layers: int) -> dict[str, Any]:
    wanted = {
        "film": "Al(001)", "substrate": "Li_fcc(001)", "film_layers": list(layers), "substrate_thickness": 5,
        "width": 2, "max_area": 40, "max_strain": 0.15, "vacuum": 8, "cell_force": 0.05, "max_force": 0.05,
    }  # fmt: skip
    return {"interface_energy": wanted}


SCENARIOS: Final = {
    "hulls": Scenario(
        {"first": _hull("Li", "In", "LiIn", "Li3In2"), "second": _hull("Li", "In", "Li13In3")}, "hull", (2.0, 25.0)
    ),
    "bands": Scenario({"first": _barrier(300), "second": _barrier(300, 600)}, "migration", (12.0, 50.0)),
    "interfaces": Scenario({"first": _interface(2), "second": _interface(4)}, "interface_md", (10.0, 60.0)),
    "surfaces": Scenario(
        {"first": _surface([1, 0, 0]), "second": _surface([1, 0, 0], [1, 1, 0])}, "wulff", (5.0, 40.0)
    ),
    "interface-energies": Scenario(
        {"first": _interface_energy(3, 5), "second": _interface_energy(3, 5, 7)}, "interface_energy", (5.0, 60.0)
    ),
}
"""Hulls with both references in common; the same migration barrier with other temperatures; the same run of an
interface, averaged over other windows; the surfaces of one crystal, with a plane more; the series of one interface,
with a film more."""
