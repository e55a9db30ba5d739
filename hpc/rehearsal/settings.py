"""All that a run needs to know before its first step, with VASP's defaults filled in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.hpc.rehearsal.incar import read_tags
from lianode.hpc.rehearsal.kpoints import read_kpoints
from lianode.hpc.rehearsal.poscar import read_poscar
from lianode.hpc.rehearsal.potcar import read_potcar
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from lianode.hpc.rehearsal.incar import Value
    from lianode.hpc.rehearsal.kpoints import KPoints
    from lianode.hpc.rehearsal.poscar import Geometry
    from lianode.hpc.rehearsal.potcar import Pseudopotential

GRID_SPACING = 0.35
"""Å between points of the grid that CHGCAR and LOCPOT are written on (coarser than VASP's)."""
RELAXATIONS = frozenset({1, 2, 3})
USED_TAGS = frozenset({
    "ANDERSEN_PROB", "EDIFF", "EDIFFG", "ENCUT", "IBRION", "ICHARG", "IMAGES", "ISIF", "ISMEAR", "ISPIN", "ISYM",
    "KGAMMA", "KSPACING", "LAECHG", "LANGEVIN_GAMMA", "LCHARG", "LCLIMB", "LORBIT", "LVHAR", "LVTOT", "LWAVE", "MDALGO",
    "NBANDS", "NEDOS", "NELECT", "NELM", "NELMIN", "NSW", "POTIM", "PSTRESS", "RANDOM_SEED", "SIGMA", "SMASS", "SPRING",
    "SYSTEM", "TEBEG", "TEEND",
})  # fmt: skip
"""Tags that change what the stand-in does; it writes down the others and does not heed them."""


@dataclass(frozen=True)
class Settings:
    """A run as resolved from its input files.

    Attributes
    ----------
    tags
        INCAR as it stands.
    geometry, kpoints, potcars
        From POSCAR, KPOINTS or KSPACING, POTCAR or POTCAR.spec. One POTCAR per block of ions.
    n_electrons, n_bands, n_spins
        Resolved.
    cutoff
        Plane-wave cut-off, eV.
    ibrion, nsw, isif, isym, nelm, nelmin, ismear
        VASP's integers.
    ediff, ediffg, sigma, potim
        eV, eV/Å or eV, eV, fs or VASP's scale.
    grid
        Points of the charge density along the three vectors.
    """

    tags: dict[str, Value]
    geometry: Geometry
    kpoints: KPoints
    potcars: list[Pseudopotential]
    n_electrons: float
    n_bands: int
    n_spins: int
    cutoff: float
    ibrion: int
    nsw: int
    isif: int
    isym: int
    nelm: int
    nelmin: int
    ismear: int
    ediff: float
    ediffg: float
    sigma: float
    potim: float
    grid: tuple[int, int, int]

    @property
    def n_steps(self) -> int:
        """Largest number of ionic steps."""
        return max(1, self.nsw) if self.ibrion >= 0 else 1

    @property
    def relaxes(self) -> bool:
        """Whether ions or cell go downhill."""
        return self.ibrion in RELAXATIONS and self.nsw > 0

    @property
    def is_md(self) -> bool:
        """Whether it is molecular dynamics."""
        return self.ibrion == 0 and self.nsw > 0

    @property
    def masses(self) -> NDArray[np.float64]:
        """Mass of every ion, atomic mass units."""
        return np.repeat([potcar.mass for potcar in self.potcars], self.geometry.counts)

    @property
    def system(self) -> str:
        """INCAR's SYSTEM."""
        return str(self.tags.get("SYSTEM", "unknown system"))

    @property
    def ignored_tags(self) -> list[str]:
        """Tags that change nothing in a rehearsal."""
        return sorted(self.tags.keys() - USED_TAGS)

    def flag(self, tag: str, default: bool) -> bool:
        """Return a logical tag."""
        value = self.tags.get(tag, default)
        return value if isinstance(value, bool) else default


class _Tags:
    """Numbers among the tags, with a clear sentence for what is none."""

    def __init__(self, tags: dict[str, Value], where: str) -> None:
        self.tags, self.where = tags, where

    def real(self, tag: str, default: float) -> float:
        value = self.tags.get(tag, default)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{tag} has to be a number, not {value!r}", self.where)
        return float(value)

    def whole(self, tag: str, default: int) -> int:
        value = self.real(tag, default)
        if value != round(value):
            raise InputError(f"{tag} has to be a whole number, not {value}", self.where)
        return round(value)


def _matched(potcars: list[Pseudopotential], geometry: Geometry, where: str) -> list[Pseudopotential]:
    found = tuple(potcar.element for potcar in potcars)
    if found != geometry.species:
        raise InputError(f"POTCAR is for {' '.join(found)}, POSCAR has {' '.join(geometry.species)}", where)
    return potcars


def read_settings(folder: Path) -> Settings:
    """Read a run's input files.

    Raises
    ------
    InputError
        If a file is missing or unreadable, POTCAR and POSCAR disagree, or the run is of a kind that is not rehearsed.
    """
    where = str(folder)
    if not (folder / "INCAR").is_file():
        raise InputError("there is no INCAR in this folder", where)
    tags = read_tags(folder / "INCAR")
    numbers = _Tags(tags, str(folder / "INCAR"))
    poscar = folder / "00" / "POSCAR" if "IMAGES" in tags else folder / "POSCAR"
    geometry = read_poscar(poscar)
    potcars = _matched(read_potcar(folder), geometry, where)
    nsw = numbers.whole("NSW", 0)
    ibrion = numbers.whole("IBRION", -1 if nsw in {-1, 0} else 0)
    if ibrion not in {-1, 0, *RELAXATIONS}:
        raise InputError(f"IBRION = {ibrion} is not rehearsed; -1, 0, 1, 2 and 3 are", where)
    isif = numbers.whole("ISIF", 0 if ibrion == 0 else 2)
    if isif not in range(9):
        raise InputError(f"ISIF has to be between 0 and 8, not {isif}", where)
    if ibrion == 0 and nsw > 0 and isif > 2:
        raise InputError(f"molecular dynamics with a moving cell (ISIF = {isif}) is not rehearsed", where)
    isym = numbers.whole("ISYM", 0 if ibrion == 0 else 2)
    ediff = numbers.real("EDIFF", 1e-4)
    valence = sum(potcar.valence * count for potcar, count in zip(potcars, geometry.counts, strict=True))
    n_electrons = numbers.real("NELECT", valence)
    n_ions, n_spins = sum(geometry.counts), numbers.whole("ISPIN", 1)
    default_bands = max(round((n_electrons + 2) / 2) + max(n_ions // 2, 3), math.ceil(0.6 * n_electrons))
    n_bands = numbers.whole("NBANDS", default_bands)
    lengths = np.linalg.norm(geometry.lattice, axis=1)
    x, y, z = (2 * max(4, math.ceil(length / GRID_SPACING / 2)) for length in lengths)
    return Settings(
        tags=tags,
        geometry=geometry,
        kpoints=read_kpoints(folder, tags, geometry, isym),
        potcars=potcars,
        n_electrons=n_electrons,
        n_bands=n_bands,
        n_spins=n_spins,
        cutoff=numbers.real("ENCUT", max(potcar.cutoff for potcar in potcars)),
        ibrion=ibrion,
        nsw=nsw,
        isif=isif,
        isym=isym,
        nelm=numbers.whole("NELM", 60),
        nelmin=numbers.whole("NELMIN", 2),
        ismear=numbers.whole("ISMEAR", 1),
        ediff=ediff,
        ediffg=numbers.real("EDIFFG", 10.0 * ediff),
        sigma=max(numbers.real("SIGMA", 0.2), 1e-3),
        potim=numbers.real("POTIM", 0.5),
        grid=(x, y, z),
    )
