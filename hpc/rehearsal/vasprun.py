"""vasprun.xml, written as the run goes on: a run that dies leaves an XML without its end, as VASP's is."""

from __future__ import annotations

from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

from lianode.hpc.rehearsal.parameters import parameters
from lianode.hpc.rehearsal.report import NOTICE, VERSION

if TYPE_CHECKING:
    from typing import TextIO

    from numpy.typing import NDArray

    from lianode.hpc.rehearsal.incar import Value
    from lianode.hpc.rehearsal.poscar import Geometry
    from lianode.hpc.rehearsal.report import End, IonicStep
    from lianode.hpc.rehearsal.scf import ElectronicStep
    from lianode.hpc.rehearsal.settings import Settings

PROGRAM = "rehearsal"
"""Stands where VASP writes its own name."""


def item(tag: str, value: Value) -> str:
    """Write an INCAR tag or a parameter with its type."""
    name = escape(tag, {'"': "&quot;"})
    if isinstance(value, list):
        first = value[0] if value else 0.0
        kind = {bool: ' type="logical"', int: ' type="int"', str: ' type="string"'}.get(type(first), "")
        return f'<v{kind} name="{name}">{"".join(_plain(word) for word in value)}</v>'
    kind = {bool: ' type="logical"', int: ' type="int"', str: ' type="string"'}.get(type(value), "")
    return f'<i{kind} name="{name}">{_plain(value)}</i>'


def _plain(value: bool | float | str) -> str:
    if isinstance(value, bool):
        return " T  " if value else " F  "
    if isinstance(value, int):
        return f"{value:6d}"
    if isinstance(value, float):
        return f"{value:16.8f}" if value == 0 or abs(value) >= 1e-3 else f" {value:.8E}"
    return escape(value)


def _rows(array: NDArray[np.float64], indent: str, form: str) -> str:
    text = StringIO()
    np.savetxt(text, np.atleast_2d(array), fmt=form)
    return "".join(f"{indent}{line}\n" for line in text.getvalue().splitlines())


def varray(name: str, array: NDArray[np.float64], indent: str) -> str:
    """Write an array of three columns (or one)."""
    columns = array.shape[1] if array.ndim == 2 else 1
    form = "<v>" + " ".join(["%16.8f"] * columns) + " </v>"
    rows = _rows(array.reshape(-1, columns), indent + " ", form)
    return f'{indent}<varray name="{name}" >\n{rows}{indent}</varray>\n'


def structure(geometry: Geometry, name: str | None, indent: str) -> str:
    """Write a structure with its lattice; the last one with velocities, if it has any (Å/fs)."""
    opening = f'<structure name="{name}" >' if name else "<structure>"
    inner = indent + " "
    text = (
        f"{indent}{opening}\n{inner}<crystal>\n{varray('basis', geometry.lattice, inner + ' ')}"
        f'{inner} <i name="volume">{geometry.volume:16.8f} </i>\n'
        f"{varray('rec_basis', geometry.reciprocal, inner + ' ')}{inner}</crystal>\n"
        f"{varray('positions', geometry.wrapped, inner)}"
    )
    if geometry.free is not None:
        rows = "".join(f"{inner} <v>{'  '.join(' TF'[2 - flag] for flag in row)}</v>\n" for row in geometry.free)
        text += f'{inner}<varray type="logical" name="selective" >\n{rows}{inner}</varray>\n'
    if geometry.velocities is not None and name == "finalpos":
        text += varray("velocities", geometry.velocities, inner)
    return f"{text}{indent}</structure>\n"


class VasprunXml:
    """Writes vasprun.xml; see the module."""

    def __init__(self, file: TextIO, settings: Settings) -> None:
        self.file, self.settings = file, settings
        self.current = 0
        now = datetime.now().astimezone()
        file.write(
            '<?xml version="1.0" encoding="ISO-8859-1"?>\n<modeling>\n <generator>\n'
            f'  <i name="program" type="string">{PROGRAM} </i>\n'
            f'  <i name="version" type="string">{VERSION}  </i>\n'
            f'  <i name="subversion" type="string">{NOTICE} </i>\n'
            '  <i name="platform" type="string">lianode </i>\n'
            f'  <i name="date" type="string">{now:%Y %m %d} </i>\n'
            f'  <i name="time" type="string">{now:%H:%M:%S} </i>\n </generator>\n'
        )
        file.write(" <incar>\n" + "".join(f"  {item(tag, value)}\n" for tag, value in settings.tags.items()))
        file.write(f" </incar>\n{self._kpoints()} <parameters>\n")
        for name, section in parameters(settings).items():
            inside = "".join(f"   {item(tag, value)}\n" for tag, value in section.items())
            file.write(f'  <separator name="{name}" >\n{inside}  </separator>\n')
        file.write(f" </parameters>\n{self._atoms()}{structure(settings.geometry, 'initialpos', ' ')}")
        file.flush()

    def _kpoints(self) -> str:
        kpoints = self.settings.kpoints
        if kpoints.style == "Reciprocal":
            generation = ""
        elif kpoints.style == "listgenerated":
            ends = "".join(f"   <v>{' '.join(f'{x:16.8f}' for x in row)} </v>\n" for row in kpoints.ends)
            generation = (
                '  <generation param="listgenerated">\n'
                f'   <i type="int" name="divisions">{kpoints.divisions[0]:8d} </i>\n{ends}  </generation>\n'
            )
        else:
            shift = " ".join(f"{x:16.8f}" for x in kpoints.shift)
            divisions = " ".join(f"{n:8d}" for n in kpoints.divisions)
            vectors = "".join(
                f'   <v name="genvec{index + 1}">{" ".join(f"{x:16.8f}" for x in row)} </v>\n'
                for index, row in enumerate(np.eye(3))
            )
            generation = (
                f'  <generation param="{kpoints.style}">\n   <v type="int" name="divisions">{divisions} </v>\n'
                f'   <v name="usershift">{shift} </v>\n{vectors}   <v name="shift">{shift} </v>\n  </generation>\n'
            )
        return (
            f" <kpoints>\n{generation}{varray('kpointlist', kpoints.points, '  ')}"
            f"{varray('weights', kpoints.weights, '  ')} </kpoints>\n"
        )

    def _atoms(self) -> str:
        geometry = self.settings.geometry
        atoms = "".join(
            f"    <rc><c>{symbol:<2}</c><c>{kind:4d}</c></rc>\n"
            for kind, (symbol, count) in enumerate(zip(geometry.species, geometry.counts, strict=True), start=1)
            for _ in range(count)
        )
        types = "".join(
            f"    <rc><c>{count:4d}</c><c>{potcar.element:<2}</c><c>{potcar.mass:16.8f}</c>"
            f"<c>{potcar.valence:16.8f}</c><c> {escape(potcar.title):<40}</c></rc>\n"
            for potcar, count in zip(self.settings.potcars, geometry.counts, strict=True)
        )
        return (
            f" <atominfo>\n  <atoms>{sum(geometry.counts):8d} </atoms>\n  <types>{len(geometry.species):8d} </types>\n"
            '  <array name="atoms" >\n   <dimension dim="1">ion</dimension>\n   <field type="string">element</field>\n'
            f'   <field type="int">atomtype</field>\n   <set>\n{atoms}   </set>\n  </array>\n'
            '  <array name="atomtypes" >\n   <dimension dim="1">type</dimension>\n'
            '   <field type="int">atomspertype</field>\n   <field type="string">element</field>\n'
            "   <field>mass</field>\n   <field>valence</field>\n"
            f'   <field type="string">pseudopotential</field>\n   <set>\n{types}   </set>\n  </array>\n </atominfo>\n'
        )

    def electronic(self, ionic: int, step: ElectronicStep) -> None:
        """Add a step of the electronic cycle."""
        if ionic != self.current:
            self.file.write((" </calculation>\n" if self.current else "") + " <calculation>\n")
            self.current = ionic
        self.file.write(
            '  <scstep>\n   <time name="dav">    0.01    0.01</time>\n   <time name="total">    0.01    0.01</time>\n'
            f"{_energies(step.energy, '   ')}   </energy>\n  </scstep>\n"
        )
        self.file.flush()

    def ionic(self, step: IonicStep) -> None:
        """Add structure, forces, stress and energy, and the levels."""
        text = structure(step.geometry, None, "  ") + varray("forces", step.evaluation.forces, "  ")
        if self.settings.isif > 0:
            text += varray("stress", step.evaluation.stress_kbar(step.geometry.volume), "  ")
        text += _energies(step.energy, "  ")
        if step.md is not None:
            md = step.md
            for name, value in (
                ("kinetic", md.kinetic),
                ("lattice kinetic", 0.0),
                ("nosepot", md.thermostat_potential),
                ("nosekinetic", md.thermostat_kinetic),
                ("total", md.total(step.energy)),
            ):
                text += f'   <i name="{name}">{value:16.8f} </i>\n'
        text += f'  </energy>\n  <time name="totalsc">{step.seconds:8.2f}{step.seconds:8.2f}</time>\n'
        self.file.write(text)
        self.file.flush()

    def _levels(self, step: IonicStep) -> str:
        bands, weights = step.bands, self.settings.kpoints.weights
        nedos = self.settings.tags.get("NEDOS", 301)
        density = bands.density(weights, nedos if isinstance(nedos, int) and nedos > 1 else 301)
        levels = np.stack([bands.energies, bands.occupations], axis=-1)
        sets = "".join(
            f'      <set comment="kpoint {index + 1}">\n{_rows(rows, " " * 7, "<r>%10.4f %9.4f </r>")}      </set>\n'
            for index, rows in enumerate(levels)
        )
        states = _rows(density, " " * 7, "<r>%10.4f %10.4f %10.4f </r>")
        spins = [f'     <set comment="spin {spin}">\n' for spin in range(1, bands.n_spins + 1)]
        eigen = "".join(f"{opening}{sets}     </set>\n" for opening in spins)
        total = "".join(f"{opening}{states}     </set>\n" for opening in spins)
        return (
            '  <eigenvalues>\n   <array>\n    <dimension dim="1">band</dimension>\n    <dimension dim="2">kpoint'
            '</dimension>\n    <dimension dim="3">spin</dimension>\n    <field>eigene</field>\n    <field>occ</field>\n'
            f"    <set>\n{eigen}    </set>\n   </array>\n  </eigenvalues>\n"
            f'  <dos>\n   <i name="efermi">{bands.fermi:16.8f} </i>\n   <total>\n    <array>\n'
            '     <dimension dim="1">gridpoints</dimension>\n     <dimension dim="2">spin</dimension>\n'
            "     <field>energy</field>\n     <field>total</field>\n     <field>integrated</field>\n"
            f"     <set>\n{total}     </set>\n    </array>\n   </total>\n  </dos>\n"
        )

    def finish(self, end: End) -> None:
        """Add levels, density of states and last positions and close the XML."""
        if end.last is not None:
            self.file.write(f"{self._levels(end.last)} </calculation>\n")
        self.file.write(f"{structure(end.final, 'finalpos', ' ')}</modeling>\n")
        self.file.flush()


def _energies(energy: float, indent: str) -> str:
    names = ("e_fr_energy", "e_wo_entrp", "e_0_energy")
    return f"{indent}<energy>\n" + "".join(f'{indent} <i name="{name}">{energy:16.8f} </i>\n' for name in names)
