"""Where VASP is on this machine.

It comes from the project's settings or the environment, never from a campaign file: a campaign is data, and no text
of it reaches a command line.
"""

from __future__ import annotations

import os
import shlex
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PARALLEL_TAGS = frozenset({"NCORE", "NPAR", "KPAR", "NSIM", "LPLANE", "LSCALU"})
"""INCAR tags that say how the work is spread, and nothing else; they belong to the machine."""


WAY_TAGS = frozenset(
    {"ALGO", "NELM", "NELMDL", "TIME", "AMIX", "BMIX", "AMIX_MAG", "BMIX_MAG", "AMIN", "MAXMIX"} | PARALLEL_TAGS
)
"""INCAR tags that say how the self-consistent ground state is reached, not which one it is."""


@dataclass(frozen=True, kw_only=True)
class VaspCommands:
    """How VASP is started here.

    Attributes
    ----------
    vasp_std
        Words of the command, such as ``("srun", "vasp_std")``; no shell sees them.
    image_groups
        Images of a band that run at the same time, each with a command of its own, which is meant for one of them.
    vasp_gam
        The same for the version for a single k-point at Γ, where there is one.
    potcar_folder
        Folder of the PAW sets; without it only POTCAR.spec is written, which no real VASP can use.
    parallel
        Tags of :data:`PARALLEL_TAGS` for every INCAR.
    way
        Tags of :data:`WAY_TAGS` for this run, which someone asked for after an earlier one did not converge.
    poll_s
        Seconds between looks at the running program.
    stop_grace_s
        Seconds that a stop leaves for the ionic step (``LSTOP``), then the same for the electronic step (``LABORT``),
        before the program is ended.
    silence_s
        Seconds without a new line of output after which a run counts as hung.
    """

    vasp_std: tuple[str, ...]
    vasp_gam: tuple[str, ...] | None = None
    potcar_folder: Path | None = None
    parallel: Mapping[str, int | bool] = field(default_factory=dict)
    way: Mapping[str, int | float | bool | str] = field(default_factory=dict)
    image_groups: int = 1
    poll_s: float = 5.0
    stop_grace_s: float = 60.0
    silence_s: float = 6 * 3600.0

    def __post_init__(self) -> None:
        if not self.vasp_std:
            raise InputError("the command that starts VASP is empty", "vasp_std")
        unknown = sorted(set(self.parallel) - PARALLEL_TAGS)
        if unknown:
            raise InputError(
                f"{', '.join(unknown)} would change results; a machine has {', '.join(sorted(PARALLEL_TAGS))}",
                "parallel",
            )
        unknown = sorted(set(self.way) - WAY_TAGS)
        if unknown:
            raise InputError(f"{', '.join(unknown)} would change results", "way")

    @property
    def tags(self) -> dict[str, int | float | bool | str]:
        """INCAR tags of this machine and this run."""
        return {**self.parallel, **self.way}

    def command(self, *, gamma_only: bool) -> tuple[str, ...]:
        """Return the command for a mesh."""
        return self.vasp_gam if gamma_only and self.vasp_gam else self.vasp_std


_CONFIGURED: ContextVar[VaspCommands | None] = ContextVar("vasp commands", default=None)


@contextmanager
def vasp_commands(commands: VaspCommands) -> Iterator[None]:
    """Run jobs with ``commands``; whoever runs jobs on a cluster opens this around them."""
    token = _CONFIGURED.set(commands)
    try:
        yield
    finally:
        _CONFIGURED.reset(token)


def current_commands() -> VaspCommands:
    """Return the commands that were opened, or those of the environment.

    ``LIANODE_VASP_STD`` and ``LIANODE_VASP_GAM`` hold commands, ``LIANODE_POTCAR_FOLDER`` a folder.

    Raises
    ------
    InputError
        When neither says where VASP is.
    """
    configured = _CONFIGURED.get()
    return configured if configured is not None else from_environment(os.environ)


def from_environment(environment: Mapping[str, str]) -> VaspCommands:
    """Return the commands that environment variables name.

    Raises
    ------
    InputError
        When ``LIANODE_VASP_STD`` is missing, or quotes are not closed.
    """
    standard = environment.get("LIANODE_VASP_STD", "")
    if not standard.strip():
        raise InputError(
            "it is not known how VASP is started here; set LIANODE_VASP_STD, such as `srun vasp_std`", "engine vasp"
        )
    gamma, folder = environment.get("LIANODE_VASP_GAM", ""), environment.get("LIANODE_POTCAR_FOLDER", "")
    return VaspCommands(
        vasp_std=_words("LIANODE_VASP_STD", standard),
        vasp_gam=_words("LIANODE_VASP_GAM", gamma) if gamma.strip() else None,
        potcar_folder=Path(folder) if folder else None,
    )


def _words(name: str, text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise InputError(f"the command `{text}` cannot be split into words: {error}", name) from error
