"""Time per frame of partial radial distribution functions: this project beside its peers, all in one run on one core.

300 atoms (In, S, P, Cl, Li) move as in a solid: each around its site, with a correlation time; In-S, In-Cl and P-S are
counted in bins of 0.02 Å. Every code gets the positions in the form it likes best, before the clock starts: this
project frames, freud and MDAnalysis single-precision arrays, pymatgen-analysis-diffusion structures, ASE atoms. What
is timed is what turns them into three histograms over all frames; MDAnalysis is called below its analysis classes
(``capped_distance`` and a histogram), which are slower. Codes take turns, and each one's best round counts. Their
counts are compared, too: freud and MDAnalysis compute in single precision, and differ by that.

At 10 Å the cell is just wide enough for codes that know the nearest image only. Slow codes get fewer frames.
``--motion independent``: each frame is a new displacement, as of a trajectory that was written every few hundred steps.
``--motion random``: new positions in every frame, the worst case of a code that keeps lists of neighbours.

    uv pip install -e '.[fast,peers]'
    OMP_NUM_THREADS=1 python benchmarks/rdf.py
    OMP_NUM_THREADS=1 python benchmarks/rdf.py --motion independent --frames 2000
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from ase.geometry.rdf import get_rdf
from pymatgen.core import Lattice, Structure

from lianode.analysis.frame import Frame
from lianode.analysis.structure_in_time.kernels import compiled, vectorised
from lianode.analysis.structure_in_time.pair_counts import Radii, count_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PAIRS = ("In-S", "In-Cl", "P-S")
ATOMS = {"In": 60, "S": 94, "P": 20, "Cl": 26, "Li": 100}
WIDTH = 0.02
CELLS = {
    "orthogonal": np.diag([20.3, 20.4, 20.6]),
    "triclinic": np.array([[23.5, 0.0, 0.0], [6.5, 22.5, 0.0], [-4.5, 5.0, 21.5]]),
}
SLOW = {"ASE": 50, "pymatgen-diffusion": 8, "pymatgen-diffusion fast": 50, "this project, NumPy": 500}
"""Frames for those that would take hours."""
SITE_WIDTH, CORRELATION = 0.2, 40
"""Å and frames: rms displacement along each axis, and how long it is remembered."""


def sites(cell: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return random sites that are not closer than atoms are, (n, 3), fractions."""
    found: list[np.ndarray] = []
    while len(found) < sum(ATOMS.values()):
        new = rng.random(3)
        if found:
            apart = np.array(found) - new
            apart -= np.rint(apart)
            if np.linalg.norm(apart @ cell, axis=1).min() < 2.0:
                continue
        found.append(new)
    return np.array(found)


def trajectory(cell: np.ndarray, n_frames: int, motion: str, seed: int) -> tuple[list[Frame], list[str]]:
    """Return frames, wrapped into the cell, in single precision: what all codes read is the same."""
    rng = np.random.default_rng(seed)
    symbols = [symbol for symbol, count in ATOMS.items() for _ in range(count)]
    numbers = np.array([atomic_numbers[symbol] for symbol in symbols])
    at = sites(cell, rng)
    memory = np.exp(-1 / CORRELATION) if motion == "correlated" else 0.0
    displaced = rng.normal(0, SITE_WIDTH, (len(symbols), 3))
    frames = []
    for step in range(n_frames):
        kick = rng.normal(0, SITE_WIDTH * np.sqrt(1 - memory**2), displaced.shape)
        displaced = memory * displaced + kick
        fractions = rng.random(at.shape) if motion == "random" else at + displaced @ np.linalg.inv(cell)
        positions = ((fractions - np.floor(fractions)) @ cell).astype(np.float32).astype(np.float64)
        frames.append(Frame(cell, positions, numbers, step, 2.0 * step))
    return frames, symbols


def of(symbols: Sequence[str], element: str) -> np.ndarray:
    """Return the indices of an element's atoms."""
    return np.array([index for index, symbol in enumerate(symbols) if symbol == element])


def with_freud(frames: list[Frame], symbols: list[str], r_max: float) -> Callable[[], np.ndarray]:
    """Return a run of freud."""
    import freud

    freud.parallel.set_num_threads(1)
    box = freud.box.Box.from_matrix(frames[0].cell.T)
    arrays = [box.wrap(frame.positions - frame.cell.sum(axis=0) / 2).astype(np.float32) for frame in frames]
    indices = [[of(symbols, element) for element in pair.split("-")] for pair in PAIRS]
    parts = [[(x[one], x[other]) for one, other in indices] for x in arrays]

    def run() -> np.ndarray:
        rdfs = [freud.density.RDF(bins=round(r_max / WIDTH), r_max=r_max) for _ in PAIRS]
        for part in parts:
            for rdf, (one, other) in zip(rdfs, part, strict=True):
                rdf.compute((box, other), query_points=one, reset=False)
        return np.array([rdf.bin_counts for rdf in rdfs], dtype=np.int64)

    return run


def with_mdanalysis(frames: list[Frame], symbols: list[str], r_max: float) -> Callable[[], np.ndarray]:
    """Return a run of MDAnalysis."""
    from MDAnalysis.lib.distances import capped_distance
    from MDAnalysis.lib.mdamath import triclinic_box

    box = triclinic_box(*frames[0].cell)
    indices = [[of(symbols, element) for element in pair.split("-")] for pair in PAIRS]
    parts = [[[frame.positions[i].astype(np.float32) for i in pair] for pair in indices] for frame in frames]
    n_bins = round(r_max / WIDTH)

    def run() -> np.ndarray:
        counts = np.zeros((len(PAIRS), n_bins), dtype=np.int64)
        for part in parts:
            for kind, (one, other) in enumerate(part):
                _, distances = capped_distance(one, other, r_max, box=box)
                counts[kind] += np.histogram(distances, bins=n_bins, range=(0, r_max))[0]
        return counts

    return run


def with_ours(kernels: Any) -> Callable[..., Callable[[], np.ndarray]]:
    """Return what makes a run of this project."""

    def made(frames: list[Frame], _: list[str], r_max: float) -> Callable[[], np.ndarray]:
        radii = Radii(largest=r_max, width=WIDTH)
        count_pairs(frames[:2], PAIRS, radii=radii, kernels=kernels)  # compiled before the clock starts
        return lambda: count_pairs(frames, PAIRS, radii=radii, kernels=kernels).counts[0, 0]

    return made


def structures(frames: list[Frame], symbols: list[str]) -> list[Structure]:
    """Return pymatgen's structures."""
    lattice = Lattice(frames[0].cell)
    return [Structure(lattice, symbols, frame.positions, coords_are_cartesian=True) for frame in frames]


def with_diffusion_fast(frames: list[Frame], symbols: list[str], r_max: float) -> Callable[[], None]:
    """Return a run of pymatgen-analysis-diffusion's faster class."""
    from pymatgen.analysis.diffusion.aimd.rdf import RadialDistributionFunctionFast

    crystals = structures(frames, symbols)

    def run() -> None:
        rdf = RadialDistributionFunctionFast(crystals, rmax=r_max, ngrid=round(r_max / WIDTH) + 1, n_jobs=1)
        for pair in PAIRS:
            rdf.get_rdf(*pair.split("-"))

    return run


def with_diffusion(frames: list[Frame], symbols: list[str], r_max: float) -> Callable[[], None]:
    """Return a run of pymatgen-analysis-diffusion's other class."""
    from pymatgen.analysis.diffusion.aimd.rdf import RadialDistributionFunction

    crystals = structures(frames, symbols)

    def run() -> None:
        for pair in PAIRS:
            one, other = (of(symbols, element).tolist() for element in pair.split("-"))
            RadialDistributionFunction(crystals, one, other, ngrid=round(r_max / WIDTH) + 1, rmax=r_max)

    return run


def with_ase(frames: list[Frame], symbols: list[str], r_max: float) -> Callable[[], None]:
    """Return a run of ASE."""
    images = [Atoms(symbols, positions=frame.positions, cell=frame.cell, pbc=True) for frame in frames]
    elements = [tuple(atomic_numbers[element] for element in pair.split("-")) for pair in PAIRS]

    def run() -> None:
        for atoms in images:
            for pair in elements:
                get_rdf(atoms, r_max, round(r_max / WIDTH), elements=pair)

    return run


CODES: dict[str, Callable[..., Callable[[], Any]]] = {
    "this project": with_ours(compiled()),
    "this project, NumPy": with_ours(vectorised()),
    "freud": with_freud,
    "MDAnalysis": with_mdanalysis,
    "ASE": with_ase,
    "pymatgen-diffusion fast": with_diffusion_fast,
    "pymatgen-diffusion": with_diffusion,
}


def in_long_double(frames: list[Frame], symbols: list[str], r_max: float) -> tuple[int, int]:
    """Return how many pairs this project puts in another bin than 80-bit arithmetic over 27 images, and of how many."""
    radii = Radii(largest=r_max, width=WIDTH)
    shifts = np.array(np.meshgrid(*[[-1, 0, 1]] * 3)).reshape(3, -1).T.astype(np.longdouble)
    exact = np.zeros((len(PAIRS), radii.count), dtype=np.int64)
    for frame in frames:
        cell, at = frame.cell.astype(np.longdouble), frame.positions.astype(np.longdouble)
        for kind, pair in enumerate(PAIRS):
            one, other = (of(symbols, element) for element in pair.split("-"))
            vectors = (at[other][None] - at[one][:, None])[:, :, None] + shifts @ cell
            bins = (np.sqrt((vectors**2).sum(axis=3)) / np.longdouble(WIDTH)).astype(np.int64).ravel()
            exact[kind] += np.bincount(bins[bins < radii.count], minlength=radii.count)
    ours = count_pairs(frames, PAIRS, radii=radii).counts[0, 0]
    return int(np.abs(np.cumsum(exact - ours, axis=1)).sum()), int(ours.sum())


def measured(frames: list[Frame], symbols: list[str], r_max: float, codes: Sequence[str], rounds: int) -> None:
    """Print the time per frame of each code."""
    runs: dict[str, tuple[Callable[[], Any], int]] = {}
    for name in codes:
        n = min(len(frames), SLOW.get(name, len(frames)))
        try:
            runs[name] = (CODES[name](frames[:n], symbols, r_max), n)
        except ImportError as error:
            print(f"  {name:26} not installed ({error.name})")
    best: dict[str, float] = {}
    results: dict[str, Any] = {}
    for _ in range(rounds):
        for name, (run, n) in list(runs.items()):
            began = time.process_time()
            try:
                results[name] = run()
            except Exception as error:  # noqa: BLE001 - a peer that cannot do this cell is part of the result
                print(f"  {name:26} cannot: {error}")
                del runs[name]
                continue
            best[name] = min(best.get(name, np.inf), (time.process_time() - began) / n)
    ours, counted = best["this project"], results["this project"]
    for name, seconds in best.items():
        line = f"  {name:26}{seconds * 1e6:12.1f} µs{seconds / ours:10.1f} x"
        if name in {"freud", "MDAnalysis"}:
            moved = np.abs(np.cumsum(results[name] - counted, axis=1)).sum()
            line += f"    pairs in another bin: {moved} of {counted.sum()} ({moved / counted.sum():.1e})"
        print(line, flush=True)


def main() -> None:
    """Run all and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--motion", choices=("correlated", "independent", "random"), default="correlated")
    parser.add_argument("--codes", nargs="*", default=list(CODES), choices=list(CODES))
    parser.add_argument("--r-max", nargs="*", type=float, default=[5.0, 10.0])
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    codes = list(dict.fromkeys(["this project", *arguments.codes]))
    print(f"{os.cpu_count()} cores, {arguments.frames} frames, {arguments.motion}; process time per frame, best of")
    print(f"{arguments.rounds} rounds, and how many times this project's")
    for shape, cell in CELLS.items():
        frames, symbols = trajectory(cell, arguments.frames, arguments.motion, arguments.seed)
        for r_max in arguments.r_max:
            print(f"{shape}, {r_max:g} Å")
            moved, pairs = in_long_double(frames[:20], symbols, r_max)
            print(f"  of {pairs} pairs this project puts {moved} in another bin than 80-bit arithmetic")
            measured(frames, symbols, r_max, codes, arguments.rounds)


if __name__ == "__main__":
    main()
