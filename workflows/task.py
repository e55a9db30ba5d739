"""What an engine can be asked to do."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lianode.structures.errors import InputError


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
        Whether the cell relaxes too. ``height``: only along z, with the first two vectors in the xy plane and fixed,
        and without keeping any symmetry, as the cell of an interface needs; then only that component of the stress
        counts.
    max_force
        Largest force on any atom at the end, eV/Å.
    max_stress_GPa
        Largest component of the stress at the end, GPa; without it soft metals stop a per cent off.
    rattle
        Displacement, Å, of the free relaxation that follows: kept symmetry can hold atoms on a saddle. 0 leaves it out.
    rattle_gain_meV_per_atom
        A gain by that relaxation above which the result is flagged.
    symprec
        Tolerance of the symmetry that is kept, Å; usually that of the library's coordinates. A strained cell needs one
        far below its strain. VASP has its own, 1e-5 Å.
    max_steps
        Steps after which the task gives up, unconverged.
    """

    NOT_IN_KEY: ClassVar[frozenset[str]] = frozenset({"max_steps"})

    kind: Literal["relax"] = "relax"
    relax_cell: bool | Literal["height"] = True
    max_force: float = Field(default=0.005, gt=0)
    max_stress_GPa: float = Field(default=0.05, gt=0)
    rattle: float = Field(default=0.02, ge=0)
    rattle_gain_meV_per_atom: float = Field(default=1.0, gt=0)
    symprec: float = Field(default=0.01, gt=0)
    max_steps: int = Field(default=500, ge=1)

    def identity(self) -> dict[str, object]:
        """Return the fields that decide the result: the tolerance only where it is another one."""
        usual = self.symprec == type(self).model_fields["symprec"].default
        return self.model_dump(exclude=set(self.NOT_IN_KEY) | ({"symprec"} if usual else set()))


_TEMPERED = frozenset({"nvt-nose-hoover", "nvt-langevin", "nvt-bussi", "npt-bussi"})
_PRESSED = frozenset({"npt-bussi"})
_OF_A_PRESSURE = ("pressure_GPa", "pressure_axes", "barostat_time_fs", "compressibility_per_GPa")


class MDTask(_Task):
    """Molecular dynamics, in a fixed cell or at a pressure.

    Attributes
    ----------
    ensemble
        ``nve``: constant energy, started at the temperature. ``nvt-nose-hoover``: constant temperature by Nosé-Hoover
        (a chain of three with potentials, a single one in VASP). ``nvt-langevin``: friction and noise on every atom.
        ``nvt-bussi``: stochastic rescaling of all velocities, which leaves diffusion as it is. ``npt-bussi``: the same
        with a cell that answers to a pressure by stochastic rescaling.
    temperature
        K. Velocities are drawn from Maxwell's distribution with no total momentum, and scaled to it.
    final_temperature
        K, to which the thermostat goes in a straight line from the first step to the last. None keeps the temperature.
    time_step_fs
        fs. 1 to 2 for lithium alloys.
    steps
        Number of them.
    thermostat_time_fs
        τ, fs. Nosé-Hoover: of the thermostat's mass Q = g kT τ², g = 3N - 3; None takes a period of 40 time steps
        (τ = 40 Δt/(√2 π) = 9 Δt), which is VASP's ``SMASS = 0``. Langevin: the friction is γ = 1/τ. Bussi: the time
        in which the kinetic energy is forgotten. None takes 100 fs for both.
    pressure_GPa
        Of the surroundings, GPa; negative pulls.
    pressure_axes
        ``isotropic``: the cell keeps its shape. ``normal``: the first two vectors stay, the height along their normal
        answers to the pressure along it, as the cell of an interface needs whose gap has to close.
    barostat_time_fs
        τ of the barostat, fs: the time in which a volume settles, were the compressibility right.
    compressibility_per_GPa
        β that the barostat counts on, 1/GPa: 0.05 is a bulk modulus of 20 GPa. Only its ratio to the barostat's time
        counts, for how fast the volume answers, not for where it settles.
    seed
        Of the velocities and of the noise.
    frame_interval
        Steps between the frames of the trajectory; VASP writes every step.
    """

    MEANING: ClassVar[dict[str, frozenset[str]]] = {
        "final_temperature": _TEMPERED,
        "thermostat_time_fs": _TEMPERED,
        **dict.fromkeys(_OF_A_PRESSURE, _PRESSED),
    }
    """Fields that do not belong to every ensemble, and those to which they do."""

    kind: Literal["md"] = "md"
    ensemble: Literal["nvt-nose-hoover", "nve", "nvt-langevin", "nvt-bussi", "npt-bussi"] = "nvt-nose-hoover"
    temperature: float = Field(gt=0, le=10_000)
    final_temperature: float | None = Field(default=None, gt=0, le=10_000)
    time_step_fs: float = Field(default=2.0, gt=0, le=20)
    steps: int = Field(ge=1)
    thermostat_time_fs: float | None = Field(default=None, gt=0)
    pressure_GPa: float = Field(default=0.0, ge=-1000, le=1000)
    pressure_axes: Literal["isotropic", "normal"] = "isotropic"
    barostat_time_fs: float = Field(default=1000.0, gt=0, le=1e9)
    compressibility_per_GPa: float = Field(default=0.05, gt=0, le=1000)
    seed: int = Field(default=1, ge=0, lt=2**32)
    frame_interval: int = Field(default=10, ge=1)

    @model_validator(mode="after")
    def _has_a_meaning(self) -> MDTask:
        for name, ensembles in self.MEANING.items():
            if self.ensemble not in ensembles and getattr(self, name) != type(self).model_fields[name].default:
                raise InputError(
                    f"{name} means nothing for the ensemble {self.ensemble}; leave it out, or take "
                    f"{' or '.join(sorted(ensembles))}"
                )
        return self

    def identity(self) -> dict[str, object]:
        """Return the fields that decide the result: without a pressure or a ramp where there is none."""
        exclude = set(_OF_A_PRESSURE) if self.ensemble not in _PRESSED else set()
        return self.model_dump(exclude=exclude | ({"final_temperature"} if self.final_temperature is None else set()))

    @property
    def highest_temperature(self) -> float:
        """Highest that the thermostat gets, K."""
        return max(self.temperature, self.final_temperature or 0.0)

    def target(self, step: float) -> float:
        """Return the thermostat's temperature after a number of steps, K."""
        if self.final_temperature is None:
            return self.temperature
        return self.temperature + (self.final_temperature - self.temperature) * step / self.steps


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


ElectronicOutput = Literal["gap", "dos", "projected_dos", "potential"]


class ElectronicTask(_Task):
    """Levels of a structure as it is, on a mesh of k-points that is denser than that of its energy.

    Attributes
    ----------
    outputs
        ``gap``: the levels, with what empty bands a gap needs. ``dos``: with those that a density of states needs.
        ``projected_dos``: and how much of each is in the spheres of which atoms. ``potential``: the electrostatic
        potential, averaged over planes along the third vector.
    k_factor
        How much denser, along each vector; divisions are then made even, so that a mesh contains its half.
    hybrid
        Whether exchange is HSE06's instead of the engine's functional.
    """

    kind: Literal["electronic"] = "electronic"
    outputs: tuple[ElectronicOutput, ...] = ("gap",)
    k_factor: float = Field(default=1.5, ge=1, le=10)
    hybrid: bool = False

    def wants(self, output: ElectronicOutput) -> bool:
        """Whether an output was asked for."""
        return output in self.outputs

    def identity(self) -> dict[str, object]:
        """Return the fields that decide the result; outputs have no order."""
        return self.model_dump() | {"outputs": sorted(set(self.outputs))}


Task = Annotated[StaticTask | RelaxTask | MDTask | NebTask | ElectronicTask, Field(discriminator="kind")]
