"""Named sets of GPAW settings: those of VASP's presets, in GPAW's terms.

A preset's name means the same calculation with both programs: cut-off, k-points, spin and smearing are read from
:mod:`lianode.workflows.engines.vasp.presets`. What cannot be the same is the PAW sets, and so no energy of one program
is ever subtracted from one of the other. ``mp-gga`` is left out: its energies belong to the Materials Project's VASP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.workflows.engines.vasp import presets as vasp

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 1
"""Of all presets; part of the key of a calculation. Raised when a setting of one changes."""

SAME_NAME = ("functional", "encut", "ispin", "k_density", "k_mesh", "sigma")
SMEARING_OF_ISMEAR = {1: "methfessel-paxton", 0: "gaussian", -1: "fermi-dirac"}

CONVERGENCE: dict[str, object] = {"energy_tolerance": 1e-6, "density_tolerance": 1e-5}
"""Our choice: the energy to 1e-6 eV and the density to 1e-5 electrons, per valence electron. GPAW's own 5e-4 and 1e-4
leave too much noise in the forces for a relaxation to 0.005 eV/Å."""


def _in_gpaws_terms(keys: Mapping[str, object]) -> dict[str, object]:
    """Return the plain keys of GPAW that say what VASP's say."""
    translated: dict[str, object] = {key: keys[key] for key in SAME_NAME if key in keys}
    if "ismear" in keys:
        ismear: Any = keys["ismear"]
        translated["smearing"] = SMEARING_OF_ISMEAR[ismear]
    return translated


PRESETS: dict[str, dict[str, object]] = {
    name: {**_in_gpaws_terms(preset.keys), **CONVERGENCE}
    for name, preset in vasp.PRESETS.items()
    if not preset.materials_project
}
"""Plain keys of each preset."""

VARIANTS: dict[str, dict[str, dict[str, object]]] = {
    name: {variant: _in_gpaws_terms(keys) for variant, keys in vasp.PRESETS[name].variants.items()} for name in PRESETS
}
"""Plain keys that differ in a variant of each preset; see :data:`lianode.workflows.engines.vasp.presets.Variant`."""
