"""What Slurm says about its partitions."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import Final

TIMEOUT_S: Final = 20.0
UNLIMITED: Final = "UNLIMITED"


class SlurmSilentError(RuntimeError):
    """Slurm's commands are missing or did not answer; the message is a sentence for people."""


@dataclass(frozen=True, kw_only=True)
class SlurmPartition:
    """A partition as the scheduler describes it.

    Attributes
    ----------
    name
        Its name.
    default
        Whether jobs go there that name none.
    up
        Whether it takes jobs.
    cores
        Cores of its smallest node, hyperthreads not counted; None where it is not known.
    nodes
        Its nodes.
    longest
        Longest time of a job as ``lianode.toml`` writes it (``2-00:00:00``); None where there is no limit.
    """

    name: str
    default: bool
    up: bool
    cores: int | None
    nodes: int
    longest: str | None


def slurm_partitions() -> list[SlurmPartition]:
    """Return the partitions, the default one first.

    Raises
    ------
    SlurmSilentError
        When Slurm is not there or does not answer.
    """
    cores: dict[str, int] = {}
    for line in _ask("sinfo", "--noheader", "--format=%R|%X|%Y"):
        name, *numbers = line.split("|")
        sockets, per_socket = (int(text.rstrip("+")) for text in numbers)
        cores[name] = min(sockets * per_socket, cores.get(name, sockets * per_socket))
    found = []
    for line in _ask("scontrol", "show", "partition", "--oneliner"):
        fields = dict(field.partition("=")[::2] for field in line.split())
        name, longest = fields["PartitionName"], fields.get("MaxTime", UNLIMITED)
        found.append(
            SlurmPartition(
                name=name,
                default=fields.get("Default") == "YES",
                up=fields.get("State") == "UP",
                cores=cores.get(name),
                nodes=int(fields.get("TotalNodes", "0")),
                longest=None if longest == UNLIMITED else longest,
            )
        )
    return sorted(found, key=lambda partition: (not partition.default, partition.name))


def _ask(program: str, *arguments: str) -> list[str]:
    path = shutil.which(program)
    if path is None:
        raise SlurmSilentError(f"{program} is not found; log in to a machine of the cluster, or load its Slurm module")
    try:
        done = subprocess.run(  # noqa: S603
            [path, *arguments], capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise SlurmSilentError(f"{program} did not answer within {TIMEOUT_S:g} s; try again later") from None
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise SlurmSilentError(f"{program} does not answer: {' '.join(last) or done.returncode}")
    return [line for line in done.stdout.splitlines() if line.strip()]
