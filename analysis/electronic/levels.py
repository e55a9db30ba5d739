"""The levels of a crystal on a mesh of k-points, as engines leave them in a file."""

from __future__ import annotations

import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

LEVELS_FILE = "levels.npz"
STATES_FILE = "states.npz"
_SAME_POINT = 1e-4
"""Of a reciprocal vector, between the coordinates of one k-point."""


@dataclass(frozen=True, kw_only=True)
class Levels:
    """Eigenvalues on the irreducible points of a mesh that contains Γ.

    Attributes
    ----------
    energies
        (S, K, B) for spins, k-points and bands, eV, ascending along the bands.
    occupations
        (S, K, B), from 0 to 1, also where one level holds two electrons.
    weights
        (K,), sum 1.
    k_points
        (K, 3), in units of the reciprocal vectors.
    mesh
        Divisions of the mesh.
    fermi_level
        eV, on the scale of the energies.
    projections
        (S, K, B) for each channel such as ``Cl p``: what is found of a level in the spheres of those atoms.
    """

    energies: NDArray[np.float64]
    occupations: NDArray[np.float64]
    weights: NDArray[np.float64]
    k_points: NDArray[np.float64]
    mesh: tuple[int, int, int]
    fermi_level: float
    projections: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def electrons_per_level(self) -> float:
        """2 without, 1 with spin polarisation."""
        return 2.0 / len(self.energies)

    @property
    def electrons_by_spin(self) -> NDArray[np.float64]:
        """Filled levels of each spin, (S,)."""
        filled: NDArray[np.float64] = np.einsum("skb,k->s", self.occupations, self.weights)
        return filled

    @property
    def n_electrons(self) -> float:
        """In the cell, of those that the engine treats as valence."""
        return self.electrons_per_level * float(self.electrons_by_spin.sum())

    def every_second(self) -> Levels | None:
        """Return the levels on the mesh with half as many divisions, or None where there is no such mesh.

        An axis with one point keeps it; other divisions have to be even.
        """
        if all(n == 1 for n in self.mesh) or any(n > 1 and n % 2 for n in self.mesh):
            return None
        half = tuple(n if n == 1 else n // 2 for n in self.mesh)
        steps = self.k_points * np.array(half)
        kept = (np.abs(steps - np.rint(steps)) < _SAME_POINT * np.array(half)).all(axis=1)
        if not kept.any():
            return None
        return Levels(
            energies=self.energies[:, kept],
            occupations=self.occupations[:, kept],
            weights=self.weights[kept] / self.weights[kept].sum(),
            k_points=self.k_points[kept],
            mesh=(half[0], half[1], half[2]),
            fermi_level=self.fermi_level,
        )

    def write(self, path: Path) -> None:
        """Write a NumPy archive; a name that ends in ``.npz``."""
        channels: dict[str, Any] = {
            f"projection_{number}": values for number, values in enumerate(self.projections.values())
        }
        np.savez_compressed(
            path,
            energies=self.energies,
            occupations=self.occupations,
            weights=self.weights,
            k_points=self.k_points,
            mesh=np.array(self.mesh),
            fermi_level=np.array(self.fermi_level),
            channels=np.array(list(self.projections), dtype=np.str_),
            **channels,
        )

    @classmethod
    def read(cls, path: Path) -> Levels:
        """Read what :meth:`write`, or the driver of GPAW, wrote.

        Raises
        ------
        InputError
            When the file is not there, or damaged.
        """
        with _archive(path, "levels") as found:
            a, b, c = (int(n) for n in found["mesh"])
            names = [str(name) for name in found["channels"]]
            return cls(
                energies=found["energies"],
                occupations=found["occupations"],
                weights=found["weights"],
                k_points=found["k_points"],
                mesh=(a, b, c),
                fermi_level=float(found["fermi_level"]),
                projections={name: found[f"projection_{number}"] for number, name in enumerate(names)},
            )


@dataclass(frozen=True, kw_only=True)
class States:
    """A density of states as a program made it on its own, by tetrahedra for instance.

    Attributes
    ----------
    energies
        (E,), eV, equally spaced, on the scale of the levels.
    total
        (S, E), states per eV and cell.
    projected
        (S, E) for each channel such as ``Cl p``.
    method
        How it was made: ``tetrahedra`` or ``smearing of 0.05 eV``.
    """

    energies: NDArray[np.float64]
    total: NDArray[np.float64]
    projected: dict[str, NDArray[np.float64]]
    method: str

    def write(self, path: Path) -> None:
        """Write a NumPy archive."""
        channels: dict[str, Any] = {
            f"projected_{number}": values for number, values in enumerate(self.projected.values())
        }
        np.savez_compressed(
            path,
            energies=self.energies,
            total=self.total,
            channels=np.array(list(self.projected), dtype=np.str_),
            method=np.array(self.method),
            **channels,
        )

    @classmethod
    def read(cls, path: Path) -> States:
        """Read what :meth:`write` wrote.

        Raises
        ------
        InputError
            When the file is not there, or damaged.
        """
        with _archive(path, "states") as found:
            names = [str(name) for name in found["channels"]]
            return cls(
                energies=found["energies"],
                total=found["total"],
                projected={name: found[f"projected_{number}"] for number, name in enumerate(names)},
                method=str(found["method"]),
            )


@contextmanager
def _archive(path: Path, what: str) -> Iterator[Any]:
    """Open a NumPy archive; a file that is missing, damaged or another one is one sentence."""
    try:
        with np.load(path, allow_pickle=False) as found:
            yield found
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"the {what} cannot be read ({error})", str(path)) from error
