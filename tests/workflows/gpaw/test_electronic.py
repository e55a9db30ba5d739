"""Real electronic structures with GPAW, at settings that take seconds: a gap, and the work function of a metal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from lianode.analysis.electronic.density import density_of_states
from lianode.analysis.electronic.gap import band_gap
from lianode.analysis.electronic.levels import Levels
from lianode.analysis.electronic.potential import vacuum_levels
from lianode.structures.errors import InputError
from lianode.workflows.calculation import State
from lianode.workflows.engine import Capability, RunContext
from lianode.workflows.engines.gpaw import installation
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.task import ElectronicTask

if TYPE_CHECKING:
    from pathlib import Path


def _missing() -> str | None:
    try:
        installation.installation()
    except InputError as error:
        return str(error)
    return None


WHY_NOT = _missing()
pytestmark = [pytest.mark.gpaw, pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))]


def test_lithium_chloride_has_its_gap(tmp_path: Path) -> None:
    """PBE at 5.15 Å: direct at Γ, 6.2 to 6.4 eV in the literature; the valence band is chlorine's p."""
    half = 5.15 / 2
    cell = Structure(Lattice([[0, half, half], [half, 0, half], [half, half, 0]]), ["Li", "Cl"], [[0] * 3, [0.5] * 3])
    engine = make_engine({"name": "gpaw", "encut": 250, "k_mesh": [2, 2, 2]})
    assert Capability.ELECTRONIC_STRUCTURE in engine.capabilities
    task = ElectronicTask(outputs=("gap", "dos", "projected_dos", "potential"))
    done = engine.electronic("key", task, cell, RunContext(tmp_path))
    assert done.state is State.CONVERGED, done.reason
    assert done.electronic is not None
    assert done.electronic.k_mesh == (4, 4, 4)
    assert done.electronic.potential is not None
    assert done.electronic.potential.mean == pytest.approx(0, abs=1e-6)
    levels = Levels.read(tmp_path / "levels.npz")
    gap = band_gap(levels)
    assert gap.direct
    assert gap.valence_k_point == (0.0, 0.0, 0.0)
    assert gap.band_gap == pytest.approx(6.3, abs=0.15)
    assert levels.n_electrons == pytest.approx(8)
    density = density_of_states(levels, gap, broadening=0.1)
    assert density.integrated_electrons == pytest.approx(8, abs=1e-3)
    assert set(density.projected) == {"Li s", "Li p", "Cl s", "Cl p"}
    for name in density.projected:  # electrons in spheres: never more than there are
        assert (levels.projections[name] <= 1).all()
    inside = sum(np.array(rows[0]) for rows in density.projected.values())
    assert (inside <= np.array(density.total[0]) + 1e-6).all()
    top = np.array(density.energies)
    valence = (top > -4) & (top < 0.3)
    share = {name: np.array(rows[0])[valence].sum() for name, rows in density.projected.items()}
    assert share["Cl p"] > 0.9 * sum(share.values())


def test_lithium_has_a_work_function(tmp_path: Path) -> None:
    """Three layers of Li(001), coarse: near the 2.9 to 3.0 eV of thick slabs, the same on both sides."""
    a, height = 3.44, 20.0
    places = [[0, 0, height / 2 - a / 2], [a / 2, a / 2, height / 2], [0, 0, height / 2 + a / 2]]
    slab = Structure(Lattice.tetragonal(a, height), ["Li"] * 3, places, coords_are_cartesian=True)
    engine: Any = make_engine({"name": "gpaw", "encut": 150, "k_mesh": [4, 4, 1], "variant": "slab"})
    task = ElectronicTask(outputs=("gap", "potential"), k_factor=1.0)
    done = engine.electronic("key", task, slab, RunContext(tmp_path))
    assert done.state is State.CONVERGED, done.reason
    assert band_gap(Levels.read(tmp_path / "levels.npz")).metal
    potential = done.electronic.potential
    assert not potential.periodic
    below, above = vacuum_levels(potential.centred())
    assert below.value == pytest.approx(above.value, abs=5e-3)
    assert max(below.flatness, above.flatness) < 0.02
    assert above.value - done.electronic.fermi_level == pytest.approx(3.0, abs=0.4)


def test_hybrids_are_vasps(tmp_path: Path) -> None:
    cell = Structure(Lattice.cubic(3.44), ["Li"], [[0, 0, 0]])
    with pytest.raises(InputError, match="hybrid functionals are computed with vasp"):
        make_engine("gpaw").electronic("key", ElectronicTask(hybrid=True), cell, RunContext(tmp_path))


def test_thirds_with_few_digits_are_a_crystal_too(tmp_path: Path) -> None:
    """Hexagonal lithium whose thirds have six digits: its operations do not add up to GPAW's 1e-10."""
    cell = Structure(
        Lattice.hexagonal(3.09, 5.05), ["Li", "Li"], [[0.333333, 0.666667, 0.25], [0.666667, 0.333334, 0.75]]
    )
    task = ElectronicTask(k_factor=1.0)
    done = make_engine({"name": "gpaw", "encut": 120, "k_mesh": [2, 2, 2]}).electronic(
        "key", task, cell, RunContext(tmp_path)
    )
    assert done.state is State.CONVERGED, done.reason
