"""The local runner does with dynamic flows what jobflow's own runner does."""

from __future__ import annotations

import copy
import json
import os
import warnings
from collections import Counter
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jobflow import Flow, JobStore, OnMissing, run_locally
from maggma.stores import MemoryStore

from lianode.hpc.any_order import in_any_order
from lianode.hpc.local.events import Begun, Ended
from lianode.hpc.local.graph import Diversion, Graph, Outcome
from lianode.hpc.local.runner import LocalRunner
from lianode.hpc.settings import load_settings, write_default
from lianode.hpc.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lianode.hpc.local.events import Event
    from lianode.hpc.store import ResultsStore

JobName = tuple[str, int]
"""Name and index of a job."""

STOPS = "stopped_altogether"
NAMES = [
    "diamond", "replaced_by_job", "replaced_by_flow", "replaced_without_output", "replaced_by_list",
    "replaced_again_and_again", "nested_replacement", "failing_replacement", "detoured", "detoured_with_own_output",
    "failing_detour", "with_additions", "everything_at_once", "missing_references", "stopped_children",
    "stopped_altogether", "linear", "linear_with_a_failure",
]  # fmt: skip
"""Of ``conformance_flows``, which cannot be imported while tests are collected."""


NOT_DONE_BY_FIREWORKS = {
    # a job that waits for one that never ran waits for ever, whatever it says of missing references
    "missing_references": {"missing_references: tolerant of skipped"},
    "linear_with_a_failure": {"linear_with_a_failure: d"},
    # a detour stands before the children, so that its failure keeps them
    "failing_detour": {"failing_detour: child"},
    # jobflow's manager refuses a replacement that uses the output of what it replaces
    "replaced_without_output": {"replaced_without_output: inner", "replaced_without_output: child"},
}
"""Where FireWorks itself is stricter. No flow of lianode has any of these: its jobs take missing inputs as None, and
depend on calculations only, which end with a document whatever happens."""


@dataclass
class Ran:
    """What a runner made of a flow; jobs are told apart by name and index.

    ``began`` and ``ended`` hold the times of every job that was started.
    """

    outputs: dict[JobName, Any]
    uuids: dict[str, set[JobName]]
    began: dict[JobName, float]
    ended: dict[JobName, float | None]
    outcomes: dict[tuple[str, int], Outcome]
    events: list[Event]

    @property
    def done(self) -> set[JobName]:
        return set(self.outputs)

    @property
    def failed(self) -> set[JobName]:
        return set(self.began) - self.done

    def part(self, flow: str) -> Ran:
        """Return what belongs to one flow."""

        def mine(named: dict[JobName, Any]) -> dict[JobName, Any]:
            return {job: value for job, value in named.items() if job[0].startswith(f"{flow}: ")}

        uuids = {uuid: jobs for uuid, jobs in self.uuids.items() if mine(dict.fromkeys(jobs))}
        return Ran(mine(self.outputs), uuids, mine(self.began), mine(self.ended), {}, [])


def _take_traces() -> tuple[dict[JobName, float], dict[JobName, float | None]]:
    folder = Path(os.environ["LIANODE_TEST_TRACE"])
    began, ended = {}, {}
    for file in folder.iterdir():
        name, _, index = file.stem.rpartition("@")
        began[name, int(index)], ended[name, int(index)], _ = json.loads(file.read_text())
        file.unlink()
    return began, ended


def _outputs(store: JobStore) -> tuple[dict[JobName, Any], dict[str, set[JobName]]]:
    """Return outputs with their references resolved, and which jobs share a uuid."""
    uuids: dict[str, set[JobName]] = {}
    outputs = {}
    for document in list(store.query({}, properties=["uuid", "index", "name"])):
        uuid, identity = document["uuid"], (document["name"], document["index"])
        if identity[0] == "store_inputs":  # it hands on what a replacement gives, under the name of none
            identity = (f"{_first_name(store, uuid)} <- store_inputs", identity[1])
        uuids.setdefault(uuid, set()).add(identity)
        outputs[identity] = store.get_output(uuid, which=document["index"], load=True, on_missing=OnMissing.NONE)
    return outputs, uuids


def _first_name(store: JobStore, uuid: str) -> str:
    first: dict[str, Any] = store.query_one({"uuid": uuid, "index": 1}, properties=["name"]) or {}
    return str(first["name"])


def _by_jobflow(flow: Flow) -> Ran:
    store = JobStore(MemoryStore())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own: a deprecated function, and jobs that are not connected
        run_locally(flow, store=store, log=False)
    return Ran(*_outputs(store), *_take_traces(), outcomes={}, events=[])


def _by_us(flow: Flow, results: ResultsStore, workers: int) -> Ran:
    store = results.jobstore()
    store.connect()
    events: list[Event] = []
    project = results.settings.file
    assert project is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ended = LocalRunner(project, store, workers, logs=project.parent / "logs", tell=events.append).run(flow)
    assert not ended.stopped
    return Ran(*_outputs(store), *_take_traces(), outcomes=ended.outcomes, events=events)


def _by_fireworks(flow: Flow, results: ResultsStore, folder: Path) -> Ran:
    """Run every flow as a workflow of FireWorks, as jobs of a cluster are."""
    from jobflow.managers.fireworks import flow_to_workflow

    from lianode.hpc.cluster.launchpad import open_launchpad
    from lianode.hpc.cluster.rocket import launch, use_store

    launchpad = open_launchpad(results)
    for part in flow.jobs:
        launchpad.add_wf(flow_to_workflow(part))
    with use_store(results), chdir(folder):
        while ready := launchpad.get_fw_ids({"state": "READY"}):
            launch(launchpad, ready[0])
    return Ran(*_outputs(results.jobstore()), *_take_traces(), outcomes={}, events=[])


@dataclass
class Compared:
    """All flows by jobflow and by us, in one run each."""

    flow: Flow
    theirs: Ran
    ours: Ran


def _compare(flow: Flow, tmp_path_factory: pytest.TempPathFactory, workers: int) -> Compared:
    results = open_store(load_settings(write_default(tmp_path_factory.mktemp("project"))))
    try:
        theirs, ours = _by_jobflow(copy.deepcopy(flow)), _by_us(copy.deepcopy(flow), results, workers)
    finally:
        results.close()
    return Compared(flow, theirs, ours)


@pytest.fixture(scope="module", params=[1, 3], ids=["1 worker", "3 workers"])
def compared(request: pytest.FixtureRequest, flows: Any, tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """All flows but the one that stops the others."""
    every = Flow([flows.build(name) for name in NAMES if name != STOPS])
    return _compare(every, tmp_path_factory, request.param)


@pytest.fixture(scope="module")
def with_fireworks(flows: Any, mongod: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compared]:
    """All flows by jobflow and by FireWorks."""
    pytest.importorskip("fireworks", reason="FireWorks is not installed (pip install 'lianode[cluster]')")
    folder = tmp_path_factory.mktemp("fireworks")
    file = folder / "lianode.toml"
    file.write_text(f'[store]\nkind = "mongodb"\nuri = "{mongod}"\ndatabase = "conformance"\n')
    results = open_store(load_settings(file))
    every = Flow([flows.build(name) for name in NAMES if name != STOPS])
    yield Compared(every, _by_jobflow(copy.deepcopy(every)), _by_fireworks(copy.deepcopy(every), results, folder))
    results.close()


@pytest.mark.mongodb
@pytest.mark.parametrize("name", [name for name in NAMES if name != STOPS])
def test_a_flow_ends_with_fireworks_as_with_jobflow(with_fireworks: Compared, name: str) -> None:
    theirs, ours = with_fireworks.theirs.part(name), with_fireworks.ours.part(name)
    undone = NOT_DONE_BY_FIREWORKS.get(name, set())
    assert ours.outputs == {job: value for job, value in theirs.outputs.items() if job[0] not in undone}
    assert undone <= {job for job, _ in theirs.outputs}
    assert ours.failed - theirs.failed <= {("replaced_without_output: first", 1)}


@pytest.mark.parametrize("name", [name for name in NAMES if name != STOPS])
def test_a_flow_ends_as_with_jobflow(compared: Compared, name: str) -> None:
    _assert_equal(compared, name)


def test_a_flow_that_stops_ends_as_with_jobflow(flows: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    _assert_equal(_compare(flows.build(STOPS), tmp_path_factory, 2), STOPS)


def _assert_equal(compared: Compared, name: str) -> None:
    theirs, ours = compared.theirs.part(name), compared.ours.part(name)
    assert ours.outputs == theirs.outputs
    assert set(ours.began) == set(theirs.began)
    assert ours.failed == theirs.failed
    assert ours.done or ours.failed
    with in_any_order():
        known = {job.uuid: job.name for job, _ in compared.flow.iterflow() if job.name.startswith(f"{name}: ")}
    assert {uuid: ours.uuids.get(uuid) for uuid in known} == {uuid: theirs.uuids.get(uuid) for uuid in known}
    outcomes = compared.ours.outcomes
    assert known.keys() <= {uuid for uuid, _ in outcomes}
    for uuid, jobs in ours.uuids.items():
        assert all(outcomes[uuid, index] is Outcome.DONE for _, index in jobs)


def test_the_events_tell_what_happened(compared: Compared) -> None:
    ours = compared.ours
    counted = Counter(ours.outcomes.values())
    began, ended = ([e for e in ours.events if isinstance(e, kind)] for kind in (Begun, Ended))
    assert len(began) == len(ended) == counted[Outcome.DONE] + counted[Outcome.FAILED]
    assert sum(event.error is None for event in ended) == counted[Outcome.DONE] == len(ours.done)
    assert counted[Outcome.SKIPPED] > 0


def test_the_list_of_flows_is_complete(flows: Any) -> None:
    assert list(flows.FLOWS) == NAMES


def test_children_wait_for_all_that_they_use(flows: Any, tmp_path: Path, results: ResultsStore, project: Path) -> None:
    ran = _by_us(flows.linear(), results, 3)
    for earlier, later in (("a 1", "b 1"), ("a 2", "b 1"), ("a 1", "b 2"), ("b 2", "c"), ("b 1", "c"), ("c", "d")):
        assert (ran.ended[earlier, 1] or 0) <= ran.began[later, 1]
    for inner in ("inner 1", "inner 2"):  # a linear flow waits for replacements too, though nothing refers to them
        assert (ran.ended[f"c: {inner}", 1] or 0) <= ran.began["d", 1]

    ran = _by_us(flows.detoured(), results, 3)
    assert (ran.ended["first: detour 2", 1] or 0) <= ran.began["child", 1]


def test_independent_jobs_run_at_the_same_time(
    flows: Any, tmp_path: Path, results: ResultsStore, project: Path
) -> None:
    flow = Flow([flows.named(flows.slow(n, 1.5), f"job {n}") for n in range(2)])
    ran = _by_us(flow, results, 2)
    assert max(ran.began.values()) < min(end or 0 for end in ran.ended.values())


def test_quick_jobs_run_in_the_runner(flows: Any, tmp_path: Path, results: ResultsStore, project: Path) -> None:
    store = results.jobstore()
    store.connect()
    events: list[Event] = []
    runner = LocalRunner(project, store, 2, logs=tmp_path / "logs", quick=lambda _: True, tell=events.append)
    ended = runner.run(flows.replaced_by_flow())
    assert set(ended.outcomes.values()) == {Outcome.DONE}
    assert not (tmp_path / "logs").exists()  # no worker was started
    assert all(isinstance(event, Ended) and event.quick for event in events)
    broken = runner.run(flows.missing_references())
    assert [name for name, _ in broken.errors] == ["broken"]
    assert broken.errors[0][1] == "ValueError: broken"


def test_a_job_that_takes_its_process_down_is_reported(
    flows: Any, tmp_path: Path, results: ResultsStore, project: Path
) -> None:
    store = results.jobstore()
    store.connect()
    gone = flows.named(flows.end(3), "gone")
    others = [flows.named(flows.add(n), f"other {n}") for n in range(3)]
    flow = Flow([gone, *others, flows.named(flows.collect([gone.output, others[0].output]), "last")])
    ended = LocalRunner(project, store, 1, logs=tmp_path / "logs").run(flow)
    assert [name for name, _ in ended.errors] == ["gone"]
    assert "exit code 3" in ended.errors[0][1]
    assert sum(outcome is Outcome.DONE for outcome in ended.outcomes.values()) == 4
    assert store.get_output(flow.jobs[-1].uuid) == [None, 0]


def test_a_worker_that_cannot_start_is_reported(
    flows: Any, tmp_path: Path, results: ResultsStore, project: Path
) -> None:
    store = results.jobstore()
    store.connect()
    ended = LocalRunner(tmp_path / "nothing.toml", store, 2, logs=tmp_path / "logs").run(flows.replaced_by_job())
    assert [name for name, _ in ended.errors] == ["first"]
    assert "exit code 1" in ended.errors[0][1]
    assert "worker-1.log" in ended.errors[0][1]
    assert "settings cannot be read" in (tmp_path / "logs" / "worker-1.log").read_text()


def test_files_of_the_users_folder_are_not_taken_for_libraries(
    flows: Any, tmp_path: Path, results: ResultsStore, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    for name in ("numpy", "queue", "structures", "analysis"):
        (folder / f"{name}.py").write_text("raise RuntimeError('imported from the current folder')\n")
    monkeypatch.chdir(folder)
    ran = _by_us(flows.replaced_by_job(), results, 1)
    assert set(ran.outcomes.values()) == {Outcome.DONE}
    assert ran.outputs["child", 1] == 102


def test_independent_jobs_are_nothing_to_warn_of(flows: Any) -> None:
    apart = Flow([flows.linear(), flows.linear()])
    with pytest.warns(UserWarning, match="not connected"):
        list(apart.iterflow())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Graph(apart)


def test_thousands_of_skipped_jobs(flows: Any) -> None:
    graph = Graph(flows.wide())
    broken = graph.take()
    assert broken is not None
    assert graph.take() is None
    graph.fail(broken)
    assert graph.take() is None
    assert graph.finished
    assert sum(outcome is Outcome.SKIPPED for outcome in graph.outcomes.values()) == 1200


def test_after_a_stop_nothing_begins(flows: Any) -> None:
    graph = Graph(flows.replaced_by_flow())
    running = graph.take()
    assert running is not None
    graph.stop()
    assert graph.take() is None
    assert not graph.finished
    graph.done(running, Diversion(replace=flows.diamond()))
    assert graph.finished
    assert sorted(graph.outcomes.values()) == ["done", "skipped", "skipped", "skipped"]


def test_jobs_that_wait_for_each_other_are_an_error(
    flows: Any, tmp_path: Path, results: ResultsStore, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot happen with a flow of jobflow's; a runner that waits for ever would be the worst answer."""
    monkeypatch.setattr(Graph, "take", lambda _: None)
    store = results.jobstore()
    store.connect()
    with pytest.raises(RuntimeError, match="2 jobs wait for each other"):
        LocalRunner(project, store, 1, logs=tmp_path / "logs").run(flows.replaced_by_job())
