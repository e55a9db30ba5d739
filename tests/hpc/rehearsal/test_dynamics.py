"""Molecular dynamics: conserved energy, temperatures, and runs in parts that equal the whole."""

from __future__ import annotations

import shutil
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ase.build import bulk
from pymatgen.io.ase import AseAtomsAdaptor
from pymatgen.io.vasp.inputs import Poscar
from pymatgen.io.vasp.outputs import Oszicar, Vasprun, Xdatcar

from lianode.hpc.rehearsal.dynamics import BOLTZMANN, Dynamics, Thermostat
from lianode.hpc.rehearsal.main import run_folder
from lianode.hpc.rehearsal.poscar import Geometry, read_poscar
from lianode.hpc.rehearsal.potential import Evaluation

if TYPE_CHECKING:
    from pathlib import Path

MD = "IBRION = 0\nTEBEG = 300\nPOTIM = 2\nLCHARG = F\nLWAVE = F\nEDIFF = 1E-4\n"
NOSE, NVE = "MDALGO = 2\nSMASS = 0\n", "SMASS = -3\n"
GAMMA = "k\n0\nGamma\n1 1 1\n"
LI = Poscar(AseAtomsAdaptor.get_structure(bulk("Li", "fcc", a=4.3, cubic=True).repeat((2, 2, 1)))).get_str()
FILES = {"poscar": LI, "potcar": "Li_sv\n", "kpoints": GAMMA}


def vasprun(folder: Path) -> Vasprun:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Vasprun(str(folder / "vasprun.xml"), parse_dos=False, parse_potcar_file=False)


@pytest.mark.parametrize("thermostat", [NVE, NOSE, "MDALGO = 1\nANDERSEN_PROB = 0\n"])
def test_conserved_energy_drifts_little(rehearsed: Any, thermostat: str) -> None:
    folder = rehearsed(MD + thermostat + "NSW = 60\n", **FILES)
    lines = Oszicar(folder / "OSZICAR").ionic_steps
    total = np.array([line["E"] for line in lines])
    kinetic = np.array([line["EK"] for line in lines])
    assert np.ptp(kinetic) > 0.05
    assert np.ptp(total) < 0.02 * np.ptp(kinetic)
    steps = vasprun(folder).ionic_steps
    assert [step["total"] for step in steps] == pytest.approx(total, rel=1e-6)
    sums = [step["e_0_energy"] + step["kinetic"] + step["nosepot"] + step["nosekinetic"] for step in steps]
    assert sums == pytest.approx([step["total"] for step in steps], abs=1e-6)


def harmonic(geometry: Geometry) -> Evaluation:
    """Independent springs of 1 eV/Å² around the middle of the cell."""
    apart = geometry.cartesian - geometry.lattice.sum(axis=0) / 2
    return Evaluation(0.5 * float((apart**2).sum()), -apart, np.zeros((3, 3)))


def oscillators(kind: str, **options: Any) -> np.ndarray:
    """Temperatures of 60 oscillators with a thermostat at 400 K."""
    count = 60
    start = Geometry("x", 40.0 * np.eye(3), ("Li",), (count,), np.full((count, 3), 0.5))
    masses = np.full(count, 6.94)
    options.setdefault("friction", None)
    thermostat = Thermostat(kind, 400.0, 400.0, **options)
    motion = Dynamics(start, masses=masses, time_step=2.0, n_steps=3000, thermostat=thermostat, seed=3)
    geometry, temperatures = start, []
    for _ in range(3000):
        move = motion.advance(geometry, harmonic(geometry))
        assert move.md is not None
        temperatures.append(move.md.temperature)
        geometry = move.geometry
    return np.array(temperatures)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("nose", {}), ("andersen", {"probability": 0.05}), ("langevin", {"friction": np.full(60, 20.0)}), ("rescale", {})],
)
def test_thermostats_keep_their_temperature(kind: str, options: dict[str, Any]) -> None:
    assert oscillators(kind, **options)[500:].mean() == pytest.approx(400, rel=0.06)


def test_maxwell_start(inputs: Any) -> None:
    from lianode.hpc.rehearsal.run import mover
    from lianode.hpc.rehearsal.settings import read_settings

    settings = read_settings(inputs(MD + "NSW = 1\n", **FILES))
    motion = mover(settings)
    assert isinstance(motion, Dynamics)
    momentum = (settings.masses[:, None] * motion.velocity).sum(axis=0)
    assert momentum == pytest.approx([0, 0, 0], abs=1e-12)
    kinetic = 0.5 * (settings.masses[:, None] * motion.velocity**2).sum() / 9.64853321e-3
    assert 2 * kinetic / (3 * (len(settings.masses) - 1)) / BOLTZMANN == pytest.approx(300, rel=1e-9)


@pytest.mark.parametrize("thermostat", [NVE, NOSE])
def test_two_halves_are_the_whole(inputs: Any, rehearsed: Any, thermostat: str) -> None:
    """CONTCAR copied byte for byte carries positions, velocities and thermostat."""
    whole = rehearsed(MD + thermostat + "NSW = 12\n", name="whole", **FILES)
    first = rehearsed(MD + thermostat + "NSW = 6\n", name="first", **FILES)
    second = inputs(MD + thermostat + "NSW = 6\n", name="second", **FILES)
    shutil.copyfile(first / "CONTCAR", second / "POSCAR")
    assert run_folder(second) == 0
    parts = [line["E"] for folder in (first, second) for line in Oszicar(folder / "OSZICAR").ionic_steps]
    assert parts == pytest.approx([line["E"] for line in Oszicar(whole / "OSZICAR").ionic_steps], rel=2e-8)
    frames = Xdatcar(first / "XDATCAR").structures + Xdatcar(second / "XDATCAR").structures
    for mine, theirs in zip(frames, Xdatcar(whole / "XDATCAR").structures, strict=True):
        apart = mine.frac_coords - theirs.frac_coords
        assert np.abs(apart - np.round(apart)).max() < 2e-8
    assert read_poscar(second / "CONTCAR").lattice.tolist() == read_poscar(whole / "CONTCAR").lattice.tolist()


def test_contcar_holds_the_next_positions(rehearsed: Any) -> None:
    folder = rehearsed(MD + NOSE + "NSW = 3\n", **FILES)
    run = vasprun(folder)
    contcar = Poscar.from_file(folder / "CONTCAR")
    np.testing.assert_allclose(contcar.structure.frac_coords, run.final_structure.frac_coords, atol=1e-8)
    apart = contcar.structure.frac_coords - run.ionic_steps[-1]["structure"].frac_coords
    moved = (apart - np.round(apart)) @ run.final_structure.lattice.matrix
    np.testing.assert_allclose(moved / 2.0, np.array(contcar.velocities), atol=1e-7)  # Å/fs times 2 fs
    assert run.converged
    assert "reached required accuracy" not in (folder / "OUTCAR").read_text()
    assert "mean temperature" not in (folder / "OUTCAR").read_text()


def test_temperature_ramp(rehearsed: Any) -> None:
    lines = Oszicar(rehearsed(MD + "TEEND = 100\nSMASS = -1\nNSW = 30\n", **FILES) / "OSZICAR").ionic_steps
    temperatures = [line["T"] for line in lines]
    assert temperatures[0] == pytest.approx(300, rel=0.1)
    assert temperatures[-1] == pytest.approx(107, rel=0.1)


def test_continued_stochastic_runs_draw_other_numbers(rehearsed: Any) -> None:
    langevin = "MDALGO = 3\nLANGEVIN_GAMMA = 20\nISIF = 2\nNSW = 4\n"
    one, same = (rehearsed(MD + langevin, name=name, **FILES) for name in ("one", "same"))
    assert (one / "XDATCAR").read_text() == (same / "XDATCAR").read_text()
    moved = LI.replace("0.5", "0.51", 1)
    other = rehearsed(MD + langevin, name="other", **{**FILES, "poscar": moved})
    assert (one / "OSZICAR").read_text() != (other / "OSZICAR").read_text()
