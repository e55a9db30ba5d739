"""Colours and radii of atoms in drawings of structures."""

from __future__ import annotations

from lianode.analysis.plots.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION

COLORS = {
    "Li": "#C9C9C9",
    "O": VERMILION,
    "Al": SKY,
    "P": ORANGE,
    "S": "#F0E442",
    "Cl": GREEN,
    "Ga": "#44AA99",
    "Ge": "#999933",
    "Br": "#8C510A",
    "In": BLUE,
    "Sn": PURPLE,
    "I": "#542788",
}
"""Okabe-Ito where there are enough: the anodes' metals blue and purple, the electrolytes' anions yellow and green."""
ION_RADII = {"Li": 0.76}
"""Of elements that are ions wherever they are drawn here, Å (Shannon, Acta Cryst. A 32, 751 (1976), six neighbours);
lithium's covalent radius would hide its neighbours."""
UNKNOWN = ("#808080", 1.2)
"""Colour and radius, Å, of a symbol that names no element."""


def color_of(element: str) -> str:
    """Return a colour; one that is not in the table has that of Jmol."""
    if element in COLORS:
        return COLORS[element]
    from ase.data import atomic_numbers
    from ase.data.colors import jmol_colors
    from matplotlib.colors import to_hex

    return to_hex(tuple(jmol_colors[atomic_numbers[element]].tolist()))


def radius_of(element: str) -> float:
    """Return a radius, Å: covalent (Cordero et al., Dalton Trans. 2832 (2008)) or that of the ion."""
    from ase.data import atomic_numbers, covalent_radii

    return ION_RADII.get(element) or float(covalent_radii[atomic_numbers[element]])


def look_of(symbol: str) -> tuple[str, float]:
    """Return colour and radius, Å, of what may be no element, as in a structure that somebody wrote by hand."""
    from ase.data import atomic_numbers

    return (color_of(symbol), radius_of(symbol)) if symbol in atomic_numbers else UNKNOWN
