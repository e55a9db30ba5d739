"""OUTCAR: the lines that programs read, in VASP's words and places."""

from __future__ import annotations

import resource
from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np

from lianode.hpc.rehearsal.potential import KBAR_PER_EV_A3
from lianode.hpc.rehearsal.report import NOTICE, VERSION

if TYPE_CHECKING:
    from typing import TextIO

    from numpy.typing import NDArray

    from lianode.hpc.rehearsal.poscar import Geometry
    from lianode.hpc.rehearsal.report import End, IonicStep
    from lianode.hpc.rehearsal.scf import ElectronicStep
    from lianode.hpc.rehearsal.settings import Settings

RULE = f"\n\n{'-' * 104}\n\n\n"
LINE = " " + "-" * 83 + "\n"
REACHED = "------------------------ aborting loop because EDIFF is reached ----------------------------------------"
MISSED = "------------------------ aborting loop EDIFF was not reached (unconverged)  ----------------------------"


def _logical(value: bool) -> str:
    return "T" if value else "F"


def _lattice(geometry: Geometry) -> str:
    rows = np.hstack([geometry.lattice, geometry.reciprocal])
    lines = "".join(
        "    " + "".join(f"{x:13.9f}" for x in row[:3]) + "    " + "".join(f"{x:13.9f}" for x in row[3:]) + "\n"
        for row in rows
    )
    return f"      direct lattice vectors                 reciprocal lattice vectors\n{lines}"


def _table(array: NDArray[np.float64], form: str) -> str:
    text = StringIO()
    np.savetxt(text, array, fmt=form)
    return text.getvalue()


class Outcar:
    """Writes OUTCAR."""

    def __init__(self, file: TextIO, settings: Settings) -> None:
        self.file, self.settings = file, settings
        now = datetime.now().astimezone()
        file.write(f" vasp.{VERSION} {NOTICE}\n\n executed on    lianode date {now:%Y.%m.%d  %H:%M:%S}\n")
        file.write(f" running on    1 total cores\n distrk:  each k-point on    1 cores,    1 groups\n{RULE}")
        file.write(" INCAR:\n" + "".join(f"   {tag} = {value}\n" for tag, value in settings.tags.items()) + "\n")
        file.writelines(
            f" POTCAR:    {potcar.title}\n   VRHFIN ={potcar.element}: rehearsal\n   TITEL  = {potcar.title}\n"
            f"   POMASS = {potcar.mass:8.3f}; ZVAL   = {potcar.valence:8.3f}    mass and valenz\n"
            f"   ENMAX  = {potcar.cutoff:8.3f}; ENMIN  = {0.75 * potcar.cutoff:8.3f} eV\n\n"
            for potcar in settings.potcars
        )
        self._setup()
        file.flush()

    def _setup(self) -> None:
        settings, geometry, kpoints = self.settings, self.settings.geometry, self.settings.kpoints
        x, y, z = settings.grid
        cutoff_volume = 4.0 / 3.0 * np.pi * (settings.cutoff / 3.80998212) ** 1.5
        waves = max(1, round(geometry.volume * cutoff_volume / (2.0 * np.pi) ** 3))
        spin = settings.n_spins
        md = settings.is_md
        tebeg = settings.tags.get("TEBEG", 0.0)
        points = "".join(
            f"  {a:9.6f} {b:9.6f} {c:9.6f}   {w:12.6f}\n"
            for (a, b, c), w in zip(kpoints.points, kpoints.weights / kpoints.weights.min(), strict=True)
        )
        self.file.write(
            f" KPOINTS: {kpoints.comment}\n\n Subroutine IBZKPT returns following result:\n"
            f" ===========================================\n\n Found {len(kpoints.points):6d} irreducible k-points:\n\n"
            f" Following reciprocal coordinates:\n            Coordinates               Weight\n{points}{RULE}"
            " Dimension of arrays:\n"
            f"   k-points           NKPTS = {len(kpoints.points):6d}   k-points in BZ     NKDIM ="
            f" {len(kpoints.points):6d}   number of bands    NBANDS= {settings.n_bands:6d}\n"
            f"   number of dos      NEDOS =    301   number of ions     NIONS = {sum(geometry.counts):6d}\n"
            f"   total plane-waves  NPLWV = {x * y * z // 8:6d}\n"
            f"   dimension x,y,z NGX = {x // 2:5d} NGY = {y // 2:4d} NGZ = {z // 2:4d}\n"
            f"   dimension x,y,z NGXF= {x:5d} NGYF= {y:4d} NGZF= {z:4d}\n"
            f"   support grid    NGXF= {x:5d} NGYF= {y:4d} NGZF= {z:4d}\n"
            f"   ions per type =           {''.join(f'{count:4d}' for count in geometry.counts)}\n\n"
            f" SYSTEM =  {settings.system:<40}\n POSCAR =  {geometry.comment:<40}\n\n"
            f" Startparameter for this run:\n   ISPIN  = {spin:6d}    spin polarized calculation?\n"
            "   LNONCOLLINEAR =      F non collinear calculations\n   LSORBIT =      F    spin-orbit coupling\n\n"
            f" Electronic Relaxation 1\n   ENCUT  = {settings.cutoff:6.1f} eV\n   NELM   = {settings.nelm:6d};  "
            f" NELMIN= {settings.nelmin:2d}; NELMDL= -5     # of ELM steps\n"
            f"   EDIFF  = {settings.ediff:.1E}   stopping-criterion for ELM\n"
            f" Ionic relaxation\n   EDIFFG = {settings.ediffg:.1E}   stopping-criterion for IOM\n"
            f"   NSW    = {settings.nsw:6d}    number of steps for IOM\n"
            f"   IBRION = {settings.ibrion:6d}    ionic relax: 0-MD 1-quasi-New 2-CG\n"
            f"   ISIF   = {settings.isif:6d}    stress and relaxation\n   ISYM   = {settings.isym:6d}    symmetry\n"
            f"   POTIM  ={settings.potim:7.4f}    time-step for ionic-motion\n"
            + (f"   TEBEG  = {tebeg}; TEEND  = {settings.tags.get('TEEND', tebeg)}\n" if md else "")
            + (f"                MDALGO = {settings.tags.get('MDALGO', 0):3}\n" if md else "")
            + f"   PSTRESS= {settings.tags.get('PSTRESS', 0.0)} pullay stress\n\n  Ionic Valenz\n   ZVAL   = "
            f"{''.join(f'{potcar.valence:6.2f}' for potcar in settings.potcars)}\n"
            f"   NELECT ={settings.n_electrons:13.4f}    total number of electrons\n\n"
            f" DOS related values:\n   ISMEAR ={settings.ismear:6d};   SIGMA  ={settings.sigma:7.2f}  broadening in eV"
            " -4-tet -1-fermi 0-gaus\n\n Write flags\n"
            f"   LWAVE        ={_logical(settings.flag('LWAVE', True)):>7}    write WAVECAR\n"
            f"   LCHARG       ={_logical(settings.flag('LCHARG', True)):>7}    write CHGCAR\n"
            f"   LVTOT        ={_logical(settings.flag('LVTOT', False)):>7}    write LOCPOT, total local potential\n"
            f"   LVHAR        ={_logical(settings.flag('LVHAR', False)):>7}    write LOCPOT, Hartree potential only\n"
            f"{RULE}  energy-cutoff  : {settings.cutoff:12.2f}\n  volume of cell : {geometry.volume:12.2f}\n"
            f"{_lattice(geometry)}\n position of ions in fractional coordinates (direct lattice) \n"
            f"{_table(geometry.fractional, '  %11.8f')}\n position of ions in cartesian coordinates  (Angst):\n"
            f"{_table(geometry.cartesian, '  %11.8f')}\n{RULE}"
        )
        self.file.writelines(
            f" k-point {index:3d} :  {a:7.4f}{b:7.4f}{c:7.4f}  plane waves: {waves:7d}\n"
            for index, (a, b, c) in enumerate(kpoints.points, start=1)
        )
        self.file.write(
            f"\n maximum and minimum number of plane-waves per node : {waves:7d} {waves:7d}\n\n"
            f" maximum number of plane-waves: {waves:7d}\n{RULE}"
        )

    def electronic(self, ionic: int, step: ElectronicStep) -> None:
        """Add a step of the electronic cycle."""
        electrons, energy = self.settings.n_electrons, step.energy
        magnetization = "      -0.0000000" if self.settings.n_spins == 2 else ""
        self.file.write(
            f"----------------------------------------- Iteration {ionic:4d}({step.number:4d})  "
            "---------------------------------------\n\n\n"
            "      LOOP:  cpu time    0.01: real time    0.01\n\n"
            f" total energy-change (2. order) :{step.change:14.7E}  ({step.change:14.7E})\n"
            f" number of electron {electrons:12.7f} magnetization {magnetization}\n"
            f" augmentation part  {0.0:12.7f} magnetization {magnetization}\n\n"
            " Free energy of the ion-electron system (eV)\n  ---------------------------------------------------\n"
            "  entropy T*S    EENTRO =        -0.00000000\n"
            "  ---------------------------------------------------\n"
            f"  free energy    TOTEN  = {energy:18.8f} eV\n\n"
            f"  energy without entropy = {energy:16.8f}  energy(sigma->0) = {energy:16.8f}\n{RULE}"
        )
        if step.last:
            self.file.write(f"{REACHED if step.converged else MISSED}\n\n\n")
        self.file.flush()

    def ionic(self, step: IonicStep) -> None:
        """Add energy, stress, forces and levels of an ionic step."""
        self.file.write(self._levels(step))
        if self.settings.isif > 0:
            self.file.write(self._stress(step))
        geometry, forces = step.geometry, step.evaluation.forces
        rows = np.hstack([geometry.cartesian, forces])
        drift = forces.sum(axis=0)
        self.file.write(
            f" VOLUME and BASIS-vectors are now :\n{LINE}  energy-cutoff  : {self.settings.cutoff:12.2f}\n"
            f"  volume of cell : {geometry.volume:12.2f}\n{_lattice(geometry)}\n\n"
            f" POSITION                                       TOTAL-FORCE (eV/Angst)\n{LINE}"
            f"{_table(rows, ' %12.5f %12.5f %12.5f    %13.6f %13.6f %13.6f')}{LINE}"
            f"    total drift:                         {drift[0]:14.6f} {drift[1]:14.6f} {drift[2]:14.6f}\n{RULE}"
            "  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)\n  ---------------------------------------------------\n"
            f"  free  energy   TOTEN  = {step.energy:18.8f} eV\n\n"
            f"  energy  without entropy= {step.energy:16.8f}  energy(sigma->0) = {step.energy:16.8f}\n{RULE}"
        )
        largest, rms = np.linalg.norm(forces, axis=1).max(), np.sqrt((forces**2).mean())
        self.file.write(f"  FORCES: max atom, RMS {largest:12.6f}{rms:12.6f}\n")
        if step.md is not None:
            md = step.md
            self.file.write(
                "\n  ENERGY OF THE ELECTRON-ION-THERMOSTAT SYSTEM (eV)\n"
                "  ---------------------------------------------------\n"
                f"% ion-electron   TOTEN  = {step.energy:17.6f}  see above\n"
                f"  kinetic energy EKIN   = {md.kinetic:17.6f}\n"
                f"  kin. lattice  EKIN_LAT= {0.0:17.6f}  (temperature {md.temperature:7.2f} K)\n"
                f"  nose potential ES     = {md.thermostat_potential:17.6f}\n"
                f"  nose kinetic   EPS    = {md.thermostat_kinetic:17.6f}\n"
                "  ---------------------------------------------------\n"
                f"  total energy   ETOTAL = {md.total(step.energy):17.6f} eV\n\n"
            )
        self.file.write(f"     LOOP+:  cpu time {step.seconds:9.4f}: real time {step.seconds:9.4f}\n\n\n")
        self.file.flush()

    def _levels(self, step: IonicStep) -> str:
        text = f" E-fermi : {step.bands.fermi:8.4f}     XC(G=0):   0.0000     alpha+bet :  0.0000\n\n"
        if step.number > 1:
            return text  # VASP writes all levels each time; parsers take them from vasprun.xml
        for spin in range(1, step.bands.n_spins + 1):
            text += f" spin component {spin}\n\n" if step.bands.n_spins == 2 else ""
            for index, (point, energies, occupations) in enumerate(
                zip(self.settings.kpoints.points, step.bands.energies, step.bands.occupations, strict=True), start=1
            ):
                text += f" k-point {index:5d} :    {point[0]:10.4f}{point[1]:10.4f}{point[2]:10.4f}\n"
                text += "  band No.  band energies     occupation \n"
                held = np.stack([np.arange(1, len(energies) + 1), energies, occupations * 2 / step.bands.n_spins], 1)
                text += _table(held, " %6d %12.4f %11.5f") + "\n"
        return text + "\n"

    def _stress(self, step: IonicStep) -> str:
        virial = step.evaluation.virial
        if self.settings.isif == 1:
            virial = np.trace(virial) / 3.0 * np.eye(3)
        kilobar = virial * (KBAR_PER_EV_A3 / step.geometry.volume)
        order = ((0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (2, 0))
        total = "".join(f"{virial[pair]:12.5f}" for pair in order)
        printed = "".join(f"{kilobar[pair]:12.5f}" for pair in order)
        pullay = float(self.settings.tags.get("PSTRESS", 0.0))  # type: ignore[arg-type]
        return (
            "  FORCE on cell =-STRESS in cart. coord.  units (eV):\n"
            "  Direction    XX          YY          ZZ          XY          YZ          ZX\n"
            f"  {'-' * 86}\n  Total  {total}\n  in kB  {printed}\n"
            f"  external pressure = {np.trace(kilobar) / 3.0 - pullay:11.2f} kB  Pullay stress = {pullay:11.2f} kB\n\n"
        )

    def finish(self, end: End) -> None:
        """Add what a run writes that ends by itself: the reason, moments, and the time it took."""
        if end.reason == "accuracy":
            self.file.write("\n reached required accuracy - stopping structural energy minimisation\n")
        elif end.reason in {"LSTOP", "LABORT"}:
            kind = "soft" if end.reason == "LSTOP" else "hard"
            self.file.write(f"\n {kind} stop encountered!  aborting job ...\n")
        lorbit = self.settings.tags.get("LORBIT", 0)
        if self.settings.n_spins == 2 and isinstance(lorbit, int) and lorbit >= 10:
            self._moments()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        self.file.write(
            f"\n\n General timing and accounting informations for this job:\n{' ' + '=' * 56}\n\n"
            f"                  Total CPU time used (sec): {usage.ru_utime + usage.ru_stime:12.3f}\n"
            f"                            User time (sec): {usage.ru_utime:12.3f}\n"
            f"                          System time (sec): {usage.ru_stime:12.3f}\n"
            f"                         Elapsed time (sec): {end.seconds:12.3f}\n\n"
            f"                   Maximum memory used (kb): {usage.ru_maxrss:11d}.\n"
            "                   Average memory used (kb):          N/A\n\n"
            f"                          Minor page faults: {usage.ru_minflt:12d}\n"
            f"                          Major page faults: {usage.ru_majflt:12d}\n"
            f"                 Voluntary context switches: {usage.ru_nvcsw:12d}\n"
        )
        self.file.flush()

    def _moments(self) -> None:
        rows = "".join(
            f"{index:5d}       0.000   0.000   0.000   0.000\n"
            for index in range(1, len(self.settings.geometry.fractional) + 1)
        )
        for title in ("total charge     ", "magnetization (x)"):
            self.file.write(
                f"\n\n {title}\n \n# of ion       s       p       d       tot\n"
                f"------------------------------------------\n{rows}"
                "--------------------------------------------------\ntot          0.000   0.000   0.000   0.000\n"
            )
