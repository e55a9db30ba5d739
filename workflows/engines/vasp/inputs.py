"""The input files of a VASP calculation.

They are made by pymatgen's ``VaspInputSet``, the class under atomate2's generators. atomate2's own defaults (PBEsol,
680 eV, spin, charge densities) are not ours, and its writer merges ``~/.atomate2.yaml`` into the INCAR: settings that
no key would know of.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lianode.structures.errors import InputError
from lianode.workflows.engines.vasp.electronic import electronic_tags
from lianode.workflows.engines.vasp.incar import force_limit, incar_tags, isif
from lianode.workflows.engines.vasp.kpoints import dense_mesh, density_mesh
from lianode.workflows.engines.vasp.potcars import write_potcar
from lianode.workflows.engines.vasp.presets import VERSION
from lianode.workflows.engines.vasp.settings import WHERE, VaspSettings, resolve
from lianode.workflows.engines.vasp.valence import electrons
from lianode.workflows.task import ElectronicTask, RelaxTask, StaticTask

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pymatgen.core import Structure
    from pymatgen.io.vasp.inputs import Incar, Kpoints, Poscar
    from pymatgen.io.vasp.sets import VaspInputSet

    from lianode.workflows.engines.vasp.incar import VaspTask


@dataclass(frozen=True)
class Inputs:
    """The files of one calculation.

    Attributes
    ----------
    incar, kpoints, poscar
        As pymatgen's objects.
    potcar_symbols
        PAW sets in the order of the POSCAR.
    potcar_functional
        Their release.
    order
        Index, in the structure that was asked for, of each atom of the POSCAR.
    """

    incar: Incar
    kpoints: Kpoints
    poscar: Poscar
    potcar_symbols: tuple[str, ...]
    potcar_functional: str
    order: tuple[int, ...]

    @property
    def mesh(self) -> tuple[int, int, int]:
        """Divisions of the k-point mesh."""
        a, b, c = self.kpoints.kpts[0]
        return int(a), int(b), int(c)

    def write(self, folder: Path, potcars: Path | None = None, *, poscar: bytes | None = None) -> None:
        """Write INCAR, KPOINTS, POSCAR, POTCAR.spec and, where the sets are at hand, POTCAR.

        Parameters
        ----------
        folder
            Existing, empty.
        potcars
            Folder of the PAW sets; without it there is no POTCAR.
        poscar
            A CONTCAR to continue from, taken byte for byte.

        Raises
        ------
        InputError
            When a PAW set is missing in ``potcars``.
        """
        (folder / "INCAR").write_text(f"{str(self.incar).rstrip()}\n", encoding="utf-8")
        (folder / "KPOINTS").write_text(f"{str(self.kpoints).rstrip()}\n", encoding="utf-8")
        (folder / "POSCAR").write_bytes(poscar if poscar is not None else self.poscar.get_str().encode())
        (folder / "POTCAR.spec").write_text("\n".join(self.potcar_symbols) + "\n", encoding="utf-8")
        if potcars is not None:
            write_potcar(potcars, self.potcar_functional, self.potcar_symbols, folder / "POTCAR")


def input_set(spec: Mapping[str, Any] | VaspSettings, task: VaspTask, structure: Structure) -> Inputs:
    """Return the input files of a task; needs no POTCAR.

    Parameters
    ----------
    spec
        An engine as a campaign writes it, or resolved settings.
    task
        What to do.
    structure
        The cell, Å, in any order of atoms.

    Raises
    ------
    InputError
        For settings that cannot be used, disordered sites, or an element without a PAW set.
    """
    settings = spec if isinstance(spec, VaspSettings) else resolve(spec)
    if settings.preset_version != VERSION:
        raise InputError(
            f"these settings are of version {settings.preset_version} of the presets, and this lianode has version "
            f"{VERSION}; leave `preset_version` out to compute with the present ones",
            WHERE,
        )
    if not structure.is_ordered:
        raise InputError("sites are partly or mixedly occupied; order the structure first", structure.formula)
    electrons(structure, settings.potential_of)  # raises for elements without a set
    order = poscar_order(structure)
    cell = _bare(structure, order)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pymatgen comments on choices that are made here on purpose
        generator = (
            _materials_project(settings, task) if settings.definition.materials_project else _own(settings, task, cell)
        )
        made = generator.get_input_set(cell, potcar_spec=True)
    incar, kpoints, poscar = made["INCAR"], made["KPOINTS"], made["POSCAR"]
    kpoints.comment = f"lianode {settings.preset} {settings.variant}"
    poscar.comment = structure.composition.formula.replace(" ", "")
    return Inputs(
        incar=incar,
        kpoints=kpoints,
        poscar=poscar,
        potcar_symbols=tuple(generator.potcar_symbols),
        potcar_functional=settings.potcar_functional,
        order=order,
    )


def incar_differences(spec: Mapping[str, Any] | VaspSettings, task: VaspTask, structure: Structure) -> dict[str, Any]:
    """Return the tags in which an INCAR differs from that of the bare preset in the same variant.

    For plans: ``{"ENCUT": 600, "IVDW": 12}``; a tag that the preset has and this INCAR has not is None.
    """
    settings = spec if isinstance(spec, VaspSettings) else resolve(spec)
    bare = resolve({"preset": settings.preset, "variant": settings.variant})
    mine, usual = (input_set(which, task, structure).incar for which in (settings, bare))
    return {tag: mine.get(tag) for tag in sorted({*mine, *usual}) if mine.get(tag) != usual.get(tag)}


def poscar_order(structure: Structure) -> tuple[int, ...]:
    """Return the indices that put like atoms together, elements by electronegativity, each in its given order."""
    return tuple(sorted(range(len(structure)), key=lambda i: (structure[i].specie.X, structure[i].specie.symbol)))


def _bare(structure: Structure, order: tuple[int, ...]) -> Structure:
    """Return cell, elements and positions only: no charge, no oxidation state or label finds its way into an INCAR."""
    from pymatgen.core import Structure as PymatgenStructure

    return PymatgenStructure(
        structure.lattice,
        [structure[i].specie.symbol for i in order],
        [structure[i].frac_coords for i in order],
    )


def _own(settings: VaspSettings, task: VaspTask, cell: Structure) -> VaspInputSet:
    """Return pymatgen's generator with every choice made by us."""
    from pymatgen.io.vasp.inputs import Kpoints
    from pymatgen.io.vasp.sets import VaspInputSet

    normal = 2 if settings.variant in {"slab", "interface"} else None
    mesh = settings.k_mesh
    if mesh is None:
        if settings.k_density is None:
            raise InputError("one of `k_density` and `k_mesh` is needed", WHERE)
        mesh = density_mesh(cell, settings.k_density, normal=normal)
    tags = incar_tags(settings, task, cell)
    if isinstance(task, ElectronicTask):
        mesh = dense_mesh(cell, mesh, task.k_factor)
        tags |= electronic_tags(settings, task, cell, mesh)
    kpoints: Any = Kpoints.gamma_automatic(mesh)  # pymatgen's annotation forgets that it takes its own class
    return VaspInputSet(
        config_dict={
            "INCAR": tags,
            "KPOINTS": {},
            "POTCAR": settings.potential_of,
            "POTCAR_FUNCTIONAL": settings.potcar_functional,
        },
        user_kpoints_settings=kpoints,
        sort_structure=False,
        inherit_incar=False,
        auto_ismear=False,
        auto_ispin=False,
        auto_lreal=False,
        validate_magmom=False,
    )


def _materials_project(settings: VaspSettings, task: VaspTask) -> VaspInputSet:
    """Return the Materials Project's generator; a force limit is the one thing that a task adds."""
    from pymatgen.io.vasp.sets import MPRelaxSet, MPStaticSet

    if isinstance(task, RelaxTask):
        changes = {
            "EDIFFG": -force_limit(settings, task),
            "ISIF": isif(task),
            "NSW": task.max_steps,
            "LCHARG": False,
        }
        return MPRelaxSet(user_incar_settings=changes, sort_structure=False)
    if isinstance(task, StaticTask):
        nothing_stored = {"LAECHG": None, "LVTOT": None, "LCHARG": False, "LWAVE": False}
        return MPStaticSet(user_incar_settings=nothing_stored, sort_structure=False)
    raise InputError(f"preset {settings.preset} computes statics and relaxations of bulk crystals only", WHERE)
