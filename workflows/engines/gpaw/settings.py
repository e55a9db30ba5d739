"""The settings of a GPAW calculation, resolved from what a campaign writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from lianode.structures.errors import InputError, nearest
from lianode.workflows.engines.gpaw.presets import PRESETS, VARIANTS, VERSION
from lianode.workflows.engines.vasp.presets import Variant

if TYPE_CHECKING:
    from collections.abc import Mapping

WHERE = "engine gpaw"
NAME = "gpaw"
FUNCTIONALS = {"pbe": "PBE"}
"""Name as documents and GPAW write it; the PAW sets of ``gpaw-data`` are made for it."""
SMEARINGS: dict[str, dict[str, object]] = {
    "methfessel-paxton": {"name": "methfessel-paxton", "order": 1},
    "gaussian": {"name": "methfessel-paxton", "order": 0},
    "fermi-dirac": {"name": "fermi-dirac"},
}
WITH_ONE_K_POINT_ALONG_NORMAL = frozenset({"slab", "interface"})
"""Variants with a normal along c."""


class GpawSettings(BaseModel):
    """Everything that decides the result of a GPAW calculation, beside the task and the atoms.

    Attributes
    ----------
    preset, preset_version, variant
        See :mod:`lianode.workflows.engines.gpaw.presets`.
    functional
        One of :data:`FUNCTIONALS`.
    encut
        Plane-wave cut-off, eV.
    ispin
        1 without, 2 with spin polarisation (collinear, starting from 0.6 μB on every atom), as with VASP.
    k_density
        Divisions of the Γ-centred mesh along a reciprocal vector, per Å⁻¹ of its length without 2π.
    k_mesh
        A fixed mesh instead.
    smearing, sigma
        One of :data:`SMEARINGS`, and its width in eV. ``methfessel-paxton`` is that of first order.
    energy_tolerance
        Change of the energy over the last three cycles below which they end, eV per valence electron.
    density_tolerance
        Change of the density, electrons per valence electron.
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
    smearing: str
    sigma: float = Field(gt=0, le=2)
    energy_tolerance: float = Field(ge=1e-10, le=1e-2)
    density_tolerance: float = Field(ge=1e-9, le=1e-2)

    @field_validator("encut", "k_density", "sigma", "energy_tolerance", "density_tolerance", mode="before")
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
        return {"name": NAME, **self.model_dump(mode="json")}

    def deviations(self) -> dict[str, object]:
        """Return the plain keys that differ from the preset's in this variant."""
        usual = plain_keys(self.preset, self.variant)
        return {key: value for key in usual if (value := getattr(self, key)) != usual[key]}


def plain_keys(preset: str, variant: str) -> dict[str, object]:
    """Return the plain keys of a preset in a variant."""
    return {**PRESETS[preset], **VARIANTS[preset].get(variant, {})}


def resolve(spec: Mapping[str, Any]) -> GpawSettings:
    """Return the settings that a campaign's engine means.

    Parameters
    ----------
    spec
        ``{preset: alloy, encut: 600, ...}``; ``name`` may be there. Resolved settings resolve to themselves.

    Raises
    ------
    InputError
        For an unknown key, preset, variant, functional or smearing, a value out of range, or two keys that exclude each
        other.
    """
    written = {key: value for key, value in spec.items() if key != "name"}
    known = tuple(GpawSettings.model_fields)
    for key in written:
        if key not in known:
            raise InputError(
                f"GPAW has no setting '{key}' here{nearest(str(key), known)}; it takes: {', '.join(known)}", WHERE
            )
    preset = _choice("preset", written.get("preset", "alloy"), tuple(PRESETS))
    variant = _choice("variant", written.get("variant", "bulk"), ("bulk", *VARIANTS[preset]))
    merged = {**plain_keys(preset, variant), **_exclusive(written), "preset": preset, "variant": variant}
    try:
        settings = GpawSettings.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(f"`{place}: {first['input']!r}` cannot be used: {first['msg']}", WHERE) from error
    if settings.k_density is None and settings.k_mesh is None:
        raise InputError("one of `k_density` and `k_mesh` is needed", WHERE)
    _choice("functional", settings.functional, tuple(FUNCTIONALS))
    _choice("smearing", settings.smearing, tuple(SMEARINGS))
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


def _choice(key: str, value: Any, known: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in known:
        raise InputError(f"unknown {key} '{value}'{nearest(str(value), known)}; known: {', '.join(known)}", WHERE)
    return value
