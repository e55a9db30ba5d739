"""Calculate once: with a real store, real processes and engines that fail."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.workflows import calculate
from lianode.workflows.calculate import TRACEBACK_FILE, is_settled, obtain, summary
from lianode.workflows.calculation import State
from lianode.workflows.engines.checkpoint import FILE
from lianode.workflows.engines.morse import MorseCalculator, MorseEngine
from lianode.workflows.keys import Source, calculation_key
from lianode.workflows.request import Request, relax_phase
from lianode.workflows.session import Session, current_session, session
from lianode.workflows.task import RelaxTask, StaticTask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydantic import BaseModel

    from lianode.hpc.store import ResultsStore


def _request(phase: str = "Li3In2", *, retry_failed: bool = False, **task: Any) -> Request:
    return relax_phase(MorseEngine(), library.phase(phase), RelaxTask(**task), retry_failed=retry_failed)


def _json(document: BaseModel) -> Any:
    return document.model_dump(mode="json")


def _break(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Callable[[], None]:
    """Let every evaluation raise; returns what mends it."""
    original = MorseCalculator.calculate

    def broken(self: MorseCalculator, *_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(MorseCalculator, "calculate", broken)
    return lambda: monkeypatch.setattr(MorseCalculator, "calculate", original)


def test_what_has_converged_is_returned_and_not_repeated(results: ResultsStore, evaluations: list[int]) -> None:
    first = obtain(_request(), results)
    assert first.state is State.CONVERGED
    assert first.evaluations == len(evaluations) > 10
    assert first.revision == 1
    spent = len(evaluations)
    for same in (_request(), _request(max_steps=7), _request(retry_failed=True)):
        assert _json(obtain(same, results)) == _json(first)
    assert len(evaluations) == spent


def test_the_checkpoint_goes_when_the_result_is_in_the_store(results: ResultsStore) -> None:
    done = obtain(_request(), results)
    assert not (results.run_directory(done.key) / FILE).exists()
    assert done.directory == str(results.run_directory(done.key))


def test_a_store_that_fails_keeps_the_checkpoint(results: ResultsStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Any) -> Any:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(results, "commit", full)
        with pytest.raises(OSError, match="no space"), session(Session(checkpoint_interval_s=0.0)):
            obtain(_request(), results)
    request = _request()
    assert (results.run_directory(request.key) / FILE).exists()
    again = obtain(request, results)
    assert again.state is State.CONVERGED
    assert again.continued == 1


def test_an_error_becomes_a_failed_calculation(results: ResultsStore, monkeypatch: pytest.MonkeyPatch) -> None:
    mend = _break(monkeypatch, ValueError("the neighbour list is empty\nand more"))
    request = _request()
    done = obtain(request, results)
    assert done.state is State.FAILED
    assert done.reason == "ValueError: the neighbour list is empty"
    assert (done.formula, done.n_atoms, done.composition) == ("Li3In2", 5, {"Li": 3, "In": 2})
    assert done.method == MorseEngine().method()
    assert done.energy is None
    text = (results.run_directory(request.key) / TRACEBACK_FILE).read_text()
    assert "Traceback" in text
    assert "and more" in text

    mend()
    assert _json(obtain(request, results)) == _json(done)  # nobody asked for another attempt
    retried = obtain(_request(retry_failed=True), results)
    assert retried.state is State.CONVERGED
    assert retried.revision == 2
    assert retried.continued == 0
    assert _json(obtain(request, results)) == _json(retried)


def test_a_failure_starts_afresh_when_it_is_tried_again(results: ResultsStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint next to a breakdown is no good start."""
    calls: list[int] = []
    original = MorseCalculator.calculate

    def breaking(self: MorseCalculator, *arguments: Any, **options: Any) -> None:
        original(self, *arguments, **options)
        calls.append(1)
        if len(calls) > 6:
            self.results["energy"] = np.nan

    monkeypatch.setattr(MorseCalculator, "calculate", breaking)
    with session(Session(checkpoint_interval_s=0.0)):
        done = obtain(_request(), results)
    assert (done.state, done.reason) == (State.FAILED, "the energy, a force or the stress is not finite")
    assert not (results.run_directory(done.key) / FILE).exists()
    monkeypatch.setattr(MorseCalculator, "calculate", original)
    retried = obtain(_request(retry_failed=True), results)
    assert (retried.state, retried.continued) == (State.CONVERGED, 0)


def test_an_error_without_a_text_has_a_reason(results: ResultsStore, monkeypatch: pytest.MonkeyPatch) -> None:
    _break(monkeypatch, AssertionError())
    assert obtain(_request(), results).reason == "AssertionError: no message"


def test_what_is_unconverged_is_continued(results: ResultsStore, evaluations: list[int]) -> None:
    first = obtain(_request(max_steps=4), results)
    assert first.state is State.UNCONVERGED
    assert not is_settled(first)
    done = obtain(_request(), results)
    assert done.state is State.CONVERGED
    assert (done.continued, done.revision) == (1, 2)
    assert done.evaluations == len(evaluations)
    assert done.steps > first.steps


def test_what_was_stopped_is_continued(results: ResultsStore, evaluations: list[int]) -> None:
    told: list[tuple[str, int]] = []
    with session(Session(progress=lambda label, at: told.append((label, at.step)), stop=lambda: len(told) >= 5)):
        first = obtain(_request(), results)
    assert first.state is State.INTERRUPTED
    assert told == [("Li3In2", step) for step in range(5)]
    assert current_session().stop() is False  # the session is over
    done = obtain(_request(), results)
    assert (done.state, done.continued) == (State.CONVERGED, 1)
    assert done.evaluations == len(evaluations)


def test_a_static_is_calculated_once_too(results: ResultsStore, evaluations: list[int]) -> None:
    structure = library.phase("LiIn").primitive()
    source = Source(recipe="displaced supercell", parents=("a",))
    request = Request(
        key=calculation_key(MorseEngine(), StaticTask(), source),
        engine=MorseEngine().settings,
        task=StaticTask(),
        source=source,
        structure=structure.as_dict(),
        label="LiIn phonon 1/1",
    )
    first = obtain(request, results)
    assert first.state is State.CONVERGED
    assert first.forces is not None
    assert _json(obtain(request, results)) == _json(first)
    assert len(evaluations) == 1
    assert summary(first) == {"key": request.key, "state": "converged", "reason": None}


def test_a_request_survives_a_queue(results: ResultsStore) -> None:
    """Jobs carry requests as plain JSON; jobflow turns the structure inside into an object on the way."""
    import json

    request = _request()
    plain = json.loads(json.dumps(request.model_dump(mode="json")))
    assert _json(Request.model_validate(plain)) == plain
    plain["structure"] = request.atoms()
    assert Request.model_validate(plain).n_atoms == 5
    assert obtain(Request.model_validate(plain), results).key == request.key


def test_an_unknown_engine_is_refused_before_anything_is_stored(results: ResultsStore) -> None:
    request = _request().model_copy(update={"engine": {"name": "mores"}})
    with pytest.raises(InputError, match="did you mean 'morse'"):
        obtain(request, results)
    assert results.calculation(request.key) is None


def test_only_converged_and_failed_are_settled(results: ResultsStore) -> None:
    done = obtain(_request(), results)
    assert not is_settled(None)
    for state, settled in ((State.CONVERGED, True), (State.FAILED, True), (State.UNCONVERGED, False)):
        assert is_settled(done.model_copy(update={"state": state})) is settled
    assert not is_settled(done.model_copy(update={"state": State.FAILED}), retry_failed=True)


SCRIPT = """
import sys
from pathlib import Path
from lianode.hpc.settings import load_settings
from lianode.hpc.store import open_store
from lianode.structures import library
from lianode.workflows.calculate import obtain
from lianode.workflows.engines.morse import MorseCalculator, MorseEngine
from lianode.workflows.request import relax_phase
from lianode.workflows.task import RelaxTask

made = []
original = MorseCalculator.calculate
def counted(self, *arguments, **options):
    made.append(1)
    original(self, *arguments, **options)
MorseCalculator.calculate = counted
results = open_store(load_settings(Path(sys.argv[1])))
request = relax_phase(MorseEngine(), library.phase("Li13In3"), RelaxTask())
print("ready", flush=True)
sys.stdin.readline()
done = obtain(request, results)
print(len(made), done.evaluations, done.revision, done.state.value, repr(done.energy))
"""


def test_two_processes_compute_one_key_once(project: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(project)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate()[0].split() for process in processes]
    made = [int(answer[0]) for answer in answers]
    assert min(made) == 0
    assert max(made) == int(answers[0][1])
    assert answers[0][1:] == answers[1][1:]
    assert answers[0][2:4] == ["1", "converged"]


def test_the_module_needs_no_queue() -> None:
    """The one way to a calculation is free of jobflow: it works from a notebook with any store."""
    assert "jobflow" not in vars(calculate)
