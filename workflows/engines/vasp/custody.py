"""What custodian runs and watches; imported only where VASP runs."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from custodian.custodian import ErrorHandler
from custodian.vasp.handlers import (
    FrozenJobErrorHandler,
    NonConvergingErrorHandler,
    StdErrHandler,
    UnconvergedErrorHandler,
    VaspErrorHandler,
)
from custodian.vasp.io import load_vasprun
from custodian.vasp.jobs import VaspJob

from lianode.workflows.engines.vasp.run import CAUGHT

if TYPE_CHECKING:
    from lianode.workflows.engines.vasp.run import Watch

_PR_SET_PDEATHSIG = 1


class Program(VaspJob):  # type: ignore[misc, unused-ignore]
    """VASP in a process group of its own, which dies with this process: an orphan would compute for nobody."""

    def run(self, directory: str = "./") -> subprocess.Popen[bytes]:
        """Start the program in ``directory``."""
        folder = Path(directory)
        with (folder / self.output_file).open("wb") as out, (folder / self.stderr_file).open("wb") as err:
            self._vasp_process = subprocess.Popen(  # noqa: S603 - words of the machine's settings, no shell
                list(self.vasp_cmd),
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - no locks are taken
            )
        return self._vasp_process


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Look(ErrorHandler):  # type: ignore[misc, unused-ignore]
    """Lets a watch look at every poll; finds no errors."""

    is_monitor = True

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def check(self, directory: str = "./") -> bool:  # noqa: ARG002
        """Look, and report no error."""
        self.watch.look()
        return False

    def correct(self, directory: str = "./") -> dict[str, Any]:  # noqa: ARG002
        """Do nothing: there is never an error."""
        return {"errors": [], "actions": None}

    def as_dict(self) -> dict[str, Any]:
        """Return no more than the name; a watch cannot be written down."""
        return {"@module": type(self).__module__, "@class": type(self).__name__}


class Guarded(ErrorHandler):  # type: ignore[misc, unused-ignore]
    """A handler of custodian that keeps still once VASP was asked to stop: an early end is then no error."""

    def __init__(self, inner: ErrorHandler, watch: Watch) -> None:
        self.inner = inner
        self.watch = watch
        self.is_monitor = inner.is_monitor
        self.is_terminating = inner.is_terminating
        self.raises_runtime_error = False  # what cannot be mended is read from the outputs, and said in plain words

    def check(self, directory: str = "./") -> bool:
        """Ask the handler, unless VASP is stopping."""
        if self.watch.stop.reason is not None:
            return False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # parsers comment on a missing POTCAR and on convergence
            return bool(self.inner.check(directory))  # type: ignore[no-untyped-call, unused-ignore]

    def correct(self, directory: str = "./") -> dict[str, Any]:
        """Let the handler mend it."""
        mended: dict[str, Any] = self.inner.correct(directory)  # type: ignore[no-untyped-call, unused-ignore]
        return mended

    def as_dict(self) -> dict[str, Any]:
        """Return the handler's own description."""
        described: dict[str, Any] = self.inner.as_dict()
        return described


class UnconvergedScf(UnconvergedErrorHandler):  # type: ignore[misc, unused-ignore]
    """Custodian's ladder of electronic minimisers, for the electrons only: how long ions move is for the task."""

    def check(self, directory: str = "./") -> bool:
        """Whether the last self-consistency cycle did not converge."""
        try:
            return not load_vasprun(str(Path(directory) / self.output_filename)).converged_electronic
        except Exception:  # noqa: BLE001 - a cut vasprun.xml raises whatever its parser met; that is judged elsewhere
            return False


def handlers(watch: Watch, silence_s: float) -> list[ErrorHandler]:
    """Return what watches a run.

    Parameters
    ----------
    watch
        Asked at every poll.
    silence_s
        Seconds without output after which a run counts as hung.
    """
    chosen = [
        VaspErrorHandler(errors_subset_to_catch=list(CAUGHT)),
        UnconvergedScf(),
        NonConvergingErrorHandler(),
        FrozenJobErrorHandler(timeout=silence_s),
        StdErrHandler(),
    ]
    return [Look(watch), *(Guarded(handler, watch) for handler in chosen)]


def only_watched(watch: Watch, silence_s: float) -> list[ErrorHandler]:  # noqa: ARG001 - as handlers
    """Return what watches a trajectory: a cure would begin it again, over the steps that are done."""
    return [Look(watch)]
