"""Relaxing a band on a surface that costs next to nothing: a surrogate, or the pair distances of IDPP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.workflows.engines.band.path import largest, lengths, perpendicular, straight, tangents

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lianode.workflows.engines.surrogate.pairs import Pairs

    Array = NDArray[np.float64]
    Surface = Callable[[Array], tuple[Array, Array]]
    """Energies (k,) and gradients (k, d) of images (k, d)."""

LONGEST_STEP = 0.1
"""Å: most that an atom moves in one iteration."""
IDPP_LIMIT = 0.02
IDPP_ITERATIONS = 300


@dataclass(frozen=True, kw_only=True)
class Limits:
    """When a band counts as relaxed on a surface.

    Attributes
    ----------
    force
        Largest perpendicular force on an atom, eV/Å.
    climb_force
        Largest force on an atom of the climbing image, eV/Å.
    iterations
        At most.
    trust
        Å: how far an atom may get from where its image started.
    """

    force: float
    climb_force: float
    iterations: int
    trust: float


def nudged_forces(
    band: Array, energies: Array, forces: Array, *, spring: float, climbing: int | None
) -> tuple[Array, Array]:
    """Return the nudged forces (k, d) on the images between the ends of a band (k + 2, d), and their true part.

    Improved tangent and springs between neighbours (Henkelman and Jónsson, J. Chem. Phys. 113, 9978 (2000), equation
    12); on the climbing image the part along the path is reversed and no spring pulls (Henkelman, Uberuaga and Jónsson,
    J. Chem. Phys. 113, 9901 (2000), equation 5). The true part leaves out the springs.
    """
    along = tangents(band, energies)
    true = perpendicular(forces, along)
    apart = lengths(band)
    nudged = true + spring * (apart[1:] - apart[:-1])[:, None] * along
    if climbing is not None:
        whole = forces[climbing]
        nudged[climbing] = whole - 2.0 * (whole @ along[climbing]) * along[climbing]
        true[climbing] = whole
    return nudged, true


def relax_on(
    surface: Surface,
    ends: tuple[Array, Array],
    images: Array,
    *,
    inverse: Array | None,
    climbing: int | None,
    fixed: NDArray[np.bool_],
    limits: Limits,
    end_energies: tuple[float, float],
) -> Array:
    """Return the images (k, d) of the band relaxed on a surface; damped dynamics (FIRE) with the metric as mass.

    FIRE: Bitzek et al., Phys. Rev. Lett. 97, 170201 (2006). With a mass matrix close to the Hessian all modes move at
    one pace.

    Parameters
    ----------
    surface
        Energies and gradients.
    ends
        Both end points (d,).
    images
        The start (k, d).
    inverse
        Inverse of the mass matrix, (d, d), or None for the unit matrix.
    climbing
        Number of the image that climbs.
    fixed
        (k,) images that stay.
    limits
        When to end.
    end_energies
        Of the two end points.
    """
    places, start = images.copy(), images.copy()
    velocity = np.zeros_like(places)
    dt, alpha, good = 0.4, 0.1, 0
    spring = 0.0
    for _ in range(limits.iterations):
        energies, gradients = surface(places)
        band = np.concatenate([ends[0][None], places, ends[1][None]])
        levels = np.concatenate([[end_energies[0]], energies, [end_energies[1]]])
        if spring == 0.0:
            along = tangents(band, levels)
            soft = along if inverse is None else along @ inverse
            spring = 0.25 / float((along * soft).sum(axis=1).mean())
        nudged, true = nudged_forces(band, levels, -gradients, spring=spring, climbing=climbing)
        nudged[fixed] = 0.0
        reached = np.where(fixed, 0.0, largest(true))
        allowed = np.full(len(places), limits.force)
        if climbing is not None:
            allowed[climbing] = limits.climb_force
        apart = lengths(band)
        if (reached <= allowed).all() and np.ptp(apart) < 0.5 * apart.mean():
            break
        pull = nudged if inverse is None else nudged @ inverse
        power = float((nudged * velocity).sum())
        if power > 0:
            good += 1
            share = np.sqrt(float((velocity**2).sum()) / max(float((pull**2).sum()), 1e-300))
            velocity = (1 - alpha) * velocity + alpha * share * pull
            if good > 5:
                dt, alpha = min(dt * 1.1, 1.0), alpha * 0.99
        else:
            velocity[:] = 0.0
            dt, alpha, good = max(0.5 * dt, 0.05), 0.1, 0
        velocity += dt * pull
        step = dt * velocity
        step *= np.minimum(1.0, LONGEST_STEP / np.maximum(largest(step), 1e-30))[:, None]
        places = places + step
        away = largest(places - start)
        places = start + (places - start) * np.minimum(1.0, limits.trust / np.maximum(away, 1e-30))[:, None]
    return places


def idpp(first: Array, last: Array, images: int, pairs: Pairs) -> Array:
    """Return the start of a band (k, n, 3), Å: distances between neighbours change as evenly as they can.

    Image dependent pair potential of Smidstrup et al., J. Chem. Phys. 140, 214106 (2014), equations 2 to 4, on the
    pairs that are neighbours somewhere along the straight path.
    """
    n = len(first)
    start = straight(first, last, images)
    ends = np.linalg.norm(pairs.vectors(np.array([first, last])), axis=2)
    share = (np.arange(1, images + 1) / (images + 1))[:, None]
    wanted = (1 - share) * ends[0] + share * ends[1]

    def surface(flat: Array) -> tuple[Array, Array]:
        vectors = pairs.vectors(flat.reshape(-1, n, 3))
        r = np.maximum(np.linalg.norm(vectors, axis=2), 0.1)
        off = r - wanted
        weight = r**-4
        energies = (weight * off**2).sum(axis=1)
        slope = (2.0 * weight * off - 4.0 * weight / r * off**2) / r
        pull = slope[..., None] * vectors
        gradients = np.zeros((len(flat), n, 3))
        for image in range(len(flat)):
            np.add.at(gradients[image], pairs.second, pull[image])
            np.add.at(gradients[image], pairs.first, -pull[image])
        return energies, gradients.reshape(len(flat), -1)

    limits = Limits(force=IDPP_LIMIT, climb_force=IDPP_LIMIT, iterations=IDPP_ITERATIONS, trust=1.5)
    # the scale of r^-4 is about 0.01: forces of a unit spring between neighbours make the steps of a useful length
    made = relax_on(
        lambda flat: tuple(100.0 * part for part in surface(flat)),  # type: ignore[arg-type,return-value]
        (first.ravel(), last.ravel()),
        start.reshape(images, -1),
        inverse=None,
        climbing=None,
        fixed=np.zeros(images, dtype=bool),
        limits=limits,
        end_energies=(0.0, 0.0),
    )
    return made.reshape(images, n, 3)
