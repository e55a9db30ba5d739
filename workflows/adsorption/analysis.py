"""From stored calculations to the document of a surface's adsorption sites."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, field_validator

from lianode.analysis.checks import Check, failed
from lianode.structures.adsorption.sites import SiteKind, centre
from lianode.structures.errors import InputError
from lianode.structures.surfaces.cuts import CutKind
from lianode.workflows.adsorption.starts import relaxed_slab
from lianode.workflows.calculation import State
from lianode.workflows.hull.analysis import PhaseSlot, gather

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.analysis.adsorption.adsorption import AdsorbedSlab
    from lianode.analysis.adsorption.free_atom import FreeAtom
    from lianode.analysis.documents import PropertyDocument
    from lianode.analysis.energies import PhaseEnergy
    from lianode.analysis.method import MethodKey
    from lianode.workflows.adsorption.starts import RelaxedSlab
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.results import Results

Indices = tuple[int, int, int]
_NOT_OF_SLABS = frozenset({"start_accepted", "volume_kept", "space_group_kept"})
_NOT_OF_SITES = _NOT_OF_SLABS | {"no_lower_symmetry"}  # they begin without any
BOTH_SIDES = 0.1
"""Å, between the shortest distances of the adsorbates on the two sides of a slab."""


class SiteSlot(BaseModel):
    """One distinct site.

    Attributes
    ----------
    label, kind
        As in :class:`lianode.structures.adsorption.sites.Site`.
    equal
        Atoms of every equal site, the first being the one that is computed.
    key
        Of the relaxation of the slab with adsorbates; None where this kind of site is not wanted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    kind: SiteKind
    equal: tuple[tuple[tuple[int, int, int], ...], ...]
    key: str | None


class AdsorptionSpec(BaseModel):
    """Everything that decides the document of one surface, once its calculations are done.

    Attributes
    ----------
    campaign, engine, system
        For the document.
    phase, reference
        The crystal, and the adsorbate's own, with the keys of their relaxations.
    host
        Primitive cell of the crystal before that, as a pymatgen dictionary.
    surface, plane, plane_label, termination, kind, adsorbate, sides
        As in :class:`lianode.analysis.adsorption.document.AdsorptionDocument`.
    slab_parameters
        Of the slab, see :func:`lianode.workflows.surface.starts.slab_parameters`.
    slab
        Key of the relaxation of the bare slab.
    sites
        All distinct ones.
    free_atom
        Key of its calculation; None where the engine makes none.
    settings
        Of the document.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    campaign: str
    engine: str
    system: str
    phase: PhaseSlot
    reference: PhaseSlot
    host: dict[str, Any]
    surface: str
    plane: Indices
    plane_label: str
    termination: str
    kind: CutKind
    slab_parameters: dict[str, Any]
    slab: str
    sites: tuple[SiteSlot, ...]
    adsorbate: str
    sides: str
    free_atom: str | None
    settings: dict[str, Any]

    @field_validator("host", mode="before")
    @classmethod
    def _as_dictionary(cls, value: Any) -> Any:
        """Take a pymatgen object too: jobflow makes one of every dictionary that looks like one."""
        return value.as_dict() if hasattr(value, "as_dict") else value


def derive_adsorption(spec: AdsorptionSpec, results: Results) -> list[PropertyDocument]:
    """Return the document of one surface.

    Parameters
    ----------
    spec
        What was asked for.
    results
        Store with the calculations; nothing is computed and nothing is written here.

    Raises
    ------
    InputError
        When the crystals, the bare slab or all sites have no energy.
    """
    return [_Adsorption(spec, results).document()]


class _Adsorption:
    """A surface with what was computed of it."""

    def __init__(self, spec: AdsorptionSpec, results: Results) -> None:
        from lianode.analysis.adsorption.geometry import AdsorptionTolerances
        from lianode.structures import library
        from lianode.structures.adsorption.placing import touching_distances

        self.spec = spec
        self.tolerances = AdsorptionTolerances()
        keys = [spec.phase.key, spec.slab, spec.free_atom, *(slot.key for slot in spec.sites)]
        self.found = results.calculations([key for key in keys if key])
        self.reference = self._reference(results)
        bulk, self.bare = self._needed(spec.phase.key, spec.phase.name), self._needed(spec.slab, "the bare slab")
        self.crystal = bulk
        self.slab: RelaxedSlab = relaxed_slab(
            spec.phase.name, spec.host, spec.slab_parameters, bulk.structure or {}, self.bare.structure
        )
        self.touching = touching_distances(self.slab.structure, self.slab.crystal, library.phase(spec.adsorbate))
        self.sites = {slot.label: tuple(self.slab.atoms(atoms) for atoms in slot.equal) for slot in spec.sites}

    def document(self) -> PropertyDocument:
        """Return the document."""
        from lianode.analysis.adsorption.adsorption import best_site, site_checks, site_rows
        from lianode.analysis.adsorption.document import AdsorptionDocument
        from lianode.analysis.method import single_method

        spec, cut = self.spec, self.slab.cut
        wanted = [slot for slot in spec.sites if slot.key is not None]
        done = {slot.label: self.found.get(slot.key or "") for slot in wanted}
        used = {name: one for name, one in done.items() if one is not None and one.state is State.CONVERGED}
        methods = [self.crystal.method, self.reference.method, self.bare.method, *(one.method for one in used.values())]
        method = single_method(methods, f"{spec.adsorbate} on {spec.surface}")
        free_atom = self._free_atom(method)
        adsorbates = 2 if spec.sides == "both" else 1
        rows = site_rows(
            [self._site(slot, done[slot.label]) for slot in wanted],
            bare=float(self.bare.energy or 0.0),
            potential=self.reference.energy_per_atom,
            adsorbates=adsorbates,
            free_atom=free_atom,
            tolerances=self.tolerances,
        )
        best = best_site(rows, spec.surface)
        missing = [f"{spec.surface} {row.site}: {row.reason}" for row in rows if row.reason]
        calculations = {
            spec.phase.name: spec.phase.key,
            spec.reference.name: spec.reference.key,
            "bare slab": spec.slab,
        }
        if spec.free_atom and free_atom is not None and free_atom.origin == "computed":
            calculations["free atom"] = spec.free_atom
        return AdsorptionDocument(
            system=spec.system,
            phase=spec.phase.name,
            engine=spec.engine,
            campaign=spec.campaign,
            method=method,
            settings=spec.settings,
            calculations=calculations | {name: one.key for name, one in used.items()},
            completeness="partial" if missing else "complete",
            missing=missing,
            checks=[*self._checks(method, len(used)), *site_checks(rows, self.tolerances)],
            formula=spec.phase.formula,
            surface=spec.surface,
            plane=spec.plane,
            plane_label=spec.plane_label,
            termination=spec.termination,
            kind=spec.kind,
            adsorbate=spec.adsorbate,
            sides="both" if spec.sides == "both" else "one",
            adsorbates=adsorbates,
            supercell=cut.supercell,
            area_per_adsorbate=cut.area,
            layers=cut.layers,
            thickness=cut.thickness,
            n_atoms=len(cut.structure),
            adsorption_energy=best.adsorption_energy or 0.0,
            adsorption_energy_from_atom=best.adsorption_energy_from_atom,
            free_atom=free_atom,
            best_site=best.ended_on or best.site,
            sites=rows,
            slab=self.slab.structure.as_dict(),
            tolerances=self.tolerances,
            notes=self._notes(free_atom),
            created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            derivation=spec.model_dump(mode="json"),
        )

    def _reference(self, results: Results) -> PhaseEnergy:
        energies, missing = gather((self.spec.reference,), results)
        if not energies:
            raise InputError(f"{self.spec.reference.name} has no energy ({missing[0].reason})", self.spec.surface)
        return energies[0]

    def _needed(self, key: str, what: str) -> Calculation:
        done = self.found.get(key)
        if done is None or done.state is not State.CONVERGED or done.energy is None:
            raise InputError(f"{what} has no energy ({_why(done)})", self.spec.surface)
        return done

    def _site(self, slot: SiteSlot, done: Calculation | None) -> AdsorbedSlab:
        """Return what became of one site."""
        from pymatgen.core import Structure

        from lianode.analysis.adsorption.adsorption import AdsorbedSlab
        from lianode.analysis.adsorption.geometry import ended

        atoms = self.sites[slot.label][0]
        place = centre(self.slab.structure, atoms)
        fields: dict[str, Any] = {
            "site": slot.label,
            "kind": slot.kind,
            "around": tuple(sorted(self.slab.structure[atom].specie.symbol for atom, _, _ in atoms)),
            "equal_sites": len(slot.equal),
            "position": (float(place[0]), float(place[1])),
        }
        if done is None or done.state is not State.CONVERGED or done.energy is None or done.structure is None:
            return AdsorbedSlab(**fields, reason=_why(done))
        after = Structure.from_dict(done.structure)
        end = ended(
            self.slab.structure,
            after,
            self.slab.cut.middle,
            site=slot.label,
            sites=self.sites,
            touching=self.touching,
            tolerances=self.tolerances,
        )
        checks = [check for check in done.checks if check.name not in _NOT_OF_SITES]
        if self.spec.sides == "both":
            checks.append(_sides_check(after, len(self.slab.structure)))
        return AdsorbedSlab(**fields, energy=done.energy, ended=end, checks=tuple(checks))

    def _free_atom(self, method: MethodKey) -> FreeAtom | None:
        """Return the free atom above the metal: computed, or from the table, or None."""
        from lianode.analysis.adsorption.free_atom import FreeAtom, tabulated
        from lianode.analysis.method import single_method

        done = self.found.get(self.spec.free_atom) if self.spec.free_atom else None
        if done is None or done.state is not State.CONVERGED or done.energy is None:
            return tabulated(self.spec.adsorbate, method)
        # its one k-point has no density: nothing repeats in a box
        alone = done.method.model_copy(update={"k_density": method.k_density})
        single_method([method, alone], f"the free atom of {self.spec.adsorbate}")
        return FreeAtom(
            cohesive_energy=done.energy / done.n_atoms - self.reference.energy_per_atom,
            origin="computed",
            source=f"{self.spec.adsorbate} alone in a box with the same method ({done.key[:8]})",
        )

    def _checks(self, method: MethodKey, sites: int) -> list[Check]:
        """Return what there is to say about everything but the sites."""
        from lianode.analysis.surface.checks import SurfaceTolerances, slab_checks

        cut, spec = self.slab.cut, self.spec
        text = f"crystals, bare slab and {sites} sites are from {method.label}"
        equal = (
            "an operation of the slab makes both surfaces equal"
            if spec.kind != "cleavage"
            else "no operation of the crystal turns this plane around; the upper surface is the one that is meant"
        )
        own = [check for check in self.bare.checks if check.name not in _NOT_OF_SLABS]
        own += slab_checks(cut.structure, self.slab.structure, cut.middle, SurfaceTolerances())
        crystals = [(spec.phase.name, check) for check in failed(self.crystal.checks)]
        if spec.reference.name != spec.phase.name:
            crystals += [(spec.reference.name, check) for check in failed(self.reference.checks)]
        return [
            Check(name="one_method", passed=True, message=text),
            Check(name="slab_symmetric", passed=None if spec.kind == "cleavage" else True, message=equal),
            *(check.model_copy(update={"subject": "bare slab"}) for check in own),
            *(check.model_copy(update={"subject": name}) for name, check in crystals),
        ]

    def _notes(self, free_atom: FreeAtom | None) -> list[str]:
        notes = []
        left = sorted({slot.kind for slot in self.spec.sites if slot.key is None})
        if left:
            notes.append(f"sites that were not asked for: {', '.join(left)}")
        if free_atom is None:
            notes.append(f"no energy of a free {self.spec.adsorbate} atom goes with this method")
        elif free_atom.origin == "tabulated":
            notes.append(
                f"against the free atom with a tabulated cohesive energy of {free_atom.cohesive_energy:.3f} eV: "
                f"{free_atom.source}"
            )
        return notes


def _sides_check(after: Structure, count: int) -> Check:
    """Compare the adsorbates of the two sides of a slab with ``count`` atoms."""
    fractions = np.asarray(after.frac_coords)
    nearest = after.lattice.get_all_distances(fractions[count:], fractions[:count]).min(axis=1)
    apart = float(abs(nearest[0] - nearest[1]))
    message = f"the nearest atoms of the two adsorbates are at {nearest[0]:.2f} and {nearest[1]:.2f} Å"
    return Check(name="sides_equal", passed=apart <= BOTH_SIDES, message=message)


def _why(done: Calculation | None) -> str:
    return "not computed" if done is None else f"{done.state.value}: {done.reason or 'no reason'}"
