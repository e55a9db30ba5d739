"""The phase library: named crystal phases of lithium alloys, their reaction products and sulfide electrolytes.

The entries are in ``data/phases.yaml``; names, formulas and kinds are read without building a structure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from lianode.structures.errors import InputError, nearest
from lianode.structures.formulas import composition_key, parse_formula, parse_system, system_of
from lianode.structures.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.structures.phase import Confidence, PhaseKind

_COORDINATE_TOLERANCE = 1e-3  # coordinates of the entries have 5 decimals; pymatgen's default of 1e-5 doubles atoms


@dataclass(frozen=True, kw_only=True)
class LibraryEntry:
    """What the library knows of a phase before its structure is built.

    Attributes
    ----------
    name, formula, kind, default, source, confidence, confidence_reason, checked, note
        As in :class:`~lianode.structures.phase.Phase`.
    spacegroup
        Hermann-Mauguin symbol; None for a generated cell.
    generated
        Whether the cell is generated from another entry.
    record
        The entry as it stands in the data file.
    """

    name: str
    formula: str
    kind: PhaseKind
    default: bool
    source: str
    confidence: Confidence
    confidence_reason: str
    checked: str | None
    note: str | None
    spacegroup: str | None
    generated: bool
    record: Mapping[str, Any]

    @property
    def elements(self) -> tuple[str, ...]:
        """Element symbols, sorted."""
        return tuple(sorted(parse_formula(self.formula)))

    @property
    def lithium_fraction(self) -> float:
        """Atomic fraction of lithium."""
        amounts = parse_formula(self.formula)
        return amounts.get("Li", 0.0) / sum(amounts.values())


def phase(name: str) -> Phase:
    """Load one phase of the library.

    Parameters
    ----------
    name
        An entry's name (``LiSn_I41amd``), or a formula in any order, which means the entry that is its default
        (``LiSn``, ``In3Li13``).

    Raises
    ------
    InputError
        Where the library has neither; the message names the nearest entry.

    Examples
    --------
    >>> phase("In3Li13").formula
    'Li13In3'
    """
    return _fresh(_build(entry(name).name))


def entry(name: str) -> LibraryEntry:
    """Look up one phase, by name or formula as :func:`phase` does, without building its structure.

    Raises
    ------
    InputError
        Where the library has no such phase.
    """
    return _library()[_resolve(name.strip())]


def phases(system: str, *, include_generated: bool = False) -> list[Phase]:
    """Load every phase whose elements are all in a system, the elements themselves included.

    Disordered entries are among them (``ordered`` is False). Dilute cells, which are generated and many times larger,
    come only when asked for.

    Parameters
    ----------
    system
        Element symbols joined by ``-``: ``Li-In``.
    include_generated
        Whether generated cells such as LiIn35 are included.

    Returns
    -------
    list[Phase]
        By ascending atomic fraction of lithium, then by formula, each formula's default first.

    Raises
    ------
    InputError
        Where the system is misspelt or the library has no phase of one of its elements.
    """
    chosen = [found.name for found in entries(system) if include_generated or not found.generated]
    return [_fresh(_build(name)) for name in chosen]


def entries(system: str | None = None) -> list[LibraryEntry]:
    """List the library without building structures, sorted as by :func:`phases`; generated cells are included.

    Parameters
    ----------
    system
        Only entries whose elements are all in this system; None lists all, in the order of the data file.

    Raises
    ------
    InputError
        Where the system is misspelt or the library has no phase of one of its elements.
    """
    library = _library()
    if system is None:
        return list(library.values())
    wanted = set(parse_system(system))
    known = {element for one in library.values() for element in one.elements}
    if missing := sorted(wanted - known):
        raise InputError(
            f"the library has no phase with {missing[0]}; add structure files of your own, or choose from the elements "
            + ", ".join(sorted(known)),
            f"system '{system}'",
        )
    found = [one for one in library.values() if wanted.issuperset(one.elements)]
    return sorted(found, key=lambda one: (one.lithium_fraction, one.formula, not one.default, one.name))


def names() -> list[str]:
    """Return every name that :func:`phase` knows, in the order of the data file."""
    return list(_library())


def systems() -> list[str]:
    """Return the chemical systems of two and more elements that the library has a phase in, such as ``Li-In``."""
    return sorted({system_of(one.elements) for one in _library().values() if len(one.elements) > 1})


@cache
def _library() -> dict[str, LibraryEntry]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where libyaml is there
    text = files("lianode.structures.data").joinpath("phases.yaml").read_text(encoding="utf-8")
    data = yaml.load(text, Loader=loader)  # noqa: S506 - both are safe loaders
    stored = {record["name"]: _stored_entry(record) for record in data["phases"]}
    generated = {record["name"]: _generated_entry(record, stored[record["host"]]) for record in data["generated"]}
    return stored | generated


def _stored_entry(record: Mapping[str, Any]) -> LibraryEntry:
    source = record["source"]
    return LibraryEntry(
        name=record["name"],
        formula=record["formula"],
        kind=record["kind"],
        default=record["default"],
        source=f"{source['citation']}. Cell: {source['lattice']}. Coordinates: {source['coordinates']}.",
        confidence=record["confidence"],
        confidence_reason=record["confidence_reason"],
        checked=record["checks"],
        note=record.get("note"),
        spacegroup=record["spacegroup"]["symbol"],
        generated=False,
        record=record,
    )


def _generated_entry(record: Mapping[str, Any], host: LibraryEntry) -> LibraryEntry:
    return LibraryEntry(
        name=record["name"],
        formula=record["formula"],
        kind=record["kind"],
        default=record["default"],
        source=f"generated: one {record['solute']} in a cell of {record['sites']} sites of {host.name}. {host.source}",
        confidence=host.confidence,
        confidence_reason=f"{host.name}: {host.confidence_reason}",
        checked=None,
        note=record.get("note"),
        spacegroup=None,
        generated=True,
        record=record,
    )


@cache
def _defaults() -> dict[tuple[object, ...], str]:
    return {composition_key(one.formula): one.name for one in _library().values() if one.default}


def _resolve(name: str) -> str:
    library = _library()
    if name in library:
        return name
    try:
        key = composition_key(name)
    except InputError:
        key = ()
    if key in _defaults():
        return _defaults()[key]
    known = [*library, *(one.formula for one in library.values())]
    raise InputError(
        f"the phase library has no '{name}'{nearest(name, known)}; `lianode phases` lists what it has, and a CIF or "
        "POSCAR of your own is used by writing its path",
        f"phase '{name}'",
    )


@cache
def _build(name: str) -> Phase:
    found = _library()[name]
    structure = _generated_structure(found) if found.generated else _stored_structure(found)
    return Phase(
        name=found.name,
        formula=found.formula,
        structure=structure,
        kind=found.kind,
        default=found.default,
        source=found.source,
        confidence=found.confidence,
        confidence_reason=found.confidence_reason,
        checked=found.checked,
        ordered=structure.is_ordered,
        note=found.note,
    )


def _fresh(cached: Phase) -> Phase:
    """Hand out a copy: structures can be changed in place, the cached one must not be."""
    return replace(cached, structure=cached.structure.copy())


def _stored_structure(found: LibraryEntry) -> Structure:
    from pymatgen.core import Composition, Lattice, Structure

    record = found.record
    species: dict[tuple[float, ...], dict[str, float]] = {}
    for site in record["sites"]:
        species.setdefault(tuple(site["xyz"]), {})[site["element"]] = site.get("occupancy", 1.0)
    symbol = record["spacegroup"]["symbol"]
    sites = [
        (Composition(occupancies), position) for xyz, occupancies in species.items() for position in _orbit(symbol, xyz)
    ]
    structure = Structure(
        Lattice.from_parameters(**record["lattice"]), [site[0] for site in sites], [site[1] for site in sites]
    )
    multiplicities = {tuple(site["xyz"]): site["multiplicity"] for site in record["sites"]}
    if len(structure) != sum(multiplicities.values()):
        raise RuntimeError(
            f"phases.yaml, {found.name}: the sites give {len(structure)} positions, their multiplicities say "
            f"{sum(multiplicities.values())}"
        )
    return structure


def _orbit(symbol: str, xyz: tuple[float, ...]) -> list[NDArray[np.float64]]:
    """Return the positions that a space group makes of one, in the order of its operations."""
    import numpy as np

    rotations, translations = _operations(symbol)
    found: list[NDArray[np.float64]] = []
    for position in np.mod(np.round(rotations @ np.array(xyz) + translations, 10), 1.0):
        away = [np.abs(position - other - np.round(position - other)).max() for other in found]
        if not away or min(away) > _COORDINATE_TOLERANCE:
            found.append(position)
    return found


@cache
def _operations(symbol: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return rotations (n, 3, 3) and translations (n, 3) of a space group in pymatgen's standard setting.

    They are read from pymatgen's table: its ``SpaceGroup`` compares all operations with each other first, which for
    the groups of one system takes as long as planning the rest of a campaign.
    """
    import numpy as np
    from pymatgen.core.operations import SymmOp
    from pymatgen.symmetry.groups import SpaceGroup

    for group in SpaceGroup.SYMM_OPS:
        if symbol in {group["hermann_mauguin"], group["universal_h_m"], group["hermann_mauguin_u"]}:
            operations = [SymmOp.from_xyz_str(text) for text in group["symops"]]
            break
    else:
        operations = list(SpaceGroup(symbol).symmetry_ops)
    return np.array([o.rotation_matrix for o in operations]), np.array([o.translation_vector for o in operations])


def _generated_structure(found: LibraryEntry) -> Structure:
    from lianode.structures.dilute import dilute_cells

    record = found.record
    cells = dilute_cells(_build(record["host"]), record["solute"], record["sites"])
    if len(cells) != 1:
        raise RuntimeError(f"phases.yaml, {found.name}: {len(cells)} distinct cells, where a name means one")
    return cells[0].structure
