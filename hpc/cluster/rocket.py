"""A worker process: runs jobs of FireWorks one after the other, and keeps what it has loaded.

Started as ``python -m lianode.hpc.cluster.rocket DESCRIPTOR PROJECT FOLDER``, where FOLDER is the one it works in.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
import traceback
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.cluster.jobspec import JobSpec
from lianode.hpc.cluster.launchpad import open_launchpad
from lianode.hpc.cluster.lost import give_back
from lianode.hpc.cluster.settings import command_words
from lianode.hpc.local.channel import Channel
from lianode.hpc.local.worker import Worker, describe
from lianode.structures.errors import InputError
from lianode.workflows.engines.vasp.commands import VaspCommands, vasp_commands
from lianode.workflows.session import Session, session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fireworks import LaunchPad

    from lianode.hpc.cluster.settings import ClusterSettings
    from lianode.hpc.store import ResultsStore
    from lianode.workflows.engine import Progress

PATIENCE_S: Final = 3600.0
"""How long a job waits for a database that went away: longer than the restart of a server, shorter than a night."""
CHECKPOINT_INTERVAL_S: Final = 10.0
REHEARSAL_POLL_S: Final = 0.5
"""The stand-in takes parts of a second where VASP takes minutes."""


class Rockets:
    """Runs jobs of FireWorks in this process.

    Parameters
    ----------
    results, launchpad
        Of the project.
    cluster
        Of its settings.
    """

    def __init__(self, results: ResultsStore, launchpad: LaunchPad, cluster: ClusterSettings) -> None:
        self.results = results
        self.launchpad = launchpad
        self.cluster = cluster

    def run(self, data: dict[str, Any], worker: Worker) -> dict[str, Any]:
        """Run the job that was sent, in the current folder, and return the message that reports it."""
        from pymongo.errors import PyMongoError

        fw_id, spec = int(data["fw_id"]), JobSpec.model_validate(data["spec"])
        leases = self.results.leases
        assert leases is not None  # noqa: S101  the launchpad was opened, so the store is MongoDB

        def progress(label: str, step: Progress) -> None:
            leases.note(label, step)
            worker.progress(label, step)

        leases.about = {
            "fw_id": fw_id,
            "campaign": spec.campaign,
            "label": spec.label,
            "queue_job": data["queue_job"],
            "ends": data["ends"],
            "cores": spec.resources.tasks,
        }
        hooks = Session(
            progress=progress,
            stop=lambda: worker.stopping.is_set() or leases.lost,
            deadline=time.monotonic() + (data["stop_at"] - time.time()),
            checkpoint_interval_s=CHECKPOINT_INTERVAL_S,
            continues=True,
            cores=spec.resources.tasks,
        )
        try:
            with ExitStack() as around:
                for context in _surroundings(spec, self.cluster, self.results):
                    around.enter_context(context)
                around.enter_context(use_store(self.results))
                around.enter_context(session(hooks))
                launch(self.launchpad, fw_id)
        except PyMongoError as error:
            # the database went away while FireWorks wrote to it; what was computed is on disk or in the store
            self._wait_for_the_server()
            give_back(self.launchpad, fw_id)
            return {"kind": "failed", "error": f"the database was away ({type(error).__name__})", "traceback": ""}
        except Exception as error:  # noqa: BLE001 - the allocation goes on with other jobs, and reports this one
            return {"kind": "failed", "error": describe(error), "traceback": traceback.format_exc()}
        return {"kind": "done"}

    def _wait_for_the_server(self) -> None:
        from pymongo.errors import PyMongoError

        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                self.launchpad.fireworks.find_one({}, {"_id": 1})
            except PyMongoError:
                time.sleep(2.0)
            else:
                return


@contextmanager
def use_store(results: ResultsStore) -> Iterator[None]:
    """Let jobs that name no store use that of the project.

    Jobs in FireWorks' database name none, so that nothing of it (an address, a password) is written there; jobflow then
    takes its default one.
    """
    from jobflow import SETTINGS

    before = SETTINGS.JOB_STORE
    SETTINGS.JOB_STORE = results.jobstore()
    try:
        yield
    finally:
        SETTINGS.JOB_STORE = before


def launch(launchpad: LaunchPad, fw_id: int) -> bool:
    """Run one job of FireWorks in this process and folder; False when someone else has it or it is done."""
    from fireworks import FWorker
    from fireworks.core.rocket_launcher import launch_rocket

    ran: bool = launch_rocket(launchpad, FWorker(name=socket.gethostname()), fw_id=fw_id)
    return ran


def _surroundings(spec: JobSpec, cluster: ClusterSettings, results: ResultsStore) -> Iterator[Any]:
    """Yield what has to be open around a job: where VASP is, for the jobs that run it."""
    if spec.program == "vasp":
        yield vasp_commands(commands_of(spec, cluster, results))


def commands_of(spec: JobSpec, cluster: ClusterSettings, results: ResultsStore) -> VaspCommands:
    """Return how VASP is started for a job.

    Raises
    ------
    InputError
        When ``lianode.toml`` does not say it.
    """
    if spec.rehearsal:
        words = (sys.executable, "-P", "-m", "lianode.hpc.rehearsal")
        return VaspCommands(
            vasp_std=words,
            parallel=cluster.parallel,
            way=spec.tags,
            image_groups=spec.resources.image_groups,
            poll_s=REHEARSAL_POLL_S,
        )
    if cluster.vasp_std is None:
        raise InputError("it is not known how VASP is started; write 'vasp_std' under [cluster]", "lianode.toml")
    groups = spec.resources.image_groups
    asked = {"tasks": spec.resources.tasks // groups, "nodes": max(1, spec.resources.nodes // groups)}
    folder = cluster.potcar_folder
    return VaspCommands(
        vasp_std=command_words(cluster.vasp_std, **asked),
        vasp_gam=None if cluster.vasp_gam is None else command_words(cluster.vasp_gam, **asked),
        potcar_folder=None if folder is None else results.settings.resolve(folder),
        parallel={"KPAR": spec.resources.k_groups, **cluster.parallel},
        way=spec.tags,
        image_groups=groups,
    )


def main() -> None:
    """Serve the allocation that started this process."""
    from lianode.hpc.settings import load_settings
    from lianode.hpc.store import open_store
    from lianode.hpc.stores.mongo import MongoDatabase

    descriptor, project = int(sys.argv[1]), Path(sys.argv[2])
    os.chdir(sys.argv[3])
    channel = Channel(socket.socket(fileno=descriptor))
    settings = load_settings(project)
    results = open_store(settings)
    if settings.cluster is None or not isinstance(results.database, MongoDatabase):
        raise InputError("there is no [cluster] with MongoDB in it", str(project))
    launchpad = open_launchpad(results)
    results.database.patience_s = PATIENCE_S
    worker = Worker(channel, Rockets(results, launchpad, settings.cluster).run)
    # a scheduler that ends a job tells all its processes; this one saves first
    signal.signal(signal.SIGTERM, lambda _number, _frame: worker.stopping.set())
    worker.serve()


if __name__ == "__main__":
    main()
