"""Runs from vasprun.xml and vaspout.h5, by pymatgen."""

from __future__ import annotations

import datetime as dt
import hashlib
import lzma
import warnings
import zlib
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

import numpy as np

from lianode.hpc.ingest.record import RunRecord, UnreadableError
from lianode.workflows.engines.vasp.outputs import zero_smearing_energy

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.core import Structure
    from pymatgen.io.vasp.outputs import Vasprun

    from lianode.hpc.ingest.record import Mesh

_BROKEN = (
    ParseError, SyntaxError, ValueError, KeyError, IndexError, AttributeError, TypeError, EOFError, OSError, zlib.error,
    lzma.LZMAError,
)  # fmt: skip
"""What pymatgen raises for files that are cut or damaged."""
HEAD = 20_000
"""Characters within which the first element of a vasprun.xml begins."""


def read_vasprun(path: Path) -> RunRecord:
    """Return what a vasprun.xml says; of one that is cut, its whole ionic steps.

    Raises
    ------
    UnreadableError
        When it holds no whole ionic step.
    """
    from pymatgen.io.vasp.outputs import Vasprun

    _refuse_entities(path)
    options: dict[str, Any] = {"parse_dos": False, "parse_eigen": False, "parse_potcar_file": False}
    whole = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence is judged elsewhere
        try:
            run = Vasprun(path, **options)
        except _BROKEN:
            whole = False
            try:
                run = Vasprun(path, exception_on_bad_xml=False, **options)
            except _BROKEN as error:
                raise UnreadableError("vasprun.xml is cut or damaged before the end of the first ionic step") from error
        return _record(run, "vasprun.xml", whole=whole)


def _refuse_entities(path: Path) -> None:
    """Refuse XML that declares entities: VASP's has none, and a parser would fetch what they name."""
    from monty.io import zopen

    try:
        with zopen(path, "rt", encoding="latin-1") as file:
            head = str(file.read(HEAD)).partition("<modeling")[0]
    except _BROKEN as error:
        raise UnreadableError("vasprun.xml is cut or damaged before the end of the first ionic step") from error
    if len(head) == HEAD or "<!" in head.replace("<!--", ""):
        raise UnreadableError("vasprun.xml does not begin as VASP's does")


def read_vaspout(path: Path) -> RunRecord:
    """Return what a vaspout.h5 says.

    Raises
    ------
    UnreadableError
        When it is damaged, or when h5py is not installed.
    """
    from pymatgen.io.vasp.outputs import Vaspout

    if find_spec("h5py") is None:
        raise UnreadableError("vaspout.h5 needs h5py; run: pip install h5py")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            run = Vaspout(path, parse_dos=False, parse_eigen=False, store_potcar=False)
        except _BROKEN as error:
            raise UnreadableError("vaspout.h5 is cut or damaged") from error
        return _record(run, "vaspout.h5", whole=True)


def _record(run: Vasprun, source: str, *, whole: bool) -> RunRecord:
    steps = [step for step in run.ionic_steps if "e_0_energy" in step and "structure" in step]
    if not steps:
        raise UnreadableError(f"{source} holds no whole ionic step")
    last = steps[-1]
    energies = [zero_smearing_energy(step) for step in steps]
    tags = {**dict(run.incar), **{tag: value for tag, value in run.parameters.items() if value is not None}}
    tags["ENCUT"] = tags.get("ENMAX", tags.get("ENCUT"))
    tags["KSPACING"] = run.incar.get("KSPACING")  # among the parameters stands a default that a mesh overrules
    first = run.initial_structure if source == "vasprun.xml" else last["structure"]
    return RunRecord(
        source=source,
        version=str(run.vasp_version),
        tags=tags,
        titles=tuple(str(spec["titel"]) for spec in run.potcar_spec or ()),
        mesh=_mesh(run),
        first=_plain(first),
        last=_plain(last["structure"]),
        energies=tuple(energies),
        forces=np.array(last["forces"], dtype=float) if "forces" in last else None,
        stress_GPa=_stress(last.get("stress")),
        free=_free(run.initial_structure if source == "vasprun.xml" else last["structure"]),
        point_list=_point_list(run),
        scf_converged=_scf_converged(run, last),
        whole=whole,
        started=_started(run.generator),
    )


def _plain(structure: Structure) -> Structure:
    from pymatgen.core import Structure as PymatgenStructure

    return PymatgenStructure(
        structure.lattice, [site.specie.symbol for site in structure], structure.frac_coords, to_unit_cell=False
    )


def _scf_converged(run: Vasprun, last: dict[str, Any]) -> bool | None:
    """Return None where the steps of the cycle are not stated: pymatgen takes none for few."""
    return bool(run.converged_electronic) if last.get("electronic_steps") else None


def _mesh(run: Vasprun) -> Mesh | None:
    kpoints = getattr(run, "kpoints", None)
    if kpoints is None or kpoints.num_kpts != 0 or not kpoints.kpts:
        return None
    a, b, c = kpoints.kpts[0]
    return int(a), int(b), int(c)


def _point_list(run: Vasprun) -> str | None:
    points = getattr(run, "actual_kpoints", None)
    if points is None or _mesh(run) is not None:
        return None
    text = " ".join(f"{value:.5f}" for point in points for value in point)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _stress(rows: Any) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    """Return VASP's stress (kB, compression positive) in GPa, tension positive."""
    from ase.stress import full_3x3_to_voigt_6_stress

    return None if rows is None else np.asarray(full_3x3_to_voigt_6_stress(-0.1 * np.array(rows, dtype=float)))


def _free(structure: Structure) -> np.ndarray[Any, np.dtype[np.bool_]] | None:
    """Return which atoms may move in some direction."""
    flags = structure.site_properties.get("selective_dynamics")
    return None if flags is None else np.asarray(np.array(flags, dtype=bool).any(axis=1))


def _started(generator: Any) -> str:
    stated = {str(name).lower(): value for name, value in generator.items()} if isinstance(generator, dict) else {}
    text = f"{stated.get('date', '')} {stated.get('time', '')}"
    try:
        return dt.datetime.strptime(text.strip(), "%Y %m %d %H:%M:%S").isoformat()  # noqa: DTZ007 - no zone is known
    except ValueError:
        return ""
