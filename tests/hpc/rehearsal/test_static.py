"""One ionic step: pymatgen reads the numbers of the potential from every file."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pymatgen.io.vasp.inputs import Poscar
from pymatgen.io.vasp.outputs import Chgcar, Eigenval, Locpot, Oszicar, Outcar, Vasprun, Xdatcar

from lianode.hpc.rehearsal.bands import GAP_eV
from lianode.hpc.rehearsal.potential import KBAR_PER_EV_A3, calculator
from lianode.hpc.rehearsal.volumetric import WORK_FUNCTION_eV
from lianode.workflows.engines.morse import MorseCalculator

if TYPE_CHECKING:
    from pathlib import Path

STATIC = "SYSTEM = LiIn & <more>\nENCUT = 320\nISMEAR = 1\nSIGMA = 0.1\nEDIFF = 1E-7\n"
LICL = "LiCl\n1.0\n0 2.5 2.5\n2.5 0 2.5\n2.5 2.5 0\nLi Cl\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n"
SLAB = "slab\n1.0\n3.2 0 0\n0 3.2 0\n0 0 20\nLi\n3\nDirect\n0 0 0.4\n0.5 0.5 0.5\n0 0 0.6\n"


def vasprun(folder: Path, **options: Any) -> Vasprun:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Vasprun(str(folder / "vasprun.xml"), parse_potcar_file=False, **options)


def test_every_file_tells_the_energy_of_the_potential(rehearsed: Any) -> None:
    folder = rehearsed(STATIC)
    atoms = Poscar.from_file(folder / "POSCAR").structure.to_ase_atoms()
    atoms.calc = MorseCalculator()
    energy = atoms.get_potential_energy()
    run, outcar, oszicar = vasprun(folder), Outcar(folder / "OUTCAR"), Oszicar(folder / "OSZICAR")
    assert float(run.final_energy) == pytest.approx(energy, abs=1e-8)
    assert outcar.final_energy == pytest.approx(energy, abs=1e-8)
    assert outcar.final_fr_energy == pytest.approx(energy, abs=1e-8)
    assert oszicar.final_energy == pytest.approx(energy, rel=1e-7)
    np.testing.assert_allclose(run.ionic_steps[-1]["forces"], atoms.get_forces(), atol=1e-8)
    expected = -atoms.get_stress(voigt=False) * KBAR_PER_EV_A3
    np.testing.assert_allclose(run.ionic_steps[-1]["stress"], expected, atol=1e-6)
    outcar.read_pattern({"pressure": r"external pressure =\s+([-.\d]+) kB"}, postprocess=float)
    assert outcar.data["pressure"][0][0] == pytest.approx(np.trace(expected) / 3, abs=0.01)
    row = r"\s+([-.\d]+)\s+([-.\d]+)\s+([-.\d]+)\s+([-.\d]+)\s+([-.\d]+)\s+([-.\d]+)"
    forces = outcar.read_table_pattern(r"TOTAL-FORCE \(eV/Angst\)\n\s-+\n", row, r"\s-+", postprocess=float)
    np.testing.assert_allclose(np.array(forces)[:, 3:], atoms.get_forces(), atol=1e-6)


def test_settings_are_told_back(rehearsed: Any) -> None:
    run = vasprun(rehearsed(STATIC + "LREAL = Auto\nALGO = Normal\nMAGMOM = 2*0.6\n"))
    assert run.parameters["SYSTEM"] == "LiIn & <more>"
    assert {tag: run.incar[tag] for tag in ("ENCUT", "ISMEAR", "SIGMA", "EDIFF")} == {
        "ENCUT": 320.0, "ISMEAR": 1, "SIGMA": 0.1, "EDIFF": 1e-7,
    }  # fmt: skip
    assert run.parameters["ENMAX"] == 320.0
    assert run.parameters["MAGMOM"] == [0.6, 0.6]
    assert run.parameters["IBRION"] == -1
    assert run.kpoints.kpts == [(3, 3, 3)]
    assert [symbol.split()[1] for symbol in run.potcar_symbols] == ["Li_sv", "In_d"]
    assert run.run_type == "PBE"
    assert run.converged


def test_electrons_agree_everywhere(rehearsed: Any) -> None:
    folder = rehearsed(STATIC)
    run, outcar, eigenval = vasprun(folder), Outcar(folder / "OUTCAR"), Eigenval(folder / "EIGENVAL")
    levels = next(iter(run.eigenvalues.values()))
    assert levels.shape == (len(run.actual_kpoints), run.parameters["NBANDS"], 2)
    assert 2 * np.einsum("kb,k->", levels[:, :, 1], run.actual_kpoints_weights) == pytest.approx(16.0, abs=2e-3)
    assert run.parameters["NELECT"] == outcar.nelect == eigenval.nelect == 16
    assert outcar.data["nbands"] == eigenval.nbands == run.parameters["NBANDS"]
    assert eigenval.nkpt == len(run.actual_kpoints) == len(outcar.data["nplwvs_at_kpoints"])
    assert outcar.efermi == pytest.approx(run.efermi, abs=1e-4)
    total = next(iter(run.idos.densities.values()))
    assert total[-1] == pytest.approx(2 * run.parameters["NBANDS"], abs=1e-3)
    below = total[np.searchsorted(run.idos.energies, run.efermi)]
    assert below == pytest.approx(16, abs=1.0)
    assert run.get_band_structure(efermi="smart").is_metal()


def test_salt_has_the_gap_of_the_toy_bands(rehearsed: Any) -> None:
    folder = rehearsed("", poscar=LICL, potcar="Li_sv\nCl\n")
    gap = vasprun(folder).get_band_structure(efermi="smart").get_band_gap()
    assert gap["energy"] == pytest.approx(GAP_eV, abs=1e-3)


def test_two_spins_without_moment(rehearsed: Any) -> None:
    folder = rehearsed("ISPIN = 2\nMAGMOM = 2*1\nLORBIT = 11\n")
    outcar, run = Outcar(folder / "OUTCAR"), vasprun(folder)
    assert outcar.total_mag == 0
    assert [moment["tot"] for moment in outcar.magnetization] == [0.0, 0.0]
    assert run.is_spin
    assert len(run.eigenvalues) == 2
    assert Oszicar(folder / "OSZICAR").ionic_steps[-1]["mag"] == 0


def test_static_contcar_is_the_poscar(rehearsed: Any) -> None:
    folder = rehearsed("NSW = 0\nIBRION = 2\n")
    start, end = (Poscar.from_file(folder / name).structure for name in ("POSCAR", "CONTCAR"))
    np.testing.assert_array_equal(start.frac_coords, end.frac_coords)
    assert len(Xdatcar(folder / "XDATCAR").structures) == 1
    assert "reached required accuracy" not in (folder / "OUTCAR").read_text()


def test_slab_has_its_work_function(rehearsed: Any) -> None:
    """Vacuum level minus Fermi energy is the model's 4 eV; the potential averages to zero and is flat in the vacuum."""
    folder = rehearsed("LVHAR = .TRUE.\n", poscar=SLAB, potcar="Li_sv\n", kpoints="k\n0\nGamma\n3 3 1\n")
    locpot = Locpot.from_file(folder / "LOCPOT")
    profile = locpot.get_average_along_axis(2)
    assert profile.mean() == pytest.approx(0, abs=1e-9)
    assert profile[0] - vasprun(folder).efermi == pytest.approx(WORK_FUNCTION_eV, abs=1e-6)
    assert profile[:3] == pytest.approx([profile[0]] * 3, abs=1e-6)
    assert profile.min() < profile[0] - 1


def test_grids_only_where_asked(rehearsed: Any) -> None:
    folder = rehearsed("LCHARG = F\nLWAVE = F\n")
    assert not any((folder / name).exists() for name in ("CHGCAR", "WAVECAR", "LOCPOT", "AECCAR0"))
    folder = rehearsed("LAECHG = T\n", name="more")
    charge = Chgcar.from_file(folder / "CHGCAR")
    assert charge.data["total"].mean() == pytest.approx(16)
    assert Chgcar.from_file(folder / "AECCAR2").data["total"].min() >= 0


def test_isif_zero_tells_no_stress(rehearsed: Any) -> None:
    folder = rehearsed("ISIF = 0\n")
    assert "stress" not in vasprun(folder).ionic_steps[-1]
    assert "external pressure" not in (folder / "OUTCAR").read_text()


def test_elements_without_a_diameter_get_their_covalent_radius() -> None:
    known = MorseCalculator().diameters
    every = calculator().diameters
    assert {symbol: every[symbol] for symbol in known} == dict(known)
    assert every["Fe"] == pytest.approx(2 * 1.32)


def test_times_are_told(rehearsed: Any) -> None:
    stats = Outcar(rehearsed("") / "OUTCAR").run_stats
    assert 0 < stats["Elapsed time (sec)"] < 60
    assert stats["cores"] == 1


def test_start_is_light() -> None:
    """Importing pymatgen takes seconds, and the program starts hundreds of times in a test of a queue."""
    code = "import lianode.hpc.rehearsal.run, lianode.hpc.rehearsal.settings, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pymatgen", "torch", "matplotlib", "jobflow", "maggma"} & set(done.stdout.split())
