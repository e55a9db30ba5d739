"""Which slabs of a plane have two equal surfaces, and which have not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from lianode.structures.errors import InputError, nearest
from lianode.structures.interfaces.terminations import PLANE_THICKNESS, cut_slab, terminations
from lianode.structures.symmetry import space_group_operations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.structures.interfaces.surface_cell import SurfaceCell
    from lianode.structures.interfaces.terminations import Termination

CutKind = Literal["stoichiometric", "non-stoichiometric", "cleavage"]
_ORDER: dict[CutKind, int] = {"stoichiometric": 0, "non-stoichiometric": 1, "cleavage": 2}


@dataclass(frozen=True, kw_only=True)
class SlabCut:
    """How slabs of one plane are cut at their bottom and top.

    Attributes
    ----------
    name
        Of the cut at the top: ``Li|Cl`` leaves lithium at the surface. Several slabs of one plane never share it.
    kind
        ``stoichiometric`` and ``non-stoichiometric``: an operation of the slab makes both surfaces equal.
        ``cleavage``: no operation of the crystal turns the plane around; the same cut bounds the slab on both sides,
        and its surfaces are the two that one cleavage makes.
    lower, upper
        The cuts.
    excess
        Atoms beyond whole formula units in one surface cell of the slab, on both surfaces together.
    """

    name: str
    kind: CutKind
    lower: Termination
    upper: Termination
    excess: dict[str, int]

    @property
    def symmetric(self) -> bool:
        """Whether both surfaces are equal."""
        return self.kind != "cleavage"


def slab_cuts(surface: SurfaceCell) -> list[SlabCut]:
    """List the slabs of one plane that differ in more than their thickness.

    A crystal operation x -> W x + t that turns the normal around takes the height h to t - h. The slab from h to the
    cut at t - h is taken into itself. Of the heights that the operations allow, the one that makes the slab
    stoichiometric is taken, then the thinnest.

    Returns
    -------
    list[SlabCut]
        Symmetric and stoichiometric ones first, then symmetric ones with an excess, then cleavages; among equals the
        widest opening first.
    """
    flips = turning_heights(surface)
    found = []
    for upper in terminations(surface):
        if len(flips):
            choices = [_cut(surface, _turned(surface, upper, flip), upper) for flip in flips]
            found.append(min(choices, key=lambda cut: (_ORDER[cut.kind], _extra(surface, cut))))
        else:
            found.append(SlabCut(name=upper.name, kind="cleavage", lower=upper, upper=upper, excess={}))
    return sorted(found, key=lambda cut: _ORDER[cut.kind])


def slab_cut(surface: SurfaceCell, name: str | None = None) -> SlabCut:
    """Return the slab cut of a name, or the first one.

    Raises
    ------
    InputError
        Where there is none of that name; the message lists those there are.
    """
    known = slab_cuts(surface)
    if name is None:
        return known[0]
    for one in known:
        if one.name == name:
            return one
    names = [one.name for one in known]
    raise InputError(
        f"there is no termination '{name}'{nearest(name, names)}; there are {', '.join(names)}", surface.name
    )


def turning_heights(surface: SurfaceCell) -> NDArray[np.float64]:
    """Return twice the heights about which the crystal can be turned upside down, Å, in [0, spacing), ascending."""
    rotations, translations = space_group_operations(surface.structure())
    turning = (rotations[:, 2] == [0, 0, -1]).all(axis=1)
    heights = np.mod(translations[turning, 2] * surface.spacing, surface.spacing)
    kept: list[float] = []
    for height in np.sort(heights).tolist():
        apart = [abs((height - other + surface.spacing / 2) % surface.spacing - surface.spacing / 2) for other in kept]
        if min(apart, default=np.inf) > PLANE_THICKNESS / 2:
            kept.append(height)
    return np.array(kept)


def _turned(surface: SurfaceCell, cut: Termination, flip: float) -> Termination:
    """Return the cut that an operation which turns the crystal around makes of another one."""
    return replace(
        cut,
        name=f"{cut.above}|{cut.below}",
        height=float(np.mod(flip - cut.height, surface.spacing)),
        below=cut.above,
        above=cut.below,
    )


def _cut(surface: SurfaceCell, lower: Termination, upper: Termination) -> SlabCut:
    lower = upper if _extra_height(surface, lower, upper) == 0.0 else lower
    slab = cut_slab(surface, 1, lower, upper)
    kind: CutKind = "non-stoichiometric" if slab.excess else "stoichiometric"
    return SlabCut(name=upper.name, kind=kind, lower=lower, upper=upper, excess=slab.excess)


def _extra(surface: SurfaceCell, cut: SlabCut) -> float:
    return _extra_height(surface, cut.lower, cut.upper)


def _extra_height(surface: SurfaceCell, lower: Termination, upper: Termination) -> float:
    """Return by how much a slab is thicker than whole lattice planes, Å."""
    extra = float(np.mod(upper.height - lower.height, surface.spacing))
    return 0.0 if min(extra, surface.spacing - extra) < PLANE_THICKNESS / 2 else extra
