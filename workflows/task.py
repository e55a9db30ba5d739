"""What an engine can be asked to do."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Task(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    NOT_IN_KEY: ClassVar[frozenset[str]] = frozenset()
    """Fields that change how long a task may take, not what its result means."""

    def identity(self) -> dict[str, object]:
        """Return the fields that decide the result, for the key."""
        return self.model_dump(exclude=set(self.NOT_IN_KEY))


class StaticTask(_Task):
    """Energy, forces and stress of a structure as it is."""

    kind: Literal["static"] = "static"


class RelaxTask(_Task):
    """Relax positions and cell.

    Attributes
    ----------
    relax_cell
        Whether the cell relaxes too.
    max_force
        Largest force on any atom at the end, eV/Å.
    max_stress_GPa
        Largest component of the stress at the end, GPa; without it soft metals stop a per cent off.
    rattle
        Displacement, Å, of the free relaxation that follows: kept symmetry can hold atoms on a saddle. 0 leaves it out.
    rattle_gain_meV_per_atom
        A gain by that relaxation above which the result is flagged.
    max_steps
        Steps after which the task gives up, unconverged.
    """

    NOT_IN_KEY: ClassVar[frozenset[str]] = frozenset({"max_steps"})

    kind: Literal["relax"] = "relax"
    relax_cell: bool = True
    max_force: float = Field(default=0.005, gt=0)
    max_stress_GPa: float = Field(default=0.05, gt=0)
    rattle: float = Field(default=0.02, ge=0)
    rattle_gain_meV_per_atom: float = Field(default=1.0, gt=0)
    max_steps: int = Field(default=500, ge=1)


class MDTask(_Task):
    """Molecular dynamics in a fixed cell.

    Attributes
    ----------
    ensemble
        ``nvt-nose-hoover``: constant temperature by Nosé-Hoover (a chain of three with potentials, a single one in
        VASP). ``nve``: constant energy, started at the temperature.
    temperature
        K. Velocities are drawn from Maxwell's distribution with no total momentum, and scaled to it.
    time_step_fs
        fs. 1 to 2 for lithium alloys.
    steps
        Number of them.
    thermostat_time_fs
        τ of the thermostat's mass Q = g kT τ², fs, g = 3N - 3. None takes a period of 40 time steps
        (τ = 40 Δt/(√2 π) = 9 Δt), which is VASP's ``SMASS = 0``.
    seed
        Of the velocities.
    frame_interval
        Steps between the frames of the trajectory; VASP writes every step.
    """

    kind: Literal["md"] = "md"
    ensemble: Literal["nvt-nose-hoover", "nve"] = "nvt-nose-hoover"
    temperature: float = Field(gt=0, le=10_000)
    time_step_fs: float = Field(default=2.0, gt=0, le=20)
    steps: int = Field(ge=1)
    thermostat_time_fs: float | None = Field(default=None, gt=0)
    seed: int = Field(default=1, ge=0, lt=2**32)
    frame_interval: int = Field(default=10, ge=1)


class NebTask(_Task):
    """The path of least energy between two relaxed structures in a fixed cell, and its saddle.

    Attributes
    ----------
    images
        Images that move, between the end points.
    max_force
        Largest true force on an atom perpendicular to the path, on every image at the end, eV/Å.
    max_climb_force
        Largest force on an atom of the climbing image, all components, eV/Å.
    barrier_change_meV
        Most that the barrier may have changed over the last five steps, meV.
    mirrored
        Whether an operation of the crystal takes the hop into its reverse: half of the band is computed.
    max_steps
        Steps after which the task gives up, unconverged; a step evaluates the images that are not there yet.
    """

    NOT_IN_KEY: ClassVar[frozenset[str]] = frozenset({"max_steps"})

    kind: Literal["neb"] = "neb"
    images: int = Field(default=5, ge=1, le=51)
    max_force: float = Field(default=0.03, gt=0)
    max_climb_force: float = Field(default=0.01, gt=0)
    barrier_change_meV: float = Field(default=2.0, gt=0)
    mirrored: bool = False
    max_steps: int = Field(default=300, ge=1)


Task = Annotated[StaticTask | RelaxTask | MDTask | NebTask, Field(discriminator="kind")]
