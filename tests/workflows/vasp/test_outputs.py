"""Real outputs of VASP, whole and broken (shared/reference/vasp), and the ways of keeping PAW sets."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.workflows.engines.vasp.attempts import Attempt, attempts, last_positions, new_folder, write_record
from lianode.workflows.engines.vasp.corrections import mp2020_correction
from lianode.workflows.engines.vasp.inputs import input_set
from lianode.workflows.engines.vasp.outputs import ionic_energies, read_outcome, zero_smearing_energy
from lianode.workflows.engines.vasp.potcars import find_potcar, missing_potcars, write_potcar
from lianode.workflows.task import StaticTask

REFERENCE = next(
    (path for parent in Path(__file__).parents if (path := parent / "shared" / "reference" / "vasp").is_dir()), None
)
needs_reference = pytest.mark.skipif(REFERENCE is None, reason="shared/reference/vasp is not here")


def unpacked(name: str, target: Path) -> Path:
    """Copy a reference folder as VASP would have left it, nothing compressed."""
    assert REFERENCE is not None
    for path in (REFERENCE / name).iterdir():
        if path.suffix == ".gz":
            (target / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
        elif path.is_file():
            shutil.copy(path, target / path.name)
    return target


@needs_reference
@pytest.mark.parametrize(
    ("name", "energy", "steps"),
    [
        ("relax-al32mg-pbe", -100.80368733, 21),
        ("static-si-locpot", -10.84678256, 1),
        ("relax-ir-adsorption/bulk", -34.17463099, 1),
        ("relax-feo-ggau", -28.21851457, 28),
    ],
)
def test_energies_are_those_extrapolated_to_zero_smearing(name: str, energy: float, steps: int, tmp_path: Path) -> None:
    outcome = read_outcome(unpacked(name, tmp_path))
    assert outcome.problem is None
    assert outcome.finished
    assert outcome.scf_converged
    assert outcome.steps == steps
    assert outcome.last is not None
    assert outcome.last.energy == pytest.approx(energy, abs=1e-7)
    assert not outcome.is_rehearsal


@needs_reference
def test_the_stress_of_a_stretched_crystal_is_positive(tmp_path: Path) -> None:
    """Silicon strained by +0.01 along an axis: C11 is 146 GPa, so about +1.4 GPa there (ASE's sign)."""
    outcome = read_outcome(unpacked("elastic-si8/deformed-4", tmp_path))
    assert outcome.first is not None
    assert max(outcome.first.stress_GPa[:3]) == pytest.approx(1.4, abs=0.4)


@needs_reference
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("crash-start-cao-al2o3", "real-space projectors"),
        ("crash-diverged-potim", "vasprun.xml is missing"),
        ("truncated-outcar-al", "ended before it had finished"),
        ("md-si64", "ended before it had finished"),
    ],
)
def test_broken_runs_have_a_reason_and_no_energy(name: str, problem: str, tmp_path: Path) -> None:
    outcome = read_outcome(unpacked(name, tmp_path))
    assert problem in (outcome.problem or "")
    assert not outcome.finished
    assert outcome.last is None


def test_lines_of_oszicar(tmp_path: Path) -> None:
    (tmp_path / "OSZICAR").write_text(
        "DAV:   1    -0.1E+01\n   1 F= -.28E+03 E0= -.2837E+03  d E =-.1E+00\n"
        "   2 T=   300. E= -.10E+02 F= -.11E+02 E0= -.115E+02  EK= 0.1E+01 SP= 0.0E+00 SK= 0.0E+00\n"
        "   3 F= -.28E+03 E0="
    )
    assert ionic_energies(tmp_path) == [-283.7, -11.5]
    assert ionic_energies(tmp_path / "nowhere") == []


def test_attempts_are_numbered_and_never_overwritten(tmp_path: Path) -> None:
    names = []
    for reason in ("wall time", None):
        folder = new_folder(tmp_path, "attempt")
        names.append(folder.name)
        if reason:
            write_record(folder, Attempt(folder.name, "stopped", reason, steps=4))
    new_folder(tmp_path, "free")
    assert names == ["attempt-01", "attempt-02"]
    found = attempts(tmp_path, "attempt")
    assert [(attempt.ended, attempt.steps) for attempt in found] == [("stopped", 4), ("killed", 0)]
    (tmp_path / "attempt-01" / "attempt.json").write_text('{"folder": "x", "ended"')
    assert attempts(tmp_path, "attempt")[0].ended == "killed"


def test_positions_of_other_atoms_are_not_continued(tmp_path: Path) -> None:
    cell = input_set({}, StaticTask(), library.phase("LiIn").primitive()).poscar.structure
    other = input_set({}, StaticTask(), library.phase("LiCl").primitive()).poscar.get_str()
    folder = new_folder(tmp_path, "attempt")
    for text in (b"", b"\xff\xfe", other.encode(), cell.to(fmt="poscar").replace("0.", "nan", 1).encode()):
        (folder / "CONTCAR").write_bytes(text)
        assert last_positions(tmp_path, attempts(tmp_path, "attempt"), cell) is None
    good = cell.to(fmt="poscar").encode()
    (folder / "CONTCAR").write_bytes(good)
    assert last_positions(tmp_path, attempts(tmp_path, "attempt"), cell) == good


@pytest.mark.parametrize(
    ("place", "packed"),
    [
        ("POT_GGA_PAW_PBE_54/POTCAR.Li_sv.gz", True),
        ("POT_GGA_PAW_PBE_54/Li_sv/POTCAR", False),
        ("potpaw_PBE.54/Li_sv/POTCAR", False),
        ("Li_sv/POTCAR", False),
        ("POTCAR.Li_sv", False),
    ],
)
def test_paw_sets_are_found_in_the_usual_layouts(place: str, tmp_path: Path, *, packed: bool) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "  PAW_PBE Li_sv 10Sep2004\n   TITEL  = PAW_PBE Li_sv 10Sep2004\n"
    file.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    assert find_potcar(tmp_path, "PBE_54", "Li_sv") == file
    assert missing_potcars(tmp_path, "PBE_54", ("Li_sv", "In_d")) == ("In_d",)
    write_potcar(tmp_path, "PBE_54", ("Li_sv",), tmp_path / "out")
    assert (tmp_path / "out").read_text() == text
    with pytest.raises(InputError, match="no PAW set In_d of release PBE_54"):
        find_potcar(tmp_path, "PBE_54", "In_d")


def test_another_release_or_set_is_not_taken(tmp_path: Path) -> None:
    old = tmp_path / "potpaw_PBE.52" / "Li_sv"
    old.mkdir(parents=True)
    (old / "POTCAR").write_text("  TITEL  = PAW_PBE Li_sv 10Sep2004\n")
    for folder in (tmp_path, tmp_path / "potpaw_PBE.52"):
        with pytest.raises(InputError, match="no PAW set"):
            find_potcar(folder, "PBE_54", "Li_sv")
    wrong = tmp_path / "In_d"
    wrong.mkdir()
    (wrong / "POTCAR").write_text("  TITEL  = PAW_PBE In 08Apr2002\n")
    with pytest.raises(InputError, match="holds 'PAW_PBE In 08Apr2002'"):
        write_potcar(tmp_path, "PBE_54", ("In_d",), tmp_path / "out")


@pytest.mark.parametrize(("phase", "per_anion"), [("LiIn", 0.0), ("LiCl", -0.614), ("Li2S", -0.503)])
def test_the_materials_projects_corrections(phase: str, per_anion: float) -> None:
    """Wang et al., Sci. Rep. 11, 15496 (2021), Table 2."""
    cell = library.phase(phase).primitive()
    inputs = input_set({"preset": "mp-gga"}, StaticTask(), cell)
    assert mp2020_correction(cell, -10.0, inputs) == pytest.approx(per_anion, abs=1e-3)


@pytest.mark.parametrize(
    ("stated", "meant"), [(-10.02, -10.02), (-0.02, -10.02)], ids=["VASP 6 states it", "before, only the difference"]
)
def test_the_energy_at_zero_smearing_of_every_step(stated: float, meant: float) -> None:
    step = {
        "e_0_energy": stated,
        "e_fr_energy": -10.0,
        "electronic_steps": [{"e_0_energy": -9.92, "e_fr_energy": -9.9}],
    }
    assert zero_smearing_energy(step) == pytest.approx(meant)
    assert zero_smearing_energy({"e_0_energy": -3.0}) == -3.0  # nothing else to go by
