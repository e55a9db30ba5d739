"""Submitting, choosing, losing, watching and retrying jobs, on a real MongoDB, without a scheduler."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from contextlib import chdir
from typing import TYPE_CHECKING, Any

import pytest

from lianode.hpc.cluster.allocations import Allocations, AllocationState
from lianode.hpc.cluster.lost import MOST_STRIKES, give_back, sweep
from lianode.hpc.cluster.packing import pack
from lianode.hpc.cluster.ready import ready_jobs
from lianode.hpc.cluster.retry import Changes, retry
from lianode.hpc.cluster.status import campaign_status, counts, submitted_campaigns
from lianode.hpc.settings import load_settings
from lianode.hpc.store import open_store
from lianode.structures.errors import InputError
from lianode.workflows.calculation import State
from lianode.workflows.campaign.campaign import Campaign
from lianode.workflows.plan import plan_campaign

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fireworks import LaunchPad

    from lianode.hpc.cluster.settings import ClusterSettings
    from lianode.hpc.store import ResultsStore

pytest.importorskip("fireworks", reason="FireWorks is not installed (pip install 'lianode[cluster]')")
from lianode.hpc.cluster.launchpad import open_launchpad
from lianode.hpc.cluster.rocket import launch, use_store
from lianode.hpc.cluster.submit import submit

pytestmark = pytest.mark.mongodb
_numbers = itertools.count()

SETTINGS = """\
[store]
kind = "mongodb"
uri = "{uri}"
database = "queue-{number}"
[cluster]
[[cluster.partitions]]
name = "main"
cores = 4
nodes = 2
walltime = "24:00:00"
"""


class Bench:
    """A project with a cluster in its settings, and hands to move its jobs."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.results: ResultsStore = open_store(load_settings(file))
        self.launchpad: LaunchPad = open_launchpad(self.results)
        assert self.results.settings.cluster is not None
        self.cluster: ClusterSettings = self.results.settings.cluster
        self.allocations = Allocations(self.results)
        self.here = self.allocations.folder / "here"
        self.here.mkdir(parents=True)

    def submit(self, name: str, *phases: str, **options: Any) -> Any:
        return submit(plan(name, *phases, **options), self.results, self.launchpad, self.cluster)

    def ready(self) -> Any:
        taken = {fw_id for one in self.allocations.live() for fw_id in one.fw_ids}
        return ready_jobs(self.launchpad, self.results, taken, here=True)

    def labels(self, jobs: list[Any]) -> list[str]:
        return sorted(job.spec.label for job in jobs)

    def run(self, fw_id: int) -> None:
        with chdir(self.here), use_store(self.results):
            launch(self.launchpad, fw_id)

    def run_all(self) -> int:
        done = 0
        while jobs := [*(ready := self.ready()).quick, *ready.waiting]:
            for job in jobs:
                self.run(job.fw_id)
                done += 1
        return done

    def check_out(self, fw_id: int, folder: str) -> None:
        """Begin a job as a rocket would that is then never heard of again."""
        from fireworks import FWorker

        self.launchpad.checkout_fw(FWorker(), folder, fw_id)

    def status(self, campaign: str) -> dict[str, Any]:
        return {job.label: job for job in campaign_status(self.results, self.launchpad, campaign)}


def plan(name: str, *phases: str, retry_failed: bool = False, engines: Any = "morse") -> Any:
    engine = {"engine": engines} if isinstance(engines, str) else {"engines": engines}
    calculations = [{"hull": {"system": "Li-In", "phases": list(phases)}}]
    return plan_campaign(
        Campaign.model_validate({"name": name, **engine, "calculations": calculations}), retry_failed=retry_failed
    )


@pytest.fixture
def bench(mongod: str, tmp_path: Path) -> Iterator[Bench]:
    file = tmp_path / "lianode.toml"
    file.write_text(SETTINGS.format(uri=mongod, number=next(_numbers)))
    made = Bench(file)
    yield made
    made.results.close()


def test_submitting_twice_adds_nothing(bench: Bench) -> None:
    first = bench.submit("one", "Li", "In", "LiIn")
    assert (first.jobs, first.new, first.stored, first.queued) == (4, 3, 0, 0)
    again = bench.submit("one", "Li", "In", "LiIn")
    assert (again.jobs, again.new, again.queued, len(again.already)) == (0, 0, 3, 1)
    bench.run_all()
    after = bench.submit("one", "Li", "In", "LiIn")
    assert (after.jobs, after.stored, len(after.already)) == (0, 3, 1)


def test_two_campaigns_share_what_is_the_same(bench: Bench) -> None:
    bench.submit("one", "Li", "In", "LiIn")
    second = bench.submit("two", "Li", "In", "Li3In2")
    assert (second.new, second.queued) == (1, 2)
    ready = bench.ready()
    assert bench.labels(ready.waiting) == ["In_bct", "Li3In2", "LiIn", "Li_bcc"]
    assert ready.held == 2
    bench.run_all()
    assert bench.results.counts()["calculations"]["converged"] == 4
    for name in ("one", "two"):
        (hull,) = bench.results.query(property="hull", campaign=name)
        assert hull["completeness"] == "complete"
    assert [(one.campaign, one.left) for one in submitted_campaigns(bench.launchpad)] == [("one", 0), ("two", 0)]


def test_what_is_in_the_store_is_quick(bench: Bench) -> None:
    bench.submit("one", "Li", "In", "LiIn")
    bench.run_all()
    bench.submit("two", "Li", "In", "LiIn")
    ready = bench.ready()
    assert (len(ready.quick), len(ready.waiting)) == (3, 0)


def test_several_engines_of_one_entry_are_compared(bench: Bench) -> None:
    engines = ["morse", {"name": "morse", "well_depth": 0.4}]
    bench.submit("one", "Li", "In", "LiIn", engines=engines)
    bench.run_all()
    assert len(list(bench.results.query(property="hull_spread"))) == 1


def test_jobs_of_a_live_allocation_are_taken(bench: Bench) -> None:
    bench.submit("one", "Li", "In", "LiIn")
    (wanted,) = pack(bench.ready().waiting, bench.cluster)
    allocation = bench.allocations.new(wanted)
    assert bench.ready().waiting == []
    assert bench.status("one")["Li_bcc"].state == "queued"
    bench.submit("two", "Li", "In", "LiIn")
    assert bench.ready().held == 3
    bench.allocations.end(allocation, "over")
    assert len(bench.ready().waiting) == 3


def test_an_allocation_that_was_never_submitted_frees_its_jobs(bench: Bench) -> None:
    bench.submit("one", "Li", "In", "LiIn")
    (wanted,) = pack(bench.ready().waiting, bench.cluster)
    allocation = bench.allocations.new(wanted)
    sweep(bench.launchpad, bench.allocations, "pbs", "here")
    assert len(bench.allocations.live()) == 1  # it is too young to say
    bench.allocations.keep(allocation.model_copy(update={"created": "2020-01-01T00:00:00+00:00"}))
    sweep(bench.launchpad, bench.allocations, "pbs", "here")
    assert bench.allocations.live() == []


def test_a_silent_allocation_is_dead_where_the_scheduler_cannot_be_asked(bench: Bench) -> None:
    bench.submit("one", "Li", "In", "LiIn")
    (wanted,) = pack(bench.ready().waiting, bench.cluster)
    allocation = bench.allocations.new(wanted).model_copy(
        update={"state": AllocationState.RUNNING, "queue_job": "7", "alive": "2020-01-01T00:00:00+00:00"}
    )
    bench.allocations.keep(allocation)
    bench.check_out(allocation.fw_ids[0], allocation.folder)
    (given,) = sweep(bench.launchpad, bench.allocations, "pbs", "here")
    assert "no sign of life" in given.reason
    assert len(bench.ready().waiting) == 3
    assert "no sign of life" in next(job.reason for job in bench.status("one").values() if job.lost)


def test_a_job_that_the_launcher_itself_lost_is_given_back(bench: Bench) -> None:
    bench.submit("one", "Li", "In", "LiIn")
    fw_id = bench.ready().waiting[0].fw_id
    bench.check_out(fw_id, str(bench.here))
    assert len(sweep(bench.launchpad, bench.allocations, "pbs", "here")) == 1
    assert bench.run_all() == 4


def test_somebody_elses_running_job_is_left_alone(bench: Bench, tmp_path: Path) -> None:
    bench.submit("one", "Li", "In", "LiIn")
    bench.check_out(bench.ready().waiting[0].fw_id, str(tmp_path))
    assert sweep(bench.launchpad, bench.allocations, "pbs", "here") == []


def test_a_job_that_keeps_losing_its_process_is_left(bench: Bench) -> None:
    bench.submit("one", "Li", "In", "LiIn")
    fw_id = next(job.fw_id for job in bench.ready().waiting if job.spec.label == "LiIn")
    for attempt in range(MOST_STRIKES):
        bench.check_out(fw_id, str(bench.here))
        assert give_back(bench.launchpad, fw_id, "killed", strike=True) is (attempt + 1 < MOST_STRIKES)
    (broken,) = [job for job in bench.status("one").values() if job.state == "broken"]
    assert broken.reason == f"lost its process {MOST_STRIKES} times, last: killed"
    bench.run_all()  # the hull says what is missing
    (hull,) = bench.results.query(property="hull", campaign="one")
    assert hull["completeness"] == "partial"
    retry(bench.launchpad, bench.cluster, bench.status("one").values(), Changes())
    bench.run_all()
    (hull,) = bench.results.query(property="hull", campaign="one")
    assert hull["completeness"] == "complete"


def test_a_launch_that_ended_but_was_not_told_is_not_run_again(bench: Bench) -> None:
    """A rocket that dies between its last two writes has done its job."""
    bench.submit("one", "Li", "In", "LiIn")
    fw_id = bench.ready().waiting[0].fw_id
    bench.run(fw_id)
    bench.launchpad.fireworks.update_one({"fw_id": fw_id}, {"$set": {"state": "RUNNING"}})
    assert give_back(bench.launchpad, fw_id) is False
    assert bench.launchpad.fireworks.find_one({"fw_id": fw_id})["state"] == "COMPLETED"


def test_a_reservation_without_a_launch_is_freed(bench: Bench) -> None:
    """A rocket that dies between taking a job and saying so."""
    bench.submit("one", "Li", "In", "LiIn")
    fw_id = bench.ready().waiting[0].fw_id
    bench.launchpad.fireworks.update_one({"fw_id": fw_id}, {"$set": {"state": "RESERVED"}})
    assert sweep(bench.launchpad, bench.allocations, "pbs", "here") == []  # it may be alive: wait
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=10)
    bench.launchpad.fireworks.update_one({"fw_id": fw_id}, {"$set": {"updated_on": long_ago}})
    assert len(sweep(bench.launchpad, bench.allocations, "pbs", "here")) == 1
    assert len(bench.ready().waiting) == 3


def test_status_tells_the_reason_and_retry_the_way(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from lianode.workflows.engines.ase_engine import AseEngine

    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("the electrons are on strike")

    bench.submit("one", "Li", "In", "LiIn")
    with monkeypatch.context() as patch:
        patch.setattr(AseEngine, "relax", broken)
        bench.run_all()
    jobs = bench.status("one")
    assert counts(jobs.values()) == {"failed": 3}
    assert jobs["LiIn"].reason == "ValueError: the electrons are on strike"
    assert bench.submit("one", "Li", "In", "LiIn").jobs == 0  # failed is settled, until someone asks

    done = retry(bench.launchpad, bench.cluster, [jobs["LiIn"]], Changes(tasks=4, walltime_s=7200, max_steps=7))
    assert [job.label for job in done] == ["LiIn"]
    firework = bench.launchpad.fireworks.find_one({"fw_id": jobs["LiIn"].fw_id})
    assert firework["spec"]["lianode"]["resources"]["tasks"] == 4
    assert firework["spec"]["_tasks"][0]["job"]["function_args"][0]["task"]["max_steps"] == 7
    bench.run_all()
    assert bench.status("one")["LiIn"].state in {"converged", "unconverged"}
    assert bench.submit("one", "Li", "In", "LiIn", retry_failed=True).jobs == 4
    bench.run_all()
    assert counts(bench.status("one").values())["converged"] == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"partition": "night"}, "'night' is not in lianode.toml; there are main"),
        ({"tasks": 9, "nodes": 2}, "9 tasks on 2 nodes do not fit partition main"),
        ({"tasks": 1, "nodes": 3}, "takes 2 nodes at most"),
        ({"walltime_s": 100_000}, "takes 24 h at most"),
    ],
)
def test_retry_refuses_what_no_partition_has(
    bench: Bench, changes: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.submit("one", "Li", "In", "LiIn")
    fw_id = bench.ready().waiting[0].fw_id
    for _ in range(MOST_STRIKES):
        bench.check_out(fw_id, str(bench.here))
        give_back(bench.launchpad, fw_id, "killed", strike=True)
    with pytest.raises(InputError, match=said):
        retry(bench.launchpad, bench.cluster, bench.status("one").values(), Changes(**changes))
    assert bench.launchpad.fireworks.find_one({"fw_id": fw_id})["state"] == "FIZZLED"


def test_retry_does_not_change_results() -> None:
    with pytest.raises(InputError, match="ENCUT would change the result"):
        Changes(incar={"ENCUT": 600})


def test_an_interrupted_calculation_is_queued_again_by_itself(bench: Bench) -> None:
    """It meets its wall time, and the same job, with the same uuid, goes on in the next allocation."""
    from lianode.workflows.session import Session, session

    bench.submit("one", "Li", "In", "Li3In2")
    fw_id = next(job.fw_id for job in bench.ready().waiting if job.spec.label == "Li3In2")
    key = bench.status("one")["Li3In2"].key
    for _ in range(2):
        steps = iter(range(100))
        hooks = Session(stop=lambda steps=steps: next(steps) > 3, continues=True, checkpoint_interval_s=0.0)
        with session(hooks):
            bench.run(fw_id)
        stored = bench.results.calculation(key)
        assert stored is not None
        assert stored.state is State.INTERRUPTED
        (fw_id,) = [job.fw_id for job in bench.ready().waiting if job.spec.label == "Li3In2"]
    assert bench.status("one")["Li3In2"].runs == 3
    bench.run_all()
    after = bench.results.calculation(key)
    assert after is not None
    assert after.state is State.CONVERGED
    assert after.continued == 2
    assert after.steps > stored.steps > 0
    (hull,) = bench.results.query(property="hull", campaign="one")
    assert hull["completeness"] == "complete"


def test_a_calculation_that_never_finishes_a_step_ends_with_the_reason(bench: Bench) -> None:
    from lianode.workflows.session import Session, session

    bench.submit("one", "Li", "In", "LiIn")
    for _ in range(10):
        jobs = [job for job in bench.ready().waiting if job.spec.label == "LiIn"]
        if not jobs:
            break
        with session(Session(stop=lambda: True, continues=True)):
            bench.run(jobs[0].fw_id)
    job = bench.status("one")["LiIn"]
    assert job.state == "failed"
    assert "no step was finished" in job.reason


def test_no_password_is_written_anywhere(mongod: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the database, a document, a log or a file of the project, whatever is done with it."""
    from pymongo import MongoClient

    password, database = "open-sesame-4711", f"secret-{next(_numbers)}"
    with MongoClient(mongod) as client:
        client[database].command("createUser", "alice", pwd=password, roles=[{"role": "readWrite", "db": database}])
    uri = mongod.replace("mongodb://", "mongodb://alice@") + f"/?authSource={database}"
    file = tmp_path / "lianode.toml"
    file.write_text(SETTINGS.format(uri=uri, number=0).replace("queue-0", database))
    monkeypatch.setenv("LIANODE_MONGODB_PASSWORD", password)
    bench = Bench(file)
    bench.submit("one", "Li", "In", "LiIn")
    wanted = pack(bench.ready().waiting, bench.cluster)[0]
    allocation = bench.allocations.new(wanted)
    from lianode.hpc.cluster.script import QueueRefusedError, submit_allocation

    monkeypatch.setenv("SLURM_CONF", str(tmp_path / "none"))
    with pytest.raises(QueueRefusedError):
        submit_allocation(allocation, bench.cluster, file)
    bench.allocations.end(allocation, "over")
    bench.run_all()
    with MongoClient(mongod) as client:
        for name in client[database].list_collection_names():
            for document in client[database][name].find():
                assert password not in json.dumps(document, default=str)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert password.encode() not in path.read_bytes(), path
    with chdir(tmp_path):
        assert password not in repr(bench.results.database) + repr(vars(bench.launchpad)).replace(
            repr(bench.launchpad.connection), ""
        )
    bench.results.close()


@pytest.mark.vasp
def test_a_campaign_with_vasp_needs_vasp_and_its_potcars(bench: Bench, tmp_path: Path) -> None:
    from lianode.hpc.rehearsal.potcar import synthetic_potcar

    wanted = plan("real", "Li", "In", engines=[{"name": "vasp", "preset": "alloy"}])

    def refused() -> str:
        with pytest.raises(InputError) as error:
            submit(wanted, bench.results, bench.launchpad, bench.cluster)
        assert bench.launchpad.fireworks.count_documents({}) == 0
        return error.value.message

    assert "needs vasp_std" in refused()
    text = bench.file.read_text().replace(
        "[cluster]\n", '[cluster]\nvasp_std = "vasp_std"\npotcar_folder = "potcars"\n'
    )
    bench.file.write_text(text)
    bench.results.settings = load_settings(bench.file)
    assert bench.results.settings.cluster is not None
    bench.cluster = bench.results.settings.cluster
    synthetic_potcar(["Li_sv"], tmp_path / "potcars", "POT_GGA_PAW_PBE_54")
    assert "missing in potcars: PBE_54/In_d" in refused()
    synthetic_potcar(["In_d"], tmp_path / "potcars", "POT_GGA_PAW_PBE_54")
    assert submit(wanted, bench.results, bench.launchpad, bench.cluster).jobs == 3


def test_molecular_dynamics_goes_on_in_the_next_allocation(bench: Bench) -> None:
    """Stopped twice by its wall time, the trajectory is that of a run that was never stopped."""
    from jobflow import Flow
    from jobflow.managers.fireworks import flow_to_workflow

    from lianode.hpc.cluster.jobspec import SPEC_FIELD, JobResources, JobSpec
    from lianode.structures.library import phase
    from lianode.workflows.dynamics import md_request
    from lianode.workflows.engines.registry import make_engine
    from lianode.workflows.jobs import calculate
    from lianode.workflows.session import Session, session
    from lianode.workflows.task import MDTask

    def submitted(seed: int) -> str:
        task = MDTask(temperature=300.0, time_step_fs=2.0, steps=60, seed=seed, frame_interval=7)
        request = md_request(make_engine("morse"), phase("LiIn"), task)
        made = calculate(request.model_dump(mode="json"))
        resources = JobResources(partition="main", nodes=1, tasks=1, walltime_s=900, expected_s=1.0)
        spec = JobSpec(campaign="md", kind="calculate", label=f"md {seed}", key=request.key, resources=resources)
        made.update_config({"manager_config": {SPEC_FIELD: spec.model_dump(mode="json")}}, dynamic=False)
        bench.launchpad.add_wf(flow_to_workflow(Flow([made])))
        return request.key

    def trajectory(key: str) -> bytes:
        done = bench.results.calculation(key)
        assert done is not None
        assert done.state is State.CONVERGED
        assert done.steps == 60
        (file,) = [found for name, found in done.files.items() if "trajectory" in name]
        return (bench.results.run_directory(key) / file.path).read_bytes()

    whole = submitted(1)
    bench.run_all()
    reference = trajectory(whole)
    # the same task once more: nothing of the first run is left but what was read
    bench.results.calculation_documents.remove({"key": whole})
    for file in bench.results.run_directory(whole).iterdir():
        file.unlink()
    cut = submitted(1)
    assert cut == whole
    for stop_after in (20, 17):
        steps = iter(range(1000))
        hooks = Session(
            stop=lambda steps=steps, last=stop_after: next(steps) > last, continues=True, checkpoint_interval_s=0.0
        )
        (job,) = bench.ready().waiting
        with session(hooks):
            bench.run(job.fw_id)
    assert bench.status("md")["md 1"].runs == 3
    bench.run_all()
    assert trajectory(cut) == reference


def test_a_project_below_a_link_gives_back_its_lost_jobs(mongod: str, tmp_path: Path) -> None:
    """`~/scratch` is a link on most clusters: FireWorks knows the real path, the settings the other."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    file = tmp_path / "link" / "lianode.toml"
    file.write_text(SETTINGS.format(uri=mongod, number=next(_numbers)))
    bench = Bench(file)
    bench.submit("one", "Li", "In", "LiIn")
    (wanted,) = pack(bench.ready().waiting, bench.cluster)
    allocation = bench.allocations.new(wanted).model_copy(
        update={"state": AllocationState.RUNNING, "queue_job": "7", "alive": "2020-01-01T00:00:00+00:00"}
    )
    bench.allocations.keep(allocation)
    first, second = allocation.fw_ids[:2]
    bench.check_out(first, str(tmp_path / "real" / "runs" / "allocations" / allocation.id))
    bench.check_out(second, str(tmp_path / "real" / "runs" / "allocations" / "here"))
    assert len(sweep(bench.launchpad, bench.allocations, "pbs", "here")) == 2
    bench.results.close()


def test_a_database_has_one_project(bench: Bench, tmp_path: Path) -> None:
    other = tmp_path / "other" / "lianode.toml"
    other.parent.mkdir()
    other.write_text(bench.file.read_text())
    second = open_store(load_settings(other))
    with pytest.raises(InputError, match="queues the jobs of the project in"):
        open_launchpad(second)
    bench.file.unlink()  # the project was moved
    open_launchpad(second)
    second.close()


def test_what_retry_changed_survives_a_continuation(bench: Bench) -> None:
    from lianode.workflows.session import Session, session

    bench.submit("one", "Li", "In", "Li3In2")
    job = next(job for job in bench.ready().waiting if job.spec.label == "Li3In2")
    for _ in range(MOST_STRIKES):
        bench.check_out(job.fw_id, str(bench.here))
        give_back(bench.launchpad, job.fw_id, "killed", strike=True)
    retry(bench.launchpad, bench.cluster, bench.status("one").values(), Changes(tasks=4, incar={"ALGO": "All"}))
    steps = iter(range(100))
    with session(Session(stop=lambda: next(steps) > 3, continues=True, checkpoint_interval_s=0.0)):
        bench.run(job.fw_id)
    (after,) = [job for job in bench.ready().waiting if job.spec.label == "Li3In2"]
    assert after.fw_id != job.fw_id
    assert after.spec.resources.tasks == 4
    assert after.spec.tags == {"ALGO": "All"}


def test_a_shared_calculation_that_is_retried_mends_every_hull(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from lianode.workflows.engines.ase_engine import AseEngine

    good = AseEngine.relax

    def broken(self: Any, key: str, task: Any, structure: Any, context: Any) -> Any:
        if context.label == "LiIn":
            raise ValueError("not today")
        return good(self, key, task, structure, context)

    bench.submit("one", "Li", "In", "LiIn")
    bench.submit("two", "Li", "In", "LiIn", "Li3In2")
    with monkeypatch.context() as patch:
        patch.setattr(AseEngine, "relax", broken)
        bench.run_all()
    assert [hull["completeness"] for hull in bench.results.query(property="hull")] == ["partial", "partial"]
    retry(bench.launchpad, bench.cluster, [bench.status("one")["LiIn"]], Changes())
    bench.run_all()
    assert [hull["completeness"] for hull in bench.results.query(property="hull")] == ["complete", "complete"]


def test_a_partition_that_is_gone_is_replaced(bench: Bench) -> None:
    bench.submit("one", "Li", "In", "LiIn")
    renamed = bench.cluster.partitions[0].model_copy(update={"name": "new", "walltime": 3600, "cores": 2})
    cluster = bench.cluster.model_copy(update={"partitions": (renamed,)})
    (made,) = pack(bench.ready().waiting, cluster)
    assert (made.partition, made.walltime_s, made.tasks) == ("new", 900, 2)


def test_free_energies_say_why_and_are_held_once(bench: Bench) -> None:
    def warm(name: str) -> Any:
        entry = {"hull": {"system": "Li-In", "phases": ["Li", "In", "LiIn"], "temperature": 300, "phonon_max_atoms": 3}}
        campaign = Campaign.model_validate({"name": name, "engine": "morse", "calculations": [entry]})
        return submit(plan_campaign(campaign), bench.results, bench.launchpad, bench.cluster)

    warm("one")
    warm("two")
    for job in bench.ready().waiting:
        bench.run(job.fw_id)
    while quick := bench.ready().quick:
        for job in quick:
            bench.run(job.fw_id)
    ready = bench.ready()
    assert bench.labels(ready.waiting) == ["free energy In_bct", "free energy LiIn", "free energy Li_bcc"]
    assert ready.held == 3
    bench.run_all()
    job = bench.status("one")["free energy LiIn"]
    assert job.state == "failed"
    assert "more than phonon_max_atoms" in job.reason
    assert [one.label for one in retry(bench.launchpad, bench.cluster, [job], Changes())] == ["free energy LiIn"]


def test_a_cancelled_campaign_can_be_submitted_again(bench: Bench) -> None:
    from lianode.hpc.cluster.cancel import cancel
    from lianode.hpc.cluster.launch import jobs_left

    bench.submit("one", "Li", "In", "LiIn")
    done = cancel(bench.launchpad, bench.allocations, "slurm", "one")
    assert done.workflows == 1
    assert bench.ready().waiting == []
    assert jobs_left(bench.launchpad) == 0
    assert {job.state for job in bench.status("one").values()} == {"stopped"}
    assert bench.submit("one", "Li", "In", "LiIn").jobs == 4
    bench.run_all()
    assert counts(bench.status("one").values()) == {"converged": 3}
