"""Strain that makes two lattices in the plane one, and who bears it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from lianode.structures.errors import InputError, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

StrainedSide = Literal["film", "substrate", "shared"]

FILM_SHARE: dict[StrainedSide, float] = {"film": 1.0, "shared": 0.5, "substrate": 0.0}
"""Share of the logarithmic strain that the film bears."""


def film_share(side: str) -> float:
    """Return the film's share of the strain.

    Raises
    ------
    InputError
        Where the side is none of ``film``, ``substrate``, ``shared``.
    """
    for name, share in FILM_SHARE.items():
        if name == side:
            return share
    known = list(FILM_SHARE)
    raise InputError(f"'{side}' cannot bear the strain{nearest(side, list(known))}; film, substrate or shared can")


def mismatch(film: NDArray[np.float64], substrate: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the strain that takes a film's vectors to a substrate's, free of rotation.

    The map F of the film's vectors on the substrate's is F = exp(E) R: the film is turned by R and then stretched.

    Parameters
    ----------
    film, substrate
        Rows, Å, shape (2, 2), of equal handedness.

    Returns
    -------
    ndarray of shape (2, 2)
        Logarithmic (Hencky) strain E in the substrate's frame. It changes its sign when the two are exchanged, and
        parts of it add up, so that it can be shared.
    float
        Angle by which R turns the film, counter-clockwise, degrees.
    """
    stretch = np.linalg.solve(film, substrate).T
    left, values, right = np.linalg.svd(stretch)
    turn = left @ right
    return left @ np.diag(np.log(values)) @ left.T, float(np.degrees(np.arctan2(turn[1, 0], turn[0, 0])))


def largest_principal(strain: NDArray[np.float64]) -> float:
    """Return the principal strain of largest size in the plane, with its sign, of a strain tensor (2, 2) or (3, 3)."""
    principal = np.linalg.eigvalsh(np.asarray(strain)[:2, :2])
    return float(principal[np.argmax(np.abs(principal))])


def stretched(logarithmic: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the stretch exp(E) of a logarithmic strain, shape (2, 2)."""
    values, axes = np.linalg.eigh(logarithmic)
    stretch: NDArray[np.float64] = (axes * np.exp(values)) @ axes.T
    return stretch


def largest_strain(logarithmic: NDArray[np.float64], share: float) -> float:
    """Return the largest relative change of a length in the plane, on the side that is strained more.

    Parameters
    ----------
    logarithmic
        Strain from film to substrate, shape (2, 2).
    share
        Of it that the film bears; the substrate bears the rest with the other sign.
    """
    principal = np.linalg.eigvalsh(logarithmic)
    borne = np.concatenate([share * principal, (share - 1) * principal])
    return float(np.abs(np.expm1(borne)).max())


def deformation(logarithmic: NDArray[np.float64], poisson_ratio: float) -> NDArray[np.float64]:
    """Return the stretch in space of a layer that is strained in the plane and free along its normal.

    The normal gives way by ``ln(stretch) = -nu / (1 - nu) tr E`` (plane stress of an isotropic solid).

    Parameters
    ----------
    logarithmic
        Strain in the plane, shape (2, 2).
    poisson_ratio
        nu: 1/2 keeps the volume exactly, 0 keeps the thickness.

    Returns
    -------
    ndarray of shape (3, 3)
        Symmetric; minus the unit matrix it is the strain tensor.
    """
    full = np.zeros((3, 3))
    full[:2, :2] = stretched(logarithmic)
    full[2, 2] = np.exp(-poisson_ratio / (1 - poisson_ratio) * float(np.trace(logarithmic)))
    return full
