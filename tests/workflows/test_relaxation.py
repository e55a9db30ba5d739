"""Relaxation: known answers, honest states, and going on after a stop."""

from __future__ import annotations

import itertools
import json
import time
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.units import GPa
from pymatgen.core import Lattice, Structure
from pymatgen.io.ase import AseAtomsAdaptor
from scipy.optimize import minimize_scalar

from lianode.analysis.checks import failed
from lianode.structures import library
from lianode.workflows.calculation import State
from lianode.workflows.engines.checkpoint import FILE, Checkpoint, remove_checkpoint
from lianode.workflows.engines.morse import CUTOFF, DIAMETERS, STEEPNESS, SWITCH_FROM, MorseCalculator, MorseEngine
from lianode.workflows.task import RelaxTask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lianode.workflows.calculation import Calculation
    from lianode.workflows.engine import Progress

    Relax = Callable[..., Calculation]

MEV = 1e-3


def _lattice_sum(a: float, element: str, basis: list[tuple[float, float, float]]) -> float:
    """Energy per atom of a cubic element with one atom per lattice point, by a plain sum over lattice points."""
    energy = 0.0
    for n in itertools.product(range(-4, 5), repeat=3):
        for shift in basis:
            r = a * float(np.linalg.norm(np.add(n, shift)))
            if 1e-9 < r < CUTOFF:
                x = np.exp(-STEEPNESS * (r - DIAMETERS[element]))
                t = max(0.0, (r - SWITCH_FROM) / (CUTOFF - SWITCH_FROM))
                energy += 0.5 * 0.25 * (x * x - 2 * x) * (1 - 10 * t**3 + 15 * t**4 - 6 * t**5)
    return energy


FCC = [(0.0, 0.0, 0.0), (0.5, 0.5, 0.0), (0.5, 0.0, 0.5), (0.0, 0.5, 0.5)]


@pytest.mark.parametrize("element", ["In", "Li"])
@pytest.mark.parametrize("start", [0.95, 1.06])
def test_fcc_reaches_the_minimum_of_its_lattice_sum(relax: Relax, element: str, start: float) -> None:
    guess = DIAMETERS[element] * 2**0.5
    known = minimize_scalar(
        _lattice_sum, bounds=(0.9 * guess, 1.1 * guess), args=(element, FCC), method="bounded", options={"xatol": 1e-8}
    )
    crystal = AseAtomsAdaptor.get_structure(bulk(element, "fcc", a=start * known.x))
    fine = relax(crystal, max_force=1e-4, max_stress_GPa=1e-4)
    assert fine.state is State.CONVERGED
    assert (4 * fine.volume) ** (1 / 3) == pytest.approx(known.x, abs=2e-5)
    assert fine.energy == pytest.approx(known.fun, abs=1e-7)
    usual = relax(crystal, folder="usual")  # 0.05 GPa, well below a per mille of the lattice constant
    assert (4 * usual.volume) ** (1 / 3) == pytest.approx(known.x, rel=1e-3)
    assert usual.energy == pytest.approx(known.fun, abs=0.1 * MEV)


@pytest.mark.parametrize("phase", ["In_bct", "Li_bcc", "LiIn3_L12", "Li3In2", "LiIn2_MoSi2", "Li3In_D03", "LiIn"])
def test_three_starting_volumes_end_in_one_energy(relax: Relax, phase: str) -> None:
    energies = []
    for index, change in enumerate((-0.06, 0.0, 0.06)):
        cell = library.phase(phase).primitive()
        cell.scale_lattice(cell.volume * (1 + change))
        done = relax(cell, folder=str(index))
        assert done.state is State.CONVERGED
        assert done.energy is not None
        energies.append(done.energy / done.n_atoms)
    assert max(energies) - min(energies) < 1 * MEV


@pytest.mark.parametrize("relax_cell", [True, False])
@pytest.mark.parametrize("phase", ["In_bct", "Li3In2", "Li5In4"])
def test_converged_means_converged(relax: Relax, morse: MorseEngine, phase: str, relax_cell: bool) -> None:
    done = relax(phase, relax_cell=relax_cell)
    assert done.state is State.CONVERGED
    assert done.reason is None
    atoms = AseAtomsAdaptor.get_atoms(Structure.from_dict(done.structure), msonable=False)
    atoms.calc = MorseCalculator()
    assert atoms.get_potential_energy() == pytest.approx(done.energy, abs=1e-9)
    force = np.linalg.norm(atoms.get_forces(), axis=1).max()
    stress = np.abs(atoms.get_stress()).max() / GPa
    assert force == pytest.approx(done.max_force, abs=1e-8)
    assert stress == pytest.approx(done.max_stress_GPa, abs=1e-8)
    assert atoms.get_stress() / GPa == pytest.approx(np.array(done.stress_GPa), abs=1e-8)
    assert force <= 0.005
    if relax_cell:
        assert stress <= 0.05
    else:
        start = library.phase(phase).primitive().lattice
        assert Structure.from_dict(done.structure).lattice.matrix == pytest.approx(start.matrix, abs=1e-10)


@pytest.mark.parametrize("max_steps", [1, 3])
def test_the_step_limit_leaves_it_unconverged(relax: Relax, tmp_path: Path, max_steps: int) -> None:
    done = relax("Li5In4", max_steps=max_steps)
    assert done.state is State.UNCONVERGED
    assert done.reason is not None
    assert done.reason.startswith(f"not converged after {max_steps} steps: largest force ")
    assert (done.max_force or 0) > 0.005 or (done.max_stress_GPa or 0) > 0.05
    assert done.steps == max_steps
    assert done.evaluations == max_steps + 1
    assert done.checks == []
    assert (tmp_path / "run" / FILE).is_file()


def test_an_unconverged_one_goes_on_until_it_is_done(relax: Relax) -> None:
    whole = relax("Li5In4", folder="whole")
    for attempt in range(20):
        done = relax("Li5In4", max_steps=10)
        assert done.continued == attempt
        if done.state is State.CONVERGED:
            break
    assert done.state is State.CONVERGED
    assert done.continued >= 1
    assert (done.energy or 0) / done.n_atoms == pytest.approx((whole.energy or 0) / whole.n_atoms, abs=0.1 * MEV)


def test_coordinates_with_few_decimals_do_not_hold_forces_that_symmetry_hides(relax: Relax) -> None:
    """A file's rounding is within the tolerance of its symmetry: the atoms move to their exact places."""
    exact = library.phase("Li3In2").primitive()
    rounded = exact.copy()
    noise = np.random.default_rng(1).uniform(-0.002, 0.002, (len(exact), 3))
    for index, shift in enumerate(noise):
        rounded.translate_sites([index], shift, frac_coords=False)
    done, known = relax(rounded), relax(exact, folder="exact")
    assert done.state is State.CONVERGED
    assert not failed(done.checks)
    assert done.energy == pytest.approx(known.energy, abs=0.1 * MEV)


def test_a_crystal_that_symmetry_holds_on_a_saddle_is_flagged(relax: Relax) -> None:
    done = relax("LiIn2_C15")
    assert done.state is State.CONVERGED
    (check,) = [check for check in done.checks if check.name == "no_lower_symmetry"]
    assert not check.passed
    assert "meV/atom" in check.message
    lowest = _lowest_curvature(done)
    assert lowest < -0.1  # eV/Å²: displacing atoms lowers the energy, so it is a saddle


@pytest.mark.parametrize("phase", ["LiIn3_D023", "Li3In2"])
def test_a_minimum_is_not_flagged(relax: Relax, phase: str) -> None:
    done = relax(phase)
    assert not failed(done.checks)
    assert {check.name for check in done.checks} == {
        "forces_converged", "stress_converged", "space_group_kept", "volume_kept", "no_lower_symmetry",
    }  # fmt: skip
    assert _lowest_curvature(done) > -1e-3


def test_a_saddle_is_flagged_at_fixed_cell_too(relax: Relax) -> None:
    done = relax("LiIn2_C15", relax_cell=False)
    assert [check.name for check in failed(done.checks)] == ["no_lower_symmetry"]


def test_without_a_rattle_a_saddle_is_neither_found_nor_denied(relax: Relax) -> None:
    done = relax("LiIn2_C15", rattle=0.0)
    assert done.state is State.CONVERGED
    (check,) = [check for check in done.checks if check.name == "no_lower_symmetry"]
    assert check.passed is None
    assert check.message.startswith("not made")
    assert not failed(done.checks)


def test_another_crystal_is_flagged(relax: Relax) -> None:
    """With this potential bct In becomes fcc, as it does with SevenNet-0."""
    done = relax("In_bct")
    assert done.state is State.CONVERGED
    assert (done.space_group_before, done.space_group_after) == (139, 225)
    assert "space_group_kept" in {check.name for check in failed(done.checks)}


def test_a_large_change_of_volume_is_flagged(relax: Relax) -> None:
    cell = library.phase("Li_fcc").primitive()
    cell.scale_lattice(cell.volume * 1.4)
    done = relax(cell)
    assert done.state is State.CONVERGED
    assert [check.name for check in failed(done.checks)] == ["volume_kept"]


def _lowest_curvature(done: Calculation) -> float:
    """Lowest eigenvalue of the Hessian of the atoms at fixed cell, eV/Å², by central differences."""
    atoms = AseAtomsAdaptor.get_atoms(Structure.from_dict(done.structure), msonable=False)
    atoms.calc = MorseCalculator()
    start, rows = atoms.positions.ravel().copy(), []
    for index in range(start.size):
        forces = []
        for step in (1e-3, -1e-3):
            moved = start.copy()
            moved[index] += step
            atoms.positions[:] = moved.reshape(-1, 3)
            forces.append(atoms.get_forces().ravel())
        rows.append((forces[1] - forces[0]) / 2e-3)
    hessian = np.array(rows)
    return float(np.linalg.eigvalsh(0.5 * (hessian + hessian.T))[0])


# calculators that misbehave


class _Strange(Calculator):
    """Energy, forces and stress by a function of the atoms and the number of the evaluation."""

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, answer: Callable[[Any, int], tuple[Any, Any, Any]]) -> None:
        super().__init__()
        self.answer = answer
        self.calls = 0

    def calculate(self, atoms: Any = None, properties: Any = None, system_changes: Any = all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        self.calls += 1
        energy, forces, stress = self.answer(self.atoms, self.calls)
        self.results = {"energy": energy, "free_energy": energy, "forces": forces, "stress": stress}


class _StrangeEngine(MorseEngine):
    def __init__(self, answer: Callable[[Any, int], tuple[Any, Any, Any]]) -> None:
        super().__init__()
        self.strange = _Strange(answer)

    def calculator(self) -> Any:
        return self.strange


def _usual(atoms: Any) -> tuple[float, Any, Any]:
    copy = atoms.copy()
    copy.calc = MorseCalculator()
    return copy.get_potential_energy(), copy.get_forces(), copy.get_stress()


@pytest.mark.parametrize(("which", "call"), [(0, 1), (1, 1), (2, 1), (0, 4), (1, 4), (2, 4)])
def test_numbers_that_are_not_finite_fail_the_relaxation(relax: Relax, which: int, call: int) -> None:
    def answer(atoms: Any, calls: int) -> tuple[Any, Any, Any]:
        numbers = list(_usual(atoms))
        if calls >= call:
            numbers[which] = numbers[which] * np.nan
        return tuple(numbers)

    done = relax("Li5In4", engine=_StrangeEngine(answer))
    assert done.state is State.FAILED
    assert done.reason == "the energy, a force or the stress is not finite"
    assert done.evaluations == call
    assert None in {done.energy, done.max_force, done.max_stress_GPa}
    json.dumps(done.model_dump(mode="json"), allow_nan=False)  # a store can keep it


def test_a_cell_that_runs_away_fails_the_relaxation(relax: Relax) -> None:
    def answer(atoms: Any, _: int) -> tuple[Any, Any, Any]:
        tension = np.array([-0.05, -0.05, -0.05, 0.0, 0.0, 0.0])  # eV/Å³: it always wants to be larger
        return -0.05 * atoms.get_volume(), np.zeros((len(atoms), 3)), tension

    done = relax("Li_bcc", engine=_StrangeEngine(answer))
    assert done.state is State.FAILED
    assert done.reason is not None
    assert "the cell ran away: its volume changed by a factor of " in done.reason
    assert float(done.reason.split()[-1]) > 2.5


def test_a_calculator_that_breaks_down_fails_the_relaxation(relax: Relax) -> None:
    def answer(atoms: Any, calls: int) -> tuple[Any, Any, Any]:
        if calls > 2:
            raise RuntimeError("no neighbours left")
        return _usual(atoms)

    done = relax("Li5In4", engine=_StrangeEngine(answer))
    assert done.state is State.FAILED
    assert done.reason == "the relaxation broke down: no neighbours left"
    assert done.energy is None


def test_a_free_relaxation_that_does_not_end_flags_the_result(relax: Relax) -> None:
    steps: list[int] = []

    def answer(atoms: Any, _: int) -> tuple[Any, Any, Any]:
        energy, forces, stress = _usual(atoms)
        if np.abs(forces).max() > 1e-8:  # only where symmetry is broken, as all forces vanish in Li_fcc
            steps.append(1)
            forces = forces + 0.1
        return energy, forces, stress

    cell = library.phase("Li_fcc").primitive()
    cell.make_supercell([2, 1, 1])
    done = relax(cell, engine=_StrangeEngine(answer), max_steps=15)
    assert len(steps) > 10
    assert done.state is State.CONVERGED
    (check,) = [check for check in failed(done.checks) if check.name == "no_lower_symmetry"]
    assert "did not end (not converged after 15 steps" in check.message


# stopping and going on


@pytest.mark.parametrize("after", [1, 4, 20, 35])
def test_a_stopped_relaxation_goes_on_where_it_was(relax: Relax, tmp_path: Path, after: int) -> None:
    whole = relax("Li5In4", folder="whole")
    assert whole.steps > 35
    seen: list[Progress] = []
    stopped = relax("Li5In4", progress=seen.append, stop=lambda: len(seen) >= after)
    assert stopped.state is State.INTERRUPTED
    assert stopped.reason == "stopped; the next run continues it"
    assert stopped.evaluations == after
    assert stopped.checks == []
    saved = Checkpoint.read(tmp_path / "run", 9)
    assert saved is not None
    assert (saved.steps, saved.evaluations) == (stopped.steps, stopped.evaluations)
    stages = {"symmetric": 1, "free": 2}[saved.stage]
    assert stages == (2 if after == 35 else 1)
    assert stopped.steps == seen[-1].step == after - stages  # the first evaluation of a stage is no step

    again: list[Progress] = []
    done = relax("Li5In4", progress=again.append)
    assert done.state is State.CONVERGED
    assert done.continued == 1
    assert done.steps > stopped.steps
    assert done.evaluations == stopped.evaluations + len(again)
    assert done.evaluation_time_s > stopped.evaluation_time_s
    assert done.wall_time_s > stopped.wall_time_s
    assert done.energy / 9 == pytest.approx(whole.energy / 9, abs=0.1 * MEV)  # type: ignore[operator]
    assert done.space_group_before == whole.space_group_before
    assert [check.name for check in failed(done.checks)] == [check.name for check in failed(whole.checks)]
    if saved.stage == "symmetric":
        assert again[0].energy == pytest.approx(seen[-1].energy, abs=1e-9)  # the step that was saved, not the start


def test_what_is_stopped_in_the_second_stage_keeps_the_numbers_of_the_first(relax: Relax) -> None:
    whole = relax("LiIn2_C15", folder="whole")
    stopped = relax("LiIn2_C15", stop=_after(whole.evaluations - 15))
    assert stopped.state is State.INTERRUPTED
    assert (stopped.energy, stopped.max_force) == (whole.energy, whole.max_force)  # not of the displaced crystal
    atoms = AseAtomsAdaptor.get_atoms(Structure.from_dict(stopped.structure), msonable=False)
    atoms.calc = MorseCalculator()
    assert atoms.get_potential_energy() == pytest.approx(stopped.energy, abs=1e-9)


def _after(calls: int) -> Callable[[], bool]:
    asked = itertools.count(1)
    return lambda: next(asked) >= calls


def test_a_deadline_stops_it(relax: Relax, tmp_path: Path) -> None:
    stopped = relax("Li5In4", deadline=time.monotonic())
    assert stopped.state is State.INTERRUPTED
    assert stopped.evaluations == 1
    assert (tmp_path / "run" / FILE).is_file()
    assert relax("Li5In4", deadline=time.monotonic() + 600).state is State.CONVERGED


def test_stopped_at_every_step_it_still_ends(relax: Relax) -> None:
    whole = relax("Li3In2", folder="whole")
    attempts = (relax("Li3In2", stop=_after(2)) for _ in range(200))
    stopped = list(itertools.takewhile(lambda done: done.state is State.INTERRUPTED, attempts))
    assert len(stopped) > 5
    done = relax("Li3In2")  # what it ended with is in its checkpoint
    assert done.state is State.CONVERGED
    assert done.energy == pytest.approx(whole.energy, abs=5 * 0.1 * MEV)


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[1, 2]",
        b"\xff\xfe\x00",
        b'{"stage": "symmetric"}',
        {"stage": "other"},
        {"positions": [[0.0, 0.0, 0.0]]},
        {"positions": [[0.0, 0.0]] * 5},
        {"positions": [[float("nan")] * 3] * 5},
        {"cell": [[1.0, 0.0, 0.0]]},
        {"cell": None},
        {"stage": "free", "symmetric": None},
        {"symmetric": {}},
        {"symmetric": {"cell": [], "positions": [], "energy": 0.0, "max_force": 0.0, "stress_GPa": [0.0] * 6}},
        {"steps": "many"},
        {"unknown": 1},
    ],
    ids=str,
)
def test_a_damaged_checkpoint_is_not_read(tmp_path: Path, damage: bytes | dict[str, Any]) -> None:
    Checkpoint("symmetric", np.eye(3).tolist(), np.zeros((5, 3)).tolist(), steps=7).write(tmp_path)
    assert Checkpoint.read(tmp_path, 5) is not None
    assert Checkpoint.read(tmp_path, 4) is None
    file = tmp_path / FILE
    if isinstance(damage, dict):
        damage = json.dumps(json.loads(file.read_text()) | damage).encode()
    file.write_bytes(damage)
    assert Checkpoint.read(tmp_path, 5) is None


def test_a_damaged_checkpoint_is_left_aside(relax: Relax, tmp_path: Path) -> None:
    relax("Li3In2", max_steps=4)
    file = tmp_path / "run" / FILE
    file.write_bytes(file.read_bytes()[:-40])
    done = relax("Li3In2")
    assert done.state is State.CONVERGED
    assert done.continued == 0


def test_a_checkpoint_of_other_atoms_is_left_aside(relax: Relax) -> None:
    relax("Li5In4", max_steps=4)
    assert relax("Li3In2").continued == 0


def test_what_has_ended_leaves_no_checkpoint_once_it_is_removed(relax: Relax, tmp_path: Path) -> None:
    relax("Li3In2")
    assert (tmp_path / "run" / FILE).is_file()  # kept until the result is in a store
    (tmp_path / "run" / f"{FILE}.4711").write_text("from a process that was killed while it wrote")
    remove_checkpoint(tmp_path / "run")
    assert list((tmp_path / "run").iterdir()) == []


def test_statics_carry_forces_and_stress(morse: MorseEngine, tmp_path: Path) -> None:
    from lianode.workflows.engine import RunContext
    from lianode.workflows.task import StaticTask

    cell = library.phase("Li5In4").primitive()
    done = morse.static("key", StaticTask(), cell, RunContext(tmp_path))
    atoms = AseAtomsAdaptor.get_atoms(cell, msonable=False)
    atoms.calc = MorseCalculator()
    assert done.state is State.CONVERGED
    assert done.energy == pytest.approx(atoms.get_potential_energy(), abs=1e-12)
    assert np.array(done.forces) == pytest.approx(atoms.get_forces(), abs=1e-12)
    assert np.array(done.stress_GPa) == pytest.approx(atoms.get_stress() / GPa, abs=1e-9)
    assert done.evaluations == 1

    broken = _StrangeEngine(lambda atoms, _: (np.nan, *_usual(atoms)[1:]))
    failed_one = broken.static("key", StaticTask(), cell, RunContext(tmp_path))
    assert failed_one.state is State.FAILED
    assert failed_one.reason == "the engine returned numbers that are not finite"


def test_the_limits_of_a_task_are_positive() -> None:
    for wrong in ({"max_force": 0}, {"max_stress_GPa": -1}, {"max_steps": 0}, {"rattle": -0.1}, {"fmax": 1}):
        with pytest.raises(ValueError, match="validation error"):
            RelaxTask(**wrong)


def test_a_single_atom_relaxes(relax: Relax) -> None:
    done = relax(Structure(Lattice.cubic(3.0), ["Li"], [[0, 0, 0]]))
    assert done.state is State.CONVERGED


def test_a_height_relaxes_alone(relax: Relax, morse: MorseEngine) -> None:
    """A crystal that is strained in its plane finds the height at which its energy is lowest; the plane stays."""
    a = 4.2 * 1.02
    cell = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.2), ["Li"], [[0, 0, 0]])
    cell.lattice = Lattice.from_parameters(a, a, 4.3, 90, 90, 90)
    done = relax(cell, relax_cell="height", rattle=0.0, max_stress_GPa=0.005)
    assert done.state is State.CONVERGED
    after = Structure.from_dict(done.structure).lattice
    assert after.abc[:2] == pytest.approx((a, a), abs=1e-9)
    assert abs(done.stress_GPa[2]) <= 0.005 < abs(done.stress_GPa[0])

    def energy(c: float) -> float:
        atoms = AseAtomsAdaptor.get_atoms(cell, msonable=False)
        atoms.set_cell([a, a, c], scale_atoms=True)
        atoms.calc = morse.calculator()
        return float(atoms.get_potential_energy())

    best = minimize_scalar(energy, bounds=(3.6, 4.6), method="bounded", options={"xatol": 1e-6})
    assert after.c == pytest.approx(best.x, abs=2e-3)
    assert done.energy == pytest.approx(best.fun, abs=1e-5)
