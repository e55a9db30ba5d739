"""What a run found anodes and electrolytes to react to, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lianode.cli.output import number, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MISSING = " is missing ("
NOTHING = 1e-6
"""eV/atom: less is no reaction."""


def print_reactivities(documents: Sequence[Mapping[str, Any]]) -> None:
    """Print the most exothermic reaction of every pair, a line each, with what is missing and what failed.

    Parameters
    ----------
    documents
        Reactions of one method; what several of them say is said once.
    """
    from lianode.analysis.method import MethodKey

    if not documents:
        return
    method = MethodKey.model_validate(documents[0]["method"]).label
    print_table(
        [("anode", "left"), ("electrolyte", "left"), ("Li at / V", "right"), ("E / meV/atom", "right"),
         ("x(anode)", "right"), ("most exothermic reaction", "left")],
        [_row(document) for document in sorted(documents, key=_strongest_first)],
        title=f"reactions, {method}; !: a check failed, see below",
    )  # fmt: skip
    if any(document["voltage_V"] is not None for document in documents):
        click.echo("note: where lithium is at a potential, x and E count all atoms but lithium")
    for sentence in _once(one for document in documents for one in document["missing"]):
        click.echo(f"partial: {sentence}")
    for sentence in dict.fromkeys(one for document in documents for one in document["notes"]):
        click.echo(f"note: {sentence}")
    failed: dict[str, list[str]] = {}
    for document in documents:
        pair = f"{document['first']} with {document['second']}"
        for check in document["checks"]:
            if check["passed"] is False:
                names = failed.setdefault(check["message"], [])
                names += [name for name in [check["subject"] or pair] if name not in names]
    for message, names in failed.items():
        click.echo(f"! {'; '.join(names)}: {message}")
    click.echo("")


def _strongest_first(document: Mapping[str, Any]) -> tuple[Any, ...]:
    voltage = document["voltage_V"]
    return (document["second"], -1.0 if voltage is None else voltage, document["reaction_energy_per_atom"])


def _row(document: Mapping[str, Any]) -> tuple[str, ...]:
    best = document["most_exothermic"]
    nothing = best["reaction_energy_per_atom"] > -NOTHING
    marks = (" !" if document["flagged"] else "") + (" partial" if document["completeness"] == "partial" else "")
    return (
        document["first"],
        document["second"],
        "closed" if document["voltage_V"] is None else number(document["voltage_V"], 2),
        number(1e3 * best["reaction_energy_per_atom"], 1),
        "" if nothing else number(best["mixing_ratio"], 3),
        ("none" if nothing else best["equation"]) + marks,
    )


def _once(sentences: Any) -> list[str]:
    """Return sentences about missing phases, those that say the same of several phases as one."""
    names: dict[str, list[str]] = {}
    for sentence in dict.fromkeys(sentences):
        name, _, rest = sentence.partition(MISSING)
        names.setdefault(rest, []).append(name)
    return [
        f"{', '.join(phases)} {'are' if len(phases) > 1 else 'is'} missing ({rest}".replace(
            "if it is stable", "if one of them is stable" if len(phases) > 1 else "if it is stable"
        )
        for rest, phases in names.items()
    ]
