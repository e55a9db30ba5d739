"""Electronic structures with VASP: its inputs, the rehearsal's outputs with what is known of them, and real ones."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from lianode.analysis.electronic.density import density_of_states
from lianode.analysis.electronic.gap import band_gap
from lianode.analysis.electronic.levels import Levels, States
from lianode.analysis.electronic.potential import macroscopic_average, vacuum_levels
from lianode.structures.errors import InputError
from lianode.workflows.calculation import State
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.engines.vasp.inputs import input_set
from lianode.workflows.engines.vasp.kpoints import dense_mesh
from lianode.workflows.engines.vasp.levels import read_levels, read_potential, read_states
from lianode.workflows.task import ElectronicTask

if TYPE_CHECKING:
    from collections.abc import Callable

    from lianode.workflows.calculation import Calculation
    from lianode.workflows.engines.vasp.commands import VaspCommands

pytestmark = pytest.mark.vasp
REFERENCE = next(
    (path for parent in Path(__file__).parents if (path := parent / "shared" / "reference" / "vasp").is_dir()), None
)
needs_reference = pytest.mark.skipif(REFERENCE is None, reason="shared/reference/vasp is not here")
REHEARSAL: dict[str, Any] = {"name": "vasp", "encut": 250, "rehearsal": True}


def incar(task: ElectronicTask, structure: Structure, **settings: Any) -> dict[str, Any]:
    pytest.importorskip("atomate2")
    return dict(input_set(settings, task, structure).incar)


def test_a_crystal_gets_tetrahedra_and_a_dense_even_mesh(crystal: Callable[[str], Structure]) -> None:
    task = ElectronicTask(outputs=("gap", "dos", "projected_dos"))
    made = input_set({}, task, crystal("LiCl"))
    assert made.mesh == (24, 24, 24)  # 15 of an energy, times 1.5, made even
    tags = made.incar
    assert (tags["ISMEAR"], tags["LORBIT"], tags["NSW"]) == (-5, 11, 0)
    assert tags["NEDOS"] >= 2000
    assert tags["NBANDS"] > 10 / 2 + 4
    assert "LVHAR" not in tags
    assert "LDIPOL" not in tags


def test_a_slab_gets_its_potential_and_a_dipole_correction(crystal: Callable[[str], Structure]) -> None:
    task = ElectronicTask(outputs=("gap", "potential"), k_factor=1.0)
    made = input_set({"variant": "slab"}, task, crystal("LiCl100"))
    assert made.mesh[2] == 1
    assert all(n % 2 == 0 for n in made.mesh[:2])
    tags = made.incar
    assert (tags["LVHAR"], tags["LDIPOL"], tags["IDIPOL"], tags["ISMEAR"]) == (True, True, 3, 0)
    assert "LVTOT" not in tags  # exchange and correlation reach far into the vacuum


def test_a_hybrid_is_hse06(crystal: Callable[[str], Structure]) -> None:
    task = ElectronicTask(hybrid=True)
    tags = incar(task, crystal("LiCl"))
    assert (tags["LHFCALC"], tags["HFSCREEN"], tags["AEXX"], tags["GGA"]) == (True, 0.2, 0.25, "Pe")
    assert tags["ISMEAR"] == 0
    with pytest.raises(InputError, match="HSE06 is built on pbe, not on pbesol"):
        incar(task, crystal("LiCl"), functional="pbesol")
    with pytest.raises(InputError, match="statics and relaxations of bulk crystals only"):
        incar(ElectronicTask(), crystal("LiCl"), preset="mp-gga")


@pytest.mark.parametrize(
    ("lattice", "mesh", "factor", "expected"),
    [
        (Lattice.cubic(4), (15, 15, 15), 1.5, (24, 24, 24)),
        (Lattice.cubic(4), (4, 4, 1), 1.5, (6, 6, 1)),
        (Lattice.cubic(4), (5, 4, 1), 1.0, (6, 4, 1)),
        (Lattice.cubic(4), (1, 1, 1), 2.0, (1, 1, 1)),
        (Lattice.hexagonal(4, 7), (5, 5, 3), 1.5, (12, 12, 6)),
        (Lattice.hexagonal(4, 7), (2, 2, 1), 1.0, (2, 2, 1)),
        (Lattice.from_parameters(4, 4, 7, 90, 90, 60), (7, 7, 4), 1.0, (12, 12, 4)),
        (Lattice.from_parameters(4, 4, 4, 60, 60, 60), (7, 7, 7), 1.0, (8, 8, 8)),
    ],
)
def test_dense_meshes_are_even(lattice: Lattice, mesh: Any, factor: float, expected: Any) -> None:
    """Those of a hexagonal cell contain K = (1/3, 1/3, 0), and so do their halves."""
    assert dense_mesh(Structure(lattice, ["Li"], [[0, 0, 0]]), mesh, factor) == expected


def rehearsed(folder: Path, structure: Structure, task: ElectronicTask, **settings: Any) -> Calculation:
    done = make_engine({**REHEARSAL, **settings}).electronic("key", task, structure, RunContext(folder))
    assert done.state is State.CONVERGED, done.reason
    assert done.electronic is not None
    return done


def test_the_rehearsal_has_the_gap_of_its_model(
    rehearsal: VaspCommands, tmp_path: Path, crystal: Callable[[str], Structure]
) -> None:
    from lianode.hpc.rehearsal.bands import GAP_eV

    task = ElectronicTask(outputs=("gap", "dos", "projected_dos", "potential"), k_factor=1.0)
    done = rehearsed(tmp_path, crystal("LiCl"), task, k_mesh=[4, 4, 4])
    assert done.method.program == "vasp-rehearsal"
    levels, states = Levels.read(tmp_path / "levels.npz"), States.read(tmp_path / "states.npz")
    gap = band_gap(levels)
    assert gap.band_gap == pytest.approx(GAP_eV, abs=1e-5)
    assert levels.n_electrons == pytest.approx(10)
    assert states.method == "tetrahedra"
    density = density_of_states(levels, gap, broadening=0.1, own=states)
    assert density.integrated_electrons == pytest.approx(10, abs=1e-3)
    assert set(density.projected) == {"Li s", "Cl p"}
    total, parts = np.array(density.total[0]), {name: np.array(rows[0]) for name, rows in density.projected.items()}
    np.testing.assert_allclose(parts["Li s"] + parts["Cl p"], total, atol=0.01 * total.max())
    assert parts["Li s"].sum() / total.sum() == pytest.approx(3 / 10, rel=0.01)
    assert done.electronic is not None
    assert done.electronic.potential is not None
    assert done.electronic.potential.mean == pytest.approx(0, abs=1e-9)


def test_the_rehearsal_has_the_work_function_of_its_model(
    rehearsal: VaspCommands, tmp_path: Path, crystal: Callable[[str], Structure]
) -> None:
    from lianode.hpc.rehearsal.volumetric import WORK_FUNCTION_eV

    task = ElectronicTask(outputs=("gap", "potential"), k_factor=1.0)
    done = rehearsed(tmp_path, crystal("LiCl100"), task, variant="slab", k_mesh=[2, 2, 1])
    assert done.electronic is not None
    assert done.electronic.potential is not None
    potential = done.electronic.potential.centred()
    below, above = vacuum_levels(potential)
    for level in (below, above):
        assert level.value - done.electronic.fermi_level == pytest.approx(WORK_FUNCTION_eV, abs=1e-4)
        assert level.flatness < 1e-4
    assert macroscopic_average(potential, 2.565).min() < below.value - 1.0


def plain(name: str, folder: Path) -> Path:
    """Return a reference file as VASP left it."""
    assert REFERENCE is not None
    path = REFERENCE / name
    if path.exists():
        return path
    unpacked = folder / path.name
    unpacked.write_bytes(gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes()))
    return unpacked


@needs_reference
@pytest.mark.parametrize(
    ("folder", "elements", "mesh", "gap", "direct", "electrons"),
    [
        ("static-gaas-r2scan", ["Ga", "As"], (9, 9, 9), 1.2279, True, 18),
        ("static-si-locpot", ["Si", "Si"], (1, 1, 1), 0.6506, False, 8),
        ("slab-mos2-planar-average", ["Mo", "S", "S"], (1, 1, 1), 1.7232, False, 24),
    ],
)
def test_real_gaps(  # noqa: PLR0917 - what is known of each file
    folder: str, elements: list[str], mesh: Any, gap: float, direct: bool, electrons: int, tmp_path: Path
) -> None:
    """Those of pymatgen's band structures; the levels of Si and GaAs are on meshes with indirect and direct gaps."""
    states, fermi_level = read_states(plain(f"{folder}/DOSCAR", tmp_path), elements, "tetrahedra")
    levels = read_levels(plain(f"{folder}/EIGENVAL", tmp_path), mesh, fermi_level)
    found = band_gap(levels)
    assert found.band_gap == pytest.approx(gap, abs=1e-4)
    assert found.direct is direct
    assert levels.n_electrons == pytest.approx(electrons, abs=1e-4)
    if states.projected:  # not the average over a relaxation
        density = density_of_states(levels, found, broadening=0.1, own=states)
        assert density.integrated_electrons == pytest.approx(electrons, abs=0.01)
        assert {name.split()[0] for name in density.projected} == set(elements)


@needs_reference
def test_levels_without_occupations_are_refused(tmp_path: Path) -> None:
    """VASP 5.2 writes none, and pymatgen puts zeros."""
    with pytest.raises(InputError, match=r"its occupations hold 0\.000 of 98 electrons"):
        read_levels(plain("static-al32mg-pbe/EIGENVAL", tmp_path), (2, 2, 2), 8.3)


@needs_reference
def test_a_real_potential(tmp_path: Path) -> None:
    """Of bulk silicon: zero on average, as VASP's are, and constant when it is averaged over its period."""
    found = read_potential(plain("static-si-locpot/LOCPOT", tmp_path))
    assert len(found.values) == 60
    assert found.mean == pytest.approx(0, abs=1e-9)
    assert max(found.values) - min(found.values) > 10
    assert np.ptp(macroscopic_average(found, found.cell_height)) < 1e-3


@pytest.mark.parametrize("name", ["EIGENVAL", "DOSCAR", "LOCPOT"])
def test_what_is_cut_is_refused(
    name: str, rehearsal: VaspCommands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of a file, and none at all."""
    lithium = Structure(Lattice.cubic(3.44), ["Li", "Li"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    task = ElectronicTask(outputs=("gap", "dos", "potential"), k_factor=1.0)
    rehearsed(tmp_path, lithium, task, k_mesh=[2, 2, 2])
    path = tmp_path / "attempt-01" / name
    text = path.read_text(encoding="utf-8")
    readers: dict[str, Callable[[], object]] = {
        "EIGENVAL": lambda: read_levels(path, (2, 2, 2), 0.0),
        "DOSCAR": lambda: read_states(path, ["Li", "Li"], "tetrahedra"),
        "LOCPOT": lambda: read_potential(path),
    }
    path.write_text(text[: len(text) // 2], encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        readers[name]()
    path.unlink()
    with pytest.raises(InputError, match="cannot be read"):
        readers[name]()
