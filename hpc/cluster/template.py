"""The settings file of a project on a cluster, as ``lianode init --cluster`` writes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lianode.hpc.stores.mongo_credentials import PASSWORD_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ClusterAnswers:
    """What has to be known of a cluster.

    Attributes
    ----------
    scheduler
        As :class:`lianode.hpc.cluster.settings.ClusterSettings` names it.
    partition, cores, nodes, walltime, account, qos
        Of the first partition; time written ``24:00:00``.
    modules
        Loaded by every job.
    vasp_std, vasp_gam
        Commands that start VASP.
    potcar_folder
        Folder of the PAW sets.
    mongodb_uri, mongodb_database
        Of the results store; no password.
    password_file
        File with the password, or None where the environment has it.
    budget
        Core-hours above which `lianode submit` asks.
    """

    scheduler: str = "slurm"
    partition: str
    cores: int
    nodes: int = 1
    walltime: str
    account: str | None = None
    qos: str | None = None
    modules: tuple[str, ...] = ()
    vasp_std: str | None = None
    vasp_gam: str | None = None
    potcar_folder: Path | None = None
    mongodb_uri: str
    mongodb_database: str = "lianode"
    password_file: Path | None = None
    budget: float | None = None


def cluster_template(answers: ClusterAnswers) -> str:
    """Return the text of ``lianode.toml``; what was not answered stands there as a comment."""
    lines = [
        "# Settings of this project. Paths are relative to this file; ~ means your home folder.",
        "",
        "# Folder of the calculations' own files (inputs, outputs, logs), and of large data. All nodes have to see it.",
        'runs = "runs"',
        'blobs = "blobs"',
        "",
        "# Where results live. The password is never written here: set the environment variable",
        f"# {PASSWORD_VARIABLE}, or name a file that only you can read (chmod 600).",
        "[store]",
        'kind = "mongodb"',
        f"uri = {toml(answers.mongodb_uri)}",
        f"database = {toml(answers.mongodb_database)}",
        _line("password_file", answers.password_file, "~/.lianode-mongodb"),
        "",
        "[cluster]",
        f"scheduler = {toml(answers.scheduler)}",
        "",
        "# Modules that a job loads, and lines of shell that it runs first.",
        _line("modules", answers.modules, ("intel/2023", "vasp/6.4.2")),
        '# setup = ["ulimit -s unlimited"]',
        "",
        "# How a job starts VASP; {tasks} and {nodes} stand for what it has. No shell reads these.",
        _line("vasp_std", answers.vasp_std, default_vasp(answers.scheduler, "vasp_std")),
        _line("vasp_gam", answers.vasp_gam, default_vasp(answers.scheduler, "vasp_gam")),
        "# Folder of the PAW sets, in any of the usual layouts.",
        _line("potcar_folder", answers.potcar_folder, "/path/to/potcars"),
        "# INCAR tags that spread the work over cores; KPAR is chosen for each job unless it is given here.",
        "# parallel = { NCORE = 4 }",
        "",
        "# `lianode submit` asks before a campaign of more core-hours.",
        _line("budget", answers.budget, 1000.0),
        "# Hours that jobs are sized for; a longer job is continued.",
        "# target_hours = 4.0",
        "# Most jobs in the queue at once, and the time before the end of a job at which calculations save and stop.",
        "# max_queued = 20",
        '# stop_margin = "00:10"',
        "",
        "# Partitions (queues); write the table again for another one. A job goes to the first that names its engine",
        '# in `engines`, such as engines = ["vasp"], else to the first that names none.',
        "[[cluster.partitions]]",
        f"name = {toml(answers.partition)}",
        "# cores of one node, most nodes of one job, longest time of a job",
        f"cores = {toml(answers.cores)}",
        f"nodes = {toml(answers.nodes)}",
        f"walltime = {toml(answers.walltime)}",
        _line("account", answers.account, "your-project"),
        _line("qos", answers.qos, "normal"),
        "# memory of a node that jobs may use; further options of FireWorks' template for the scheduler",
        "# memory_GB = 180",
        '# options = { constraint = "skylake" }',
    ]
    return "\n".join(lines) + "\n"


def default_vasp(scheduler: str, program: str) -> str:
    """Return the usual command that starts VASP on the cores of one job."""
    # --exact and --mem=0: several jobs share an allocation side by side; else each step takes all of its memory
    return f"srun --exact --mem=0 -n {{tasks}} {program}" if scheduler == "slurm" else f"mpirun -n {{tasks}} {program}"


def _line(key: str, value: object, example: object) -> str:
    """Return a key with its value, or as a comment with an example where there is no value."""
    answered = value is not None and value != ()
    return f"{key} = {toml(value)}" if answered else f"# {key} = {toml(example)}"


def toml(value: object) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, tuple | list):
        return _array(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    # a JSON string is a TOML string, but for the one character that JSON leaves as it is and TOML does not
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _array(values: Sequence[object]) -> str:
    return f"[{', '.join(map(toml, values))}]"
