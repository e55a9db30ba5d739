"""The settings of a VASP calculation, resolved from what a campaign writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from lianode.structures.errors import InputError, nearest
from lianode.workflows.engines.vasp.presets import PRESETS, VERSION, Variant
from lianode.workflows.engines.vasp.valence import RECOMMENDED, VALENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lianode.workflows.engines.vasp.presets import Preset

WHERE = "engine vasp"
FUNCTIONALS: dict[str, tuple[str, dict[str, object]]] = {
    "pbe": ("PBE", {"GGA": "Pe"}),
    "pbesol": ("PBEsol", {"GGA": "Ps"}),
    "rpbe": ("RPBE", {"GGA": "Rp"}),
    "scan": ("SCAN", {"METAGGA": "Scan", "ALGO": "All"}),
    "r2scan": ("r2SCAN", {"METAGGA": "R2scan", "ALGO": "All"}),
}
"""Name as documents write it, and INCAR; meta-GGAs need ``ALGO = All`` to converge (VASP manual)."""

DISPERSIONS: dict[str, tuple[int, frozenset[str]]] = {
    "d3": (11, frozenset({"pbe", "pbesol", "rpbe"})),
    "d3-bj": (12, frozenset({"pbe", "pbesol", "rpbe"})),
    "d4": (13, frozenset({"pbe", "pbesol", "rpbe"})),
    "ts": (2, frozenset({"pbe"})),
    "mbd": (202, frozenset({"pbe"})),
}
"""``IVDW``, and the functionals for which VASP has the parameters."""


class VaspSettings(BaseModel):
    """Everything that decides the result of a VASP calculation, beside the task and the atoms.

    Attributes
    ----------
    preset, preset_version, variant
        See :mod:`lianode.workflows.engines.vasp.presets`.
    functional
        One of :data:`FUNCTIONALS`.
    encut
        Plane-wave cut-off, eV.
    ispin
        1 without, 2 with spin polarisation (collinear, starting from 0.6 μB on every atom).
    k_density
        Divisions of the mesh along a reciprocal vector, per Å⁻¹ of its length without 2π: the spacing is at most
        2π/k_density in Å⁻¹ (42 means ``KSPACING`` 0.15). With ``mp-gga`` pymatgen's ``reciprocal_density``.
    k_mesh
        A fixed mesh instead, for comparison with a paper.
    ismear, sigma
        Smearing as VASP counts it, and its width in eV.
    dispersion
        One of :data:`DISPERSIONS`, or None.
    potcar_functional
        Release of the PAW sets, as pymatgen names it.
    potentials
        PAW sets by element that differ from :data:`lianode.workflows.engines.vasp.valence.RECOMMENDED`.
    rehearsal
        Whether a stand-in for VASP runs; its energies mean nothing and mix with nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: str
    preset_version: int = VERSION
    variant: Variant = "bulk"
    functional: str
    encut: float = Field(ge=50, le=3000)
    ispin: Literal[1, 2]
    k_density: float | None = Field(gt=0, le=500)
    k_mesh: tuple[int, int, int] | None
    ismear: int = Field(ge=-5, le=10)
    sigma: float = Field(gt=0, le=2)
    dispersion: str | None
    potcar_functional: Literal["PBE", "PBE_52", "PBE_54", "PBE_64"]
    potentials: dict[str, str]
    rehearsal: bool = False

    @field_validator("encut", "k_density", "sigma", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("a number is needed")  # noqa: TRY004 - pydantic reports ValueErrors
        return value

    @field_validator("k_mesh")
    @classmethod
    def _positive(cls, mesh: tuple[int, int, int] | None) -> tuple[int, int, int] | None:
        if mesh is not None and not all(1 <= n <= 200 for n in mesh):
            raise ValueError("a mesh has three numbers from 1 to 200")
        return mesh

    def spec(self) -> dict[str, object]:
        """Return the resolved settings, as a campaign could write them; part of the key."""
        dumped = self.model_dump(mode="json")
        if not self.rehearsal:
            del dumped["rehearsal"]  # so that the keys of real calculations do not speak of rehearsals
        return {"name": "vasp", **dumped}

    @property
    def definition(self) -> Preset:
        """The preset."""
        return PRESETS[self.preset]

    @property
    def potential_of(self) -> dict[str, str]:
        """PAW set of every known element."""
        if self.definition.materials_project:
            from pymatgen.io.vasp.sets import MPRelaxSet

            return dict(MPRelaxSet.CONFIG["POTCAR"])
        return {**RECOMMENDED, **self.potentials}

    def deviations(self) -> dict[str, object]:
        """Return the plain keys that differ from the preset's in this variant."""
        usual = plain_keys(self.definition, self.variant)
        return {key: value for key in usual if (value := getattr(self, key)) != usual[key]}


def plain_keys(preset: Preset, variant: str) -> dict[str, object]:
    """Return the plain keys of a preset in a variant."""
    return {**preset.keys, **preset.variants.get(variant, {})}


def resolve(spec: Mapping[str, Any]) -> VaspSettings:
    """Return the settings that a campaign's engine means.

    Parameters
    ----------
    spec
        ``{preset: alloy, encut: 600, ...}``; ``name`` may be there. Resolved settings resolve to themselves.

    Raises
    ------
    InputError
        For an unknown key, preset, variant, functional, dispersion or PAW set, a value out of range, or two keys that
        exclude each other.
    """
    written = {key: value for key, value in spec.items() if key != "name"}
    known = tuple(VaspSettings.model_fields)
    for key in written:
        if key not in known:
            raise InputError(
                f"VASP has no setting '{key}' here{nearest(str(key), known)}; it takes: {', '.join(known)}", WHERE
            )
    name = _choice("preset", written.get("preset", "alloy"), tuple(PRESETS))
    preset = PRESETS[name]
    variant = _choice("variant", written.get("variant", "bulk"), get_args(Variant))
    if variant != "bulk" and variant not in preset.variants:
        takes = ", ".join(("bulk", *preset.variants))
        raise InputError(f"preset {name} has no variant '{variant}'; it has: {takes}", WHERE)
    usual = plain_keys(preset, variant)
    merged = {**usual, **_exclusive(written), "preset": name, "variant": variant}
    try:
        settings = VaspSettings.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(f"`{place}: {first['input']!r}` cannot be used: {first['msg']}", WHERE) from error
    _consistent(settings)
    return settings


def _exclusive(written: dict[str, Any]) -> dict[str, Any]:
    """Let a density replace a preset's mesh and the other way round; both at once contradict each other."""
    density, mesh = written.get("k_density"), written.get("k_mesh")
    if density is not None and mesh is not None:
        raise InputError("both `k_density` and `k_mesh` are given; keep one of them", WHERE)
    if density is not None:
        return {**written, "k_mesh": None}
    if mesh is not None:
        return {**written, "k_density": None}
    return written


def _consistent(settings: VaspSettings) -> None:
    """Refuse settings that VASP would accept and nobody means."""
    if settings.k_density is None and settings.k_mesh is None:
        raise InputError("one of `k_density` and `k_mesh` is needed", WHERE)
    _choice("functional", settings.functional, tuple(FUNCTIONALS))
    if settings.dispersion is not None:
        _choice("dispersion", settings.dispersion, tuple(DISPERSIONS))
        fitting = DISPERSIONS[settings.dispersion][1]
        if settings.functional not in fitting:
            raise InputError(
                f"VASP has no parameters of {settings.dispersion} for {settings.functional}; it has them for: "
                f"{', '.join(sorted(fitting))}",
                WHERE,
            )
    for element, symbol in settings.potentials.items():
        if symbol not in VALENCE or symbol.split("_")[0] != element:
            of_element = tuple(known for known in VALENCE if known.split("_")[0] == element)
            has = f"; known for {element}: {', '.join(of_element)}" if of_element else ""
            raise InputError(f"'{symbol}' is no known PAW set of {element}{has}", f"{WHERE}, potentials")
    if settings.definition.materials_project and settings.deviations():
        changed = ", ".join(settings.deviations())
        raise InputError(
            f"preset {settings.preset} is what the Materials Project computes, so `{changed}` cannot be changed; "
            "use preset alloy",
            WHERE,
        )


def _choice(key: str, value: Any, known: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in known:
        raise InputError(f"unknown {key} '{value}'{nearest(str(value), known)}; known: {', '.join(known)}", WHERE)
    return value
