"""What commands that draw stored results have in common: which one is meant, and a figure that cannot be drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec

import click

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

P = ParamSpec("P")
Question = tuple[str, str, str]
"""What there are several of, the option that chooses, and the field of a document."""
PHASES: Question = ("phases", "--phase", "phase")
SURFACES: Question = ("surfaces", "--surface", "surface")
OF_A_RUN: tuple[Question, ...] = (
    ("campaigns computed it", "--campaign", "campaign"),
    ("engines computed it", "--engine", "engine"),
)


def refuse_several(documents: Sequence[dict[str, Any]], kind: str, *questions: Question) -> None:
    """Refuse documents that differ in what a figure shows one of.

    Parameters
    ----------
    documents
        That the command's options leave.
    kind
        Of the figure.
    questions
        In the order in which they are asked.

    Raises
    ------
    InputError
        At the first question with several answers, with the options that choose.
    """
    for what, option, name in questions:
        values = sorted({document[name] for document in documents})
        if len(values) > 1:
            words = f" or {option} ".join(f"'{value}'" if "(" in value else value for value in values)
            raise InputError(f"several {what}; add {option} {words}", kind)


def newest(documents: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the document that was made last."""
    return max(documents, key=lambda document: str(document["created"]))


def unless_impossible(name: str, draw: Callable[P, list[Path]], *args: P.args, **options: P.kwargs) -> list[Path]:
    """Draw one figure of many; where it cannot be drawn, one line on standard error says why, and there are no files.

    Parameters
    ----------
    name
        Of the figure, for that line.
    draw
        What draws it, with its arguments.
    """
    try:
        return draw(*args, **options)
    except InputError as error:
        click.echo(f"no figure {name}: {error.message}", err=True)
        return []
