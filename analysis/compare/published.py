"""Published values, each with its source."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from lianode.structures.errors import InputError, nearest


@cache
def _everything() -> dict[str, Any]:
    import yaml

    text = files("lianode.analysis").joinpath("data", "published.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    return dict(content)


def papers() -> dict[str, dict[str, str]]:
    """Return what each paper is and how it computed, by short key."""
    found: dict[str, dict[str, str]] = _everything()["papers"]
    return found


def published(paper: str) -> dict[str, Any]:
    """Return the values of one paper, by property.

    Raises
    ------
    InputError
        For an unknown paper.
    """
    known = list(papers())
    if paper not in known:
        raise InputError(f"unknown; known are {', '.join(known)}{nearest(paper, known)}", f"paper '{paper}'")
    return {name: values[paper] for name, values in _everything().items() if name != "papers" and paper in values}


def measured_plateaus(system: str) -> list[tuple[str, dict[str, Any]]]:
    """Return every paper's measured plateaus of a system, as (paper, plateau)."""
    return [
        (paper, plateau)
        for paper, values in _everything()["measured_plateaus"].items()
        for plateau in values["systems"].get(system, [])
    ]
