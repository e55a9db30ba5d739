"""What a job may know of the process it runs in: whom to tell, and when to stop.

The runner that executes jobs opens a session around them; without one, nobody is told and nothing stops.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lianode.workflows.engine import Progress


@dataclass(frozen=True)
class Session:
    """Hooks into the process that runs a job.

    Attributes
    ----------
    progress
        Told the label of the calculation and each of its steps.
    stop
        Whether work has to be saved and ended.
    deadline
        ``time.monotonic()`` at which it has to have ended, or None.
    checkpoint_interval_s
        Seconds between checkpoints.
    continues
        Whether a calculation that had to stop is put back into the queue by its job; a person who pressed Ctrl-C does
        not want that, a scheduler that ends an allocation does.
    cores
        Cores that the job has, for the provenance of its times.
    """

    progress: Callable[[str, Progress], None] = lambda _label, _progress: None
    stop: Callable[[], bool] = lambda: False
    deadline: float | None = None
    checkpoint_interval_s: float = 1.0
    continues: bool = False
    cores: int = 1


_ALONE = Session()
_SESSION: ContextVar[Session] = ContextVar("session", default=_ALONE)


def current_session() -> Session:
    """Return the session of the running job."""
    return _SESSION.get()


def must_stop() -> bool:
    """Whether the running job has to save and end now."""
    now = current_session()
    return now.stop() or (now.deadline is not None and time.monotonic() >= now.deadline)


@contextmanager
def session(opened: Session) -> Iterator[None]:
    """Run jobs within ``opened``."""
    token = _SESSION.set(opened)
    try:
        yield
    finally:
        _SESSION.reset(token)
