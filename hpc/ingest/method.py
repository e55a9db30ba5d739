"""The method key of a run that was made elsewhere: functional, PAW sets, cut-off, density of k-points."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

from lianode.analysis.method import REHEARSAL, MethodKey
from lianode.hpc.ingest.record import UnreadableError, element_of
from lianode.workflows.engines.vasp.incar import VACUUM
from lianode.workflows.engines.vasp.kpoints import vacuum
from lianode.workflows.engines.vasp.valence import RECOMMENDED, SET_NAME

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.hpc.ingest.record import RunRecord

RELEASE = "PBE_54"
"""Release of PAW sets that this project's presets use."""
GGA = {
    "PE": "PBE", "PS": "PBEsol", "RP": "RPBE", "RE": "revPBE", "91": "PW91", "AM": "AM05", "CA": "LDA", "B5": "BEEF",
    "BF": "BEEF", "BO": "optB88", "MK": "optB86b", "OR": "optPBE", "ML": "rPW86",
}  # fmt: skip
"""Functional by the value of ``GGA`` (VASP manual)."""
OF_PAW_SET = {"PAW_PBE": "PBE", "PAW_GGA": "PW91", "PAW": "LDA"}
"""Functional that a PAW set was made with, which VASP takes where ``GGA`` is not set."""
META = {"SCAN": "SCAN", "RSCAN": "rSCAN", "R2SCAN": "r2SCAN", "TPSS": "TPSS", "RTPSS": "revTPSS", "M06L": "M06-L",
        "MS0": "MS0", "MS1": "MS1", "MS2": "MS2"}  # fmt: skip
NONLOCAL = {
    "RE": "vdW-DF", "ML": "vdW-DF2", "OR": "optPBE-vdW", "BO": "optB88-vdW", "MK": "optB86b-vdW",
}  # fmt: skip
"""Functional by ``GGA`` where ``LUSE_VDW`` is on."""
DENSEST = 1e4
"""Stands for no limit of a density of k-points, which a molecule in a box has not."""
DISPERSION = {1: "d2", 10: "d2", 11: "d3", 12: "d3-bj", 13: "d4", 2: "ts", 20: "ts", 21: "ts-hi", 202: "mbd",
              4: "ddsc", 3: "ulg"}  # fmt: skip
"""By ``IVDW``, in the words of a campaign where it has them."""


def method_of(record: RunRecord) -> MethodKey:
    """Return the method of a run's energies.

    PAW sets are written as :meth:`lianode.workflows.engines.vasp.engine.VaspEngine.method` writes them, so that a run
    with the same sets is of the same method: the project's set by name, and each element that differs from it by its
    symbol, or by its full ``TITEL`` where the release has no such set. ``elements`` says that other elements are not
    known. The density of k-points is stated where ``KSPACING`` states it; otherwise ``k_density_range`` holds the
    densities that give the mesh. What is no mesh, or none that a density gives, has density 0.

    Raises
    ------
    UnreadableError
        When the file states no cut-off or no PAW set, or a functional that is not known here.
    """
    cutoff = record.number("ENCUT", 0.0)
    if cutoff <= 0:
        raise UnreadableError(f"{record.source} states no cut-off energy")
    if not record.titles:
        raise UnreadableError(f"{record.source} names no PAW set")
    elements = sorted({element_of(title) for title in record.titles})
    is_rehearsal = "rehearsal" in record.version
    return MethodKey(
        program=f"vasp{REHEARSAL}" if is_rehearsal else "vasp",
        functional=functional(record),
        potentials={"set": f"{RELEASE}/{SET_NAME}", **_sets(record, is_rehearsal=is_rehearsal)},
        cutoff_eV=round(cutoff, 3),
        dispersion=dispersion(record),
        elements=tuple(elements),
        **_density(record),
    )


def functional(record: RunRecord) -> str:
    """Return the functional, with what a Hubbard U or exact exchange adds to it.

    Raises
    ------
    UnreadableError
        When it is not known here.
    """
    gga = str(record.tags.get("GGA", "--")).strip().upper()[:2]
    meta = str(record.tags.get("METAGGA", "--")).strip().upper()
    if meta not in {"--", "NONE", "F", "FALSE", ""}:
        name = META.get(meta, meta)
        if record.flag("LUSE_VDW"):
            name += "+rVV10"
    elif record.flag("LUSE_VDW"):
        if gga not in NONLOCAL:
            raise UnreadableError(f"a van der Waals functional with GGA = {gga} is not known here")
        name = NONLOCAL[gga]
    elif gga in {"--", ""}:
        made_with = {title.split()[0] for title in record.titles}
        names = {OF_PAW_SET.get(word) for word in made_with}
        found = names.pop() if len(names) == 1 else None
        if found is None:
            raise UnreadableError(f"the functional of the PAW sets {', '.join(sorted(made_with))} is not known here")
        name = found
    elif gga in GGA:
        name = GGA[gga]
    else:
        raise UnreadableError(f"the functional GGA = {gga} is not known here")
    if record.flag("LHFCALC"):
        name = _hybrid(record, name)
    return name + _hubbard(record)


def _hybrid(record: RunRecord, base: str) -> str:
    """Return ``HSE06`` and its kin; what differs from VASP's usual numbers (a quarter, 0.2 1/Å) is written out."""
    part, screening = record.number("AEXX", 0.25), record.number("HFSCREEN", 0.0)
    if part == 1.0 and screening == 0.0:
        return "HF"
    name = {"PBE": "HSE06", "PBEsol": "HSEsol"}.get(base, f"HSE({base})") if screening else f"{base}0"
    details = [f"AEXX {part:g}"] if part != 0.25 else []
    if screening and screening != 0.2:
        details.append(f"HFSCREEN {screening:g}")
    return f"{name}({', '.join(details)})" if details else name


def _hubbard(record: RunRecord) -> str:
    """Return ``+U(Fe d 4)`` for the elements of this run that have one."""
    if not record.flag("LDAU"):
        return ""
    columns = [_list(record.tags.get(tag)) for tag in ("LDAUL", "LDAUU", "LDAUJ")]
    rows = zip(record.titles, *columns, strict=False)
    kind = int(record.number("LDAUTYPE", 2))
    found = []
    for title, channel, u, j in rows:
        if int(channel) < 0 or (u == 0.0 and j == 0.0):
            continue
        value = f"{u - j:g}" if kind == 2 else f"{u:g}/{j:g}"
        found.append(f"{element_of(title)} {'spdf'[int(channel)]} {value}")
    return f"+U({', '.join(sorted(found))})" if found else ""


def _list(value: Any) -> list[float]:
    if value is None:
        return []
    return [float(part) for part in value] if isinstance(value, list | tuple) else [float(value)]


def dispersion(record: RunRecord) -> str | None:
    """Return the dispersion correction, None where there is none."""
    number = int(record.number("IVDW", 0))
    return DISPERSION.get(number, f"IVDW {number}") if number else None


def _sets(record: RunRecord, *, is_rehearsal: bool) -> dict[str, str]:
    """Return the PAW sets that differ from this project's, by element."""
    known = frozenset() if is_rehearsal else release_titles(RELEASE)
    differing: dict[str, str] = {}
    for title in record.titles:
        element, symbol = element_of(title), [*title.split(), ""][1]
        released = (
            is_rehearsal or "".join(title.split()) in known
        )  # a rehearsal's sets are made for it, after the project's
        if not released:
            differing[element] = title
        elif symbol != RECOMMENDED.get(element):
            differing[element] = symbol
    return differing


@cache
def release_titles(release: str) -> frozenset[str]:
    """Return the ``TITEL``, without blanks, of every PAW set of a release, from pymatgen's statistics of POTCARs.

    The same title in two releases means the same set: a later release adds the kinetic energy density of the core,
    which only meta-GGAs use.
    """
    from monty.serialization import loadfn
    from pymatgen.io.vasp.inputs import POTCAR_STATS_PATH

    return frozenset(loadfn(POTCAR_STATS_PATH).get(release, {}))


def _density(record: RunRecord) -> dict[str, Any]:
    """Return the fields of a method key that tell of k-points."""
    if record.mesh is None:
        return {"k_density": 0.0}
    spacing = record.number("KSPACING", 0.0)
    lengths = record.first.lattice.reciprocal_lattice_crystallographic.abc
    if spacing > 0:
        density = 2 * math.pi / spacing
        meant = tuple(max(1, math.ceil(density * length - 1e-6)) for length in lengths)
        if meant == record.mesh:  # with a KPOINTS file VASP does not heed KSPACING
            return {"k_density": round(density, 3)}
    for slack in (0, 1):  # programs round up, or to the nearest, or down
        low, high = density_range(record.first, record.mesh, slack)
        if low < high:
            return {"k_density_range": (low, high)}
    return {"k_density": 0.0}


def density_range(structure: Structure, mesh: tuple[int, int, int], slack: int = 0) -> tuple[float, float]:
    """Return the densities whose mesh this is: N = ⌈k |b|⌉ for all axes, so (N - 1)/|b| < k ≤ N/|b|.

    |b| is the length of a reciprocal vector without 2π, in 1/Å, and k the divisions per 1/Å, as in
    :func:`lianode.workflows.engines.vasp.kpoints.density_mesh`. An axis along a vacuum with one k-point says nothing.
    Axes of one number count by the longest: symmetry may have raised the others to it. A mesh that no density gives
    has a range that is empty, the first number not below the second; ``slack`` allows each axis that many divisions
    more.
    """
    longest: dict[int, float] = {}
    for axis, (n, length) in enumerate(
        zip(mesh, structure.lattice.reciprocal_lattice_crystallographic.abc, strict=True)
    ):
        if n > 1 or gap(structure, axis) < VACUUM:
            longest[n] = max(longest.get(n, 0.0), length)
    low = max(((n - 1) / length for n, length in longest.items()), default=0.0)
    high = min(((n + slack) / length for n, length in longest.items()), default=DENSEST)
    return round(low, 6), round(high, 6)


def gap(structure: Structure, axis: int) -> float:
    """Return the largest gap without an atom along an axis of the cell, Å."""
    from pymatgen.core import Structure as PymatgenStructure

    order = [index for index in range(3) if index != axis] + [axis]
    turned = PymatgenStructure(
        structure.lattice.matrix[order], structure.species, structure.frac_coords[:, order], validate_proximity=False
    )
    return vacuum(turned)
