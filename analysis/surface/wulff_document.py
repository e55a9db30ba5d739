"""The surfaces of one phase side by side, and the shape that they give its crystals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from lianode.analysis.checks import failed
from lianode.analysis.documents import PropertyDocument
from lianode.analysis.method import single_method
from lianode.analysis.surface.energy import J_PER_M2
from lianode.analysis.surface.surface import Indices, energy_of
from lianode.analysis.surface.wulff import NoShapeError, wulff_shape
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from lianode.analysis.surface.surface import SurfaceDocument
    from lianode.analysis.surface.wulff import WulffShape

Vector = tuple[float, float, float]


class PlaneRow(BaseModel):
    """The lowest termination of one plane.

    Attributes
    ----------
    plane, plane_label, termination, kind
        As in :class:`lianode.analysis.surface.surface.SurfaceDocument`.
    surface_energy, surface_energy_J_per_m2
        eV/Å² and J/m²; of a cleavage the mean of both surfaces.
    relaxed
        Whether it is of relaxed slabs.
    multiplicity
        Planes that symmetry makes equal to it.
    area_fraction
        Share of the crystal's surface; None where there is no shape.
    flagged
        Whether a check of that surface failed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    plane: Indices
    plane_label: str
    termination: str
    kind: str
    surface_energy: float
    surface_energy_J_per_m2: float
    relaxed: bool
    multiplicity: int
    area_fraction: float | None = None
    flagged: bool


class FaceRow(BaseModel):
    """One face of the shape.

    Attributes
    ----------
    plane
        Its Miller indices.
    family
        Index of the row of its plane.
    corners
        In turn around it, as Cartesian vectors in the axes of the stored cell; lengths in eV/Å².
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    plane: Indices
    family: int
    corners: tuple[Vector, ...]


class WulffDocument(PropertyDocument):
    """Equilibrium shape of a crystal from the lowest termination of each plane.

    Attributes
    ----------
    formula
        As the papers write it.
    lowest_plane, lowest_termination
        Of the lowest surface energy.
    lowest_surface_energy, lowest_surface_energy_J_per_m2
        eV/Å² and J/m².
    planes
        All planes, the lowest first.
    in_equilibrium_with
        Phases that fix the chemical potentials of non-stoichiometric terminations; empty where all terminations that
        count are stoichiometric.
    weighted_surface_energy, weighted_surface_energy_J_per_m2
        Mean over the shape's surface, eV/Å² and J/m²; None where there is no shape.
    anisotropy
        Standard deviation of the surface energy over the surface, relative to that mean.
    shape_factor
        Surface over that of a sphere of equal volume.
    faces
        For drawing; empty where there is no shape.
    notes
        Sentences a reader should see, that are not defects.
    """

    property: Literal["wulff"] = "wulff"
    formula: str
    lowest_plane: str
    lowest_termination: str
    lowest_surface_energy: float
    lowest_surface_energy_J_per_m2: float
    planes: list[PlaneRow]
    in_equilibrium_with: tuple[str, ...] = ()
    weighted_surface_energy: float | None = None
    weighted_surface_energy_J_per_m2: float | None = None
    anisotropy: float | None = None
    shape_factor: float | None = None
    faces: list[FaceRow] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)


def wulff_document(
    surfaces: Sequence[SurfaceDocument],
    cell: NDArray[np.float64],
    *,
    settings: Mapping[str, Any] | None = None,
    missing: Sequence[str] = (),
) -> WulffDocument:
    """Return the shape of one phase's crystals.

    Of the terminations of a plane the lowest counts. A cleavage gives the mean of a plane and its opposite, which both
    get it.

    Parameters
    ----------
    surfaces
        Documents of one phase, engine and campaign; those without an energy do not count.
    cell
        Vectors of the stored cell that plane indices refer to, as rows (3, 3), Å.
    settings
        Of the analysis.
    missing
        What was asked for and is not there, one sentence each.

    Raises
    ------
    InputError
        When no surface has an energy.
    """
    known = [surface for surface in surfaces if energy_of(surface) is not None]
    if not known:
        raise InputError(
            "none of its surfaces has an energy", surfaces[0].phase or "surface" if surfaces else "surface"
        )
    first = known[0]
    lowest: dict[Indices, SurfaceDocument] = {}
    for surface in sorted(known, key=_energy):
        lowest.setdefault(surface.plane, surface)
    chosen = list(lowest.values())
    planes, owners = _every_plane(chosen)
    lacking, notes = list(missing), _notes(chosen)
    shape: WulffShape | None = None
    try:
        normals = np.array(planes, dtype=np.float64) @ np.linalg.inv(cell).T
        shape = wulff_shape(normals, [_energy(chosen[owner]) for owner in owners])
    except (NoShapeError, InputError) as error:
        text = error.message if isinstance(error, InputError) else str(error)
        notes.append(f"no equilibrium shape: {text}")
    shares: dict[int, float] = dict.fromkeys(range(len(chosen)), 0.0)
    for number, share in (shape.area_fractions if shape else {}).items():
        shares[owners[number]] += share
    least = chosen[0]
    at_limit = next((one.limits[0].neighbours for one in chosen if one.limits), ())
    return WulffDocument(
        system=first.system,
        phase=first.phase,
        engine=first.engine,
        campaign=first.campaign,
        method=single_method((surface.method for surface in known), f"the shape of {first.phase}"),
        settings=dict(settings or {}),
        calculations={
            name if name == surface.phase else f"{surface.plane_label} {surface.termination} {name}": key
            for surface in known
            for name, key in surface.calculations.items()
        },
        completeness="partial" if lacking else "complete",
        missing=lacking,
        checks=[
            check.model_copy(update={"subject": f"{surface.plane_label} {surface.termination}"})
            for surface in chosen
            for check in failed(surface.checks)
        ],
        formula=first.formula,
        lowest_plane=least.plane_label,
        lowest_termination=least.termination,
        lowest_surface_energy=_energy(least),
        lowest_surface_energy_J_per_m2=J_PER_M2 * _energy(least),
        planes=[_row(surface, shares[number] if shape else None) for number, surface in enumerate(chosen)],
        in_equilibrium_with=at_limit,
        weighted_surface_energy=shape.weighted_energy if shape else None,
        weighted_surface_energy_J_per_m2=J_PER_M2 * shape.weighted_energy if shape else None,
        anisotropy=shape.anisotropy if shape else None,
        shape_factor=shape.shape_factor if shape else None,
        faces=_faces(shape, planes, owners) if shape else [],
        notes=notes,
    )


def _energy(surface: SurfaceDocument) -> float:
    energy = energy_of(surface)
    if energy is None:
        raise InputError("this surface has no energy", f"{surface.phase}{surface.plane_label}")
    return energy


def _every_plane(chosen: Sequence[SurfaceDocument]) -> tuple[list[Indices], list[int]]:
    """Return all planes of all families, and the number of the family that each belongs to."""
    planes: list[Indices] = []
    owners: list[int] = []
    for number, surface in enumerate(chosen):
        both = surface.kind == "cleavage"
        opposite = [(-plane[0], -plane[1], -plane[2]) for plane in surface.equal_planes if both]
        for plane in dict.fromkeys([*surface.equal_planes, *opposite]):
            if plane not in planes:
                planes.append(plane)
                owners.append(number)
    return planes, owners


def _notes(chosen: Sequence[SurfaceDocument]) -> list[str]:
    notes = []
    cleaved = [surface.plane_label for surface in chosen if surface.kind == "cleavage"]
    if cleaved:
        notes.append(f"{', '.join(cleaved)}: the mean of two different surfaces, which both sides of the crystal get")
    unrelaxed = [surface.plane_label for surface in chosen if not surface.relaxed]
    if unrelaxed and len(unrelaxed) < len(chosen):
        notes.append(f"{', '.join(unrelaxed)}: of slabs as they were cut, beside relaxed ones of other planes")
    return notes


def _row(surface: SurfaceDocument, share: float | None) -> PlaneRow:
    energy = _energy(surface)
    return PlaneRow(
        plane=surface.plane,
        plane_label=surface.plane_label,
        termination=surface.termination,
        kind=surface.kind,
        surface_energy=energy,
        surface_energy_J_per_m2=J_PER_M2 * energy,
        relaxed=surface.relaxed,
        multiplicity=len(surface.equal_planes),
        area_fraction=share,
        flagged=surface.flagged,
    )


def _faces(shape: WulffShape, planes: Sequence[Indices], owners: Sequence[int]) -> list[FaceRow]:
    return [
        FaceRow(
            plane=planes[facet.plane],
            family=owners[facet.plane],
            corners=tuple((float(x), float(y), float(z)) for x, y, z in facet.corners),
        )
        for facet in shape.facets
    ]
