"""Relaxations: what moves (ISIF), where it ends (EDIFFG, NSW), and going on from CONTCAR."""

from __future__ import annotations

import shutil
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pymatgen.io.vasp.inputs import Poscar
from pymatgen.io.vasp.outputs import Oszicar, Vasprun, Xdatcar

from lianode.hpc.rehearsal.main import run_folder
from lianode.hpc.rehearsal.poscar import read_poscar
from lianode.hpc.rehearsal.potential import evaluate

if TYPE_CHECKING:
    from pathlib import Path

RELAX = "IBRION = 2\nNSW = 80\nEDIFF = 1E-6\nEDIFFG = -0.01\nPOTIM = 0.5\n"
STRAINED = "LiIn\n1.0\n3.5 0.05 0.0\n0.0 3.3 0.0\n0.0 0.0 3.6\nLi In\n1 1\nDirect\n0.03 0.01 0.0\n0.5 0.5 0.5\n"
FIXED = (
    "LiIn\n1.0\n3.5 0 0\n0 3.5 0\n0 0 3.5\nLi In\n1 1\nSelective dynamics\nDirect\n"
    "0.06 0.03 0.0 T F F\n0.5 0.5 0.5 F F F\n"
)
REACHED = "reached required accuracy - stopping structural energy minimisation"


def vasprun(folder: Path) -> Vasprun:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Vasprun(str(folder / "vasprun.xml"), parse_potcar_file=False)


@pytest.mark.parametrize("isif", range(9))
def test_isif_moves_what_vasp_moves(rehearsed: Any, isif: int) -> None:
    """Ions in 0-4 and 8, shape in 3-6, volume in 3, 6, 7, 8."""
    folder = rehearsed(RELAX + f"ISIF = {isif}\n", poscar=STRAINED)
    start, end = read_poscar(folder / "POSCAR"), read_poscar(folder / "CONTCAR")
    strain = np.linalg.inv(start.lattice) @ end.lattice
    volume_moves = abs(end.volume / start.volume - 1) > 1e-6
    shape_moves = bool(np.abs(strain / np.linalg.det(strain) ** (1 / 3) - np.eye(3)).max() > 1e-6)
    apart = end.wrapped - start.wrapped
    assert bool(np.abs(apart - np.round(apart)).max() > 1e-6) == (isif in {0, 1, 2, 3, 4, 8})
    assert shape_moves == (isif in {3, 4, 5, 6})
    assert volume_moves == (isif in {3, 6, 7, 8})
    if volume_moves and not shape_moves:
        np.testing.assert_allclose(strain, strain[0, 0] * np.eye(3), atol=1e-10)
    assert REACHED in (folder / "OUTCAR").read_text()
    assert vasprun(folder).converged


@pytest.mark.parametrize("ibrion", ["1", "2", "3", "3\nSMASS = 0.4"])
def test_all_methods_find_the_cscl_lattice(rehearsed: Any, ibrion: str) -> None:
    """The relaxed cell is the cube of lowest energy, found here by a scan."""
    folder = rehearsed(RELAX.replace("IBRION = 2", f"IBRION = {ibrion}").replace("-0.01", "-0.002").replace("80", "400")
                       + "ISIF = 3\n")  # fmt: skip
    start = read_poscar(folder / "POSCAR")
    end = evaluate(read_poscar(folder / "CONTCAR")).energy
    lengths = np.linspace(3.2, 4.2, 201)
    ideal = np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
    scan = [evaluate(replace(start, lattice=a * np.eye(3), fractional=ideal)).energy for a in lengths]
    assert REACHED in (folder / "OUTCAR").read_text()
    assert end <= min(scan) + 1e-3


def test_force_criterion(rehearsed: Any) -> None:
    run = vasprun(rehearsed(RELAX + "ISIF = 2\n"))
    largest = [np.linalg.norm(step["forces"], axis=1).max() for step in run.ionic_steps]
    assert largest[-1] < 0.01
    assert min(largest[:-1]) >= 0.01


def test_energy_criterion(rehearsed: Any) -> None:
    run = vasprun(rehearsed(RELAX.replace("-0.01", "1E-4")))
    changes = np.abs(np.diff([step["e_0_energy"] for step in run.ionic_steps]))
    assert changes[-1] < 1e-4
    assert (changes[:-1] >= 1e-4).all()


def test_step_limit_leaves_it_unconverged_as_in_vasp(rehearsed: Any) -> None:
    folder = rehearsed(RELAX.replace("80", "2"))
    run = vasprun(folder)
    assert len(run.ionic_steps) == 2
    assert (run.converged_electronic, run.converged_ionic) == (True, False)
    assert REACHED not in (folder / "OUTCAR").read_text()
    assert "General timing" in (folder / "OUTCAR").read_text()


def test_convergence_in_the_last_allowed_step(rehearsed: Any) -> None:
    """VASP says so in OUTCAR, while pymatgen counts steps and says no."""
    needed = len(vasprun(rehearsed(RELAX, name="free")).ionic_steps)
    folder = rehearsed(RELAX.replace("80", str(needed)))
    assert REACHED in (folder / "OUTCAR").read_text()
    assert not vasprun(folder).converged_ionic


def test_every_file_has_every_step(rehearsed: Any) -> None:
    folder = rehearsed(RELAX + "ISIF = 3\n")
    run, frames = vasprun(folder), Xdatcar(folder / "XDATCAR").structures
    oszicar = Oszicar(folder / "OSZICAR")
    assert len(run.ionic_steps) == len(frames) == len(oszicar.ionic_steps) > 3
    for step, frame, line, cycle in zip(
        run.ionic_steps, frames, oszicar.ionic_steps, oszicar.electronic_steps, strict=True
    ):
        np.testing.assert_allclose(frame.lattice.matrix, step["structure"].lattice.matrix, atol=1e-6)
        np.testing.assert_allclose(frame.frac_coords, step["structure"].frac_coords, atol=1e-7)
        assert line["E0"] == pytest.approx(step["e_0_energy"], rel=1e-7)
        assert cycle[-1]["E"] == pytest.approx(step["e_0_energy"], abs=1e-8)
        assert len(cycle) == len(step["electronic_steps"])
        assert abs(cycle[-1]["dE"]) < 1e-6
    contcar = Poscar.from_file(folder / "CONTCAR").structure
    np.testing.assert_allclose(contcar.frac_coords, run.final_structure.frac_coords, atol=1e-8)
    np.testing.assert_allclose(contcar.frac_coords, run.ionic_steps[-1]["structure"].frac_coords, atol=1e-8)


def test_energy_goes_down(rehearsed: Any) -> None:
    energies = [step["e_0_energy"] for step in vasprun(rehearsed(RELAX)).ionic_steps]
    assert energies[-1] < energies[0]
    assert max(np.diff(energies)) < 0.05


def test_fixed_coordinates_stay_and_do_not_count(rehearsed: Any) -> None:
    folder = rehearsed(RELAX, poscar=FIXED)
    start, end = (Poscar.from_file(folder / name).structure.frac_coords for name in ("POSCAR", "CONTCAR"))
    moved = np.abs(end - start) > 1e-6
    assert moved.tolist() == [[True, False, False], [False, False, False]]
    run = vasprun(folder)
    assert run.converged
    assert np.abs(run.ionic_steps[-1]["forces"]).max() > 0.01  # the raw forces, as VASP prints them
    assert "Selective dynamics" in (folder / "CONTCAR").read_text()


def test_going_on_from_contcar_byte_for_byte(inputs: Any, rehearsed: Any) -> None:
    """A run stopped by NSW goes on at the positions of its last step and ends where the whole run ends."""
    first = rehearsed(RELAX.replace("80", "4") + "ISIF = 3\n", name="first")
    second = inputs(RELAX + "ISIF = 3\n", name="second")
    shutil.copyfile(first / "CONTCAR", second / "POSCAR")
    assert run_folder(second) == 0
    ended, began = vasprun(first), vasprun(second)
    assert began.ionic_steps[0]["e_0_energy"] == ended.ionic_steps[-1]["e_0_energy"]
    whole = vasprun(rehearsed(RELAX + "ISIF = 3\n", name="whole"))
    assert float(began.final_energy) == pytest.approx(float(whole.final_energy), abs=2e-3)


def test_potim_zero_moves_nothing(rehearsed: Any) -> None:
    """As plain VASP with the settings meant for the VTST patch: IBRION 3, POTIM 0."""
    folder = rehearsed("IBRION = 3\nPOTIM = 0\nNSW = 3\nEDIFFG = -0.001\n")
    run = vasprun(folder)
    assert len({step["e_0_energy"] for step in run.ionic_steps}) == 1
    assert not run.converged_ionic


def test_pressure(rehearsed: Any) -> None:
    """Under PSTRESS = 50 kB the relaxed cell pushes back with 50 kB."""
    run = vasprun(rehearsed(RELAX.replace("-0.01", "-0.001") + "ISIF = 3\nPSTRESS = 50\n"))
    assert np.trace(run.ionic_steps[-1]["stress"]) / 3 == pytest.approx(50, abs=1)


def test_scf_that_never_converges(rehearsed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANODE_REHEARSAL", "{unconverged_scf: true}")
    folder = rehearsed("NELM = 12\n")
    run = vasprun(folder)
    assert len(run.ionic_steps[0]["electronic_steps"]) == 12
    assert not run.converged_electronic
    text = (folder / "OUTCAR").read_text()
    assert "aborting loop because EDIFF is reached" not in text
    assert "EDIFF was not reached" in text


def test_one_unconverged_cycle_on_the_way(rehearsed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANODE_REHEARSAL", "{unconverged_scf: [2]}")
    run = vasprun(rehearsed(RELAX + "NELM = 20\n"))
    assert [len(step["electronic_steps"]) == 20 for step in run.ionic_steps[:3]] == [False, True, False]
    assert run.converged
