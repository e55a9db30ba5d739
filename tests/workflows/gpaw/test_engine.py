"""GPAW itself: that its stress and forces are derivatives of its energies, and that a task survives its process."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ase.units import GPa
from pymatgen.core import Lattice, Structure

from lianode.structures.errors import InputError
from lianode.workflows.calculation import State
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.gpaw import engine as engine_module
from lianode.workflows.engines.gpaw import installation
from lianode.workflows.engines.gpaw.engine import GpawEngine
from lianode.workflows.engines.gpaw.inputs import parameters
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.task import MDTask, RelaxTask, StaticTask

if TYPE_CHECKING:
    from collections.abc import Callable

    from lianode.workflows.calculation import Calculation
    from lianode.workflows.engine import Progress

    Static = Callable[..., Calculation]


def _missing() -> str | None:
    try:
        installation.installation()
    except InputError as error:
        return str(error)
    return None


WHY_NOT = _missing()
pytestmark = [pytest.mark.gpaw, pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))]

COARSE: dict[str, Any] = {"name": "gpaw", "encut": 200, "k_mesh": [4, 4, 4]}
"""Far from converged, and exact all the same: derivatives and repetitions do not ask for more."""


def lithium(a: float = 3.44) -> Structure:
    return Structure(
        Lattice([[-a / 2, a / 2, a / 2], [a / 2, -a / 2, a / 2], [a / 2, a / 2, -a / 2]]), ["Li"], [[0] * 3]
    )


def two_atoms(displacement: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Structure:
    """Return the cubic cell of lithium, 3.44 Å, with its middle atom displaced (Å)."""
    cell = Structure(Lattice.cubic(3.44), ["Li", "Li"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    cell.translate_sites([1], displacement, frac_coords=False)
    return cell


def lithium_chloride(a: float = 5.15) -> Structure:
    half = a / 2
    return Structure(Lattice([[0, half, half], [half, 0, half], [half, half, 0]]), ["Li", "Cl"], [[0] * 3, [0.5] * 3])


@pytest.fixture
def static(tmp_path: Path) -> Static:
    """Compute one structure."""

    def computed(structure: Structure, **settings: Any) -> Calculation:
        folder = tmp_path / f"static-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        done = make_engine({**COARSE, **settings}).static("key", StaticTask(), structure, RunContext(folder))
        assert done.state is State.CONVERGED, done.reason
        return done

    return computed


def energy(calculation: Calculation) -> float:
    assert calculation.energy is not None
    return calculation.energy


def test_the_stress_is_the_derivative_of_the_energy(static: Static) -> None:
    """With a cut-off that shrinks as the cell grows, the plane waves stay the same ones; k-points do anyway."""
    h, cutoff = 0.005, 200.0
    ends = [energy(static(lithium(3.44 * (1 + s)), encut=cutoff / (1 + s) ** 2)) for s in (h, -h)]
    slope = (ends[0] - ends[1]) / (2 * h) / (3 * lithium().volume) / GPa
    stress = static(lithium()).stress_GPa
    assert stress is not None
    assert stress[:3] == pytest.approx([slope] * 3, abs=0.003)
    assert stress[3:] == pytest.approx([0.0] * 3, abs=1e-6)
    assert stress[0] < -0.5  # there is something to compare


def test_relaxations_end_where_energies_of_one_cutoff_are_least(static: Static, tmp_path: Path) -> None:
    """Their stress is that of a fixed cut-off: the other one and what energies at two cut-offs say of the rest."""
    cutoff, cell = 120.0, lithium()
    folder = tmp_path / "one-step"
    folder.mkdir()
    task = RelaxTask(rattle=0.0, max_stress_GPa=100.0, max_force=10.0)  # converged where it begins
    relaxed = make_engine({**COARSE, "encut": cutoff}).relax("key", task, cell, RunContext(folder)).stress_GPa
    plain = static(cell, encut=cutoff).stress_GPa
    ends = [energy(static(cell, encut=cutoff * (1 + s))) for s in (0.01, -0.01)]
    of_cutoff = 2.0 / 3.0 / cell.volume * (ends[0] - ends[1]) / 0.02 / GPa
    assert relaxed is not None
    assert plain is not None
    assert relaxed[0] - plain[0] == pytest.approx(of_cutoff, abs=0.01)
    assert abs(of_cutoff) > 0.02


def test_forces_are_derivatives_of_the_energy(static: Static) -> None:
    """Of an atom off its place: the inversion between the two is at no plain fraction of the cell."""
    place, h = np.array([0.05, 0.03, 0.01]), 0.02
    middle = static(two_atoms(tuple(place)), k_mesh=[2, 2, 2])
    assert middle.forces is not None
    forces = np.array(middle.forces)
    assert np.abs(forces[0] + forces[1]).max() < 2e-3
    along = place / np.linalg.norm(place)
    ends = [energy(static(two_atoms(tuple(place + s * h * along)), k_mesh=[2, 2, 2])) for s in (1, -1)]
    assert forces[1] @ along == pytest.approx(-(ends[0] - ends[1]) / (2 * h), abs=2e-3)
    assert abs(forces[1] @ along) > 0.02  # there is something to compare


DIRECT = """
import json, sys
from ase import Atoms
from gpaw import GPAW
atoms = Atoms("LiCl", cell=json.loads(sys.argv[1]), scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.5]], pbc=True)
atoms.calc = GPAW(
    mode={"name": "pw", "ecut": 250}, xc="PBE", kpts={"size": (2, 2, 2), "gamma": True},
    occupations={"name": "methfessel-paxton", "order": 1, "width": 0.1},
    convergence={"energy": 1e-6, "density": 1e-5}, txt=None,
)
print(json.dumps([atoms.get_potential_energy(), atoms.get_forces().tolist()]))
"""


def test_energies_are_those_of_a_plain_script(static: Static) -> None:
    cell = lithium_chloride()
    cell.translate_sites([1], (0.05, 0.0, 0.0), frac_coords=False)
    script = DIRECT.replace("[0.5, 0.5, 0.5]", str(cell.frac_coords[1].tolist()))
    done = subprocess.run(
        [*installation.command(), "-c", script, json.dumps(cell.lattice.matrix.tolist())],
        env=installation.environment(), check=True, capture_output=True, text=True,
    )  # fmt: skip
    direct, forces = json.loads(done.stdout.splitlines()[-1])
    ours = static(cell, encut=250, k_mesh=[2, 2, 2])
    assert ours.energy == pytest.approx(direct, abs=1e-5)
    assert np.abs(np.array(ours.forces) - forces).max() < 1e-3
    assert ours.program_version.startswith("GPAW ")
    assert ours.method.program == "gpaw"


def test_wave_functions_are_kept_while_atoms_move(tmp_path: Path) -> None:
    """And no longer than the symmetry that they were made with: the first step of a motion breaks it."""
    engine = make_engine({**COARSE, "k_mesh": [2, 2, 2]})
    task = MDTask(ensemble="nve", temperature=300, steps=4, time_step_fs=2.0)
    done = engine.md("key", task, two_atoms(), RunContext(tmp_path))
    assert done.state is State.CONVERGED
    assert done.evaluations == 5
    assert (tmp_path / "gpaw.txt").read_text(encoding="utf-8").count("Input parameters") == 2


def test_a_slab_without_a_dipole_has_the_energy_of_a_periodic_one(static: Static) -> None:
    """Three layers of Li(001), 10 Å of vacuum; the correction is of what is not there."""
    a, height = 3.44, 14.0
    lattice = Lattice.tetragonal(a, height)
    places = [[0, 0, -a / 2], [a / 2, a / 2, 0], [0, 0, a / 2]]
    cell = Structure(lattice, ["Li"] * 3, places, coords_are_cartesian=True, to_unit_cell=True)
    coarse = {"encut": 150, "k_mesh": [2, 2, 1]}
    slab, periodic = static(cell, variant="slab", **coarse), static(cell, **coarse)
    assert slab.energy == pytest.approx(periodic.energy, abs=5e-3)
    forces = np.array(slab.forces)
    assert forces.sum(axis=0) == pytest.approx([0, 0, 0], abs=1e-3)
    assert forces[0, 2] > 0.1  # outer layers of lithium move inwards


def relax(folder: Path, **context: Any) -> Calculation:
    """Relax lithium from 3.30 Å."""
    engine = make_engine({**COARSE, "k_mesh": [3, 3, 3]})
    task = RelaxTask(rattle=0.0)
    return engine.relax("key", task, lithium(3.30), RunContext(folder, checkpoint_interval_s=0.0, **context))


def test_a_relaxation_survives_the_kill_of_its_process(tmp_path: Path) -> None:
    whole_folder, killed_folder = tmp_path / "whole", tmp_path / "killed"
    whole_folder.mkdir()
    killed_folder.mkdir()
    whole = relax(whole_folder)
    assert whole.state is State.CONVERGED
    assert (whole.max_stress_GPa or 0) <= 0.05
    assert {check.name for check in whole.checks if not check.passed} <= {"no_lower_symmetry"}

    def kill(progress: Progress) -> None:
        if progress.step == 1:
            os.kill(_child_of(os.getpid(), "driver.py"), signal.SIGKILL)

    killed = relax(killed_folder, progress=kill)
    assert killed.state is State.INTERRUPTED
    assert "SIGKILL" in (killed.reason or "")
    assert killed.steps >= 1
    again = relax(killed_folder)
    assert again.state is State.CONVERGED
    assert again.continued == 1
    assert again.volume == pytest.approx(whole.volume, rel=2e-3)
    assert again.energy == pytest.approx(whole.energy, abs=1e-3)


def _child_of(parent: int, program: str) -> int:
    """Return the child process that runs a program."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().decode()
                status = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(status[1]) == parent and program in words:
                return int(folder.name)
    raise AssertionError("no such process")


def test_a_process_without_time_ends_with_its_task(tmp_path: Path) -> None:
    done = make_engine(COARSE).static("key", StaticTask(), lithium(), RunContext(tmp_path, deadline=0.0))
    assert done.state in {State.INTERRUPTED, State.CONVERGED}  # a machine may answer before anyone looks at the clock
    with pytest.raises(AssertionError, match="no such process"):
        _child_of(os.getpid(), "driver.py")


def test_too_few_cycles_are_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "parameters", functools.partial(parameters, most_cycles=3))
    done = make_engine(COARSE).static("key", StaticTask(), lithium(), RunContext(tmp_path))
    assert done.state is State.FAILED
    assert (done.reason or "").startswith("SCF not converged")
    assert done.energy is None


def test_atoms_on_each_other_are_a_reason(tmp_path: Path) -> None:
    cell = Structure(Lattice.cubic(3.44), ["Li", "Li"], [[0, 0, 0], [0.01, 0, 0]])
    done = make_engine(COARSE).static("key", StaticTask(), cell, RunContext(tmp_path))
    assert done.state is State.FAILED
    assert (done.reason or "").startswith("GPAW broke down")


def test_an_element_without_a_set_is_refused() -> None:
    with pytest.raises(InputError, match="no PBE set of Po"):
        GpawEngine({}).check(Structure(Lattice.cubic(3.3), ["Po"], [[0, 0, 0]]))


def test_the_method_knows_its_paw_sets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Other sets are another method: here one file in front of those of the wheel."""
    usual = GpawEngine({}).method()
    assert usual.potentials is not None
    assert len(usual.potentials["sha256"]) == 64
    assert GpawEngine({"encut": 400}).method() != usual
    (tmp_path / "Li.PBE.gz").write_bytes(b"another set")
    monkeypatch.setenv("GPAW_SETUP_PATH", str(tmp_path))
    assert GpawEngine({}).method().potentials != usual.potentials


@pytest.mark.skipif(shutil.which("mpirun") is None, reason="there is no mpirun (Debian: openmpi-bin)")
def test_two_processes_give_what_one_gives(static: Static, monkeypatch: pytest.MonkeyPatch) -> None:
    one = static(lithium())
    python = Path(installation.command()[0])
    monkeypatch.setenv("OMPI_ALLOW_RUN_AS_ROOT", "1")
    monkeypatch.setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
    monkeypatch.setenv(installation.VARIABLE, f"mpirun --oversubscribe -np 2 {python.parent / 'gpaw'} python")
    two = static(lithium())
    assert two.energy == pytest.approx(one.energy, abs=1e-6)
    assert two.stress_GPa == pytest.approx(one.stress_GPa, abs=1e-4)
    assert two.method == one.method
