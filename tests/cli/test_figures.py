"""The figures of a campaign in one go, as a run and an archive draw them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lianode.analysis.energies import PhaseEnergy
from lianode.analysis.hull.hull import hull
from lianode.analysis.interface_energy.document import InterfaceEnergyDocument, SeriesPoint
from lianode.analysis.method import MethodKey
from lianode.analysis.surface.energy import SlabEnergy
from lianode.analysis.surface.surface import surface_document
from lianode.cli.figures import draw_everything
from lianode.hpc.settings import load_settings, write_default
from lianode.hpc.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lianode.analysis.documents import PropertyDocument
    from lianode.hpc.store import ResultsStore

METHOD = MethodKey(program="morse", functional="test potential")


def energy(name: str, formula: dict[str, int], per_atom: float) -> PhaseEnergy:
    return PhaseEnergy(
        name=name, formula="".join(formula), composition=formula, energy=per_atom * sum(formula.values()),
        volume=10.0 * sum(formula.values()), method=METHOD, calculation_key=name,
    )  # fmt: skip


def documents() -> list[PropertyDocument]:
    """A hull as stores held it before entries were counted, a surface and an interface."""
    phases = [energy("Li", {"Li": 1}, -1.9), energy("In", {"In": 1}, -2.6), energy("LiIn", {"Li": 1, "In": 1}, -2.5)]
    common: dict[str, Any] = {"engine": "morse", "campaign": "old"}
    slabs = [
        SlabEnergy(layers=n, thickness=2.0 * n, formula_units=n, excess={}, n_atoms=n, area=10.0,
                   energy=-1.9 * n + 0.6, method=METHOD, calculation_key=str(n))
        for n in (5, 7, 9)
    ]  # fmt: skip
    surface = surface_document(
        phases[0], unrelaxed=slabs, relaxed=[], plane=(1, 0, 0), plane_label="(100)", equal_planes=[(1, 0, 0)],
        termination="Li|Li", kind="stoichiometric", system="Li", **common,
    )  # fmt: skip
    points = [
        SeriesPoint(
            layers=n, film_units=n, substrate_units=4, atoms=n + 4, energy=-9.0, with_bulk_at_rest=0.02 + n / 1e3
        )
        for n in (5, 7, 9)
    ]
    interface = InterfaceEnergyDocument(
        system="Li-In", method=METHOD, interface="Li(001)/In(001)", film="Li", substrate="In", film_strain=0.01,
        substrate_strain=0.0, area=20.0, series=points, interface_energy=0.02, strain_energy_per_unit=0.04, **common,
    )  # fmt: skip
    return [hull(phases, system="Li-In", **common), surface, interface]


@pytest.fixture
def results(tmp_path: Path) -> Iterator[ResultsStore]:
    store = open_store(load_settings(write_default(tmp_path)))
    yield store
    store.close()


def test_everything_that_can_be_drawn_is(results: ResultsStore, tmp_path: Path) -> None:
    stored = [document.model_dump(mode="json") for document in documents()]
    assert "entry" not in stored[0]["settings"]
    drawn = {path.name for path in draw_everything(stored, results, tmp_path / "figures", None)}
    assert {"hull-Li-In.png", "surface-Li.png", "interface_energy-Li-001-In-001.png"} <= drawn
    reacted = stored[2] | {"reacted": True, "interface_energy": None, "strain_energy_per_unit": None}
    drawn = {path.name for path in draw_everything([reacted], results, tmp_path / "reacted", None)}
    assert "interface_energy-Li-001-In-001.png" in drawn
