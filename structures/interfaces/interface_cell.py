"""A periodic cell with two crystals in it, and the bookkeeping that its energies need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.symmetry import space_group_operations

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.structures.interfaces.lattice_matches import Match
    from lianode.structures.interfaces.terminations import Slab

Side = Literal["film", "substrate"]

_SAME_PLACE = 0.05  # Å, of the film's middle under an operation that turns the cell over


@dataclass(frozen=True, kw_only=True)
class InterfaceCell:
    """Film on substrate in one periodic cell.

    a is along x, b in the xy plane and c along z, the interface's normal; the cell is right-handed. The substrate is
    below, its lower cut at height 0. Its atoms come first, bottom to top, then those of the film.

    Attributes
    ----------
    structure
        The cell.
    film, substrate
        The slabs it was made from, unstrained.
    match
        The common cell in the plane.
    film_stretch, substrate_stretch
        Stretch U of either side from its bulk, symmetric, shape (3, 3), in the cell's frame.
    shift
        Lateral displacement of the film, Å.
    gap
        Height of the film's lowest atom above the substrate's highest, Å.
    upper_gap
        The same at the second interface; None with vacuum.
    vacuum
        Å, between the outermost atoms; None where the film touches the substrate's next image.
    poisson_ratios
        With which film and substrate gave way along the normal.
    closeness
        Share of the contact distances to which the film was lowered; None where the gap was given.
    """

    structure: Structure
    film: Slab
    substrate: Slab
    match: Match
    film_stretch: NDArray[np.float64]
    substrate_stretch: NDArray[np.float64]
    shift: tuple[float, float]
    gap: float
    upper_gap: float | None
    vacuum: float | None
    poisson_ratios: tuple[float, float]
    closeness: float | None

    @property
    def name(self) -> str:
        """``In_bct(001)/LiCl(001)``."""
        return f"{self.film.surface.name}/{self.substrate.surface.name}"

    @property
    def area(self) -> float:
        """Of one interface, Å²."""
        return self.match.area

    @property
    def interfaces(self) -> int:
        """How many interfaces the cell holds: 2 when sandwiched, 1 with vacuum."""
        return 1 if self.upper_gap is None else 2

    @property
    def substrate_atoms(self) -> NDArray[np.int64]:
        """Numbers of the substrate's atoms."""
        return np.arange(len(self.substrate.elements) * self.match.substrate_cells)

    @property
    def film_atoms(self) -> NDArray[np.int64]:
        """Numbers of the film's atoms."""
        return np.arange(len(self.substrate_atoms), len(self.structure))

    @property
    def sides(self) -> NDArray[np.str_]:
        """``substrate`` or ``film`` for each atom."""
        return np.repeat(["substrate", "film"], [len(self.substrate_atoms), len(self.film_atoms)])

    @property
    def layers(self) -> NDArray[np.int64]:
        """Lattice plane that each atom belongs to, from the bottom of its own side, from 0."""
        return np.concatenate(
            [
                np.repeat(self.substrate.layers, self.match.substrate_cells),
                np.repeat(self.film.layers, self.match.film_cells),
            ]
        )

    @property
    def film_strain(self) -> NDArray[np.float64]:
        """Strain tensor U - 1 of the film, shape (3, 3)."""
        return self.film_stretch - np.eye(3)

    @property
    def substrate_strain(self) -> NDArray[np.float64]:
        """Strain tensor U - 1 of the substrate, shape (3, 3)."""
        return self.substrate_stretch - np.eye(3)

    @property
    def film_thickness(self) -> float:
        """Between the film's two cuts, strained, Å: its volume divided by the area."""
        return self.film.thickness * float(self.film_stretch[2, 2])

    @property
    def substrate_thickness(self) -> float:
        """Between the substrate's two cuts, strained, Å."""
        return self.substrate.thickness * float(self.substrate_stretch[2, 2])

    @property
    def film_formula_units(self) -> int:
        """Whole reduced formula units of the film's crystal in the cell (n_Li of a lithium film)."""
        return self.film.formula_units * self.match.film_cells

    @property
    def substrate_formula_units(self) -> int:
        """Whole reduced formula units of the substrate's crystal in the cell."""
        return self.substrate.formula_units * self.match.substrate_cells

    @property
    def excess(self) -> dict[Side, dict[str, int]]:
        """Atoms of either side beyond whole formula units; an interface energy then depends on their potentials."""
        return {
            "film": {element: n * self.match.film_cells for element, n in self.film.excess.items()},
            "substrate": {element: n * self.match.substrate_cells for element, n in self.substrate.excess.items()},
        }

    @cached_property
    def equal_interfaces(self) -> bool | None:
        """Whether a symmetry of the cell takes one interface to the other; None where there is only one.

        Where they are not equal, the energy of the cell gives their mean only.
        """
        if self.upper_gap is None:
            return None
        height = float(self.structure.lattice.c)
        middle = float(np.mean(self._outermost(self.film_atoms)))
        for rotation, translation in zip(*space_group_operations(self.structure), strict=True):
            if rotation[2].tolist() == [0, 0, -1]:
                moved = float(translation[2]) - 2 * middle
                if abs(moved - round(moved)) * height < _SAME_PLACE:
                    return True
        return False

    def slab(self, side: Side, vacuum: float | None = None) -> Structure:
        """Cut one strained side out again, for the work of adhesion.

        Parameters
        ----------
        side
            ``film`` or ``substrate``.
        vacuum
            Å, between periodic images; None keeps the interface's cell, so that the energies of the two sides and of
            the interface have the same box and k-points. The atoms keep their order.
        """
        from pymatgen.core import Lattice, Structure

        atoms = self._side(side)
        matrix = np.array(self.structure.lattice.matrix)
        positions = np.asarray(self.structure.cart_coords)[atoms]
        if vacuum is not None:
            bottom, top = positions[:, 2].min(), positions[:, 2].max()
            matrix[2, 2] = top - bottom + vacuum
            positions = positions - [0, 0, bottom - vacuum / 2]
        symbols = [self.structure[int(atom)].specie for atom in atoms]
        return Structure(Lattice(matrix), symbols, positions, coords_are_cartesian=True)

    def strained_bulk(self, side: Side) -> Structure:
        """Return the primitive bulk cell of one side, strained and turned as it is in the interface."""
        from pymatgen.core import Lattice, Structure

        self._side(side)
        slab = self.film if side == "film" else self.substrate
        matrix = self.match.film_matrix if side == "film" else self.match.substrate_matrix
        stretch = self.film_stretch if side == "film" else self.substrate_stretch
        surface = slab.surface
        place = placing(surface.in_plane, matrix, self.match.vectors, float(stretch[2, 2]))
        return Structure(
            Lattice(surface.vectors @ place),
            list(surface.elements),
            surface.positions @ place,
            coords_are_cartesian=True,
            to_unit_cell=True,
        )

    @property
    def recipe(self) -> dict[str, Any]:
        """What makes this cell out of the two crystals, as plain data: integers, names, and heights of cuts.

        Cuts are named, and placed by their height as a share of the lattice spacing, so that they are found again in
        crystals that were relaxed.
        """

        def side(slab: Slab, matrix: NDArray[np.int64]) -> dict[str, Any]:
            return {
                "phase": slab.surface.phase.name,
                "plane": list(slab.surface.plane),
                "label": slab.surface.label,
                "lower": slab.lower.name,
                "upper": slab.upper.name,
                "heights": [round(cut.height / slab.surface.spacing, 3) for cut in (slab.lower, slab.upper)],
                "atoms": len(slab.surface.elements),
                "repeats": slab.repeats,
                "matrix": matrix.tolist(),
            }

        along = np.linalg.solve(self.match.vectors.T, np.array(self.shift))
        return {
            "film": side(self.film, self.match.film_matrix),
            "substrate": side(self.substrate, self.match.substrate_matrix),
            "strained": self.match.strained,
            "shift": np.round(along, 6).tolist(),
            "gap": None if self.closeness is not None else round(self.gap, 6),
            "closeness": self.closeness,
            "vacuum": self.vacuum,
            "poisson_ratios": list(self.poisson_ratios),
        }

    def _side(self, side: str) -> NDArray[np.int64]:
        if side not in {"film", "substrate"}:
            raise InputError(f"an interface has the sides film and substrate, not '{side}'", self.name)
        return self.film_atoms if side == "film" else self.substrate_atoms

    def _outermost(self, atoms: NDArray[np.int64]) -> tuple[float, float]:
        heights = np.asarray(self.structure.frac_coords)[atoms, 2]
        return float(heights.min()), float(heights.max())


def placing(
    in_plane: NDArray[np.float64], matrix: NDArray[np.int64], vectors: NDArray[np.float64], normal_stretch: float
) -> NDArray[np.float64]:
    """Return the 3 x 3 matrix by which rows of a side's own frame become rows of the interface's."""
    place = np.diag([1.0, 1.0, normal_stretch])
    place[:2, :2] = np.linalg.solve(matrix @ in_plane, vectors)
    return place
