"""The program that evaluates crystals with GPAW; run by the Python that has GPAW, imported by nothing.

It needs GPAW, ASE and NumPy, nothing of lianode. It reads one JSON object per line and answers each with one::

    {"parameters": {...}, "numbers": [3], "pbc": [true, true, true], "magnetic_moment": null, "fixed_cutoff": false,
     "log": "gpaw.txt"}
    {"gpaw": "26.7.0"}
    {"cell": [[...], ...], "positions": [[...], ...]}
    {"energy": -1.9, "free_energy": -1.9, "forces": [[...]], "stress": [...]}
    {"electronic": {"file": "levels.npz", "spare": 4, "projections": true, "potential": true}}
    {"fermi_level": 3.5, "n_k_points": 16, "channels": ["Li s", ...], "potential": [0.1, ...]}

Energies in eV, lengths in Å, the stress in eV/Å³ (xx yy zz yz xz xy). The levels of the atoms that were evaluated last
go into the file, but for the highest ones, which the convergence spares; the potential is averaged over planes. What
goes wrong is ``{"error": "...", "kind": "scf"}`` (or ``dataset``, ``other``). With the argument ``about`` it prints one
line about the installation instead. Under MPI every process runs this program, and the first one reads and writes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from ase import Atoms
    from numpy.typing import NDArray

PAW_SET = re.compile(r"([A-Z][a-z]?)\.PBE(\.gz)?")
SECONDS_FOR_THE_FIRST = 20.0
"""Time that the first process of MPI has to say what went wrong in all of them."""
CUTOFF_STEP = 0.01
"""Relative. A cell that grows by 3 % in volume changes the cut-off of the same plane waves by twice as much."""
SAME_PLACE = 1e-5
"""Fraction of a cell vector up to which a symmetry operation takes an atom onto another."""


def about() -> dict[str, Any]:
    """Return versions, and the PBE sets with one checksum over all of them."""
    import ase
    import gpaw

    sets: dict[str, Path] = {}
    for folder in map(Path, gpaw.setup_paths):
        for file in sorted(folder.iterdir()) if folder.is_dir() else ():
            found = PAW_SET.fullmatch(file.name)
            if found:
                sets.setdefault(found.group(1), file)  # the first folder counts, as with GPAW
    digest = hashlib.sha256()
    for element, file in sorted(sets.items()):
        digest.update(element.encode() + hashlib.sha256(file.read_bytes()).digest())
    return {
        "gpaw": gpaw.__version__,
        "ase": ase.__version__,
        "sets": _release({file.parent for file in sets.values()}),
        "sha256": digest.hexdigest(),
        "elements": sorted(sets),
    }


def _release(folders: set[Path]) -> str:
    """Return the name of the release that the PAW sets are from."""
    try:
        import gpaw_data
    except ImportError:
        return "own"
    return f"gpaw-data {gpaw_data.__version__}" if folders == {Path(gpaw_data.datapath())} else "own"


class Evaluator:
    """One crystal whose atoms and cell move.

    Wave functions and density are kept while only atoms move. A new cell begins afresh: GPAW 26.7.0 can carry them
    over, but then lost the smearing of a lithium cell (no entropy, 0.7 meV in the energy, 0.1 GPa in the stress).

    Parameters
    ----------
    order
        The first line of the protocol.
    """

    def __init__(self, order: dict[str, Any]) -> None:
        from ase import Atoms

        self.parameters = order["parameters"]
        self.log = order["log"]
        self.atoms = Atoms(numbers=order["numbers"], pbc=order["pbc"])
        if order["magnetic_moment"] is not None:
            self.atoms.set_initial_magnetic_moments([order["magnetic_moment"]] * len(self.atoms))
        self.fixed_cutoff = order["fixed_cutoff"]
        self.slope: float | None = None
        self.calculator: Any = None

    def evaluate(self, cell: NDArray[np.float64], positions: NDArray[np.float64]) -> dict[str, Any]:
        """Return energies (eV), forces (eV/Å) and stress (eV/Å³) of a cell and positions in Å."""
        same_cell = np.array_equal(self.atoms.cell.array, cell)
        self.atoms.set_cell(cell)
        self.atoms.set_positions(positions)
        # GPAW does not look again at what symmetry is left when atoms move
        if self.calculator is None or not same_cell or not keeps_symmetry(self.calculator, self.atoms):
            self.calculator = None  # its memory is free before the next one takes its own
            self.calculator = self._begin()
        energy = self.calculator.get_potential_energy(self.atoms)
        forces = self.calculator.get_forces(self.atoms)
        stress = np.array(self.calculator.get_stress(self.atoms), dtype=float)
        if self.fixed_cutoff:
            stress[:3] += self._stress_of_fixed_cutoff()
        return {
            "energy": float(energy),
            "free_energy": float(self.calculator.get_potential_energy(self.atoms, force_consistent=True)),
            "forces": np.asarray(forces).tolist(),
            "stress": stress.tolist(),
        }

    def electronic(self, order: dict[str, Any]) -> dict[str, Any]:
        """Write the levels (eV) of the atoms that were evaluated last, and return the planar potential (eV)."""
        from gpaw.mpi import world

        found: dict[str, Any] = levels(self.calculator, spare=order["spare"], projected=order["projections"])
        if world.rank == 0:
            np.savez_compressed(order["file"], **found)
        answer = {
            "fermi_level": float(found["fermi_level"]),
            "n_k_points": len(found["weights"]),
            "channels": found["channels"].tolist(),
        }
        if order["potential"]:
            answer["potential"] = self.calculator.get_electrostatic_potential().mean(axis=(0, 1)).tolist()
        return answer

    def _stress_of_fixed_cutoff(self) -> float:
        """Return what the diagonal of the stress lacks, eV/Å³.

        GPAW's stress is the derivative at a fixed number of plane waves; energies are compared at a fixed cut-off Ec.
        Stretching by a strain ε lets Ec shrink by 2ε in the first case, so that the second has
        dE/dV = dE/dV|N + (2/3) (Ec/V) dE/dEc (the Pulay stress; Francis and Payne, J. Phys. Condens. Matter 2, 4395
        (1990)). dE/dEc is measured on the first cell and then kept. GPAW 26.7 takes ``dedecut="estimate"`` and does not
        use it; its estimate from free atoms is wrong by a factor of 10 for indium at 500 eV, the other way at 620 eV.
        """
        cutoff = float(self.parameters["mode"]["ecut"])
        if self.slope is None:
            self.slope = self._slope_of_cutoff(cutoff)
        return 2.0 / 3.0 * cutoff / float(self.atoms.get_volume()) * self.slope

    def _slope_of_cutoff(self, cutoff: float) -> float:
        """Return dE/dEc of the free energy, from one per cent on either side on one and the same grid."""
        energies = []
        grid: dict[str, Any] = {}
        for end in (cutoff * (1.0 + CUTOFF_STEP), cutoff * (1.0 - CUTOFF_STEP)):
            calculator = self._begin({"mode": {**self.parameters["mode"], "ecut": end}, **grid})
            energies.append(float(calculator.get_potential_energy(self.atoms, force_consistent=True)))
            grid = {"gpts": [int(n) for n in calculator.dft.density.nt_sR.desc.size]}
        return (energies[0] - energies[1]) / (2.0 * CUTOFF_STEP * cutoff)

    def _begin(self, changed: dict[str, Any] | None = None) -> Any:
        """Return a new calculator, with the operations that shift atoms only where GPAW's grid can hold the shifts.

        GPAW makes the grid fine enough for any shift, 344 points along an edge for one of 5/344, or breaks down. It
        gives up, too, where shifts do not add up to 1e-10, as those of thirds with eight digits: then fewer
        operations have to do.
        """
        from gpaw import GPAW
        from gpaw.new.symmetry import SymmetryAnalysisBug

        choices: list[dict[str, bool]] = [{"symmorphic": True}, {"point_group": False}]
        if has_plain_shifts(self.atoms):
            choices.insert(0, {"symmorphic": False})
        for symmetry in choices:
            log = Path(self.log).open("a", encoding="utf-8")  # noqa: SIM115 - the calculator closes it
            calculator = GPAW(**self.parameters | (changed or {}), symmetry=symmetry, txt=log)
            try:
                calculator.create_new_calculation(self.atoms)
            except (AssertionError, SymmetryAnalysisBug):
                if symmetry is choices[-1]:
                    raise
            else:
                return calculator
        raise AssertionError


def levels(calculator: Any, *, spare: int, projected: bool) -> dict[str, NDArray[Any]]:
    """Return energies (eV) and occupations, (spins, k-points, bands), with their k-points, but for the spare bands.

    The projections of an element are summed over its atoms.
    """
    points = calculator.get_ibz_k_points()
    spins = range(calculator.get_number_of_spins())
    shape = [(spin, k) for spin in spins for k in range(len(points))]
    kept = calculator.get_number_of_bands() - spare
    energies = np.array([calculator.get_eigenvalues(kpt=k, spin=spin)[:kept] for spin, k in shape])
    filled = np.array([calculator.get_occupation_numbers(kpt=k, spin=spin, raw=True)[:kept] for spin, k in shape])
    channels = projections(calculator, kept) if projected else {}
    return {
        "energies": energies.reshape(len(spins), len(points), kept),
        "occupations": filled.reshape(len(spins), len(points), kept),
        "weights": np.asarray(calculator.get_k_point_weights()),
        "k_points": np.asarray(points),
        "mesh": np.asarray(calculator.dft.ibzwfs.ibz.bz.size_c),
        "fermi_level": np.array(calculator.get_fermi_level()),
        "channels": np.array(list(channels), dtype=np.str_),
        **{f"projection_{number}": values for number, values in enumerate(channels.values())},
    }


def projections(calculator: Any, kept: int) -> dict[str, NDArray[Any]]:
    """Return the electrons of a level in the PAW spheres, (spins, k-points, bands), by channel such as ``Cl p``.

    Inside its sphere of radius R a wave function is Σ P_i φ_i, so that ∫ |ψ|² of one angular momentum is
    Σ P*_im P_jm ∫ φ_i φ_j r² dr up to R. GPAW's own projected density of states takes |P_im|² of the bound partial
    waves instead, whose norm is 1 in all space: that of lithium's p exceeds the total density.
    """
    spins, points = calculator.get_number_of_spins(), len(calculator.get_ibz_k_points())
    bands = calculator.wfs.bd
    found: dict[str, NDArray[Any]] = {}
    for number, setup in enumerate(calculator.setups):
        for ell, letter in enumerate("spdf"):
            waves = [j for j, own in enumerate(setup.l_j) if own == ell]
            if not any(setup.n_j[j] > 0 for j in waves):
                continue
            norms, places = sphere_norms(setup, waves), projector_places(setup, waves)
            inside = np.zeros((spins, points, bands.nbands))
            for wave in calculator.wfs.kpt_u:
                if number in wave.projections:
                    overlaps = wave.projections[number][:, places]  # (bands, waves, m)
                    shares = np.einsum("nim,ij,njm->n", overlaps.conj(), norms, overlaps).real
                    inside[wave.s, wave.k, bands.get_slice()] = shares
            calculator.world.sum(inside)
            name = f"{setup.symbol} {letter}"
            found[name] = found.get(name, 0.0) + inside[:, :, :kept]
    return found


def sphere_norms(setup: Any, waves: list[int]) -> NDArray[np.float64]:
    """Return ∫ φ_i φ_j r² dr of partial waves with one angular momentum up to the radius of the PAW sphere, (w, w)."""
    grid = setup.data.rgd
    weights = np.where(grid.r_g <= max(setup.data.rcut_j), grid.r_g**2 * grid.dr_g, 0.0)
    radial = np.array([setup.data.phi_jg[j] for j in waves])
    return np.asarray(np.einsum("ig,jg,g->ij", radial, radial, weights))


def projector_places(setup: Any, waves: list[int]) -> NDArray[np.int_]:
    """Return where the projectors of partial waves stand among those of an atom, (w, 2 l + 1)."""
    first = np.concatenate([[0], np.cumsum([2 * ell + 1 for ell in setup.l_j])])
    return np.array([np.arange(first[j], first[j + 1]) for j in waves])


def has_plain_shifts(atoms: Atoms) -> bool:
    """Whether all shifts of the space group are twelfths of the cell vectors, as those of a crystal at its origin."""
    from gpaw.new.symmetry import SymmetryAnalysisBug, create_symmetries_object

    try:
        shifts = create_symmetries_object(atoms, symmorphic=False).translation_sc * 12.0
    except SymmetryAnalysisBug:
        return False
    return bool(np.abs(shifts - np.rint(shifts)).max() < SAME_PLACE)


def keeps_symmetry(calculator: Any, atoms: Atoms) -> bool:
    """Whether moved atoms still have every symmetry operation that the calculator counts on."""
    operations = calculator.dft.ibzwfs.ibz.symmetries
    places = atoms.get_scaled_positions(wrap=False)
    for rotation, shift, image in zip(
        operations.rotation_scc, operations.translation_sc, operations.atommap_sa, strict=True
    ):
        away = places @ rotation + shift - places[image]
        if np.abs(away - np.rint(away)).max() > SAME_PLACE:
            return False
    return True


class Line:
    """The two ends of the protocol; under MPI the first process reads and writes for all."""

    def __init__(self, source: TextIO, sink: TextIO) -> None:
        from gpaw.mpi import world

        self.world = world
        self.source = source
        self.sink = sink

    def orders(self) -> Iterator[dict[str, Any]]:
        """Yield what is asked for, the same in every process, until the other side closes."""
        from gpaw.mpi import broadcast

        while True:
            text = self.source.readline() if self.world.rank == 0 else None
            text = broadcast(text, 0, comm=self.world)
            if not text:
                return
            yield json.loads(text)

    def answer(self, content: dict[str, Any]) -> None:
        """Write one line."""
        if self.world.rank == 0:
            self.sink.write(json.dumps(content) + "\n")
            self.sink.flush()


def answers(orders: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the answer to each order; the first error is the last answer, for GPAW's state is then unknown."""
    import gpaw

    evaluator = Evaluator(next(orders))
    yield {"gpaw": gpaw.__version__}
    for order in orders:
        try:
            if "electronic" in order:
                yield evaluator.electronic(order["electronic"])
            else:
                yield evaluator.evaluate(np.array(order["cell"]), np.array(order["positions"]))
        except gpaw.KohnShamConvergenceError as error:
            yield {"error": str(error), "kind": "scf"}
            return
        except FileNotFoundError as error:
            yield {"error": str(error), "kind": "dataset"}
            return
        except Exception as error:
            yield {"error": f"{type(error).__name__}: {error}", "kind": "other"}
            if gpaw.mpi.world.rank == 0:
                return
            time.sleep(SECONDS_FOR_THE_FIRST)
            raise  # which ends the first process too, should it wait for this one


def main() -> None:
    """Answer until the other side closes, or print what is installed."""
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever libraries print is no part of the protocol
    line = Line(sys.stdin, sink)
    if sys.argv[1:] == ["about"]:
        line.answer(about())
        return
    for content in answers(line.orders()):
        line.answer(content)


if __name__ == "__main__":
    main()
