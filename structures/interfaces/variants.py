"""All cells of one match: every pair of terminations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError
from lianode.structures.interfaces.building import build_interface
from lianode.structures.interfaces.terminations import cut_slab, termination, terminations

if TYPE_CHECKING:
    from lianode.structures.interfaces.interface_cell import InterfaceCell
    from lianode.structures.interfaces.lattice_matches import Match
    from lianode.structures.interfaces.surface_cell import SurfaceCell
    from lianode.structures.interfaces.terminations import Slab


def slab_of_thickness(surface: SurfaceCell, thickness: float, name: str | None = None) -> Slab:
    """Cut the thinnest slab that is at least so thick and has the crystal's composition.

    Parameters
    ----------
    surface
        Crystal and plane.
    thickness
        Å.
    name
        Of its termination; None takes the cut with the widest opening.

    Raises
    ------
    InputError
        Where the thickness is none, or there is no such termination.
    """
    if not 0 < thickness < math.inf:
        raise InputError(f"a slab is a number of Å thick above 0, not {thickness:g}", surface.name)
    repeats = math.ceil(thickness / surface.spacing - 1e-6)
    return cut_slab(surface, repeats, termination(surface, name))


def every_termination(
    film: SurfaceCell,
    substrate: SurfaceCell,
    match: Match,
    *,
    film_thickness: float,
    substrate_thickness: float,
    vacuum: float | None = None,
) -> list[InterfaceCell]:
    """Build a cell for each pair of terminations, each in the lateral position in which the film sits deepest.

    Parameters
    ----------
    film, substrate
        The two planes.
    match
        Their common cell.
    film_thickness, substrate_thickness
        At least, Å.
    vacuum
        Å; None closes the cells with a second interface.

    Returns
    -------
    list[InterfaceCell]
        The widest openings first; ``film.lower.name`` and ``substrate.upper.name`` say what meets.
    """
    return [
        build_interface(
            slab_of_thickness(film, film_thickness, above.name),
            slab_of_thickness(substrate, substrate_thickness, below.name),
            match,
            vacuum=vacuum,
        )
        for below in terminations(substrate)
        for above in terminations(film)
    ]
