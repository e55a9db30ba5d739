"""The form that chooses results: a browser sends it as the words of an address, without any script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lianode.analysis.report.markup import tag
from lianode.hpc.serve.asked import NEWEST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lianode.analysis.report.markup import Markup
    from lianode.hpc.serve.asked import Asked
    from lianode.hpc.store import ResultsStore

MOST_CHOICES: Final = 300
"""A field with more values is written, not chosen."""


def form(store: ResultsStore, asked: Asked) -> Markup:
    """Return the form, filled as it was sent."""
    return tag(
        "form",
        _written("search", "search", asked.search, "alloy, phase, campaign, key", kind="search", wide=True),
        *(_among(store, asked, field) for field in ("property", "system", "phase", "engine", "campaign")),
        _chosen("completeness", "completeness", asked.completeness, (("complete", "complete"), ("partial", "partial"))),
        _chosen("flagged", "checks", asked.flagged, (("no", "none failed"), ("yes", "a check failed"))),
        _written("since", "made since", asked.since, kind="date"),
        _written("until", "made until", asked.until, kind="date"),
        _written("where", "where", asked.where, "energy_above_hull_per_atom<=0.005, stable=false", wide=True),
        _tick("superseded", "also replaced ones", asked.superseded),
        _tick("rehearsals", "rehearsals instead", asked.rehearsals),
        tag("input", type="hidden", name="sort", value=asked.sort) if asked.sort != NEWEST else None,
        tag("div", tag("button", "Find", type="submit"), tag("a", "Clear", href="/"), class_="send"),
        action="/", method="get", class_="chosen", role="search", aria_label="Choose results",
    )  # fmt: skip


def _among(store: ResultsStore, asked: Asked, field: str) -> Markup:
    known = [str(value) for value in store.property_documents.distinct(field)]
    given = getattr(asked, field)
    if len(known) > MOST_CHOICES:
        return _written(field, field, given)
    values = [*known, *([given] if given and given not in known else [])]
    return _chosen(field, field, given, ((value, value.replace("_", " ")) for value in values))


def _chosen(name: str, label: str, given: str, choices: Iterable[tuple[str, str]]) -> Markup:
    options = [tag("option", "any", value="", selected=not given)]
    options += [tag("option", said, value=value, selected=value == given) for value, said in choices]
    return tag("label", label, tag("select", *options, name=name))


def _written(
    name: str, label: str, given: str, placeholder: str | None = None, *, kind: str = "text", wide: bool = False
) -> Markup:
    field = tag("input", type=kind, name=name, value=given, placeholder=placeholder, autocomplete="off",
                spellcheck="false")  # fmt: skip
    return tag("label", label, field, class_="wide" if wide else None)


def _tick(name: str, label: str, given: str) -> Markup:
    return tag("label", tag("input", type="checkbox", name=name, value="yes", checked=given == "yes"), label,
               class_="tick")  # fmt: skip
