"""Bands of images: the saddle of a known hop, with and without the VTST patch."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pymatgen.io.vasp.outputs import Outcar, Vasprun

from lianode.hpc.rehearsal.band import band_forces
from lianode.hpc.rehearsal.main import run_folder
from lianode.hpc.rehearsal.marker import is_rehearsal
from lianode.hpc.rehearsal.poscar import Geometry, format_contcar

if TYPE_CHECKING:
    from pathlib import Path

NEB = "IMAGES = 3\nSPRING = -5\nIBRION = 1\nPOTIM = 0.5\nNSW = 60\nEDIFFG = -0.02\nLCHARG = F\nLWAVE = F\n"


@pytest.fixture
def hop(inputs: Any) -> Any:
    """Hop of an atom into a vacancy of an fcc cell of 32 sites; equal ends, so the middle image is the saddle."""

    def write(incar: str) -> Path:
        from ase.build import bulk

        folder = inputs(incar, kpoints="k\n0\nGamma\n1 1 1\n", potcar="Al\n")
        atoms = bulk("Al", "fcc", a=4.0, cubic=True).repeat((2, 2, 2))
        sites = atoms.get_scaled_positions()
        vacancy, hopper = sites[0], sites[1]
        others = sites[2:]
        for index, part in enumerate(np.linspace(0, 1, 5)):
            position = hopper + part * (vacancy - hopper)
            if index == 2:
                position = position + np.array([0.0, 0.005, -0.003])
            image = Geometry("hop", atoms.cell.array, ("Al",), (31,), np.vstack([position, others]))
            (folder / f"{index:02d}").mkdir()
            (folder / f"{index:02d}" / "POSCAR").write_text(format_contcar(image))
        return folder

    return write


def energies(folder: Path) -> list[float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            float(Vasprun(str(folder / f"0{index}" / "vasprun.xml"), parse_potcar_file=False).final_energy)
            for index in (1, 2, 3)
        ]


def test_band_relaxes(hop: Any) -> None:
    folder = hop(NEB)
    assert run_folder(folder) == 0
    low, top, other = energies(folder)
    assert top > low
    assert low == pytest.approx(other, abs=0.02)
    for index in (1, 2, 3):
        assert "reached required accuracy" in (folder / f"0{index}" / "OUTCAR").read_text()
        assert Outcar(folder / f"0{index}" / "OUTCAR").final_energy == pytest.approx(energies(folder)[index - 1])
    assert not (folder / "00" / "OUTCAR").exists()
    assert is_rehearsal(folder)


def test_images_move_at_potim_zero_only_with_vtst(hop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = NEB.replace("IBRION = 1\nPOTIM = 0.5", "IBRION = 3\nPOTIM = 0\nIOPT = 1\nLCLIMB = T").replace("60", "3")
    folder = hop(settings)
    monkeypatch.setenv("LIANODE_REHEARSAL", "vtst: false")
    assert run_folder(folder) == 0
    still = energies(folder)
    monkeypatch.setenv("LIANODE_REHEARSAL", "vtst: true")
    assert run_folder(folder) == 0
    assert energies(folder) != pytest.approx(still, abs=1e-4)


def test_climbing_image_turns_the_force_along_the_band() -> None:
    images = [Geometry("x", 10 * np.eye(3), ("Li",), (1,), np.array([[x, 0.0, 0.0]])) for x in (0.1, 0.2, 0.3)]
    force = [np.array([[0.3, 0.2, 0.0]])]
    plain = band_forces(images, [0.0, 1.0, 0.5], force)
    climbing = band_forces(images, [0.0, 1.0, 0.5], force, climbing=True)
    np.testing.assert_allclose(plain[0], [[0.0, 0.2, 0.0]], atol=1e-12)
    np.testing.assert_allclose(climbing[0], [[-0.3, 0.2, 0.0]], atol=1e-12)
    shifted = [images[0], images[1], Geometry("x", 10 * np.eye(3), ("Li",), (1,), np.array([[0.34, 0.0, 0.0]]))]
    pulled = band_forces(shifted, [0.0, 1.0, 2.0], force, spring=5.0)
    np.testing.assert_allclose(pulled[0], [[5 * (1.4 - 1.0), 0.2, 0.0]], atol=1e-12)


def test_images_that_do_not_match(hop: Any, capsys: pytest.CaptureFixture[str]) -> None:
    folder = hop(NEB)
    text = (folder / "02" / "POSCAR").read_text()
    (folder / "02" / "POSCAR").write_text(text.replace("Al", "Li"))
    assert run_folder(folder) == 1
    assert "same ions" in capsys.readouterr().out


@pytest.mark.vasp
@pytest.mark.filterwarnings("ignore")
def test_emmet_reads_the_images(hop: Any) -> None:
    neb = pytest.importorskip("emmet.core.neb", reason="emmet-core is not installed (pip install 'lianode[vasp]')")
    folder = hop(NEB)
    assert run_folder(folder) == 0
    task = neb.NebIntermediateImagesDoc.from_directory(folder)
    assert task.state.value == "successful"
    assert task.energies == pytest.approx(energies(folder))
