"""The surfaces of a run, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lianode.cli.output import number, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def print_surfaces(documents: Sequence[Mapping[str, Any]]) -> None:
    """Print the terminations of each phase, its shape, and what failed.

    Parameters
    ----------
    documents
        What a run derived.
    """
    for shape in documents:
        if shape["property"] == "wulff":
            same = ("phase", "engine", "campaign")
            own = [
                one
                for one in documents
                if one["property"] == "surface"
                and all(one[name] == shape[name] for name in same)
                and one["settings"].get("entry") == shape["settings"].get("entry")
            ]
            _print_phase(shape, own)


def _print_phase(shape: Mapping[str, Any], surfaces: Sequence[Mapping[str, Any]]) -> None:
    from lianode.cli.summary import method, print_remarks

    shares = {(row["plane_label"], row["termination"]): row["area_fraction"] for row in shape["planes"]}
    print_table(
        [("plane", "left"), ("termination", "left"), ("kind", "left"), ("as cut / J/m²", "right"),
         ("relaxed / J/m²", "right"), ("meV/Å²", "right"), ("± meV/Å²", "right"), ("share", "right")],
        [
            (
                surface["plane_label"] + (" !" if surface["flagged"] else ""),
                surface["termination"],
                surface["kind"],
                _fit(surface["unrelaxed_fit"], "energy_J_per_m2", 1.0, 3),
                _fit(surface["relaxed_fit"], "energy_J_per_m2", 1.0, 3),
                _fit(_best(surface), "energy", 1e3, 1),
                _fit(_best(surface), "standard_error", 1e3, 2),
                number(shares.get((surface["plane_label"], surface["termination"])), 2),
            )
            for surface in sorted(surfaces, key=lambda one: _order(_best(one)))
        ],
        title=f"surfaces of {shape['phase']}, {method(shape)}",
    )  # fmt: skip
    click.echo(
        f"lowest: {shape['lowest_plane']} {shape['lowest_termination']}, "
        f"{number(shape['lowest_surface_energy_J_per_m2'], 3)} J/m²"
        + (
            f"; mean over the equilibrium shape {number(shape['weighted_surface_energy_J_per_m2'], 3)} J/m²"
            if shape["weighted_surface_energy_J_per_m2"] is not None
            else ""
        )
    )
    if shape["in_equilibrium_with"]:
        click.echo(f"atoms in excess: in equilibrium with {' and '.join(shape['in_equilibrium_with'])}")
    print_remarks(shape)


def _best(surface: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = surface["relaxed_fit"] or surface["unrelaxed_fit"]
    return found


def _order(fit: Mapping[str, Any] | None) -> float:
    return float("inf") if fit is None else float(fit["energy"])


def _fit(fit: Mapping[str, Any] | None, name: str, factor: float, digits: int) -> str:
    value = None if fit is None else fit[name]
    return "" if value is None else number(factor * value, digits)
