"""Electrons: band gaps, densities of states, work functions and the potentials behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.electronic.document import ElectronicDocument
from lianode.analysis.electronic.potential import vacuum_levels
from lianode.analysis.electronic.work_function import WorkFunctionDocument
from lianode.analysis.plots.electronic import ABOVE, BELOW
from lianode.analysis.report.blocks import Chart, Column, Facts, Section, Series, Table, looks
from lianode.analysis.report.said import FAILED, heading, method, remarks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.electronic.density import DensityOfStates
    from lianode.analysis.report.blocks import Block
    from lianode.analysis.report.source import Source

DASHES = {"s": 1, "p": 0, "d": 2, "f": 3}
"""Of each orbital; the colour is that of the element."""
ZEROS = {"fermi_level": "Fermi level", "vbm": "valence band maximum", "mid-gap": "middle of the gap"}
NAMES = {"fermi_level": "E(Fermi)", "vbm": "E(VBM)"}


def electronic_structure(source: Source) -> Section | None:
    """Return gaps with densities of states, and work functions with potentials; None where there is neither."""
    crystals, slabs = source.of("electronic"), source.of("work_function")
    blocks: list[Block] = [_gaps(crystals)] if crystals else []
    for document in crystals:
        blocks += _crystal(document)
    blocks += [_work_functions(slabs)] if slabs else []
    for document in slabs:
        blocks += _slab(document)
    return Section(title="Electronic structure", blocks=blocks) if blocks else None


def _gaps(documents: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        caption="Band gaps (Kohn-Sham)",
        columns=[
            Column("phase", "name"), Column("band gap / eV", "number"), Column("kind"),
            Column("smallest direct gap / eV", "number"), Column("valence band maximum at", "name"),
            Column("conduction band minimum at", "name"), Column("k-points", "name"),
            Column("magnetic moment / μB", "number", digits=2), Column("method"), Column("check", "flag"),
            Column("key", "key"),
        ],
        rows=[
            (
                d["phase"], d["band_gap"], "metal" if d["metal"] else "direct" if d["direct"] else "indirect",
                None if d["metal"] else d["direct_band_gap"], _point(d["valence_k_point"]),
                _point(d["conduction_k_point"]), "×".join(map(str, d["k_mesh"])),
                d["magnetic_moment"] if d["spin_polarised"] else None, method(d), FAILED if d["flagged"] else "",
                d["key"],
            )
            for d in documents
        ],
    )  # fmt: skip


def _point(point: Sequence[float] | None) -> str:
    return "" if point is None else "(" + ", ".join(f"{x:.3g}".replace("-", "−") for x in point) + ")"


def _crystal(document: Mapping[str, Any]) -> list[Block]:
    found = ElectronicDocument.model_validate(document)
    facts: dict[str, str | Sequence[str]] = {
        "band gap": "none: a metal"
        if found.metal
        else f"{found.band_gap:.3f} eV, "
        + ("direct" if found.direct else f"indirect; {found.direct_band_gap:.3f} eV at one k-point"),
        "functional": found.functional,
        "k-points": f"{'×'.join(map(str, found.k_mesh))}, {found.n_k_points} of them distinct",
    }
    if found.spin_polarised:
        facts["magnetic moment"] = f"{found.magnetic_moment:.2f} μB per cell"
    blocks = [
        heading(f"Electronic structure of {found.phase}, {method(document)}", document),
        *remarks(document),
        Facts(facts=facts),
    ]
    return blocks if found.density is None else [*blocks, _density(found, found.density)]


def _density(found: ElectronicDocument, density: DensityOfStates) -> Chart:
    """Return the density of states; the second spin is drawn downwards, each curve of it turned off by itself."""
    spins = (("", 1.0),) if len(density.total) == 1 else ((", spin up", 1.0), (", spin down", -1.0))
    elements = list(dict.fromkeys(channel.split()[0] for channel in density.projected))
    series = []
    for number, (spin, sign) in enumerate(spins):
        for channel, rows in density.projected.items():
            element, orbital = channel.split()
            series.append(
                Series(
                    name=channel + spin, x=density.energies, y=(sign * np.array(rows[number])).tolist(),
                    color=looks(elements.index(element))[0], dash=DASHES[orbital],
                )
            )  # fmt: skip
        total = (sign * np.array(density.total[number])).tolist()
        series.append(Series(name=f"total{spin}", x=density.energies, y=total, color="grey"))
    zero = NAMES[density.zero]
    low, high = max(-BELOW, min(density.energies)), min(ABOVE, max(density.energies))
    edges = {zero: 0.0} if found.metal else {zero: 0.0, "E(CBM)": found.band_gap}
    inside = [n for n, energy in enumerate(density.energies) if low <= energy <= high]
    top = max(row[n] for row in density.total for n in inside)
    floor = -top if len(spins) > 1 else 0.0
    series += [
        Series(name="edge", x=[energy, energy], y=[floor, top], color="grey", listed=False) for energy in edges.values()
    ]
    lines = "lines" if len(edges) > 1 else "line"
    caption = f"Gaussians of σ = {density.broadening:g} eV; vertical {lines}: {' and '.join(edges)}."
    if density.method != "levels":
        caption += f" From the program's own density ({density.method})."
    if density.projected:
        caption += " By element and orbital: what is in the spheres of the atoms; the rest is between them."
    if min(density.energies) < low:
        caption += " Zoom out for deeper levels."
    return Chart(
        title=f"Density of states of {found.phase}, {found.method.label}",
        caption=caption,
        x_label=f"E − {zero} / eV",
        y_label="states per eV and cell",
        series=series,
        zero=True,
        shown=(low, high),
    )


def _work_functions(documents: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        caption="Work functions",
        columns=[
            Column("surface", "name"), Column("termination"), Column("work function / eV", "number"),
            Column("counted from", "name"), Column("side below / eV", "number"), Column("side above / eV", "number"),
            Column("ionisation potential / eV", "number"), Column("electron affinity / eV", "number"),
            Column("ionisation potential, edges of the crystal / eV", "number"),
            Column("electron affinity, edges of the crystal / eV", "number"),
            Column("gap of the slab / eV", "number"), Column("method"), Column("check", "flag"), Column("key", "key"),
        ],
        rows=[
            (
                d["surface"], d["termination"], d["work_function"], ZEROS[d["work_function_reference"]],
                d["work_function_below"], d["work_function_above"], d["ionisation_potential"], d["electron_affinity"],
                d["ionisation_potential_of_crystal"], d["electron_affinity_of_crystal"],
                None if d["metal"] else d["slab_band_gap"], method(d), FAILED if d["flagged"] else "", d["key"],
            )
            for d in documents
        ],
    )  # fmt: skip


def _slab(document: Mapping[str, Any]) -> list[Block]:
    found = WorkFunctionDocument.model_validate(document)
    facts: dict[str, str | Sequence[str]] = {
        "work function": f"{found.work_function:.3f} eV from the {ZEROS[found.work_function_reference]}"
        + (", mean of both sides" if found.equal_surfaces else ", of the upper side"),
        "slab": f"{found.termination}, {found.layers} lattice planes, {found.thickness:.1f} Å, {found.n_atoms} atoms, "
        + ("relaxed" if found.relaxed else "as cut"),
        "vacuum": f"{found.vacuum:.1f} Å",
        "step between the sides": f"{found.dipole_step:+.4f} eV, a dipole of {found.dipole_e_A_per_A2:+.5f} e Å per Å²",
    }
    return [
        heading(f"Work function of {found.surface}, {method(document)}", document),
        *remarks(document),
        Facts(facts=facts),
        _potential(found),
    ]


def _potential(found: WorkFunctionDocument) -> Chart:
    potential = found.potential
    levels = vacuum_levels(potential)
    words = [
        f"vacuum level {side}: {level.value:.3f} eV, {level.value - _zero(found):.3f} eV above the "
        f"{ZEROS[found.work_function_reference]}"
        for side, level in zip(("below", "above"), levels, strict=True)
    ]
    (low, below), (high, above) = ((level.window, level.value) for level in levels)
    vacuum = Series(
        name="vacuum levels", x=[*low, low[1], *high], y=[below, below, None, above, above], color="ink",
        said=[words[0], words[0], "", words[1], words[1]],
    )  # fmt: skip
    edges = {
        "valence band maximum": found.valence_band_maximum,
        "conduction band minimum": found.conduction_band_minimum,
    }
    drawn = {name: value for name, value in edges.items() if value is not None} or {"Fermi level": found.fermi_level}
    lines = [
        Series(
            name=name, x=[0.0, potential.cell_height], y=[value, value], color=(2, 3)[number], dash=1,
            said=2 * [f"{name}: {value:.3f} eV"],
        )
        for number, (name, value) in enumerate(drawn.items())
    ]  # fmt: skip
    atoms = sorted(potential.atom_heights)
    floor = min(*potential.values, *drawn.values())
    place = floor - 0.06 * (max(below, above) - floor)
    return Chart(
        title=f"Potential across {found.surface}, {found.method.label}",
        caption=f"{found.termination}. Electrostatic, of an electron; macroscopic average over "
        f"{found.macroscopic_period:.2f} Å. The vacuum levels are drawn where they are taken.",
        x_label="height / Å",
        y_label="potential energy / eV",
        series=[
            vacuum,
            *lines,
            Series(name="macroscopic average", x=potential.heights, y=found.macroscopic, color=1),
            Series(name="planar average", x=potential.heights, y=potential.values, color=0),
            Series(
                name="atoms", x=atoms, y=len(atoms) * [place], color="grey", marker="circle", line=False,
                said=[f"atom at {height:.2f} Å" for height in atoms],
            ),
        ],
    )  # fmt: skip


def _zero(found: WorkFunctionDocument) -> float:
    """Return the level that the work function counts from, eV."""
    return found.vacuum_level_above - found.work_function_above
