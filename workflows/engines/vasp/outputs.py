"""What VASP left in a folder, read without trusting that it came to its end."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

import numpy as np

from lianode.workflows.engines.vasp.failures import explain, read_tail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from pymatgen.core import Structure
    from pymatgen.io.vasp.outputs import Vasprun

FINISHED = "General timing and accounting"
ACCURATE = "reached required accuracy"
SAME_ENERGY = 1e-7
"""eV: what is closer was written with other digits."""
_IONIC = re.compile(r"^\s*(\d+)\s+(?:T=\s*\S+\s+E=\s*\S+\s+)?F=\s*(\S+)\s+E0=\s*(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class IonicStep:
    """Forces (n, 3) in eV/Å and stress (Voigt xx yy zz yz xz xy) in GPa of one ionic step, atoms as in the POSCAR."""

    energy: float
    forces: NDArray[np.float64]
    stress_GPa: NDArray[np.float64]

    @property
    def max_force(self) -> float:
        """Largest force on an atom, eV/Å."""
        return float(np.linalg.norm(self.forces, axis=1).max())

    @property
    def max_stress_GPa(self) -> float:  # noqa: N802 - units of the field
        """Largest component of the stress, GPa."""
        return float(np.abs(self.stress_GPa).max())


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one run of VASP ended.

    Attributes
    ----------
    steps
        Ionic steps done, from OSZICAR.
    finished
        Whether the program came to its own end (``General timing`` in OUTCAR) and left a whole vasprun.xml.
    accurate
        Whether the ions reached the required accuracy, as OUTCAR says.
    scf_converged
        Whether the last self-consistency cycle converged.
    problem
        Why it did not finish, in words for people; None where it did.
    first, last
        First and last ionic step; the energy is that extrapolated to zero smearing (``E0``), eV.
    structure
        Last structure, atoms as in the POSCAR.
    version
        Of VASP.
    settings
        INCAR as VASP understood it.
    """

    steps: int = 0
    finished: bool = False
    accurate: bool = False
    scf_converged: bool = False
    problem: str | None = None
    first: IonicStep | None = None
    last: IonicStep | None = None
    structure: Structure | None = None
    version: str = ""
    settings: dict[str, Any] | None = None

    @property
    def is_rehearsal(self) -> bool:
        """Whether a stand-in for VASP wrote it, which says so where VASP has its version."""
        return "rehearsal" in self.version


def read_outcome(folder: Path) -> Outcome:
    """Read a folder in which VASP ran; never raises for what VASP left or did not leave."""
    steps = len(ionic_energies(folder))
    tail = read_tail(folder / "OUTCAR")
    run = read_vasprun(folder)
    if isinstance(run, str) or FINISHED not in tail:
        problem = explain(folder) or (run if isinstance(run, str) else "VASP was ended before it had finished")
        return Outcome(steps=steps, problem=problem)
    first, last = _ionic_step(run, 0), _ionic_step(run, -1)
    if first is None or last is None:
        return Outcome(steps=steps, problem=explain(folder) or "vasprun.xml has no forces or no stress")
    finite = np.isfinite(last.energy) and np.isfinite(last.forces).all() and np.isfinite(last.stress_GPa).all()
    return Outcome(
        steps=steps or len(run.ionic_steps),
        finished=True,
        accurate=ACCURATE in tail,
        scf_converged=bool(run.converged_electronic),
        problem=None if finite else "the energy, a force or the stress is not finite",
        first=first,
        last=last,
        structure=run.final_structure,
        version=str(run.vasp_version),
        settings=dict(run.incar),
    )


def read_vasprun(folder: Path) -> Vasprun | str:
    """Return the parsed vasprun.xml, or why there is none, for people."""
    from pymatgen.io.vasp.outputs import Vasprun

    path = folder / "vasprun.xml"
    if not path.is_file():
        return "vasprun.xml is missing"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # convergence is judged here
            run = Vasprun(path, parse_dos=False, parse_eigen=False, parse_potcar_file=False)
    except (ParseError, SyntaxError, ValueError, KeyError, IndexError, AttributeError, TypeError):
        return "vasprun.xml is cut or damaged"
    return run if run.ionic_steps else "vasprun.xml holds no ionic step"


def _ionic_step(run: Vasprun, index: int) -> IonicStep | None:
    """Return a step with the stress in the convention of ASE: tension positive, VASP's kB have the other sign."""
    step = run.ionic_steps[index]
    if "forces" not in step or "stress" not in step:
        return None
    stress = -0.1 * np.array(step["stress"], dtype=float)
    voigt = np.array([stress[0, 0], stress[1, 1], stress[2, 2], stress[1, 2], stress[0, 2], stress[0, 1]])
    energy = zero_smearing_energy(step)
    return IonicStep(energy, np.array(step["forces"], dtype=float), voigt)


def zero_smearing_energy(step: Mapping[str, Any]) -> float:
    """Return the energy of an ionic step extrapolated to zero smearing, eV.

    Before VASP 6 the ``e_0_energy`` that vasprun.xml states for an ionic step is not that energy: its difference from
    the free energy is that of the step's last electronic step
    (https://www.vasp.at/forum/viewtopic.php?f=3&t=16942; pymatgen mends the last step only).

    Parameters
    ----------
    step
        Of pymatgen's ``Vasprun.ionic_steps``.
    """
    stated, electronic = float(step["e_0_energy"]), step.get("electronic_steps") or []
    if not electronic or not {"e_0_energy", "e_fr_energy"} <= electronic[-1].keys() or "e_fr_energy" not in step:
        return stated
    mended = float(step["e_fr_energy"]) + float(electronic[-1]["e_0_energy"]) - float(electronic[-1]["e_fr_energy"])
    return mended if abs(mended - stated) > SAME_ENERGY else stated


def ionic_energies(folder: Path) -> list[float]:
    """Return E0 (eV) of every ionic step that OSZICAR has seen the end of."""
    try:
        text = (folder / "OSZICAR").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [_number(match.group(3)) for match in _IONIC.finditer(text)]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # Fortran writes stars where a number does not fit
        return float("nan")


def last_max_force(folder: Path) -> float:
    """Return the largest force that OUTCAR names last (``FORCES: max atom``), eV/Å; not a number where it has none."""
    found = re.findall(r"FORCES: max atom, RMS\s+(\S+)", read_tail(folder / "OUTCAR"))
    return _number(found[-1]) if found else float("nan")
