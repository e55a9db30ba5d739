"""Progress of a run in the terminal."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from lianode.cli.output import duration
from lianode.cli.plan import planned
from lianode.hpc.local.events import Begun, Ended, Stepped, Stopping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lianode.hpc.local.events import Event
    from lianode.hpc.store import ResultsStore
    from lianode.workflows.plan import CampaignPlan


@contextmanager
def show_progress(plan: CampaignPlan, results: ResultsStore, *, quiet: bool) -> Iterator[Callable[[Event], None]]:
    """Yield what takes the events of a run: a live table in a terminal, a line per job elsewhere.

    Parameters
    ----------
    plan
        Of the campaign, for what is to be expected.
    results
        The store, for what is done already.
    quiet
        Show nothing.
    """
    if quiet:
        yield lambda _event: None
        return
    display = _Display(_expected(plan, results))
    if not sys.stderr.isatty():
        yield display.line
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), refresh_per_second=4, transient=True) as live:
        live.update(display)

        def tell(event: Event) -> None:
            finished = display.take(event)
            if finished:
                live.console.print(finished, highlight=False, markup=False)

        yield tell


def _expected(plan: CampaignPlan, results: ResultsStore) -> dict[str, float]:
    """Return the expected seconds of each calculation that is not settled, by the name of its job."""
    return {row["label"]: row["expected_seconds"] for row in planned(plan, results) if not row["settled"]}


class _Display:
    """What is known of the run at the moment; rich draws it."""

    def __init__(self, expected: dict[str, float]) -> None:
        self.expected = expected
        self.total = len(expected)
        self.started = time.monotonic()
        self.running: dict[str, tuple[float, Stepped | None]] = {}
        self.done = 0
        self.stopping = False

    def take(self, event: Event) -> str | None:
        """Take note of an event; return the line that stays when a job has ended."""
        now = time.monotonic()
        match event:
            case Begun(name):
                self.running[name] = (now, None)
            case Stepped(name):
                self.running[name] = (self.running.get(name, (now, None))[0], event)
            case Stopping():
                self.stopping = True
                return "stopping: running calculations save their state (Ctrl-C again ends at once)"
            case Ended(name, error, quick):
                began, last = self.running.pop(name, (now, None))
                if name in self.expected:
                    self.done += 1
                    self.expected.pop(name)
                if error is not None:
                    return f"{name}: {error}"
                if not quick:
                    steps = f", {last.step} steps" if last is not None else ""
                    word = "saved after" if self.stopping else "done in"
                    return f"{name}  {word} {duration(now - began)}{steps}"
        return None

    def line(self, event: Event) -> None:
        """Print the line of an event to standard error, for logs."""
        text = self.take(event)
        if text:
            click.echo(f"[{self.done}/{self.total}] {text}", err=True)

    def remaining(self) -> float:
        """Estimate the seconds that are left, from what is expected of the jobs that have not ended."""
        now = time.monotonic()
        spent = {name: now - began for name, (began, _) in self.running.items()}
        left = sum(max(seconds - spent.get(name, 0.0), 0.0) for name, seconds in self.expected.items())
        return left / max(1, len(self.running))

    def __rich__(self) -> Any:
        from rich.box import SIMPLE_HEAD
        from rich.table import Table

        now = time.monotonic()
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for heading, align in (("running", "left"), ("step", "right"), ("energy / eV", "right"),
                               ("force / eV/Å", "right"), ("elapsed", "right"), ("expected", "right")):  # fmt: skip
            table.add_column(heading, justify=align)  # type: ignore[arg-type]
        for name, (began, last) in self.running.items():
            step, energy, force = ("", "", "loading the engine") if last is None else (
                str(last.step), f"{last.energy:.4f}", f"{last.max_force:.4f}")  # fmt: skip
            label = last.label if last is not None else name
            expected = self.expected.get(name)
            table.add_row(
                label, step, energy, force, duration(now - began), "" if expected is None else duration(expected)
            )
        left = f"about {duration(self.remaining())} left" if self.expected else "deriving"
        state = "stopping" if self.stopping else left
        table.caption = f"{self.done} of {self.total} calculations done, {duration(now - self.started)}, {state}"
        table.caption_justify = "left"
        return table
