"""Figures of surfaces and of equilibrium shapes, and the tables behind them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from lianode_test_drawn import text_of

from lianode.analysis.energies import PhaseEnergy
from lianode.analysis.hull.chemical_limits import ChemicalLimit
from lianode.analysis.method import MethodKey
from lianode.analysis.plots.data import data_csv
from lianode.analysis.plots.surface import surface_figure, wulff_figure
from lianode.analysis.surface.energy import J_PER_M2, SlabEnergy
from lianode.analysis.surface.surface import surface_document
from lianode.analysis.surface.wulff_document import wulff_document
from lianode.structures.errors import InputError
from lianode.structures.library import phase
from lianode.structures.surfaces.planes import plane_family

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.analysis.surface.surface import SurfaceDocument
    from lianode.analysis.surface.wulff_document import WulffDocument

METHOD = MethodKey(program="morse", functional="test potential", model="Morse")


def slabs(energy: float, *, excess: dict[str, int] | None = None, name: str = "") -> list[SlabEnergy]:
    return [
        SlabEnergy(
            layers=n, thickness=2.0 * n, formula_units=n, excess=excess or {}, n_atoms=2 * n, area=1.0,
            energy=2.0 * energy, method=METHOD, calculation_key=f"{name}{n}",
        )
        for n in (4, 6, 8)
    ]  # fmt: skip


def surface(
    plane: tuple[int, int, int], energy: float, termination: str = "LiCl|LiCl", **changes: Any
) -> SurfaceDocument:
    crystal = phase("LiCl")
    bulk = PhaseEnergy(
        name="LiCl", formula="LiCl", composition={"Li": 1, "Cl": 1}, energy=0.0, volume=1.0, method=METHOD
    )
    same = plane_family(crystal, plane)
    fields = {
        "unrelaxed": slabs(energy + 0.002), "relaxed": slabs(energy, name="r"), "plane": plane,
        "plane_label": same.label, "equal_planes": same.equal, "termination": termination, "kind": "stoichiometric",
        "engine": "morse", "campaign": "test", "system": "Li-Cl",
    }  # fmt: skip
    return surface_document(bulk, **(fields | changes))


def charged() -> SurfaceDocument:
    limits = [
        ChemicalLimit(neighbours=(name,), relative={"Li": mu, "Cl": -mu}, absolute={"Li": mu, "Cl": -mu})
        for name, mu in (("Li_bcc", 0.0), ("Cl_A14", -0.05))
    ]
    series = {state: slabs(0.03, excess={"Li": 1}, name=state) for state in ("unrelaxed", "relaxed")}
    return surface((1, 1, 1), 0.03, "Li|Cl", kind="non-stoichiometric", limits=limits, **series)


def shape() -> WulffDocument:
    cell = np.asarray(phase("LiCl").structure.lattice.matrix)
    return wulff_document([surface((1, 0, 0), 0.01), surface((1, 1, 0), 0.02), charged()], cell)


@pytest.mark.parametrize("size", ["column", "slide"])
def test_bars_say_what_they_are(size: str, tmp_path: Path) -> None:
    documents = [charged(), surface((1, 1, 0), 0.02, "x|x#2", relaxed=[]), surface((1, 0, 0), 0.01)]
    figure = surface_figure([one.model_dump(mode="json") for one in documents], size=size)
    (axes,) = figure.axes
    widths = [bar.get_width() for bar in axes.patches]
    assert widths == pytest.approx([J_PER_M2 * energy for energy in (0.01, 0.022, 0.03)])  # the lowest on top
    words = " ".join(text_of(figure, tmp_path).split())
    for text in ("(100)", "Circles: slabs as they were cut.", "Hatched: not relaxed.", "in equilibrium with Li_bcc"):
        assert text.replace(" ", "") in words.replace(" ", "")
    box = figure.bbox
    for tick in axes.get_yticklabels():
        assert tick.get_window_extent().x0 >= box.x0


def test_a_shape_names_its_planes(tmp_path: Path) -> None:
    found = shape()
    words = text_of(wulff_figure(found.model_dump(mode="json")), tmp_path)
    assert "(100) 0.16, 100%" in words
    assert "(110) 0.32, 0%" in words  # outside the cube: √2 times the energy of (100) would touch its edges
    assert "In equilibrium with Li_bcc." in words


def test_what_cannot_be_drawn() -> None:
    cell = np.asarray(phase("In").structure.lattice.matrix)
    with pytest.raises(InputError, match="no surface has an energy"):
        surface_figure([])
    with pytest.raises(InputError, match="one phase with one method"):
        surface_figure([surface((1, 0, 0), 0.01), surface((1, 0, 0), 0.01).model_copy(update={"phase": "Li2S"})])
    open_prism = surface((1, 0, 0), 0.01, equal_planes=[(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0)])
    with pytest.raises(InputError, match="no equilibrium shape"):
        wulff_figure(wulff_document([open_prism], cell))


def table_of(document: Any) -> list[dict[str, str]]:
    lines = [line for line in data_csv(document).splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def test_tables_hold_what_is_drawn() -> None:
    rows = table_of(charged())
    energies = {(row["quantity"], row["state"], row["in_equilibrium_with"]): row for row in rows[:3]}
    relaxed = energies["surface energy", "relaxed", "Li_bcc"]
    assert float(relaxed["surface_energy_J_per_m2"]) == pytest.approx(J_PER_M2 * 0.03)
    poor = energies["surface energy", "relaxed", "Cl_A14"]
    assert float(poor["surface_energy_eV_per_A2"]) == pytest.approx(0.03 + 0.05 / 2.0)
    assert [row["layers"] for row in rows[3:]] == ["4", "6", "8"] * 2
    assert [row["area_fraction"] for row in table_of(shape())] == ["1.000000", "0.000000", "0.000000"]
