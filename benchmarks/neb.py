"""Force evaluations per converged barrier: this project's way beside ASE's, all counted in one run.

Vacancy hops in small supercells of fcc Li (test potential), or of Li, LiSn, Li3In2, Li13In3 and Li2Sn5 (SevenNet-0),
without symmetry. Both ends relax from the same slightly displaced atoms to 0.005 eV/Å: here by what lianode uses for
end points, for ASE's part by its BFGS. All bands then begin from the same
relaxed ends, images and start (IDPP). ASE's bands use the improved tangent and springs (the preconditioned ones ASE's
spline method, which it asks for), and climb from the beginning or after a band without climbing, whichever takes fewer
evaluations. A barrier counts when the true perpendicular forces are below 0.03 eV/Å, the force on the climbing image
below 0.01 eV/Å, and its energy within 2 meV of a band of this project that went on to 0.005 eV/Å; each of ASE's
optimisers that gets there is an independent confirmation of that reference, and hops that none confirms are left out.

    python benchmarks/neb.py --engine sevennet-0 --hops 10
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.mep import NEB
from ase.mep.neb import NEBOptimizer
from ase.optimize import BFGS, FIRE
from pymatgen.core import Lattice, Structure
from pymatgen.io.ase import AseAtomsAdaptor
from scipy.interpolate import CubicSpline

from lianode.structures import library
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.band.nudged import idpp
from lianode.workflows.engines.band.path import (
    largest,
    lengths,
    perpendicular,
    straight,
    tangents,
    unwrapped,
)
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.engines.surrogate.descent import SurrogateDescent
from lianode.workflows.engines.surrogate.pairs import neighbours
from lianode.workflows.task import NebTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ase import Atoms

IMAGES = 5
FORCE, CLIMB = 0.03, 0.01
"""eV/Å: perpendicular force, and force on the climbing image."""
REFERENCE = END_FORCE = 0.005
WITHIN = 2e-3
"""eV: of the reference."""
MOST = 200
"""Iterations of a band after which an optimiser counts as not converged."""
CELLS = {
    "morse": (("fcc Li", (2, 2, 2)), ("fcc Li", (3, 2, 2)), ("LiIn", (2, 2, 2)), ("Li3In2", (2, 2, 2))),
    "sevennet-0": (
        ("Li", (3, 3, 3)),
        ("LiSn", (1, 2, 1)),
        ("LiSn", (2, 2, 1)),
        ("Li3In2", (2, 2, 2)),
        ("Li2Sn5", (1, 1, 3)),
        ("Li13In3", (1, 1, 1)),
    ),
}


class Counted(Calculator):  # type: ignore[misc]
    """A calculator of one image; all images share potential and count, each keeps its last result."""

    implemented_properties = ["energy", "free_energy", "forces"]  # noqa: RUF012 - ASE's own way

    def __init__(self, inner: Calculator, count: list[int]) -> None:
        super().__init__()
        self.inner, self.count = inner, count

    def calculate(self, atoms: Any = None, properties: Any = None, system_changes: Any = all_changes) -> None:
        """Compute and count."""
        super().calculate(atoms, properties, system_changes)
        self.inner.calculate(self.atoms, ["energy", "forces", "stress"], all_changes)
        self.count[0] += 1
        energy = float(self.inner.results["energy"])
        self.results = {
            "energy": energy,
            "free_energy": energy,
            "forces": np.array(self.inner.results["forces"], dtype=float),
        }


@dataclass
class Hop:
    """Relaxed end points with what they cost: in lianode, and with BFGS."""

    label: str
    initial: Structure
    final: Structure
    ends: int
    ends_bfgs: int
    counts: dict[str, int | None] = field(default_factory=dict)

    def numbers(self) -> dict[str, Any]:
        """Return what goes into the file."""
        return {"hop": self.label, "ends": self.ends, "ends_bfgs": self.ends_bfgs, **self.counts}


def crystal(name: str) -> Structure:
    """Return the primitive cell (of fcc Li the cubic one)."""
    if name == "fcc Li":
        return Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.1496), ["Li"], [[0, 0, 0]])
    return library.phase(name).primitive()


def relaxed_end(end: Structure, start: Any, potential: Calculator, *, by: str) -> tuple[Structure, int]:
    """Return an end point relaxed from positions ``start``, Å, and the evaluations it took."""
    count = [0]
    atoms = AseAtomsAdaptor.get_atoms(Structure(end.lattice, end.species, end.frac_coords), msonable=False)
    atoms.positions, atoms.calc = start, Counted(potential, count)
    if by == "BFGS":
        BFGS(atoms, logfile=None).run(fmax=END_FORCE, steps=300)
    else:
        descent = SurrogateDescent(atoms)
        while np.linalg.norm(atoms.get_forces(), axis=1).max() > END_FORCE and count[0] < 300:
            descent.step()
    return Structure(end.lattice, end.species, atoms.positions, coords_are_cartesian=True), count[0]


def hops(name: str, repeats: tuple[int, int, int], potential: Calculator, wanted: int) -> Iterator[Hop]:
    """Relax the crystal, then the ends of its distinct vacancy hops up to 4.2 Å (by orbits and length)."""
    from ase.filters import FrechetCellFilter
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    atoms = AseAtomsAdaptor.get_atoms(crystal(name), msonable=False)
    atoms.calc = Counted(potential, [0]).inner
    BFGS(FrechetCellFilter(atoms), logfile=None).run(fmax=0.003, steps=200)
    cell = AseAtomsAdaptor.get_structure(atoms)
    cell.add_site_property("orbit", SpacegroupAnalyzer(cell, 0.05).get_symmetry_dataset().equivalent_atoms.tolist())
    supercell = cell * repeats
    lithium = [i for i, site in enumerate(supercell) if site.specie.symbol == "Li"]
    seen: set[Any] = set()
    pairs = []
    for i in lithium:
        for j in lithium:
            distance = supercell.get_distance(i, j)
            orbits = tuple(sorted((supercell[i].properties["orbit"], supercell[j].properties["orbit"])))
            kind = (orbits, round(distance, 2))
            if i != j and distance < 4.2 and kind not in seen:
                seen.add(kind)
                pairs.append((distance, i, j, orbits))
    random = np.random.default_rng(5)
    for distance, i, j, orbits in sorted(pairs)[:wanted]:
        initial = supercell.copy().remove_sites([j])
        final = initial.copy()
        image = supercell[i].distance_and_image(supercell[j])[1]
        final.replace(i - (i > j), "Li", supercell[j].frac_coords + image)
        relaxed, own, theirs = [], 0, 0
        for end in (initial, final):
            start = end.cart_coords + random.normal(0, 0.02, (len(end), 3))
            structure, count = relaxed_end(end, start, potential, by="lianode")
            relaxed.append(structure)
            own += count
            theirs += relaxed_end(end, start, potential, by="BFGS")[1]
        step = unwrapped(*relaxed)
        if np.linalg.norm(step[1] - step[0], axis=1).max() < 1.0:
            continue  # the two ends relaxed into one
        yield Hop(f"{name} {len(initial)} atoms {orbits} {distance:.2f} Å", relaxed[0], relaxed[1], own, theirs)


def band_of(hop: Hop, potential: Calculator, count: list[int]) -> list[Atoms]:
    """Return ASE's images at the common start."""
    first, last = unwrapped(hop.initial, hop.final)
    cell = np.array(hop.initial.lattice.matrix)
    fine = np.concatenate([[first], straight(first, last, 9), [last]])
    start = idpp(first, last, IMAGES, neighbours(fine, cell))
    made = []
    for positions in [first, *start, last]:
        atoms = AseAtomsAdaptor.get_atoms(hop.initial, msonable=False)
        atoms.positions = positions
        atoms.calc = Counted(potential, count)
        made.append(atoms)
    return made


def state(images: list[Atoms], *, spline: bool) -> tuple[float, float, float]:
    """Return barrier, largest perpendicular force, and force on the highest image, from what was computed last."""
    energies = np.array([atoms.calc.results["energy"] for atoms in images])
    forces = np.array([atoms.calc.results["forces"].ravel() for atoms in images[1:-1]])
    band = np.array([atoms.positions.ravel() for atoms in images])
    top = int(energies.argmax())
    across = largest(perpendicular(forces, tangents(band, energies)))
    if spline:  # ASE's preconditioned bands follow the tangent of a spline; either counts
        place = np.concatenate([[0.0], np.cumsum(lengths(band))])
        smooth = CubicSpline(place, band)(place[1:-1], 1)
        smooth /= np.linalg.norm(smooth, axis=1, keepdims=True)
        across = np.minimum(across, largest(perpendicular(forces, smooth)))
    if not 0 < top < len(images) - 1:
        return 0.0, float(across.max()), 0.0
    others = np.delete(across, top - 1)
    return float(energies[top] - energies[0]), float(others.max(initial=0.0)), float(largest(forces)[top - 1])


class Reached(Exception):  # noqa: N818 - the good end of a run
    """The band holds."""


def by_ase(hop: Hop, potential: Calculator, optimiser: str, *, two_stages: bool, target: float | None) -> Any:
    """Return evaluations of a band by ASE, its barrier, and whether it held; ``target`` is the reference, eV."""
    count = [0]
    images = band_of(hop, potential, count)
    force, climb = (FORCE, CLIMB) if target is not None else (REFERENCE, REFERENCE)
    held = [False, 0.0]

    def look() -> None:
        barrier, across, top = state(images, spline=optimiser == "precon")
        held[1] = barrier
        near = target is None or abs(barrier - target) < WITHIN
        if neb.climb and across < force and top < climb and near:
            held[0] = True
            raise Reached

    for stage in [False, True] if two_stages else [True]:
        precon = optimiser == "precon"
        options: dict[str, Any] = {"method": "spline", "precon": "Exp"} if precon else {"method": "improvedtangent"}
        neb = NEB(images, k=1.0, climb=stage, allow_shared_calculator=False, **options)
        try:
            if optimiser in {"FIRE", "BFGS"}:
                made = (FIRE if optimiser == "FIRE" else BFGS)(neb, logfile=None)
                made.attach(look)
            else:
                made = NEBOptimizer(neb, method="static" if optimiser == "static" else "ODE", logfile=None)
                made.attach(look)
            made.run(fmax=0.1 if not stage else 1e-4, steps=MOST)
        except Reached:
            break
        except Exception as error:  # noqa: BLE001 - an optimiser that breaks down is a result
            print(f"    {optimiser}: {type(error).__name__}: {error}", flush=True)
            break
    return count[0], held[1], held[0]


def by_lianode(hop: Hop, engine: Any, *, tight: bool) -> tuple[int, float, bool]:
    """Return evaluations, barrier and whether it converged, of this project's band."""
    with tempfile.TemporaryDirectory() as folder:
        limits = {"max_force": REFERENCE, "max_climb_force": REFERENCE} if tight else {}
        task = NebTask(images=IMAGES, max_steps=80, **limits)
        done = engine.neb("benchmark", task, hop.initial, hop.final, RunContext(Path(folder)))
    energies = done.band.energies if done.band else [0.0, 0.0]
    return (
        done.evaluations,
        max(energies) - energies[0],
        done.state.value == "converged" and done.band.climbing is not None,
    )


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--engine", default="sevennet-0", choices=sorted(CELLS))
    parser.add_argument("--hops", type=int, default=10)
    parser.add_argument("--optimisers", default="FIRE,BFGS,ODE,precon")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="no further hop is begun after this time")
    parser.add_argument("--stages", default="1,2", help="1: climbs from the beginning; 2: after a band that does not")
    parser.add_argument("--json", type=Path, help="write the numbers here")
    asked = parser.parse_args()
    engine = make_engine({"name": asked.engine})
    potential: Calculator = engine.calculator()  # type: ignore[attr-defined]
    names = asked.optimisers.split(",")
    clock, done = time.monotonic(), []
    per_cell = -(-asked.hops // len(CELLS[asked.engine])) + 1
    for name, repeats in CELLS[asked.engine]:
        for hop in hops(name, repeats, potential, per_cell):
            if len(done) >= asked.hops or time.monotonic() - clock > asked.seconds:
                break
            _measure(hop, engine, potential, names, asked.stages.split(","))
            if any(hop.counts.get(peer) is not None for peer in names):
                done.append(hop)
    _print(done, names)
    if asked.json:
        asked.json.write_text(json.dumps([h.numbers() for h in done], indent=1))
    return 0


def _measure(hop: Hop, engine: Any, potential: Calculator, names: list[str], stages: list[str]) -> None:
    _, target, held = by_lianode(hop, engine, tight=True)
    if not held:
        print(f"{hop.label}: no reference (no saddle, or not converged to {REFERENCE} eV/Å)", flush=True)
        return
    evaluations, barrier, held = by_lianode(hop, engine, tight=False)
    hop.counts["lianode"] = evaluations if held and abs(barrier - target) < WITHIN else None
    for name in names:
        tries: list[Callable[[], Any]] = [
            lambda name=name, two=two: by_ase(hop, potential, name, two_stages=two, target=target)  # type: ignore[misc]
            for two in (stage == "2" for stage in stages)
        ]
        made = [attempt() for attempt in tries]
        hop.counts[name] = min((count for count, _, held in made if held), default=None)
    print(
        f"{hop.label}: barrier {target * 1e3:.1f} meV, ends {hop.ends} (BFGS {hop.ends_bfgs}), bands {hop.counts}",
        flush=True,
    )


def _print(done: list[Hop], names: list[str]) -> None:
    print(f"\n{len(done)} hops, end points counted")
    print(f"{'optimiser':10} {'converged':>9} {'mean':>7} {'lianode where both did':>23} {'ratio':>6}")
    for name in ["lianode", *names]:
        both = [hop for hop in done if hop.counts.get(name) is not None and hop.counts["lianode"] is not None]
        if not both:
            print(f"{name:10} {0:9d}")
            continue
        theirs = float(
            np.mean([(hop.ends if name == "lianode" else hop.ends_bfgs) + (hop.counts[name] or 0) for hop in both])
        )
        mine = float(np.mean([hop.ends + (hop.counts["lianode"] or 0) for hop in both]))
        print(f"{name:10} {len(both):9d} {theirs:7.1f} {mine:23.1f} {theirs / mine:6.2f}")


if __name__ == "__main__":
    sys.exit(main())
