"""Keys: what makes two calculations the same, on every machine and in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lianode.analysis.method import MethodKey, MethodMismatchError
from lianode.structures import library
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.morse import MorseEngine
from lianode.workflows.hull.analysis import HullSpec, PhaseSlot, derive_hull
from lianode.workflows.keys import Source, calculation_key
from lianode.workflows.plan import plan_campaign
from lianode.workflows.request import relax_phase
from lianode.workflows.task import RelaxTask, StaticTask

if TYPE_CHECKING:
    from collections.abc import Callable

    from lianode.hpc.store import ResultsStore
    from lianode.structures.phase import Phase
    from lianode.workflows.campaign.campaign import Campaign


def _key(phase: Phase | str = "LiIn", *, engine: Any = None, **task: Any) -> str:
    chosen = library.phase(phase) if isinstance(phase, str) else phase
    return relax_phase(engine or MorseEngine(), chosen, RelaxTask(**task)).key


def _changed(phase: Phase, **changes: Any) -> Phase:
    from dataclasses import replace

    return replace(phase, **changes)


def test_a_key_is_32_hexadecimal_digits() -> None:
    assert len(_key()) == 32
    int(_key(), 16)


@pytest.mark.parametrize(
    "changed",
    [
        {"phase": "LiIn2_C15"},
        {"engine": MorseEngine(0.3)},
        {"relax_cell": False},
        {"max_force": 0.01},
        {"max_stress_GPa": 0.1},
        {"rattle": 0.0},
        {"rattle_gain_meV_per_atom": 2.0},
        {"symprec": 1e-4},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_changes_a_result_changes_its_key(changed: dict[str, Any]) -> None:
    assert _key(**changed) != _key()


def test_every_field_of_a_task_is_in_its_key_or_named_as_not() -> None:
    """A field that is added later cannot be forgotten: it is in the identity unless NOT_IN_KEY says otherwise."""
    task = RelaxTask(symprec=1e-4)
    assert set(task.identity()) == set(RelaxTask.model_fields) - {"max_steps"}
    assert set(RelaxTask().identity()) == set(task.identity()) - {"symprec"}  # added later: old keys hold
    assert set(StaticTask().identity()) == set(StaticTask.model_fields)


def test_what_does_not_change_a_result_does_not_change_its_key() -> None:
    phase = library.phase("LiIn")
    assert _key(max_steps=3) == _key()
    assert _key(_changed(phase, name="mine", source="a file", kind="hypothetical", default=False)) == _key()
    usual, again = (relax_phase(MorseEngine(), phase, RelaxTask(), retry_failed=retry) for retry in (False, True))
    assert usual.key == again.key
    assert _key(engine=MorseEngine(0.25)) == _key()
    decorated = phase.structure.copy()
    decorated.add_site_property("magmom", [1.0] * len(decorated))
    assert _key(_changed(phase, structure=decorated)) == _key()


def test_neither_cores_nor_folders_are_in_a_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    before = _key()
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.chdir(tmp_path)
    assert _key() == before


def test_noise_of_coordinates_does_not_change_a_key() -> None:
    """Relaxed coordinates have no exact form, but those of the library and of files do."""
    rng = np.random.default_rng(3)
    for name in ("LiIn", "In_bct", "Li3In2", "Li13In3"):
        phase = library.phase(name)
        for _ in range(5):
            noisy = phase.structure.copy()
            for index in range(len(noisy)):
                noisy.translate_sites([index], rng.uniform(-1e-9, 1e-9, 3), frac_coords=True, to_unit_cell=False)
            assert _key(_changed(phase, structure=noisy)) == _key(phase)


def test_moved_atoms_change_a_key() -> None:
    phase = library.phase("LiIn")
    moved = phase.structure.copy()
    moved.translate_sites([0], [1e-4, 0, 0])
    assert _key(_changed(phase, structure=moved)) != _key(phase)


SCRIPT = """
from lianode.structures import library
from lianode.workflows.engines.morse import MorseEngine
from lianode.workflows.keys import Source, calculation_key
from lianode.workflows.request import relax_phase
from lianode.workflows.task import RelaxTask, StaticTask
for name in ("LiIn", "Li13In3"):
    print(relax_phase(MorseEngine(), library.phase(name), RelaxTask()).key)
source = Source(recipe="displaced supercell", parameters={"b": 1, "a": [1, 2]}, parents=("x",))
print(calculation_key(MorseEngine(), StaticTask(), source))
"""


def test_processes_agree_on_keys() -> None:
    seen = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "4711")
    }
    assert len(seen) == 1
    assert next(iter(seen)).splitlines()[0] == _key("LiIn")


def _derived(**changes: Any) -> str:
    content = {"recipe": "displaced supercell", "parameters": {"repeats": [2, 2, 2], "atom": 0}, "parents": ("a",)}
    return calculation_key(MorseEngine(), StaticTask(), Source(**(content | changes)))


def test_a_derived_key_follows_from_its_recipe_and_its_parents() -> None:
    assert _derived() == _derived(parameters={"atom": 0, "repeats": [2, 2, 2]})
    assert _derived() == _derived(parents=["a"])
    for change in ({"parents": ("b",)}, {"parents": ("a", "b")}, {"recipe": "slab"}, {"parameters": {"atom": 1}}):
        assert _derived(**change) != _derived()
    # the atoms themselves are no argument: no relaxed coordinate can get into it
    assert "structure" not in Source.model_fields


def test_a_stricter_relaxation_gives_its_children_other_keys() -> None:
    children = {_derived(parents=(_key(max_force=limit),)) for limit in (0.005, 0.004)}
    assert len(children) == 2


def test_the_same_phase_in_two_entries_has_one_key(make_campaign: Callable[..., Campaign]) -> None:
    plan = plan_campaign(make_campaign({"phases": ["Li", "In", "LiIn"]}, {"exclude": ["LiIn3"]}))
    first, second = plan.hulls
    common = {request.label: request.key for request in first.requests}
    assert set(common) == {"Li_bcc", "In_bct", "LiIn"}
    assert common.items() <= {request.label: request.key for request in second.requests}.items()
    assert len(plan.requests) == len(second.requests)


def test_energies_of_two_methods_are_not_subtracted(results: ResultsStore) -> None:
    def _place(key: str) -> RunContext:
        return RunContext(results.run_directory(key))

    slots = []
    for name, depth in (("Li_bcc", 0.25), ("In_bct", 0.25), ("LiIn", 0.3)):
        request = relax_phase(MorseEngine(depth), library.phase(name), RelaxTask())
        engine = MorseEngine(depth)
        results.commit(engine.relax(request.key, RelaxTask(), request.atoms(), _place(request.key)))
        slots.append(PhaseSlot(name=name, formula=library.phase(name).formula, kind="experimental", key=request.key))
    spec = HullSpec(campaign="c", engine="morse", system="Li-In", phases=tuple(slots))
    with pytest.raises(MethodMismatchError, match="would mix energies of different methods"):
        derive_hull(spec, results)


def test_methods_differ_where_energies_cannot_be_subtracted() -> None:
    base = {"program": "p", "functional": "PBE", "model": "m", "checksum": "0"}
    keys = [MethodKey(**base)]
    keys += [
        MethodKey(**(base | change))
        for change in (
            {"program": "q"}, {"functional": "r2SCAN"}, {"corrections": "MP2020"}, {"model": "n"}, {"checksum": "1"},
            {"modality": "PBE"}, {"potentials": {"Li": "Li_sv"}}, {"cutoff_eV": 520.0}, {"dispersion": "D3"},
        )
    ]  # fmt: skip
    assert len({key.digest for key in keys}) == len(keys)
