"""A campaign survives what happens to programs: killed runners, killed workers, Ctrl-C."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lianode.hpc.local.pool import memory_variables
from lianode.hpc.settings import load_settings, write_default
from lianode.hpc.store import open_store
from lianode.workflows.engines.checkpoint import FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lianode.hpc.store import ResultsStore

HERE = Path(__file__).parent
PATIENCE_S = 60.0
"""Longest wait for something that is bound to happen."""

ALL = ("Li", "In", "LiIn3_D023", "LiIn2_C15", "LiIn", "Li5In4", "Li2In", "Li13In3")
FEW = ("Li", "In", "LiIn", "Li13In3")


def _campaign(phases: tuple[str, ...]) -> dict[str, Any]:
    """Return a campaign with limits so tight that the larger relaxations take seconds."""
    limits = {"max_force": "1e-4 eV/Å", "max_stress": "1e-3 GPa"}
    hull = {"system": "Li-In", "phases": list(phases), **limits}
    return {"name": "faults", "engine": "morse", "calculations": [{"hull": hull}]}


PER_RUN = {"directory", "host", "started", "created", "wall_time_s", "evaluation_time_s"}
"""Fields that no two runs share."""
RESUMED = {"revision", "steps", "evaluations", "continued"}
"""Fields that differ for a relaxation that was resumed, beside the last digits of its numbers."""


class Runner:
    """A runner in a process of its own."""

    def __init__(self, project: Path, workers: int, phases: tuple[str, ...]) -> None:
        campaign = json.dumps(_campaign(phases))
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "run_campaign.py"), str(project), str(workers), campaign],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.events: list[dict[str, Any]] = []

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read events up to the first that is wanted."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            if wanted(self.events[-1]):
                return self.events[-1]
        raise AssertionError(f"the runner ended with {self.process.wait()}: {self.events[-5:]}")

    def summary(self) -> dict[str, Any]:
        summary = self.wait_for(lambda event: event["event"] == "summary")
        assert self.process.wait(PATIENCE_S) == 0
        return summary

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def worker_pids(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]


@contextmanager
def _runner(project: Path, workers: int, phases: tuple[str, ...]) -> Iterator[Runner]:
    runner = Runner(project, workers, phases)
    try:
        yield runner
    finally:
        runner.process.kill()
        runner.process.communicate()


def _run(project: Path, workers: int, phases: tuple[str, ...]) -> dict[str, Any]:
    with _runner(project, workers, phases) as runner:
        return runner.summary()


def _is_step_of(label: str, step: int = 1) -> Callable[[dict[str, Any]], bool]:
    return lambda event: event["event"] == "Stepped" and event["label"] == label and event["step"] >= step


def _gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"  # dead, and waiting for someone to take note


def _wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ResultsStore]:
    """The store of a run that nothing happened to."""
    project = write_default(tmp_path_factory.mktemp("undisturbed"))
    assert _run(project, 2, ALL)["complete"]
    store = open_store(load_settings(project))
    yield store
    store.close()


def _calculations(store: ResultsStore) -> dict[str, dict[str, Any]]:
    return {document["key"]: document for document in store.calculation_documents.find({})}


def _finished(store: ResultsStore) -> dict[str, dict[str, Any]]:
    return {key: document for key, document in _calculations(store).items() if document["state"] == "converged"}


def _assert_same_calculations(store: ResultsStore, known: ResultsStore) -> None:
    """Compare with an undisturbed run."""
    found, expected = _calculations(store), _calculations(known)
    assert found.keys() <= expected.keys()
    for key, document in found.items():
        if document["continued"] == 0:
            assert _without(document, PER_RUN | {"revision"}) == _without(expected[key], PER_RUN | {"revision"})
            continue
        per_atom = (document["energy"] - expected[key]["energy"]) / document["n_atoms"]
        assert abs(per_atom) < 1e-4, document["label"]
        _assert_alike(document, expected[key], PER_RUN | RESUMED, document["label"])


def _assert_same_properties(store: ResultsStore, known: ResultsStore) -> None:
    names = set(known.counts()["properties"])
    assert {"hull", "voltage"} < names
    for name in names:
        properties = {d["key"]: d for d in store.query(property=name)}
        others = {d["key"]: d for d in known.query(property=name)}
        assert properties.keys() == others.keys()
        for key, document in properties.items():
            _assert_alike(document, others[key], PER_RUN, key)


def _without(document: dict[str, Any], fields: set[str]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in fields}


def _assert_alike(one: Any, other: Any, leave_out: set[str], where: str) -> None:
    """Equal but for the last digits of numbers, also where they are in the middle of a sentence."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for name in one.keys() - leave_out:
            _assert_alike(one[name], other[name], leave_out, f"{where}.{name}")
    elif isinstance(one, list):
        assert len(one) == len(other), where
        for index, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            _assert_alike(mine, theirs, leave_out, f"{where}[{index}]")
    elif isinstance(one, float):
        assert one == pytest.approx(other, abs=2e-3, rel=2e-3), where
    elif isinstance(one, str):
        assert re.sub(r"[-+]?\d+\.\d+", "#", one) == re.sub(r"[-+]?\d+\.\d+", "#", other), where
    else:
        assert one == other, where


def test_the_runner_is_killed_at_ten_random_moments(project: Path, undisturbed: ResultsStore) -> None:
    moments = random.Random(20260)  # noqa: S311 - seeded, so that a failure can be repeated
    store = open_store(load_settings(project))
    finished: dict[str, dict[str, Any]] = {}
    workers: list[int] = []
    half_done = 0
    for attempt in range(10):
        with _runner(project, 1 + (attempt % 3 == 2), ALL) as runner:
            if attempt % 5 != 4:  # otherwise while the programs still start
                runner.wait_for(lambda event: event["event"] in {"Stepped", "summary"})
            time.sleep(moments.uniform(0.0, 0.5))
            assert all(map(_gone, workers))  # those of the run that was killed before
            workers = runner.worker_pids()
            runner.signal(signal.SIGKILL)
            runner.process.wait()
        now = _finished(store)
        assert finished.items() <= now.items()  # bit by bit, revisions and times included
        finished = now
        half_done += len(list((project.parent / "runs").glob(f"*/{FILE}")))
    assert half_done > 0
    summary = _run(project, 2, ALL)
    assert summary["complete"]
    assert set(finished) <= set(summary["reused"])
    final = _calculations(store)
    assert finished.items() <= final.items()
    assert any(document["continued"] for document in final.values())
    assert final.keys() == _calculations(undisturbed).keys()
    _assert_same_calculations(store, undisturbed)
    _assert_same_properties(store, undisturbed)
    assert not list((project.parent / "runs").glob(f"*/{FILE}*"))

    again = _run(project, 2, ALL)
    assert again["complete"]
    assert set(again["reused"]) == set(final)
    assert _calculations(store) == final
    store.close()


def test_a_killed_worker_costs_its_job_and_no_other(project: Path, undisturbed: ResultsStore) -> None:
    with _runner(project, 1, FEW) as runner:
        runner.wait_for(_is_step_of("Li13In3", 5))
        (pid,) = runner.worker_pids()
        os.kill(pid, signal.SIGKILL)
        summary = runner.summary()
    (lost,) = summary["errors"]
    assert lost[0] == "Li13In3"
    assert "its process was killed (signal 9)" in lost[1]
    assert not summary["complete"]
    assert summary["states"] == {"Li_bcc": "converged", "In_bct": "converged", "LiIn": "converged"}
    store = open_store(load_settings(project))
    (hull,) = store.query(property="hull")
    assert hull["completeness"] == "partial"
    assert any(sentence.startswith("Li13In3 is missing (not computed)") for sentence in hull["missing"])

    finished = _finished(store)
    summary = _run(project, 1, FEW)
    assert summary["complete"]
    assert set(summary["reused"]) == set(finished)
    assert finished.items() <= _finished(store).items()
    assert {d["label"]: d["continued"] for d in _finished(store).values() if d["continued"]} == {"Li13In3": 1}
    _assert_same_calculations(store, undisturbed)
    store.close()


def test_a_first_interrupt_saves_and_ends(project: Path, undisturbed: ResultsStore) -> None:
    with _runner(project, 2, FEW) as runner:
        runner.wait_for(_is_step_of("Li13In3", 5))
        pids = runner.worker_pids()
        runner.signal(signal.SIGINT)
        runner.wait_for(lambda event: event["event"] == "Stopping")
        summary = runner.summary()
    assert summary["stopped"]
    assert not summary["complete"]
    assert summary["errors"] == []
    assert summary["states"]["Li13In3"] == "interrupted"
    assert all(map(_gone, pids))
    store = open_store(load_settings(project))
    for key, document in _calculations(store).items():
        assert (project.parent / "runs" / key / FILE).is_file() is (document["state"] == "interrupted")
        if document["state"] == "interrupted":
            assert document["reason"] == "stopped; the next run continues it"
    assert not list(store.query(property="hull"))  # nothing is derived from half of a campaign

    finished = _finished(store)
    assert _run(project, 2, FEW)["complete"]
    assert finished.items() <= _finished(store).items()
    (resumed,) = [document for document in _finished(store).values() if document["label"] == "Li13In3"]
    assert (resumed["continued"], resumed["revision"]) == (1, 2)
    _assert_same_calculations(store, undisturbed)
    store.close()


SLOW_JOB = """
import sys
from pathlib import Path
import conformance_flows as flows
from lianode.hpc.local.runner import LocalRunner
from lianode.hpc.settings import load_settings
from lianode.hpc.store import open_store
from jobflow import Flow
project = Path(sys.argv[1])
store = open_store(load_settings(project)).jobstore()
store.connect()
flow = Flow([flows.named(flows.slow(n, 300), f"job {n}") for n in range(3)])
ended = LocalRunner(project, store, 2, logs=project.parent / "logs", tell=lambda e: print(e, flush=True)).run(flow)
print("ended", ended.stopped, len(ended.outcomes), flush=True)
"""


def test_a_second_interrupt_ends_at_once(project: Path, flows: Any) -> None:
    """With jobs that do not listen to the first one."""
    process = subprocess.Popen([sys.executable, "-c", SLOW_JOB, str(project)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["Begun(name='job 0')\n", "Begun(name='job 1')\n"]
        trace = Path(os.environ[flows.TRACE])
        _wait_until(lambda: len(list(trace.glob("job *"))) == 2)
        pids = [int(p) for p in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
        process.send_signal(signal.SIGTERM)  # what a machine sends when it shuts down counts as Ctrl-C
        assert process.stdout.readline() == "Stopping()\n"
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "ended True 1\n"  # the third job was skipped, the others have no outcome
        assert process.wait(PATIENCE_S) == 0
        assert len(pids) == 2
        assert all(map(_gone, pids))
    finally:
        process.kill()
        process.communicate()


def test_an_idle_worker_that_died_is_replaced(flows: Any, project: Path, results: ResultsStore) -> None:
    from jobflow import Flow

    from lianode.hpc.local.events import Ended
    from lianode.hpc.local.pool import Pool
    from lianode.hpc.local.runner import LocalRunner

    pools: list[Pool] = []
    first = flows.named(flows.add(1), "first")
    flow = Flow([first, flows.named(flows.add(first.output), "second")])

    class Watched(Pool):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            pools.append(self)

    def tell(event: Any) -> None:
        if event == Ended("first"):
            (worker,) = pools[0]._processes
            worker.process.kill()
            worker.process.wait()

    store = results.jobstore()
    store.connect()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("lianode.hpc.local.runner.Pool", Watched)
        ended = LocalRunner(project, store, 1, logs=project.parent / "logs", tell=tell).run(flow)
    assert ended.errors == []
    assert store.get_output(flow.jobs[1].uuid) == 1


def test_a_users_own_memory_settings_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "1000")
    assert set(memory_variables()) == {"MALLOC_TRIM_THRESHOLD_"}
