"""The electronic structures of a run, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lianode.cli.output import number, print_table
from lianode.cli.summary import method, print_remarks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REFERENCES = {"fermi_level": "Fermi level", "vbm": "valence band top", "mid-gap": "middle of the gap"}


def print_electronics(documents: Sequence[Mapping[str, Any]]) -> None:
    """Print the gaps of crystals and the work functions of surfaces, and what failed."""
    crystals = [one for one in documents if one["property"] == "electronic"]
    if crystals:
        print_table(
            [("phase", "left"), ("gap / eV", "right"), ("direct gap / eV", "right"), ("", "left"),
             ("k-points", "left"), ("moment / μB", "right"), ("method", "left")],
            [
                (
                    one["phase"] + (" !" if one["flagged"] else ""),
                    number(one["band_gap"], 3),
                    number(one["direct_band_gap"], 3),
                    "metal" if one["metal"] else ("direct" if one["direct"] else "indirect"),
                    "x".join(map(str, one["k_mesh"])),
                    number(one["magnetic_moment"], 2) if one["spin_polarised"] else "not polarised",
                    method(one),
                )
                for one in crystals
            ],
            title="Kohn-Sham band gaps",
        )  # fmt: skip
    surfaces = [one for one in documents if one["property"] == "work_function"]
    if surfaces:
        print_table(
            [("surface", "left"), ("layers", "right"), ("work function / eV", "right"), ("from the", "left"),
             ("ionisation / eV", "right"), ("affinity / eV", "right"), ("step / eV", "right"), ("method", "left")],
            [
                (
                    one["surface"] + (" !" if one["flagged"] else ""),
                    str(one["layers"]),
                    number(one["work_function"], 3),
                    REFERENCES[one["work_function_reference"]],
                    number(one["ionisation_potential"], 3),
                    number(one["electron_affinity"], 3),
                    number(one["dipole_step"], 3),
                    method(one),
                )
                for one in surfaces
            ],
            title="work functions",
        )  # fmt: skip
    for one in [*crystals, *surfaces]:
        if one["flagged"] or one["missing"]:
            click.echo(f"{one.get('surface') or one['phase']}:")
            print_remarks(one)
