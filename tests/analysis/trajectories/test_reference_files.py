"""Real outputs of VASP (shared/reference/vasp), against pymatgen, ASE and the values of their README."""

from __future__ import annotations

import gzip
import warnings
from itertools import groupby
from typing import TYPE_CHECKING

import ase.io
import numpy as np
import pytest
from ase.data import chemical_symbols

from lianode.analysis.trajectories.frames import frames
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.io.vasp.outputs import Vasprun

RUNS = [
    "md-si64", "relax-al32mg-pbe", "vaspout-si-r2scan", "relax-feo-ggau", "relax-lu-r2scan", "neb-y2ci2/bulk-relax",
    "elastic-si8/deformed-1", "slab-mos2-planar-average", "gap-lif/pbesol", "relax-ir-adsorption/slab-h",
    "unconverged-electronic-v2o5", "competing-phases-mgo/O2_mmm_EaH_0", "gap-cs2sni6-hse06/dos",
]  # fmt: skip


def pymatgen(path: Path) -> Vasprun:
    from pymatgen.io.vasp.outputs import Vasprun

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Vasprun(str(path), parse_dos=False, parse_eigen=False, parse_potcar_file=False)


@pytest.mark.parametrize("run", RUNS)
def test_vasprun(reference: Path, run: str) -> None:
    path = reference / run / "vasprun.xml.gz"
    reading, theirs = frames(path), pymatgen(path)
    for mine, their in zip(reading, theirs.ionic_steps, strict=True):
        np.testing.assert_allclose(mine.positions, their["structure"].cart_coords, atol=1e-12)
        np.testing.assert_allclose(mine.cell, their["structure"].lattice.matrix, atol=1e-14)
        assert mine.numbers.tolist() == list(their["structure"].atomic_numbers)
        cycle = their["electronic_steps"][-1]
        energy = their["e_fr_energy"] + cycle["e_0_energy"] - cycle["e_fr_energy"]
        assert mine.energy == pytest.approx(energy, abs=2e-7)
    assert mine.energy == pytest.approx(theirs.final_energy, abs=1e-9)
    assert reading.cut is None


def test_md_si64(reference: Path) -> None:
    found = list(frames(reference / "md-si64" / "vasprun.xml.gz"))
    assert [found[0].energy, found[-1].energy] == [-338.3162304, -327.73014059]
    assert [frame.time for frame in found] == [3.0 * step for step in range(10)]
    assert {len(frame.numbers) for frame in found} == {64}


def test_md_si64_against_ase(reference: Path) -> None:
    with gzip.open(reference / "md-si64" / "vasprun.xml.gz") as file:
        theirs = ase.io.read(file, index=":", format="vasp-xml")
    for mine, their in zip(frames(reference / "md-si64" / "vasprun.xml.gz"), theirs, strict=True):
        np.testing.assert_allclose(mine.positions, their.positions, atol=1e-12)
        assert mine.energy == pytest.approx(their.get_potential_energy(), abs=1e-9)


def test_md_lisi(reference: Path) -> None:
    from pymatgen.io.vasp.outputs import Xdatcar

    path = reference / "md-lisi-xdatcar" / "XDATCAR.gz"
    found = list(frames(path, time_step=2.0))
    theirs = Xdatcar(path).structures
    for mine, their in zip(found, theirs, strict=True):
        np.testing.assert_allclose(mine.positions, their.cart_coords, atol=1e-12)
        assert mine.numbers.tolist() == list(their.atomic_numbers)
    assert len(found) == 100
    assert found[-1].time == 198.0
    apart = (found[-1].positions - found[0].positions) / 10.805799
    squares = (((apart - np.round(apart)) * 10.805799) ** 2).sum(axis=1)
    assert squares[:38].mean() == pytest.approx(0.40584, abs=1e-4)
    assert squares[38:].mean() == pytest.approx(0.13261, abs=1e-4)


@pytest.mark.parametrize(("run", "count"), [("relax-al32mg-pbe", 21), ("static-al32mg-pbe", 1)])
def test_xdatcar_of_vasp_5_2(reference: Path, run: str, count: int) -> None:
    """It holds no cell, and pymatgen does not read it: against the vasprun.xml beside it."""
    folder = reference / run
    other = next(folder.glob("vasprun.xml*"))
    theirs = list(frames(other))
    with pytest.raises(InputError, match=r"does not hold the cell"):
        list(frames(folder / "XDATCAR"))
    found = list(frames(folder / "XDATCAR", cell=theirs[0].cell))
    assert len(found) == len(theirs) == count
    for mine, their in zip(found, theirs, strict=True):
        apart = (mine.positions - their.positions) @ np.linalg.inv(mine.cell)
        assert np.abs(apart - np.round(apart)).max() < 2e-8
        np.testing.assert_array_equal(mine.numbers, their.numbers)


def test_vaspout(reference: Path) -> None:
    pytest.importorskip("h5py", reason="h5py is not installed")
    folder = reference / "vaspout-si-r2scan"
    theirs = list(frames(folder / "vasprun.xml.gz"))
    for mine, their in zip(frames(folder / "vaspout.h5.gz"), theirs, strict=True):
        np.testing.assert_allclose(mine.positions, their.positions, atol=5e-8)
        np.testing.assert_allclose(mine.cell, their.cell, atol=5e-9)
        assert mine.energy == pytest.approx(their.energy, abs=1e-8)
    assert mine.energy == pytest.approx(-17.54958326, abs=1e-8)


def test_npt_as_xdatcar(reference: Path, tmp_path: Path) -> None:
    """The NPT run has an OUTCAR only: its frames, written as VASP writes them with ISIF = 3, and read by pymatgen."""
    from pymatgen.io.vasp.outputs import Xdatcar

    with gzip.open(reference / "md-npt-84atoms" / "OUTCAR.gz", "rt") as file:
        images = ase.io.read(file, index=":", format="vasp-out")
    path = tmp_path / "XDATCAR"
    with path.open("w") as file:
        for number, atoms in enumerate(images, start=1):
            groups = [(name, len(list(group))) for name, group in groupby(atoms.get_chemical_symbols())]
            file.write("unknown system                          \n           1\n")
            file.writelines("    " + "".join(f"{x:12.6f}" for x in row) + "\n" for row in atoms.cell.array)
            file.write("".join(f"   {name:<2}" for name, _ in groups) + "\n")
            file.write("".join(f"{count:6d}" for _, count in groups) + "\n")
            file.write(f"Direct configuration={number:6d}\n")
            file.writelines("".join(f"{x:13.8f}" for x in row) + "\n" for row in atoms.get_scaled_positions())
    found, theirs = list(frames(path)), Xdatcar(path).structures
    assert len(found) == len(theirs) == len(images) == 10
    for mine, their, atoms in zip(found, theirs, images, strict=True):
        np.testing.assert_allclose(mine.cell, their.lattice.matrix, atol=1e-12)
        np.testing.assert_allclose(mine.positions, their.cart_coords, atol=1e-12)
        assert [chemical_symbols[number] for number in mine.numbers] == atoms.get_chemical_symbols()
    volumes = [abs(np.linalg.det(frame.cell)) for frame in found]
    assert [volumes[0], volumes[-1]] == pytest.approx([1752.71, 1765.31], abs=0.02)


def test_a_run_that_died_at_its_start(reference: Path) -> None:
    with pytest.raises(InputError, match="there is no whole frame in it: it ends before the first step"):
        list(frames(reference / "crash-start-cao-al2o3" / "vasprun.xml"))
