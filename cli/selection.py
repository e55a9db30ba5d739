"""The words that choose results: the same for ``query`` and ``export`` as for ``ResultsStore.query``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option("--system", multiple=True, help="Chemical system, such as Li-In; may be repeated."),
    click.option("--phase", multiple=True, help="Phase, such as LiSn_P2m; may be repeated."),
    click.option("--engine", multiple=True, help="Engine, such as sevennet-0; may be repeated."),
    click.option("--campaign", multiple=True, help="Name of a campaign; may be repeated."),
    click.option(
        "--completeness", "--status", type=click.Choice(["complete", "partial"]),
        help="Only results that have, or lack, something that was asked for.",
    ),
    click.option("--flagged/--not-flagged", default=None, help="Only results with, or without, a failed check."),
    click.option("--since", metavar="DAY", help="Made on this day or later (UTC), such as 2026-11-20."),
    click.option("--until", metavar="DAY", help="Made on this day or earlier (UTC)."),
    click.option(
        "--where", multiple=True,
        help="Condition on a field, such as 'energy_above_hull_per_atom<0.005'; two make a range.",
    ),
    click.option("--superseded", is_flag=True, help="Also results that a later run of the same campaign replaced."),
)  # fmt: skip


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command gets them as keywords, which :func:`query_words` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def query_words(property_name: str | None, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return what options mean as words of ``ResultsStore.query``.

    Raises
    ------
    InputError
        For a condition that is none.
    """
    from lianode.hpc.conditions import condition

    several = {name: chosen[name] or None for name in ("system", "phase", "engine", "campaign")}
    single = {name: chosen[name] for name in ("completeness", "flagged", "since", "until", "superseded")}
    conditions = [condition(text) for text in chosen["where"]]
    return {"property": property_name, **several, **single, "criteria": {"$and": conditions} if conditions else None}
