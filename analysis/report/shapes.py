"""Shapes that turn: of a crystal in equilibrium, and of Young's modulus over all directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.elastic.document import ElasticDocument
from lianode.analysis.elastic.moduli import youngs_modulus
from lianode.analysis.plots.elastic_data import CUTS, cut
from lianode.analysis.report.blocks import Bodies, Body, Chart, Column, Facts, Series, Table
from lianode.analysis.report.said import FAILED, heading, method, remarks
from lianode.analysis.surface.wulff_document import WulffDocument

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.report.blocks import Block

FRAME: dict[str, tuple[float, float, float]] = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
POLAR, AROUND = 24, 48
"""Steps of the mesh of a modulus, from pole to pole and around."""
CUT_STEP = 2.0
"""Degrees between the points of a cut."""


def wulff_blocks(document: Mapping[str, Any]) -> list[Block]:
    """Return the equilibrium shape of a crystal, with the planes that make it."""
    found = WulffDocument.model_validate(document)
    facts: dict[str, str | Sequence[str]] = {
        "lowest surface": f"{found.lowest_plane} {found.lowest_termination}, "
        f"{found.lowest_surface_energy_J_per_m2:.3f} J/m²"
    }
    if found.weighted_surface_energy_J_per_m2 is not None:
        facts["mean over the surface"] = f"{found.weighted_surface_energy_J_per_m2:.3f} J/m²"
    if found.anisotropy is not None:
        facts["anisotropy"] = f"{100 * found.anisotropy:.1f} % (standard deviation over the surface)"
    if found.shape_factor is not None:
        facts["shape factor"] = f"{found.shape_factor:.3f} (1 for a sphere)"
    if found.in_equilibrium_with:
        facts["in equilibrium with"] = ", ".join(found.in_equilibrium_with)
    blocks: list[Block] = [
        heading(f"Equilibrium shape of {found.phase}, {method(document)}", document),
        *remarks(document),
        Facts(facts=facts),
    ]
    if found.faces:
        caption = "Wulff's construction; x, y, z are the Cartesian axes of the stored cell."
        title = f"Equilibrium shape of {found.phase}"
        blocks.append(Bodies(title=title, caption=caption, bodies=[_crystal(found)]))
    return [*blocks, _planes(found)]


def _crystal(found: WulffDocument) -> Body:
    said = [
        f"{row.plane_label}: {row.surface_energy_J_per_m2:.3f} J/m², {100 * (row.area_fraction or 0.0):.0f} % of the "
        f"surface{', a check failed' if row.flagged else ''}"
        for row in found.planes
    ]
    corners = [corner for face in found.faces for corner in face.corners]
    ends = np.cumsum([len(face.corners) for face in found.faces])
    return Body(
        name=f"crystal of {found.phase}",
        axes=FRAME,
        corners=np.array(corners) / np.abs(corners).max(),
        faces=[list(range(end - len(face.corners), end)) for face, end in zip(found.faces, ends, strict=True)],
        said=[f"Face {face.plane} of {said[face.family]}" for face in found.faces],
        parts=said,
        part=[face.family for face in found.faces],
    )


def _planes(found: WulffDocument) -> Table:
    return Table(
        caption=f"Planes of {found.phase}",
        columns=[
            Column("plane", "name"), Column("termination"), Column("kind"), Column("slabs"),
            Column("surface energy / J/m²", "number"), Column("equal planes", "number", digits=0),
            Column("share of the surface / %", "number", digits=1), Column("check", "flag"),
        ],
        rows=[
            (row.plane_label, row.termination, row.kind, "relaxed" if row.relaxed else "as cut",
             row.surface_energy_J_per_m2, row.multiplicity,
             None if row.area_fraction is None else 100 * row.area_fraction, FAILED if row.flagged else "")
            for row in found.planes
        ],
    )  # fmt: skip


def youngs_modulus_blocks(document: Mapping[str, Any]) -> list[Block]:
    """Return Young's modulus by direction, as a surface and cut by three planes; nothing for an unstable crystal."""
    found = ElasticDocument.model_validate(document)
    if found.softest is None or found.stiffest is None or found.youngs_modulus_GPa is None:
        return []
    angles = np.arange(0.0, 180.0 + CUT_STEP / 2, CUT_STEP)  # E(-n) = E(n)
    series = []
    for number, plane in enumerate(CUTS):
        values = [float(value) for value in cut(found, plane, angles)]
        said = [f"{plane}, {angle:g}°: {value:.1f} GPa" for angle, value in zip(angles, values, strict=True)]
        series.append(
            Series(
                name=f"in {plane}",
                x=angles.tolist(),
                y=values,
                said=said,
                color=(0, 1, 2)[number],
                dash=(2, 1, 0)[number],
            )
        )  # those of a cubic crystal coincide: dashes let them be seen
    hill = found.youngs_modulus_GPa
    series.append(
        Series(name="polycrystal (Hill)", x=[0.0, 180.0], y=[hill, hill], said=2 * [f"polycrystal: {hill:.1f} GPa"],
               color="grey", dash=1)
    )  # fmt: skip
    ends = {
        name: f"{one.youngs_modulus_GPa:.1f} GPa along ({', '.join(f'{x:.2f}' for x in one.direction)})"
        for name, one in (("softest direction", found.softest), ("stiffest direction", found.stiffest))
    }
    frame = "x along a, z along c* of the conventional cell"
    return [
        Facts(facts=ends),
        Bodies(
            title=f"Young's modulus of {found.phase} over all directions",
            caption=f"The distance from the middle is the modulus; {frame}.",
            bodies=[_modulus(found)],
        ),
        Chart(
            title=f"Young's modulus of {found.phase} in three planes",
            caption=f"Angles from the first axis to the second; {frame}.",
            x_label="angle / °",
            y_label="Young's modulus / GPa",
            series=series,
        ),
    ]


def _modulus(found: ElasticDocument) -> Body:
    polar, around = np.linspace(0.0, np.pi, POLAR + 1), np.linspace(0.0, 2 * np.pi, AROUND, endpoint=False)
    theta, phi = np.meshgrid(polar, around, indexing="ij")
    normals = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=-1)
    moduli = youngs_modulus(np.array(found.tensor_GPa), normals)
    faces, values = [], []
    for i in range(POLAR):
        for j in range(AROUND):
            after = (j + 1) % AROUND
            four = [(i, j), (i + 1, j), (i + 1, after), (i, after)]
            faces.append([AROUND * row + column for row, column in four])
            values.append(float(np.mean([moduli[place] for place in four])))
    return Body(
        name=f"Young's modulus of {found.phase}",
        axes=FRAME,
        corners=(moduli[..., None] * normals).reshape(-1, 3) / float(moduli.max()),
        faces=faces,
        values=values,
        unit="GPa",
    )
