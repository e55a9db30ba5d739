"""Named sets of VASP settings: what each is for, and where each setting comes from.

A preset fixes everything that decides an energy. Its *plain keys* (cut-off, spin, k-points, functional, dispersion,
smearing, PAW sets) can be overridden in the campaign; the rest of its INCAR cannot, so that a preset's name means
something. Where a paper states a setting, the preset has it; every other setting is this project's choice, and
``sources`` says which is which.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Variant = Literal["bulk", "slab", "slab-reference", "interface", "aimd", "neb"]
"""For which kind of cell a preset is used.

``bulk``
    Crystals and supercells.
``slab``
    A slab with vacuum, normal along c: dipole correction along the normal, one k-point along it, cell fixed.
``slab-reference``
    A bulk crystal whose energy is subtracted from slabs: the slab's cut-off with the bulk's mesh.
``interface``
    Two crystals stacked along c: one k-point along the normal, cell fixed; dipole correction where there is vacuum.
``aimd``
    Molecular dynamics.
``neb``
    Bands of images.
"""

VERSION = 1
"""Of all presets; part of the key of a calculation. Raised when an INCAR of one changes."""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """One named set.

    Attributes
    ----------
    purpose
        What it is for, one sentence.
    keys
        Plain keys, as :class:`lianode.workflows.engines.vasp.settings.VaspSettings` has them.
    variants
        Plain keys that differ in a variant.
    max_force
        Largest force at the end of a relaxation, eV/Å, where the preset fixes it; otherwise the task's.
    ediff
        Where the preset fixes it: convergence of the total energy in the self-consistency cycle, eV.
    incar
        The rest of the INCAR.
    corrections
        What is added to the energies, as method keys name it.
    materials_project
        Whether pymatgen's Materials Project sets make the inputs, and no plain key may be changed.
    sources
        Setting, and where it comes from.
    """

    purpose: str
    keys: Mapping[str, object]
    variants: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    max_force: float | None = None
    ediff: float | None = None
    incar: Mapping[str, object] = field(default_factory=dict)
    corrections: str = "none"
    materials_project: bool = False
    sources: Mapping[str, str] = field(default_factory=dict)


COMMON_KEYS: dict[str, object] = {
    "functional": "pbe",
    "encut": 500.0,
    "ispin": 1,
    "k_density": 42.0,
    "k_mesh": None,
    "ismear": 1,
    "sigma": 0.1,
    "dispersion": None,
    "potcar_functional": "PBE_54",
    "potentials": {},
}

COMMON_INCAR: dict[str, object] = {
    "PREC": "Accurate",
    "ALGO": "Normal",
    "NELM": 200,
    "NELMIN": 5,
    "LASPH": True,
    "LREAL": False,
    "ADDGRID": False,
    "LWAVE": False,
    "LCHARG": False,
}
"""No charge density, potential or wave function is written (``LCHARG``, ``LWAVE`` off; ``LAECHG``, ``LVTOT`` at their
default, off): nothing here reads them, and they fill a disk.

``ADDGRID`` is off: VASP's manual advises against it as a default (it can add noise to forces instead of removing it);
``PREC = Accurate`` already has an augmentation grid without wrap-around. ``LREAL`` is off because real-space projection
costs meV/atom in accuracy, which is what a hull is about. ``LASPH`` is on because gradient corrections inside the
spheres are not spherical, in p and d metals least of all.
"""

_OURS = {
    "encut": "our choice: the largest ENMAX of the sets used (Li_sv, 499 eV); 650 (1.3 times that) where a lattice "
    "constant of a lithium-rich phase matters to better than 1 %",
    "k_density": "our choice: a spacing of at most 2 pi/42 = 0.15 1/Å, for metals",
    "ismear": "our choice: first-order Methfessel-Paxton, whose energy hardly depends on sigma in metals (VASP manual)",
    "ispin": "our choice: these alloys are not magnetic; ispin: 2 where they are",
    "ediff": "our choice: 1e-6 eV for the cell, 1e-8 eV per atom beyond 100 atoms; forces of soft metals need it",
    "potentials": "our choice: the sets that VASP's manual recommends, release 54",
}
_SLAB: dict[str, Mapping[str, object]] = {"slab": {}, "slab-reference": {}, "interface": {}}
_MD: dict[str, object] = {"k_mesh": (1, 1, 1), "k_density": None, "ismear": 0, "sigma": 0.1}

PRESETS: dict[str, Preset] = {
    "alloy": Preset(
        purpose="PBE for metals and alloys: hulls, voltages, elastic constants, dilute vacancies",
        keys=COMMON_KEYS,
        variants={**_SLAB, "aimd": {**_MD, "encut": 400.0}, "neb": {}},
        incar=COMMON_INCAR,
        sources=_OURS,
    ),
    "hansel2021": Preset(
        purpose="hulls, voltages and vacancy barriers of Li-In and Li-Sn as in Hänsel et al. 2021",
        keys=COMMON_KEYS,
        variants={**_SLAB, "aimd": {**_MD, "encut": 400.0}, "neb": {}},
        incar=COMMON_INCAR,
        sources={**_OURS, "functional": "paper: PBE", "barriers": "paper: nudged elastic band, dilute limit"},
    ),
    "luo2021": Preset(
        purpose="ab initio MD of the In / Li6PS5Cl interface as in Luo et al. 2021, and what belongs to it",
        keys=COMMON_KEYS,
        variants={**_SLAB, "aimd": {**_MD, "encut": 500.0}, "neb": {}},
        incar=COMMON_INCAR,
        sources={
            **_OURS,
            "functional": "paper: PAW, PBE",
            "encut": "paper: 500 eV",
            "k_mesh": "paper, for MD: gamma point; our choice elsewhere",
            "md": "paper: NVT, Nosé, 300 K, 2 fs, 20 ps",
        },
    ),
    "su2024": Preset(
        purpose="surfaces, Li/LiCl interfaces and adsorption as in Su et al. 2024, references at both of its settings",
        keys={**COMMON_KEYS, "encut": 600.0, "k_density": None, "k_mesh": (12, 12, 12)},
        variants={
            "slab": {"encut": 400.0, "k_mesh": (3, 1, 1)},
            "interface": {"encut": 400.0, "k_mesh": (3, 1, 1)},
            "slab-reference": {"encut": 400.0},
            "aimd": {**_MD, "encut": 280.0},
        },
        max_force=0.01,
        ediff=1e-4,
        incar=COMMON_INCAR,
        sources={
            **_OURS,
            "functional": "paper: PAW, PBE (VASP 5.4.4)",
            "encut": "paper: 600 eV bulk, 400 eV slabs and interfaces, 280 eV MD",
            "k_mesh": "paper: 12x12x12 bulk, 3x1x1 slabs and interfaces, gamma for MD; slab-reference: our choice, the "
            "slab's cut-off with the bulk's mesh",
            "ediff": "paper: 1e-4 eV",
            "max_force": "paper: 0.01 eV/Å",
            "md": "paper: NVT, 300 K, 2 fs, 50 ps; the thermostat is not stated, Nosé is our choice",
        },
    ),
    "mp-gga": Preset(
        purpose="energies that may be mixed with Materials Project GGA/GGA+U entries",
        keys={
            **COMMON_KEYS,
            "encut": 520.0,
            "ispin": 2,
            "k_density": 64.0,
            "ismear": -5,
            "sigma": 0.05,
            "potcar_functional": "PBE",
        },
        variants={"slab-reference": {}},
        corrections="MP2020",
        materials_project=True,
        sources={
            "all": "pymatgen's MPRelaxSet and MPStaticSet; k_density is their reciprocal_density, per Å^-3",
            "corrections": "pymatgen's MaterialsProject2020Compatibility, added to the energy of the document",
            "ismear": "theirs: tetrahedra also in relaxations of metals, whose forces are then only approximate",
        },
    ),
}
