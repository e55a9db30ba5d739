"""OSZICAR and standard output: one line per electronic step, one per ionic step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.hpc.rehearsal.report import NOTICE, VERSION, fortran

if TYPE_CHECKING:
    from typing import TextIO

    from lianode.hpc.rehearsal.report import End, IonicStep
    from lianode.hpc.rehearsal.scf import ElectronicStep
    from lianode.hpc.rehearsal.settings import Settings

HEADER = "       N       E                     dE             d eps       ncg     rms          rms(c)\n"


def electronic_line(step: ElectronicStep) -> str:
    """Return a line such as ``DAV:   3    -0.188435363042E+02   -0.29405E+00 ...``."""
    return (
        f"DAV:{step.number:4d}    {step.energy: .12E}   {step.change: .5E}  {step.change: .5E}"
        f"{100:6d}  {abs(step.change):9.3E}\n"
    )


def ionic_line(step: IonicStep, *, spin: bool) -> str:
    """Return a line such as ``   1 F= -.83137313E+02 E0= -.83093728E+02  d E =-.831373E+02``."""
    energy = fortran(step.energy)
    if step.md is not None:
        return (
            f"{step.number:7d} T={step.md.temperature:7.1f} E= {fortran(step.md.total(step.energy))} F= {energy}"
            f" E0= {energy}  EK= {fortran(step.md.kinetic, 5)} SP= {fortran(step.md.thermostat_potential, 3)}"
            f" SK= {fortran(step.md.thermostat_kinetic, 3)}" + ("  mag=     0.0000\n" if spin else "\n")
        )
    change = fortran(step.change, 6)
    return f"{step.number:4d} F= {energy} E0= {energy}  d E ={change}" + ("  mag=     0.0000\n" if spin else "\n")


class Oszicar:
    """Writes OSZICAR, or the same lines to standard output."""

    def __init__(self, file: TextIO, settings: Settings) -> None:
        self.file, self.settings = file, settings

    def electronic(self, ionic: int, step: ElectronicStep) -> None:  # noqa: ARG002 - the protocol's signature
        """Add a line of the electronic cycle."""
        self.file.write((HEADER if step.number == 1 else "") + electronic_line(step))
        self.file.flush()

    def ionic(self, step: IonicStep) -> None:
        """Add the line of an ionic step."""
        self.file.write(ionic_line(step, spin=self.settings.n_spins == 2))
        self.file.flush()

    def finish(self, end: End) -> None:  # noqa: ARG002 - the protocol's signature
        """Flush: OSZICAR has no end mark."""
        self.file.flush()


class Console(Oszicar):
    """Standard output: OSZICAR's lines within a few of the program's own."""

    def __init__(self, file: TextIO, settings: Settings) -> None:
        super().__init__(file, settings)
        geometry = settings.geometry
        file.write(
            f" running on    1 total cores\n vasp.{VERSION}\n {NOTICE}\n POSCAR found type information on POSCAR "
            f"{' '.join(geometry.species)}\n POSCAR found : {len(geometry.species):2d} types and "
            f"{sum(geometry.counts):7d} ions\n POSCAR, INCAR and KPOINTS ok, starting setup\n"
            f" WAVECAR not read\n entering main loop\n"
        )
        file.flush()

    def finish(self, end: End) -> None:
        """Say why a relaxation ends."""
        if end.reason == "accuracy":
            self.file.write(" reached required accuracy - stopping structural energy minimisation\n")
        self.file.write(" writing wavefunctions\n")
        self.file.flush()
