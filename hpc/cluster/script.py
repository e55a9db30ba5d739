"""The job script of an allocation, written and submitted by FireWorks' queue adapter.

Only the settings file, the place of the project and our own name of the allocation are in it: nothing of a campaign.
"""

from __future__ import annotations

import logging
import re
import shlex
import sys
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.cluster.launchpad import configure
from lianode.hpc.cluster.settings import ADAPTERS
from lianode.structures.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fireworks.user_objects.queue_adapters.common_adapter import CommonAdapter

    from lianode.hpc.cluster.allocations import Allocation
    from lianode.hpc.cluster.settings import ClusterSettings, Partition, Scheduler

SCRIPT: Final = "job.sh"
FIRST_LINES: Final = {"slurm": ("#SBATCH --no-requeue", "#SBATCH --export=ALL")}
"""Lines that must come before any command. A requeued job would run its allocation twice; we queue again ourselves."""
MODULE: Final = "lianode.hpc.cluster.allocation"


class QueueRefusedError(InputError):
    """The scheduler did not take a job."""


def submit_allocation(allocation: Allocation, cluster: ClusterSettings, project: Path) -> str:
    """Write the job script of an allocation into its folder, submit it, and return the scheduler's number.

    Raises
    ------
    QueueRefusedError
        When the scheduler does not take it, with its words.
    """
    arguments = [job_python(cluster), "-P", "-m", MODULE, str(project), allocation.id]
    return submit_script(
        Path(allocation.folder),
        f"lianode-{allocation.id}",
        arguments,
        cluster,
        partition=allocation.partition,
        nodes=allocation.nodes,
        tasks=allocation.tasks,
        walltime_s=allocation.walltime_s,
    )


def submit_script(
    folder: Path,
    name: str,
    arguments: Sequence[str],
    cluster: ClusterSettings,
    *,
    partition: str,
    nodes: int,
    tasks: int,
    walltime_s: int,
) -> str:
    """Submit a program to the scheduler and return the scheduler's number.

    Parameters
    ----------
    folder
        Where it runs, and where the script is written.
    name
        Of the job; letters, digits, ``-`` and ``_``.
    arguments
        Words of the command.
    cluster
        Modules, lines of setup and the partition's account and options.
    partition, nodes, tasks, walltime_s
        What it asks for.

    Raises
    ------
    QueueRefusedError
        When the scheduler does not take it.
    """
    place = cluster.partition(partition)
    adapter = _adapter(name, arguments, cluster, place, nodes=nodes, tasks=tasks, walltime_s=walltime_s)
    with chdir(folder), _listening() as said:
        Path(SCRIPT).write_text(script_text(adapter, folder), encoding="utf-8")
        number = adapter.submit_to_queue(SCRIPT)
    if not number:
        words = _scheduler_words(" ".join(said)) or f"see {folder / SCRIPT}"
        raise QueueRefusedError(f"the scheduler did not take the job: {words}", f"partition {partition}")
    return str(number)


def _scheduler_words(logged: str) -> str:
    """Return what the scheduler said, out of what the adapter made of it."""
    found = re.search(r"""error response reads: b(['"])(.*?)\1""", logged, re.DOTALL)
    words = found.group(2).replace("\\n", "; ") if found else " ".join(logged.split())
    return words.strip("; ")[-400:]


def script_text(adapter: CommonAdapter, folder: Path) -> str:
    """Return the job script.

    Raises
    ------
    InputError
        For options that FireWorks' template of this scheduler does not have.
    """
    import string

    template = Path(adapter.template_file).read_text(encoding="utf-8")
    known = sorted(name for _, name, _, _ in string.Formatter().parse(template) if name)
    for name in adapter:
        if name not in known:
            raise InputError(
                f"the option is not known to this scheduler{nearest(name, known)}; known: {', '.join(known)}",
                f"cluster.partitions.options.{name}",
            )
    # the template writes the folder without quotes, so that it gets a harmless one, and the real one follows quoted
    adapter["rocket_launch"] = f"cd {shlex.quote(str(folder))}\n{adapter['rocket_launch']}"
    text: str = adapter.get_script_str("/")
    if adapter["rocket_launch"] not in text:  # FireWorks drops every line with $$: the job would do nothing
        raise InputError("FireWorks cannot write $$ into a job script; use a path without it", str(folder))
    return text


def _adapter(
    name: str,
    arguments: Sequence[str],
    cluster: ClusterSettings,
    place: Partition,
    *,
    nodes: int,
    tasks: int,
    walltime_s: int,
) -> CommonAdapter:
    configure()
    from fireworks.user_objects.queue_adapters.common_adapter import CommonAdapter

    own = [line for line in cluster.setup if line.startswith("#")]  # directives: before any command, or not at all
    before = [
        *FIRST_LINES.get(cluster.scheduler, ()),
        *own,
        *(f"module load {shlex.quote(module)}" for module in cluster.modules),
        *(line for line in cluster.setup if line not in own),
    ]
    values: dict[str, Any] = {
        **_size(cluster.scheduler, nodes, tasks, walltime_s),
        "queue": place.name,
        "account": place.account,
        "qos": place.qos,
        "mem": None if place.memory_GB is None else f"{int(place.memory_GB * 1000 * min(1.0, tasks / place.cores))}M",
        "job_name": name,
        "pre_rocket": "\n".join(before),
        "rocket_launch": shlex.join(arguments),
        **place.options,
    }
    return CommonAdapter(ADAPTERS[cluster.scheduler], **{key: value for key, value in values.items() if value})


def _size(scheduler: Scheduler, nodes: int, tasks: int, walltime_s: int) -> dict[str, Any]:
    """Return nodes, ranks and time as FireWorks' template of a scheduler calls them."""
    per_node = -(-tasks // nodes)
    hours, rest = divmod(walltime_s, 3600)
    clock = f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
    match scheduler:
        case "slurm":
            # one rank per physical core also where a core runs two threads
            return {"nodes": nodes, "ntasks": tasks, "ntasks_per_core": 1, "walltime": clock}
        case "pbs" | "loadleveler":
            return {"nnodes": nodes, "ppnode": per_node, "walltime": clock}
        case "moab":
            return {"nodes": nodes, "ppn": per_node, "walltime": clock}
        case "lsf":
            return {"ntasks": tasks, "walltime": clock[:-3]}  # hours and minutes
        case "cobalt":
            return {"nnodes": nodes, "walltime": clock}
        case "sge":
            return {}  # its template has neither; parallel environments differ too much


def job_python(cluster: ClusterSettings) -> str:
    """Return the Python that jobs run with: the settings', or the one that submits."""
    return str(cluster.python.expanduser()) if cluster.python is not None else sys.executable


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Collect what the adapter logs, which is the only place where the scheduler's words are."""
    said: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR:
                said.append(record.getMessage())

    collector = Collector()
    loggers = [logging.getLogger(f"qadapter.{name}") for name in ADAPTERS.values()]
    for logger in loggers:
        logger.addHandler(collector)
        logger.propagate = False
    try:
        yield said
    finally:
        for logger in loggers:
            logger.removeHandler(collector)
