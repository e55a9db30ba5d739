"""custodian and emmet as judges: they take the outputs for those of a VASP run."""

from __future__ import annotations

import contextlib
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lianode.hpc.rehearsal.main import run_folder

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("custodian", reason="custodian is not installed (pip install 'lianode[vasp]')")
pytest.importorskip("emmet.core", reason="emmet-core is not installed (pip install 'lianode[vasp]')")
pytestmark = [pytest.mark.vasp, pytest.mark.filterwarnings("ignore")]

RELAX = "ENCUT = 350\nIBRION = 2\nNSW = 40\nISIF = 3\nEDIFF = 1E-6\nEDIFFG = -0.01\nISMEAR = 1\nSIGMA = 0.1\n"
MD = "IBRION = 0\nNSW = 6\nTEBEG = 300\nMDALGO = 2\nSMASS = 0\nPOTIM = 1\nISIF = 2\n"


def document(folder: Path) -> Any:
    from emmet.core.tasks import TaskDoc

    return TaskDoc.from_directory(folder, store_additional_json=False)


@pytest.mark.parametrize(
    ("incar", "kind"),
    [
        ("NSW = 0\nISPIN = 2\nLORBIT = 11\nMAGMOM = 2*0.6\nLAECHG = T\nLVTOT = T\n", "Static"),
        (RELAX, "Structure Optimization"),
        (MD, "Molecular Dynamics"),
    ],
)
def test_emmet_reads_a_converged_task(rehearsed: Any, incar: str, kind: str) -> None:
    from pymatgen.io.vasp.inputs import Poscar
    from pymatgen.io.vasp.outputs import Vasprun

    folder = rehearsed(incar)
    task, run = document(folder), Vasprun(str(folder / "vasprun.xml"))
    last = run.ionic_steps[-1]
    assert task.state.value == "successful"
    assert task.task_type.value == kind
    assert task.output.energy == pytest.approx(last["e_0_energy"], abs=1e-8)
    np.testing.assert_allclose(task.output.forces, last["forces"], atol=1e-8)
    np.testing.assert_allclose(task.output.stress, last["stress"], atol=1e-8)
    contcar = Poscar.from_file(folder / "CONTCAR").structure
    np.testing.assert_allclose(task.output.structure.lattice.matrix, contcar.lattice.matrix, atol=1e-12)
    np.testing.assert_allclose(task.output.structure.frac_coords, contcar.frac_coords, atol=1e-12)
    assert task.run_type.value == "PBE"
    assert {spec.titel.split()[1] for spec in task.input.potcar_spec} == {"Li_sv", "In_d"}
    assert task.calcs_reversed[0].vasp_version == "6.0.0-rehearsal"
    assert task.calcs_reversed[0].output.is_metal


def test_emmet_sees_what_did_not_converge(rehearsed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert document(rehearsed(RELAX.replace("40", "2"))).state.value == "failed"
    monkeypatch.setenv("LIANODE_REHEARSAL", "unconverged_scf: true")
    assert document(rehearsed("NSW = 0\n", name="scf")).state.value == "failed"


def test_emmet_reads_the_work_function(rehearsed: Any) -> None:
    slab = "slab\n1.0\n3.2 0 0\n0 3.2 0\n0 0 20\nLi\n3\nDirect\n0 0 0.4\n0.5 0.5 0.5\n0 0 0.6\n"
    folder = rehearsed("LVHAR = T\n", poscar=slab, potcar="Li_sv\n", kpoints="k\n0\nGamma\n3 3 1\n")
    output = document(folder).calcs_reversed[0].output
    assert max(output.locpot["2"]) - output.efermi == pytest.approx(4.0, abs=1e-3)


def test_kspacing_without_kpoints(rehearsed: Any) -> None:
    task = document(rehearsed(RELAX + "KSPACING = 0.4\n", kpoints=None))
    assert task.state.value == "successful"
    assert task.input.parameters["KSPACING"] == 0.4


def handlers() -> list[Any]:
    from custodian.vasp import handlers as known

    return [
        known.VaspErrorHandler(), known.MeshSymmetryErrorHandler(), known.UnconvergedErrorHandler(),
        known.NonConvergingErrorHandler(), known.PotimErrorHandler(), known.PositiveEnergyErrorHandler(),
        known.FrozenJobErrorHandler(), known.StdErrHandler(), known.LargeSigmaHandler(),
        known.IncorrectSmearingHandler(), known.AliasingErrorHandler(), known.DriftErrorHandler(),
    ]  # fmt: skip


@pytest.mark.parametrize("incar", ["NSW = 0\n", RELAX, MD])
def test_custodian_finds_nothing_wrong(rehearsed: Any, capsys: pytest.CaptureFixture[str], incar: str) -> None:
    from custodian.vasp.validators import VaspFilesValidator, VasprunXMLValidator

    folder, streams = rehearsed(incar), capsys.readouterr()
    (folder / "vasp.out").write_text(streams.out)
    (folder / "std_err.txt").write_text(streams.err)
    assert not [handler for handler in handlers() if handler.check(str(folder))]
    assert not [judge for judge in (VasprunXMLValidator(), VaspFilesValidator()) if judge.check(str(folder))]


def test_custodian_finds_unconverged_and_broken_runs(inputs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from custodian.vasp.handlers import UnconvergedErrorHandler
    from custodian.vasp.validators import VaspFilesValidator, VasprunXMLValidator

    for name, fault, incar in (("scf", "unconverged_scf: true", "NSW = 0"), ("steps", "{}", RELAX.replace("40", "2"))):
        monkeypatch.setenv("LIANODE_REHEARSAL", fault)
        folder = inputs(incar, name=name)
        assert run_folder(folder) == 0
        assert UnconvergedErrorHandler().check(str(folder))
    monkeypatch.setenv("LIANODE_REHEARSAL", "{truncate_vasprun: true, omit: CONTCAR}")
    folder = inputs("NSW = 0", name="broken")
    assert run_folder(folder) == 0
    assert VasprunXMLValidator().check(str(folder))
    assert VaspFilesValidator().check(str(folder))


@pytest.mark.parametrize("message", ["zbrent", "edddav", "brmix", "pricel", "real_optlay", "zpotrf", "posmap"])
def test_custodian_knows_the_messages(inputs: Any, capsys: pytest.CaptureFixture[str], message: str) -> None:
    from custodian.vasp.handlers import VaspErrorHandler

    folder = inputs("NSW = 0\n")
    (folder / "REHEARSAL").write_text(f"message: {message}")
    with contextlib.suppress(SystemExit):
        run_folder(folder)
    (folder / "vasp.out").write_text(capsys.readouterr().out)
    handler = VaspErrorHandler()
    assert handler.check(str(folder))
    assert handler.errors == {message}


def test_custodian_mends_a_run(inputs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ZBRENT error in the first attempt: custodian corrects the input, starts the program again and is content."""
    from custodian import Custodian
    from custodian.vasp.handlers import StdErrHandler, UnconvergedErrorHandler, VaspErrorHandler
    from custodian.vasp.jobs import VaspJob
    from custodian.vasp.validators import VaspFilesValidator, VasprunXMLValidator

    from lianode.hpc.rehearsal.potcar import potcar_text

    folder = inputs(RELAX)
    (folder / "POTCAR").write_text(potcar_text("Li_sv") + potcar_text("In_d"))
    (folder / "REHEARSAL").write_text("{message: zbrent, message_at_step: 3, on_attempt: 1}")
    monkeypatch.chdir(folder)
    job = VaspJob([sys.executable, "-m", "lianode.hpc.rehearsal"], auto_npar=False, backup=False)
    history = Custodian(
        [VaspErrorHandler(), UnconvergedErrorHandler(), StdErrHandler()],
        [job],
        validators=[VasprunXMLValidator(), VaspFilesValidator()],
        max_errors=3,
        polling_time_step=0.2,
        monitor_freq=1,
    ).run()
    assert [correction["errors"] for correction in history[0]["corrections"]] == [["zbrent"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert document(folder).state.value == "successful"


@pytest.mark.parametrize("job", ["static", "relax"])
def test_inputs_of_atomate2_run(tmp_path: Path, job: str) -> None:
    """The input sets of atomate2, as they stand and without a POTCAR, give a task that emmet calls successful."""
    pytest.importorskip("atomate2", reason="atomate2 is not installed (pip install 'lianode[vasp]')")
    from atomate2.vasp.sets.core import RelaxSetGenerator, StaticSetGenerator
    from pymatgen.core import Lattice, Structure

    structure = Structure(Lattice.cubic(3.4), ["Li", "In"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    generator = StaticSetGenerator() if job == "static" else RelaxSetGenerator()
    generator.get_input_set(structure, potcar_spec=True).write_input(tmp_path)
    assert (tmp_path / "POTCAR.spec").is_file()
    assert run_folder(tmp_path) == 0
    task = document(tmp_path)
    assert task.state.value == "successful"
    assert task.input.parameters["ENMAX"] == 680
    assert task.run_type.value == "PBEsol"
