"""Where elements are along the normal and how fast they diffuse, as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from lianode.analysis.documents import PropertyDocument
from lianode.analysis.structure_in_time.mean_square_displacement import diffusion, mean_square_displacement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.structure_in_time.mean_square_displacement import Displacements
    from lianode.analysis.structure_in_time.profiles import DensityProfiles
    from lianode.analysis.structure_in_time.windows import Windows

POINTS = 100
"""Lags of a stored MSD, about equally far apart on a logarithmic axis."""


class DensityProfile(BaseModel):
    """Density of an element along the normal.

    Attributes
    ----------
    element
        Which one.
    density_per_A3
        [window][bin], atoms/Å³.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    element: str
    density_per_A3: list[list[float]]


class ElementDiffusion(BaseModel):
    """Displacements of an element; the diffusivity as in :class:`..mean_square_displacement.Diffusion`.

    Attributes
    ----------
    lags_fs
        Of the MSD.
    msd_A2
        [Cartesian axis][lag], Å².
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    element: str
    diffusivity_cm2_per_s: float
    error_cm2_per_s: float
    along_cm2_per_s: tuple[float, float, float]
    blocks_cm2_per_s: tuple[float, ...]
    fit_fs: tuple[float, float]
    exponent: float | None
    is_diffusive: bool
    lags_fs: list[float]
    msd_A2: list[list[float]]


class MotionDocument(PropertyDocument):
    """Density profiles and diffusion in a run.

    Attributes
    ----------
    interface
        Which cell, as the campaign names it.
    temperature
        K.
    windows_fs
        Of the profiles; empty for one of all frames.
    heights
        Middles of the profiles' bins along the normal, Å.
    profiles
        By element.
    diffusion
        By element.
    notes
        Sentences a reader should see, that are not defects.
    """

    property: Literal["motion"] = "motion"
    interface: str
    temperature: float
    windows_fs: list[tuple[float, float]] = Field(default_factory=list)
    heights: list[float]
    profiles: list[DensityProfile]
    diffusion: list[ElementDiffusion] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)


def motion_document(
    profiles: DensityProfiles,
    paths: Sequence[Displacements],
    *,
    interface: str,
    temperature: float,
    windows: Windows | None = None,
    fits_fs: Mapping[str, tuple[float, float]] | None = None,
    **common: Any,
) -> MotionDocument:
    """Return the document of profiles and displacements.

    Parameters
    ----------
    profiles
        Along the normal.
    paths
        Of the elements whose diffusivity is wanted.
    interface, temperature
        As in the document.
    windows
        Those of the profiles.
    fits_fs
        Lags of the fit by element, where they are not the default ones.
    common
        Fields that every property document has: system, engine, campaign, method, calculations, checks...

    Raises
    ------
    InputError
        When the run is too short for a diffusivity.
    """
    return MotionDocument(
        interface=interface,
        temperature=temperature,
        windows_fs=list(windows.spans) if windows else [],
        heights=profiles.heights.tolist(),
        profiles=[
            DensityProfile(element=element, density_per_A3=profiles.density[:, index].tolist())
            for index, element in enumerate(profiles.elements)
        ],
        diffusion=[_diffusion(of, (fits_fs or {}).get(of.element)) for of in paths],
        **common,
    )


def _diffusion(paths: Displacements, fit_fs: tuple[float, float] | None) -> ElementDiffusion:
    """Return one element's."""
    found = diffusion(paths, fit_fs=fit_fs)
    msd = mean_square_displacement(paths.positions)
    # beyond half of the run few origins are left
    lags = np.unique(np.geomspace(1, max(1, len(msd) // 2), POINTS).round().astype(int))
    own = {name: getattr(found, name) for name in ElementDiffusion.model_fields if hasattr(found, name)}
    return ElementDiffusion(**own, lags_fs=(lags * paths.spacing).tolist(), msd_A2=msd[lags].T.tolist())
