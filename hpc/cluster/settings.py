"""What ``lianode.toml`` says about a cluster: its scheduler and partitions, and where VASP is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from lianode.structures.errors import InputError
from lianode.workflows.engines.vasp.commands import PARALLEL_TAGS

Scheduler = Literal["slurm", "pbs", "sge", "cobalt", "loadleveler", "lsf", "moab"]

ADAPTERS: Final[dict[str, str]] = {
    "slurm": "SLURM",
    "pbs": "PBS",
    "sge": "SGE",
    "cobalt": "Cobalt",
    "loadleveler": "LoadLeveler",
    "lsf": "LoadSharingFacility",
    "moab": "MOAB",
}
"""FireWorks' name of each scheduler."""

_DURATION: Final = re.compile(r"(?:(\d+)-)?(\d{1,3}):(\d{2})(?::(\d{2}))?")
_WORD: Final = r"^[A-Za-z0-9_.,:@/+=-]{1,120}$"
"""What may stand in a line of a job script; no blank, quote or other sign that a shell reads."""


def _seconds(value: Any) -> Any:
    """Read ``24:00:00``, ``2-00:00:00`` or ``00:30`` (hours and minutes) as seconds."""
    if not isinstance(value, str):
        raise ValueError("write a time such as '24:00:00' or '2-00:00:00'")  # noqa: TRY004  pydantic reports ValueError
    found = _DURATION.fullmatch(value.strip())
    if found is None:
        raise ValueError(f"{value!r} is not a time such as '24:00:00' or '2-00:00:00'")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


Walltime = Annotated[int, BeforeValidator(_seconds), Field(ge=60)]
Word = Annotated[str, Field(pattern=_WORD)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Partition(_Table):
    """A partition (queue) that jobs may go to.

    Attributes
    ----------
    name
        As the scheduler calls it.
    cores
        Cores of one node.
    nodes
        Most nodes one job may take.
    walltime
        Longest time of a job there; written ``24:00:00``, kept in seconds.
    account, qos
        As the scheduler wants them, or None.
    memory_GB
        Memory of one node that jobs may use; None leaves it to the scheduler.
    engines
        Engines whose jobs go here (``vasp``, ``sevennet-0``); empty for every engine no other partition names.
    options
        Further entries of FireWorks' template for the scheduler, such as ``{constraint = "skylake", gpus = "1"}``.
    """

    name: Word
    cores: int = Field(ge=1, strict=True)
    nodes: int = Field(default=1, ge=1, strict=True)
    walltime: Walltime
    account: Word | None = None
    qos: Word | None = None
    memory_GB: float | None = Field(default=None, gt=0)
    engines: tuple[str, ...] = ()
    options: dict[str, Word] = Field(default_factory=dict)


class ClusterSettings(_Table):
    """The table ``[cluster]``.

    Attributes
    ----------
    scheduler
        Which one.
    partitions
        At least one; jobs go to the first that suits them.
    vasp_std, vasp_gam
        Commands that start VASP; ``{tasks}`` and ``{nodes}`` stand for what a job has. No shell reads them.
    potcar_folder
        POTCARs, in any of the usual layouts.
    parallel
        INCAR tags that spread the work, such as ``{NCORE = 4}``.
    modules
        Modules that a job loads.
    setup
        Lines of shell that a job runs first; yours alone, nothing from a campaign is put into them.
    python
        Python of the jobs; None for the one that submits.
    max_queued
        Most jobs that `lianode launch` keeps in the queue.
    budget
        Core-hours above which `lianode submit` asks; None never asks.
    target_hours
        Length that jobs are sized for, h.
    stop_margin
        Time before the end of a job at which calculations save and stop; written ``00:10``, kept in seconds.
    analyse_here
        Whether `lianode launch` itself runs the jobs of a second or so that only derive documents.
    """

    scheduler: Scheduler = "slurm"
    partitions: tuple[Partition, ...] = Field(min_length=1)
    vasp_std: str | None = None
    vasp_gam: str | None = None
    potcar_folder: Path | None = None
    parallel: dict[str, bool | int] = Field(default_factory=dict)
    modules: tuple[Word, ...] = ()
    setup: tuple[str, ...] = ()
    python: Path | None = None
    max_queued: int = Field(default=20, ge=1, strict=True)
    budget: float | None = Field(default=None, gt=0)
    target_hours: float = Field(default=4.0, gt=0)
    stop_margin: Annotated[int, BeforeValidator(_seconds), Field(ge=0)] = 600
    analyse_here: bool = True

    @field_validator("vasp_std", "vasp_gam")
    @classmethod
    def _is_command(cls, command: str | None) -> str | None:
        if command is not None:
            try:
                words = shlex.split(command)
            except ValueError as error:
                raise ValueError(f"the command cannot be split into words: {error}") from None
            if not words:
                raise ValueError("the command is empty")
            for name in re.findall(r"\{([^}]*)\}", command):
                if name not in {"tasks", "nodes"}:
                    raise ValueError(f"{{{name}}} is not known in a command; there are {{tasks}} and {{nodes}}")
        return command

    @field_validator("parallel")
    @classmethod
    def _only_spreads_work(cls, tags: dict[str, bool | int]) -> dict[str, bool | int]:
        unknown = sorted(set(tags) - PARALLEL_TAGS)
        if unknown:
            raise ValueError(f"{', '.join(unknown)} would change results; there are {', '.join(sorted(PARALLEL_TAGS))}")
        return tags

    @field_validator("setup")
    @classmethod
    def _single_lines(cls, lines: tuple[str, ...]) -> tuple[str, ...]:
        if any("\n" in line or "\r" in line for line in lines):
            raise ValueError("every entry is one line of shell")
        if any("$$" in line for line in lines):
            raise ValueError("FireWorks' templates use $$; write a line without it")
        return lines

    def partition(self, name: str) -> Partition:
        """Return a partition by name.

        Raises
        ------
        InputError
            When there is none of that name.
        """
        for partition in self.partitions:
            if partition.name == name:
                return partition
        known = ", ".join(partition.name for partition in self.partitions)
        raise InputError(f"the partition {name!r} is not in lianode.toml; there are {known}", "partition")

    def partition_for(self, engine: str) -> Partition:
        """Return the partition of an engine: one that names it, else the first that names none.

        Parameters
        ----------
        engine
            Name of the program or potential, such as ``vasp``.

        Raises
        ------
        InputError
            When every partition is kept for other engines.
        """
        for partition in self.partitions:
            if engine in partition.engines:
                return partition
        for partition in self.partitions:
            if not partition.engines:
                return partition
        raise InputError(f"no partition takes jobs of {engine!r}; leave out `engines` of one", "cluster.partitions")


def walltime_seconds(text: str, where: str) -> int:
    """Return a wall time such as ``24:00:00`` in seconds.

    Raises
    ------
    InputError
        When it is none.
    """
    try:
        return int(_seconds(text))
    except ValueError as error:
        raise InputError(str(error), where) from None


def command_words(command: str, *, tasks: int, nodes: int) -> tuple[str, ...]:
    """Return the words of a command with the numbers of a job in them."""
    return tuple(word.replace("{tasks}", str(tasks)).replace("{nodes}", str(nodes)) for word in shlex.split(command))
