"""A made-up run of an anode on an electrolyte, and the documents that the analyses make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import atomic_numbers

from lianode.analysis.frame import Frame
from lianode.analysis.interface_md import CrystalSide, InterfaceMdDocument, Snapshot
from lianode.analysis.method import MethodKey
from lianode.analysis.structure_in_time.bond_document import bond_document
from lianode.analysis.structure_in_time.bonds import Polyhedron, follow_bonds
from lianode.analysis.structure_in_time.first_minimum import THERMAL_WIDTH, crystal_frame, first_minimum
from lianode.analysis.structure_in_time.mean_square_displacement import displacements
from lianode.analysis.structure_in_time.motion_document import motion_document
from lianode.analysis.structure_in_time.pair_counts import Radii, count_pairs
from lianode.analysis.structure_in_time.penetration import penetration_depths
from lianode.analysis.structure_in_time.profiles import density_profiles
from lianode.analysis.structure_in_time.rdf_document import rdf_document, reference_rdf
from lianode.analysis.structure_in_time.windows import Windows
from lianode.structures.library import phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lianode.analysis.structure_in_time.bond_document import BondDocument
    from lianode.analysis.structure_in_time.layers import Layers
    from lianode.analysis.structure_in_time.motion_document import MotionDocument
    from lianode.analysis.structure_in_time.rdf_document import RdfDocument

INTERFACE = "In(001)/Li6PS5Cl(001)"
COMMON: dict[str, Any] = {
    "interface": INTERFACE,
    "temperature": 300.0,
    "system": "Li-In",
    "engine": "sevennet-0",
    "campaign": "anodes",
    "method": MethodKey(program="sevennet", functional="PBE", model="SevenNet-0", checksum="0" * 64),
}
Built = tuple["NDArray[np.float64]", list[str], "NDArray[np.float64]"]


def built() -> Built:
    """Return a small cell, its elements and positions: 8 PS4, Li and Cl below, three layers of In above."""
    grid = 6.2 * np.stack(np.meshgrid([0.25, 1.25], [0.25, 1.25], [0.5, 1.5], indexing="ij"), -1).reshape(-1, 3)
    corners = 2.05 / np.sqrt(3) * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    sulphur = (grid[:, None] + corners).reshape(-1, 3)
    beside = grid + np.array([3.1, 0, 0])
    lithium = np.vstack([grid + np.array([0, 3.1, 0]), grid + np.array([3.1, 3.1, 0])])
    layer = 3.1 * np.stack(np.meshgrid(range(4), range(4), indexing="ij"), -1).reshape(-1, 2)
    indium = np.vstack([np.column_stack([layer, np.full(16, 15.4 + 2.5 * k)]) for k in range(3)])
    parts = {"P": grid, "S": sulphur, "Cl": beside, "Li": lithium, "In": indium}
    elements = [element for element, at in parts.items() for _ in at]
    return np.diag([12.4, 12.4, 22.6]), elements, np.vstack(list(parts.values()))


def run(
    cell: Any, elements: Sequence[str], positions: Any, *, frames: int = 200, spacing: float = 100.0
) -> list[Frame]:
    """Return a run in which anions near indium leave for it one after the other, lithium walks, and all vibrate."""
    rng = np.random.default_rng(3)
    symbols, at = np.array(elements), np.array(positions, dtype=float)
    numbers = np.array([atomic_numbers[symbol] for symbol in elements])
    times = spacing * np.arange(frames)
    indium = np.flatnonzero(symbols == "In")
    paths = np.repeat(at[None], frames, axis=0)
    inverse = np.linalg.inv(cell)
    gone = []
    for atom in np.flatnonzero(np.isin(symbols, ["S", "Cl"])):
        steps = (at[indium] - at[atom]) @ inverse
        steps = (steps - np.round(steps)) @ cell
        distances = np.linalg.norm(steps, axis=1)
        if distances.min() < 5.2:
            gone.append((atom, steps[distances.argmin()], distances.min()))
    for order, (atom, step, distance) in enumerate(gone):
        begins = times[-1] * (0.08 + 0.8 * (order / max(1, len(gone))) ** 1.3)
        progress = np.clip((times - begins) / 800.0, 0, 1)
        bound = distance - (2.55 if symbols[atom] == "S" else 2.75)
        paths[:, atom] += np.outer(progress, step * max(0.0, bound) / distance)
    lithium = np.flatnonzero(symbols == "Li")
    walks = rng.normal(0, 0.07 * np.sqrt(spacing / 10), (frames, len(lithium), 3))
    walks[0] = 0
    paths[:, lithium] += walks.cumsum(axis=0)
    paths += rng.normal(0, 0.09, paths.shape)
    return [Frame(cell, x, numbers, step, float(time)) for step, (x, time) in enumerate(zip(paths, times, strict=True))]


def rdf_of(frames: Sequence[Frame], *, layers: Layers | None = None, windows: int = 5, **fields: Any) -> RdfDocument:
    """Return g(r) of three pairs, with InS and InCl."""
    end = float(frames[-1].time or 0) + 1
    radii = Radii(largest=8.0, width=0.02)
    spans = Windows.equal(0.0, end, windows)
    counted = count_pairs(frames, ["In-S", "In-Cl", "P-S"], radii=radii, windows=spans, layers=layers)
    references = []
    for crystal, pair in (("InS", "In-S"), ("In2S3", "In-S"), ("InCl", "In-Cl")):
        rest = count_pairs([crystal_frame(phase(crystal).structure)], [pair], radii=Radii(largest=9.0, width=0.02))
        references.append(
            reference_rdf(
                crystal, rest, pair, counted=counted, similar_within=6.0, sigma=THERMAL_WIDTH,
                minimum=first_minimum(rest, pair, sigma=THERMAL_WIDTH),
            )
        )  # fmt: skip
    normalisation: Any = fields.pop("normalisation", "global")
    return rdf_document(counted, normalisation=normalisation, references=references, **COMMON | fields)


def bonds_of(frames: Sequence[Frame], **fields: Any) -> BondDocument:
    """Return bonds, PS4 and penetration."""
    units = [Polyhedron(centre="P", ligand="S", number=4, cutoff=2.7)]
    history = follow_bonds(frames, {"In-S": 3.2, "In-Cl": 3.3, "P-S": 2.7}, polyhedra=units)
    deep = penetration_depths(frames, ["In", "S"], fixed=["In"])
    return bond_document(
        history, sources={"In-Cl": "first minimum of InCl at rest"}, penetration=deep, **COMMON | fields,
    )  # fmt: skip


def motion_of(frames: Sequence[Frame], **fields: Any) -> MotionDocument:
    """Return profiles and displacements."""
    windows = Windows.equal(0.0, float(frames[-1].time or 0) + 1, 4)
    profiles = density_profiles(frames, ["Li", "In", "P", "S", "Cl"], windows=windows)
    paths = displacements(frames, ["Li", "S", "In"])
    return motion_document(profiles, paths, windows=windows, **COMMON | fields)


def interface_md_of(frames: Sequence[Frame], electrolyte_atoms: int, **fields: Any) -> InterfaceMdDocument:
    """Return the run itself."""
    strip: dict[str, Any] = {"plane": "(001)", "thickness": 12.0}
    atoms = len(frames[0].numbers)
    return InterfaceMdDocument(
        **{
            "anode": CrystalSide(
                phase="In_bct", termination="In|In", strain=0.0106, atoms=atoms - electrolyte_atoms, **strip
            ),
            "electrolyte": CrystalSide(
                phase="Li6PS5Cl", termination="Li|S", strain=0.0, atoms=electrolyte_atoms, **strip
            ),
            "interfaces": 2,
            "area": float(np.linalg.norm(np.cross(frames[0].cell[0], frames[0].cell[1]))),
            "time_ps": 20.0,
            "time_step_fs": 2.0,
            "equilibration_ps": 1.0,
            "ensemble": "nvt",
            "trajectory": ["trajectory.xyz"],
            "snapshots": [Snapshot.of(frames[0]), Snapshot.of(frames[-1])],
        }
        | COMMON
        | fields
    )
