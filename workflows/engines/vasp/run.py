"""Running VASP under custodian, and stopping it in time."""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lianode.structures.errors import InputError
from lianode.workflows.engine import Progress
from lianode.workflows.engines.vasp.outputs import ionic_energies, last_max_force

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lianode.workflows.engine import RunContext
    from lianode.workflows.engines.vasp.commands import VaspCommands

STEP_MARGIN = 1.5
"""A last ionic step is begun only when one and a half times the longest so far still fits."""
LARGEST_SHARE = 0.25
"""Share of the allotted time that stopping may take at most."""

CAUGHT = (
    "subspacematrix", "rspher", "rot_matrix", "brions", "amin", "zbrent", "pssyevx", "pdsyevx", "eddrmm",
    "edddav", "grad_not_orth", "nicht_konv", "zheev", "eddiag", "rhosyg", "posmap", "point_group", "pricelv",
    "symprec_noise", "bravais", "coef",
)  # fmt: skip
"""Errors that custodian may mend: those whose cure changes the way to the result, not the result.

Left out are cures that change smearing, k-points, projectors, the number of bands or the cell (``tet``, ``dentet``,
``ksymm``, ``ibzkpt``, ``brmix``, ``real_optlay``, ``too_few_bands``, ``zpotrf``, ``triple_product`` ...): they would
put other energies under the same key. Such a run fails, with its reason.
"""


@dataclass
class Stop:
    """Whether and how a run was asked to end.

    Attributes
    ----------
    reason
        For people; None while nobody has asked.
    asked_at
        ``time.monotonic()`` of the first request.
    level
        1 after ``LSTOP``, 2 after ``LABORT``, 3 after it was ended.
    """

    reason: str | None = None
    asked_at: float = 0.0
    level: int = 0


@dataclass
class Watch:
    """Looks at a running VASP: tells its progress, and stops it in time.

    Plain VASP stops by itself: ``LSTOP`` in STOPCAR ends it after the ionic step, ``LABORT`` after the electronic step;
    both leave a CONTCAR. Only then is it ended from outside.

    Attributes
    ----------
    folder, context, commands
        Of the run.
    steps_before
        Ionic steps of earlier attempts.
    terminate
        Ends the program and its process group.
    """

    folder: Path
    context: RunContext
    commands: VaspCommands
    steps_before: int = 0
    terminate: Any = None
    stop: Stop = field(default_factory=Stop)
    longest_step_s: float = 0.0
    _seen: int = 0
    _last_step_at: float = field(default_factory=time.monotonic)

    def look(self) -> None:
        """Look once."""
        energies = ionic_energies(self.folder)
        now = time.monotonic()
        if len(energies) > self._seen:
            self.longest_step_s = max(self.longest_step_s, (now - self._last_step_at) / (len(energies) - self._seen))
            self._seen, self._last_step_at = len(energies), now
            self.context.progress(Progress(self.steps_before + self._seen, energies[-1], last_max_force(self.folder)))
        level = self._wanted(now)
        if level > self.stop.level:
            self._raise_to(level, now)

    def _wanted(self, now: float) -> int:
        """Return how hard the program has to be stopped now."""
        grace = self.commands.stop_grace_s
        level = 0
        if self.context.stop():
            self.stop.reason = self.stop.reason or "stopped"
            waited = now - self.stop.asked_at if self.stop.asked_at else 0.0
            level = 1 if waited < grace else 2 if waited < 2 * grace else 3
        deadline = self.context.deadline
        if deadline is None:
            return level
        left, whole = deadline - now, deadline - self.context.started
        for share, wish, reached in (
            (1.0, STEP_MARGIN * self.longest_step_s + 2 * grace, 1),
            (0.5, grace, 2),
            (0.1, 0.25 * grace, 3),
        ):
            if left <= min(wish, share * LARGEST_SHARE * whole):
                level = max(level, reached)
        if level and self.stop.reason is None:
            self.stop.reason = "wall time"
        return level

    def _raise_to(self, level: int, now: float) -> None:
        self.stop.level = level
        self.stop.asked_at = self.stop.asked_at or now
        if level < 3:
            tag = "LSTOP" if level == 1 else "LABORT"
            (self.folder / "STOPCAR").write_text(f"{tag} = .TRUE.\n", encoding="utf-8")
        elif self.terminate is not None:
            self.terminate(str(self.folder))


@dataclass(frozen=True)
class RunEnd:
    """What custodian says of a run.

    Attributes
    ----------
    stopped
        Why it was asked to stop, or None.
    corrections
        What custodian mended, such as ``zbrent``.
    error
        Why custodian gave up, or None.
    """

    stopped: str | None
    corrections: tuple[str, ...]
    error: str | None


def run_vasp(
    folder: Path,
    context: RunContext,
    commands: VaspCommands,
    *,
    gamma_only: bool,
    steps_before: int = 0,
    handlers: Callable[[Watch, float], list[Any]] | None = None,
) -> RunEnd:
    """Run VASP in a folder that holds its inputs, until it ends, is mended in vain, or has to stop.

    Parameters
    ----------
    folder, context, commands
        Where, until when, and with which program.
    gamma_only
        Whether the mesh is the Γ point alone.
    steps_before
        Ionic steps of earlier attempts, for the progress.
    handlers
        Returns custodian's handlers for a watch and the seconds of silence that count as hung; without it
        :func:`lianode.workflows.engines.vasp.custody.handlers`, which mend.

    Raises
    ------
    InputError
        When custodian is not installed, or the command does not exist.
    """
    try:
        from custodian import Custodian
        from custodian.custodian import CustodianError

        from lianode.workflows.engines.vasp import custody
    except ImportError as error:
        raise InputError("custodian is not installed; run: pip install 'lianode[vasp]'", "engine vasp") from error

    watch = Watch(folder, context, commands, steps_before)
    job = custody.Program(
        commands.command(gamma_only=gamma_only), output_file="vasp.out", backup=False, auto_gamma=False
    )
    watch.terminate = job.terminate
    keeper = Custodian(
        (handlers or custody.handlers)(watch, commands.silence_s),
        [job],
        max_errors=5,
        polling_time_step=commands.poll_s,
        monitor_freq=1,
        skip_over_errors=True,  # a handler that stumbles over half-written output must not end a calculation
        directory=str(folder),
    )
    failure = None
    quiet = logging.getLogger("custodian")
    level = quiet.level
    quiet.setLevel(logging.CRITICAL)
    try:
        keeper.run()  # type: ignore[no-untyped-call, unused-ignore]
    except CustodianError as error:
        failure = str(error.message)
    except OSError as error:
        if isinstance(error, FileNotFoundError | PermissionError) and error.filename == job.vasp_cmd[0]:
            raise InputError(f"the VASP command `{job.vasp_cmd[0]}` cannot be started: {error.strerror}") from error
        failure = str(error)
    finally:
        quiet.setLevel(level)
        with contextlib.suppress(OSError):
            (folder / "STOPCAR").unlink(missing_ok=True)
    corrected = [
        str(error)
        for entry in keeper.run_log
        for fix in entry["corrections"]
        if fix.get("actions") and not fix.get("skipped")
        for error in fix.get("errors") or ()
    ]
    return RunEnd(watch.stop.reason, tuple(corrected), failure)
