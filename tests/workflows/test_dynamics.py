"""Molecular dynamics: against theory, against ASE's integrator, and against itself after stops and kills."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.md.nose_hoover_chain import NoseHooverChainNVT
from ase.units import fs, kB
from pymatgen.core import Lattice, Structure

from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.workflows.calculate import obtain
from lianode.workflows.calculation import State
from lianode.workflows.dynamics import md_request
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.evaluation import CountedCalculator
from lianode.workflows.engines.md_files import CHECKPOINT, TRAJECTORY, file_reference
from lianode.workflows.engines.md_statistics import Statistics, md_checks, temperature_error
from lianode.workflows.engines.morse import MorseCalculator, MorseEngine
from lianode.workflows.engines.nose_hoover import Integrator, kinetic_energy, kinetic_temperature, maxwell_momenta
from lianode.workflows.session import Session, session
from lianode.workflows.task import MDTask

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from lianode.hpc.store import ResultsStore
    from lianode.workflows.calculation import Calculation

A_FCC = 4.1496
"""Å: lattice constant at which the test potential's fcc Li has no stress."""


def crystal(*repeats: int) -> Structure:
    cell = Structure.from_spacegroup("Fm-3m", Lattice.cubic(A_FCC), ["Li"], [[0, 0, 0]])
    return cell * repeats if repeats else cell


def run(folder: Path, structure: Structure | None = None, **options: Any) -> Calculation:
    context = {name: options.pop(name) for name in ("deadline", "stop") if name in options}
    folder.mkdir(exist_ok=True)
    task = MDTask(**{"temperature": 300.0, "steps": 50, "frame_interval": 3, **options})
    cell = structure if structure is not None else crystal()
    return MorseEngine().md("key", task, cell, RunContext(folder, checkpoint_interval_s=0.0, **context))


def harmonic(k: float) -> Any:
    """Atoms bound to the origin by springs of k (eV/Å²)."""
    return lambda positions: (0.5 * k * float((positions**2).sum()), -k * positions)


def conserved(trajectory: Path) -> NDArray[np.float64]:
    return np.array([frame.info["conserved"] for frame in ase.io.read(trajectory, ":")])


class TestTheory:
    """Known answers."""

    def test_velocity_verlet_conserves_a_harmonic_energy_to_second_order(self) -> None:
        """Verlet keeps E (1 - (ω Δt)²/4 sin²...): its swing is E (ω Δt)²/4, four times smaller at half the step."""
        masses, k = np.array([6.94, 6.94]), 1.0
        omega = np.sqrt(k / masses[0]) / (1.0 / fs)  # 1/fs
        swings = []
        for dt in (2.0, 1.0, 0.5):
            integrator = Integrator(masses, harmonic(k), time_step_fs=dt, temperature=None, thermostat_time_fs=1.0)
            state = integrator.start(np.array([[0.1, 0.0, 0.0], [0.0, 0.0, 0.0]]), np.zeros((2, 3)))
            start, energies = integrator.conserved(state), []
            for _ in range(int(400 / dt)):
                integrator.advance(state)
                energies.append(integrator.conserved(state))
            swings.append(max(abs(energy - start) for energy in energies) / start)
            assert swings[-1] == pytest.approx((omega * dt) ** 2 / 4, rel=0.02)
        assert [a / b for a, b in pairwise(swings)] == pytest.approx([4.0, 4.0], rel=0.02)

    def test_a_crystal_at_constant_energy_keeps_it_and_does_not_move_as_a_whole(self, tmp_path: Path) -> None:
        swings = {}
        for dt in (4.0, 2.0):
            folder = tmp_path / f"{dt}"
            done = run(folder, ensemble="nve", time_step_fs=dt, steps=int(800 / dt), frame_interval=1)
            assert done.state is State.CONVERGED
            swings[dt] = np.ptp(conserved(folder / TRAJECTORY))
            last = ase.io.read(folder / TRAJECTORY, "-1")
            assert np.abs(last.arrays["velo"].sum(axis=0)).max() < 1e-12
        assert swings[4.0] / swings[2.0] == pytest.approx(4.0, rel=0.25)
        assert swings[2.0] / 4 < 1e-3  # eV/atom

    def test_half_of_the_kinetic_energy_goes_into_a_harmonic_crystal(self, tmp_path: Path) -> None:
        done = run(tmp_path / "nve", ensemble="nve", temperature=50.0, time_step_fs=4.0, steps=600)
        assert done.mean_temperature == pytest.approx(25.0, rel=0.15)

    def test_the_chain_moves_as_that_of_ase_with_the_same_degrees_of_freedom(self) -> None:
        """ASE counts 3N; told the same, both make the same trajectory."""
        structure = crystal()
        atoms = Atoms("Li4", positions=structure.cart_coords, cell=structure.lattice.matrix, pbc=True)
        atoms.calc = MorseCalculator()
        other = atoms.copy()
        other.calc = MorseCalculator()
        masses = atoms.get_masses()
        momenta = maxwell_momenta(masses, 300.0, 5)
        other.set_momenta(momenta)

        def forces(positions: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            atoms.set_positions(positions)
            return float(atoms.get_potential_energy()), atoms.get_forces()

        mine = Integrator(masses, forces, time_step_fs=2.0, temperature=300.0, thermostat_time_fs=50.0)
        mine.freedom = 12
        mine.q[0] = 12 * mine.q[1]
        state = mine.start(atoms.positions, momenta)
        theirs = NoseHooverChainNVT(other, timestep=2.0 * fs, temperature_K=300.0, tdamp=50.0 * fs)
        for _ in range(50):
            mine.advance(state)
            theirs.step()
        assert state.positions == pytest.approx(other.positions, abs=1e-9)
        assert mine.conserved(state) == pytest.approx(theirs.get_conserved_energy(), abs=1e-9)

    def test_the_canonical_ensemble_of_oscillators(self) -> None:
        """Mean and variance of the kinetic energy over 3N - 3 degrees of freedom: g kT/2 and g (kT)²/2.

        The springs act between the atoms and their common centre, so that the total momentum stays zero.
        """
        n, target = 8, 300.0
        masses = np.linspace(5.0, 9.0, n)
        springs = np.linspace(0.5, 4.0, 3 * n).reshape(n, 3)

        def forces(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            away = x - x.mean(axis=0)
            pull = springs * away + 0.8 * away**3
            return float((0.5 * springs * away**2 + 0.2 * away**4).sum()), -(pull - pull.mean(axis=0))

        integrator = Integrator(masses, forces, time_step_fs=2.0, temperature=target, thermostat_time_fs=30.0)
        state = integrator.start(np.zeros((n, 3)), maxwell_momenta(masses, target, 3))
        kinetic = []
        for step in range(60_000):
            integrator.advance(state)
            if step > 2000:
                kinetic.append(kinetic_energy(state.momenta, masses))
        freedom, thermal = 3 * n - 3, kB * target
        blocks = np.array(kinetic[: len(kinetic) // 50 * 50]).reshape(50, -1)
        error = blocks.mean(axis=1).std(ddof=1) / np.sqrt(50)
        assert np.mean(kinetic) == pytest.approx(freedom * thermal / 2, abs=4 * error)
        assert np.mean(kinetic) == pytest.approx(freedom * thermal / 2, rel=0.01)
        spread = blocks.var(axis=1)
        assert np.var(kinetic) == pytest.approx(
            freedom * thermal**2 / 2, abs=4 * spread.std(ddof=1) / np.sqrt(50) + 0.03 * freedom * thermal**2 / 2
        )
        assert np.abs(state.momenta.sum(axis=0)).max() < 1e-9

    def test_velocities_are_maxwells_at_the_temperature_without_drift(self) -> None:
        masses = np.repeat([6.94, 114.8], 2000)
        momenta = maxwell_momenta(masses, 400.0, 1)
        assert kinetic_temperature(kinetic_energy(momenta, masses), 4000) == pytest.approx(400.0, rel=1e-12)
        assert np.abs(momenta.sum(axis=0)).max() < 1e-9
        for mass in (6.94, 114.8):
            component = momenta[masses == mass].ravel()
            assert component.var() == pytest.approx(mass * kB * 400.0, rel=0.05)
            assert (component**4).mean() / component.var() ** 2 == pytest.approx(3.0, rel=0.1)
        assert not np.array_equal(momenta, maxwell_momenta(masses, 400.0, 2))

    def test_a_drift_and_its_segments(self) -> None:
        measured = Statistics()
        for segment, offset in enumerate((0.0, 500.0)):
            measured.new_segment()
            for i in range(100):
                measured.add(segment + i * 0.01, 310.0, offset + 2.5 * i * 0.01)
        assert measured.drift == pytest.approx(2.5, rel=1e-9)
        assert Statistics.of(measured.numbers()) == measured
        checks = {
            c.name: c for c in md_checks(measured, n_atoms=100, time_step_fs=10, target=300, thermostat_time_fs=18)
        }
        assert checks["energy_conserved"].passed is False
        error = temperature_error(300, 100, 0.018, 2.0)
        assert error == pytest.approx(300 * np.sqrt(2 / 297) * np.sqrt(0.036 / 2.0))
        assert checks["temperature_kept"].passed is (4 * error >= 10)


class TestDocument:
    """What comes back."""

    def test_a_thermostat_keeps_its_temperature(self, tmp_path: Path) -> None:
        done = run(tmp_path / "nvt", crystal(1, 1, 2), steps=800)
        assert (done.state, done.reason, done.steps, done.evaluations) == (State.CONVERGED, None, 800, 801)
        assert {check.name: check.passed for check in done.checks} == {
            "energy_conserved": True, "temperature_kept": True,
        }  # fmt: skip
        assert done.mean_temperature == pytest.approx(300, abs=60)
        frames = ase.io.read(tmp_path / "nvt" / TRAJECTORY, ":")
        steps = [frame.info["step"] for frame in frames]
        assert steps == [*range(0, 800, 3), 800]
        last = frames[-1]
        assert done.energy == last.get_potential_energy()
        assert Structure.from_dict(done.structure or {}).cart_coords == pytest.approx(last.positions, abs=1e-9)
        reference = done.files["trajectory"]
        assert reference == file_reference(tmp_path / "nvt" / TRAJECTORY, tmp_path / "nvt")
        assert reference.path == TRAJECTORY

    def test_velocities_of_the_trajectory_are_the_motion(self, tmp_path: Path) -> None:
        run(tmp_path / "a", ensemble="nve", time_step_fs=0.5, frame_interval=1, steps=40)
        frames = ase.io.read(tmp_path / "a" / TRAJECTORY, ":")
        central = (frames[21].positions - frames[19].positions) / 1.0
        assert frames[20].arrays["velo"] == pytest.approx(central, abs=1e-6)

    def test_a_motion_that_runs_away_is_stopped_and_said(self, tmp_path: Path) -> None:
        squeezed = crystal()
        squeezed.translate_sites([0], [0.25, 0.25, 0.0])
        done = run(tmp_path / "hot", squeezed, time_step_fs=20.0)
        assert done.state is State.FAILED
        assert "the motion ran away" in (done.reason or "")
        assert (done.energy, done.structure, done.files) == (None, None, {})
        assert done.steps < 50

    def test_a_single_atom_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="at least two atoms"):
            md_request(MorseEngine(), library.phase("Li_fcc"), MDTask(temperature=300, steps=5))
        with pytest.raises(InputError, match="at least two atoms"):
            run(tmp_path / "one", library.phase("Li_fcc").primitive())


class TestContinuation:
    """A run that was stopped or killed is the one that was not."""

    OPTIONS = {"steps": 60, "frame_interval": 4}  # noqa: RUF012

    def test_stops_at_random_steps_change_nothing(self, tmp_path: Path) -> None:
        whole = run(tmp_path / "whole", **self.OPTIONS)
        random = np.random.default_rng(4)
        for ensemble in ("nvt-nose-hoover", "nve"):
            whole = run(tmp_path / f"whole-{ensemble}", ensemble=ensemble, **self.OPTIONS)
            folder, state, stops = tmp_path / f"parts-{ensemble}", State.INTERRUPTED, 0
            while state is State.INTERRUPTED:
                left = iter(range(int(random.integers(1, 20))))
                done = run(folder, ensemble=ensemble, stop=lambda left=left: next(left, None) is None, **self.OPTIONS)
                state, stops = done.state, stops + 1
            assert stops > 3
            assert (folder / TRAJECTORY).read_bytes() == (tmp_path / f"whole-{ensemble}" / TRAJECTORY).read_bytes()
            same = {"structure", "energy", "max_force", "steps", "evaluations", "mean_temperature", "checks", "files"}
            assert done.model_dump(include=same) == whole.model_dump(include=same)
            assert done.continued == stops - 1

    def test_what_was_written_after_the_checkpoint_is_cut_off(self, tmp_path: Path) -> None:
        whole = run(tmp_path / "whole", **self.OPTIONS)
        left = iter(range(30))
        run(tmp_path / "cut", stop=lambda: next(left, None) is None, **self.OPTIONS)
        with (tmp_path / "cut" / TRAJECTORY).open("a") as file:
            file.write("4\nLattice=half a frame of a kill")
        assert run(tmp_path / "cut", **self.OPTIONS).files == whole.files

    @pytest.mark.parametrize("damage", ["empty", "garbage", "short trajectory", "other atoms"])
    def test_a_checkpoint_that_cannot_be_used_is_left_aside(self, tmp_path: Path, damage: str) -> None:
        whole = run(tmp_path / "whole", **self.OPTIONS)
        left = iter(range(30))
        folder = tmp_path / "broken"
        other = crystal(1, 1, 2) if damage == "other atoms" else None
        run(folder, other, stop=lambda: next(left, None) is None, **self.OPTIONS)
        if damage == "empty":
            (folder / CHECKPOINT).write_bytes(b"")
        elif damage == "garbage":
            (folder / CHECKPOINT).write_bytes((folder / CHECKPOINT).read_bytes()[:500])
        elif damage == "short trajectory":
            (folder / TRAJECTORY).write_bytes(b"")
        done = run(folder, **self.OPTIONS)
        assert (done.continued, done.files) == (0, whole.files)

    @pytest.mark.slow
    def test_a_killed_process_loses_and_repeats_no_frame(self, tmp_path: Path) -> None:
        steps = 400
        whole = run(tmp_path / "whole", steps=steps)
        folder = tmp_path / "killed"
        folder.mkdir()
        script = (
            "import json, sys\nfrom pathlib import Path\nfrom pymatgen.core import Structure\n"
            "from lianode.workflows.engine import RunContext\nfrom lianode.workflows.engines.morse import MorseEngine\n"
            "from lianode.workflows.task import MDTask\n"
            "cell = Structure.from_dict(json.loads(sys.argv[2]))\n"
            f"task = MDTask(temperature=300.0, steps={steps}, frame_interval=3)\n"
            "MorseEngine().md('key', task, cell, RunContext(Path(sys.argv[1]), checkpoint_interval_s=0.05))\n"
        )
        random = np.random.default_rng(7)
        for _ in range(4):
            arguments = [sys.executable, "-c", script, str(folder), json.dumps(crystal().as_dict())]
            with subprocess.Popen(arguments) as child:
                before = (folder / CHECKPOINT).stat().st_mtime_ns if (folder / CHECKPOINT).exists() else 0
                until = time.monotonic() + 60
                while time.monotonic() < until and child.poll() is None:
                    if (folder / CHECKPOINT).exists() and (folder / CHECKPOINT).stat().st_mtime_ns != before:
                        break
                    time.sleep(0.01)
                time.sleep(float(random.uniform(0.0, 0.3)))
                child.kill()
        done = run(folder, steps=steps)
        assert done.continued > 0
        assert done.files == whole.files
        assert done.structure == whole.structure


class TestRequests:
    """From a script to the store."""

    def test_a_request_is_done_once(self, results: ResultsStore, evaluations: list[int]) -> None:
        request = md_request(MorseEngine(), library.phase("Li3In2"), MDTask(temperature=200, steps=12))
        with session(Session(stop=lambda: len(evaluations) > 6, checkpoint_interval_s=0.0)):
            half = obtain(request, results)
        assert half.state is State.INTERRUPTED
        done = obtain(request, results)
        assert (done.state, done.continued, done.evaluations) == (State.CONVERGED, 1, len(evaluations))
        assert obtain(request, results).model_dump(mode="json") == done.model_dump(mode="json")
        assert len(evaluations) == 13
        stored = results.calculation(request.key)
        assert stored is not None
        assert isinstance(stored.task, MDTask)
        assert (results.run_directory(request.key) / stored.files["trajectory"].path).is_file()

    def test_the_key_holds_all_that_decides_the_trajectory(self) -> None:
        phase = library.phase("Li3In2")
        usual = {"temperature": 300.0, "steps": 10}
        changes: list[dict[str, Any]] = [
            {}, {"steps": 11}, {"temperature": 301}, {"seed": 2}, {"ensemble": "nve"}, {"time_step_fs": 1},
            {"thermostat_time_fs": 50}, {"frame_interval": 1},
        ]  # fmt: skip
        keys = [md_request(MorseEngine(), phase, MDTask(**{**usual, **change})).key for change in changes]
        keys.append(md_request(MorseEngine(), phase, MDTask(**usual), repeats=(2, 1, 1)).key)  # type: ignore[arg-type]
        assert len(set(keys)) == len(keys)

    def test_the_calculator_computes_each_step_once(self, tmp_path: Path) -> None:
        counted = CountedCalculator(MorseCalculator())
        atoms = Atoms("Li4", positions=crystal().cart_coords, cell=crystal().lattice.matrix, pbc=True)
        from lianode.workflows.engines.dynamics import run_dynamics

        run_dynamics(atoms, counted, MDTask(temperature=100, steps=7), RunContext(tmp_path))
        assert counted.count == 8
