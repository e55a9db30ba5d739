"""Nothing that a rehearsal writes can be taken for VASP's."""

from __future__ import annotations

import gzip
import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
from pymatgen.io.vasp.inputs import Potcar, PotcarSingle
from pymatgen.io.vasp.outputs import Vasprun

from lianode.hpc.rehearsal.main import run_folder
from lianode.hpc.rehearsal.marker import is_rehearsal
from lianode.hpc.rehearsal.potcar import SYNTHETIC, potcar_text, synthetic_potcar

REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "vasp"


def test_folder_tells(rehearsed: Any) -> None:
    folder = rehearsed("LREAL = Auto\nLPLANE = T\nENCUT = 300\n")
    assert is_rehearsal(folder)
    marker = json.loads((folder / "REHEARSAL.json").read_text())
    assert marker["ignored_tags"] == ["LPLANE", "LREAL"]
    assert "no DFT was done" in (folder / "OUTCAR").read_text().splitlines()[0]


@pytest.mark.parametrize("kept", ["vasprun.xml", "OUTCAR", "REHEARSAL.json"])
@pytest.mark.parametrize("compressed", [False, True])
def test_one_file_alone_tells(rehearsed: Any, tmp_path: Path, kept: str, compressed: bool) -> None:
    folder, alone = rehearsed(""), tmp_path / "alone"
    alone.mkdir()
    assert not is_rehearsal(alone)
    if compressed:
        (alone / f"{kept}.gz").write_bytes(gzip.compress((folder / kept).read_bytes()))
    else:
        shutil.copyfile(folder / kept, alone / kept)
    assert is_rehearsal(alone)


def test_custodian_suffix_tells(rehearsed: Any, tmp_path: Path) -> None:
    folder, alone = rehearsed(""), tmp_path / "alone"
    alone.mkdir()
    shutil.copyfile(folder / "vasprun.xml", alone / "vasprun.xml.relax1")
    assert is_rehearsal(alone)


def test_parsers_keep_the_sign(rehearsed: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = Vasprun(str(rehearsed("") / "vasprun.xml"))
    assert run.vasp_version == "6.0.0-rehearsal"
    assert run.generator["PROGRAM"].lower() == "rehearsal"


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the real outputs of shared/reference/vasp are not here")
def test_real_outputs_are_not_rehearsals() -> None:
    folders = {path.parent for name in ("vasprun.xml*", "OUTCAR*") for path in REFERENCE.rglob(name)}
    assert len(folders) > 20
    assert not [folder for folder in folders if is_rehearsal(folder)]


def test_synthetic_potcar_is_read_and_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    functional = synthetic_potcar(["Li_sv", "In_d"], tmp_path, "POT_GGA_PAW_PBE_54")
    monkeypatch.setattr("pymatgen.io.vasp.inputs.SETTINGS", {"PMG_VASP_PSP_DIR": str(tmp_path)})
    with pytest.warns(UserWarning, match="not known to pymatgen"):
        potcar = Potcar(["Li_sv", "In_d"], functional="PBE_54")
    assert [single.symbol for single in potcar] == ["Li_sv", "In_d"]
    assert [single.nelectrons for single in potcar] == [3, 13]
    assert [single.element for single in potcar] == ["Li", "In"]
    assert not any(single.is_valid for single in potcar)
    assert "no pseudopotential" in (functional / "SYNTHETIC.txt").read_text()


def test_run_with_a_synthetic_potcar(inputs: Any) -> None:
    folder = inputs("NSW = 0\n")
    (folder / "POTCAR.spec").unlink()
    (folder / "POTCAR").write_text(potcar_text("Li_sv") + potcar_text("In_d"))
    assert run_folder(folder) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = Vasprun(str(folder / "vasprun.xml"))
        assert run.potcar_spec[0]["titel"] == f"PAW_PBE Li_sv {SYNTHETIC}"
        assert run.potcar_spec[0]["summary_stats"]["keywords"]["data"] == ["localpart", "endofdataset"]
        assert run.final_structure.charge == 0
        assert PotcarSingle(potcar_text("Li_sv")).potential_type == "PAW"
