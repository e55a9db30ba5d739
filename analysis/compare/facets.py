"""Which computed crystal planes are those that a paper names."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lianode.analysis.surface.surface import energy_of
from lianode.structures.errors import InputError
from lianode.structures.facets import parse_facet
from lianode.structures.formulas import composition_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lianode.analysis.surface.surface import SurfaceDocument
    from lianode.structures.facets import Facet

    Plane = tuple[int, int, int]


def surfaces_of(formula: str, documents: Iterable[SurfaceDocument]) -> list[SurfaceDocument]:
    """Return the surfaces, of those that have an energy, of the phases with a formula."""
    wanted = composition_key(formula)
    return [one for one in documents if composition_key(one.formula) == wanted and energy_of(one) is not None]


def energy(document: SurfaceDocument) -> float:
    """Return the energy of a surface, eV/Å².

    Raises
    ------
    InputError
        When it has none.
    """
    found = energy_of(document)
    if found is None:
        raise InputError("it has no energy", document.plane_label)
    return found


def lowest_of_plane(plane: Plane, documents: Iterable[SurfaceDocument]) -> SurfaceDocument | None:
    """Return the lowest termination of a plane, or of one that symmetry makes equal to it; None where there is none.

    Parameters
    ----------
    plane
        Miller indices; a common divisor counts for nothing.
    documents
        Of one crystal with one engine, all with an energy.
    """
    both = {_reduced(plane), _opposite(_reduced(plane))}
    return min((one for one in documents if both & {*one.equal_planes}), key=energy, default=None)


def described(document: SurfaceDocument) -> str:
    """Return what surface an energy is of, in words: its cut, and what atoms in excess are charged with."""
    words = f"cut {document.termination}" + ("" if document.relaxed else ", not relaxed")
    if document.kind == "cleavage":
        return f"{words}, mean of both surfaces of a cleavage"
    if document.limits:
        return f"{words}, not stoichiometric, in equilibrium with {' and '.join(document.limits[0].neighbours)}"
    return f"{words}, stoichiometric"


def is_interface(published: str, computed: str) -> bool:
    """Whether a computed interface (``Li_bcc(100)/LiCl(001)``) is one that a paper names (``Li(001)/LiCl(001)``)."""
    sides = [text.split("/") for text in (published, computed)]
    return len(sides[0]) == len(sides[1]) == 2 and all(
        is_facet(parse_facet(wanted), found) for wanted, found in zip(*sides, strict=True)
    )


def is_facet(published: Facet, computed: str) -> bool:
    """Whether a computed plane (``Li_bcc(100)``) is one that a paper names, or equal to it by symmetry."""
    found = parse_facet(computed)
    return is_phase(published.phase, found.phase) and (
        _reduced(found.plane) == _reduced(published.plane)
        or _reduced(found.plane) in _equal_planes(found.phase, published.plane)
    )


def is_phase(published: str, computed: str) -> bool:
    """Whether a name of the library, or a formula, has the formula of a published phase."""
    from lianode.structures import library

    try:
        formula = library.entry(computed).formula
    except InputError:
        formula = computed
    try:
        return composition_key(formula) == composition_key(published)
    except InputError:
        return False


def _equal_planes(name: str, plane: Plane) -> set[Plane]:
    """Return the planes that symmetry makes equal to one; none for a disordered crystal, or none of the library."""
    from lianode.structures import library
    from lianode.structures.surfaces.planes import plane_family

    try:
        family = plane_family(library.phase(name), plane)
    except InputError:
        return set()
    return {*family.equal, *map(_opposite, family.equal)}


def _reduced(plane: Plane) -> Plane:
    divisor = math.gcd(*plane)
    return plane[0] // divisor, plane[1] // divisor, plane[2] // divisor


def _opposite(plane: Plane) -> Plane:
    return -plane[0], -plane[1], -plane[2]
