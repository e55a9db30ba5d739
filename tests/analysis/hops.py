"""Model bands, hops and networks for tests of migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from lianode_test_tables import METHOD

from lianode.analysis.migration.band import Band
from lianode.analysis.migration.barrier import barrier
from lianode.analysis.migration.hop_network import HopNetwork, NetworkHop
from lianode.structures.hops.hop import Hop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lianode.analysis.migration.barrier import BarrierDocument


def band(
    energy: Callable[[np.ndarray], np.ndarray],
    slope: Callable[[np.ndarray], np.ndarray],
    length: float,
    images: int,
    *,
    climbing: int | None = None,
    perpendicular: float = 0.005,
    zero: float = -100.0,
) -> Band:
    """Make a band of a known energy along its path; end points included in ``images``."""
    x = np.linspace(0, length, images)
    return Band(
        coordinates=x.tolist(),
        energies=(zero + energy(x)).tolist(),
        tangential_forces=(-slope(x)).tolist(),
        perpendicular_forces=[perpendicular] * images,
        climbing=climbing,
    )


def cosine(height: float, tilt: float = 0.0, *, length: float = 3.0, images: int = 7, **fields: object) -> Band:
    """Make ``height sin²(πs)`` on a smooth step of ``tilt``, s from 0 to 1: both ends are minima."""
    k = np.pi / length
    return band(
        lambda x: height * np.sin(k * x) ** 2 + tilt * np.sin(k * x / 2) ** 2,
        lambda x: height * k * np.sin(2 * k * x) + tilt * k / 2 * np.sin(k * x),
        length,
        images,
        **fields,  # type: ignore[arg-type]
    )


def hop(label: str, start: str = "Li1", end: str | None = None, *, multiplicity: int = 1, length: float = 3.0) -> Hop:
    """Make a vacancy hop between two kinds of sites."""
    return Hop(
        label=label,
        mechanism="vacancy",
        start=0,
        end=0 if end in {None, start} else 1,
        start_orbit=start,
        end_orbit=end or start,
        image=(1, 0, 0),
        length=length,
        multiplicity=multiplicity,
        symmetric=end in {None, start},
    )


def document(bands: Band | Sequence[Band], of: Hop, **fields: object) -> BarrierDocument:
    """Derive the barrier of a band of a phase LiIn."""
    content: dict[str, object] = {
        "system": "Li-In",
        "phase": "LiIn",
        "formula": "LiIn",
        "cell_formula": "Li53In54",
        "n_atoms": 107,
        "engine": "sevennet-0",
        "campaign": "test",
        "method": METHOD,
        "calculations": {"band": f"key-{of.label}"},
    } | fields
    return barrier([bands] if isinstance(bands, Band) else bands, of, **content)  # type: ignore[arg-type]


def step_hop(
    label: str, start: str, end: str, energies: tuple[float, float, float], **fields: object
) -> BarrierDocument:
    """Make a hop with given energies of its first site, saddle and last site, eV, on a band of five images."""
    first, saddle, last = energies
    middle = [(first + saddle) / 2, saddle, (saddle + last) / 2]
    slopes = [(saddle - first) / 1.5, 0.0, (last - saddle) / 1.5]
    made = Band(
        coordinates=[0.0, 0.75, 1.5, 2.25, 3.0],
        energies=[first, *middle, last],
        tangential_forces=[0.0, *(-s for s in slopes), 0.0],
        perpendicular_forces=[0.005] * 5,
        climbing=2,
    )
    multiplicity = int(fields.pop("multiplicity", 1))  # type: ignore[call-overload]
    return document(made, hop(label, start, end, multiplicity=multiplicity), **fields)


def network(
    lattice: object, positions: object, energies: Sequence[float], hops: dict[str, tuple[float, Sequence[object]]]
) -> HopNetwork:
    """Make a network of kinds of hops: label to saddle and edges."""
    return HopNetwork(
        lattice=np.array(lattice, dtype=float),
        positions=np.array(positions, dtype=float),
        energies=np.array(energies, dtype=float),
        hops=tuple(
            NetworkHop(label=label, saddle=saddle, edges=tuple(edges))  # type: ignore[arg-type]
            for label, (saddle, edges) in hops.items()
        ),
    )
