"""How long bonds are in reference crystals, and what their RDFs look like: from their stored runs, or at rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.analysis.structure_in_time.first_minimum import REACH, THERMAL_WIDTH, crystal_frame, first_minimum
from lianode.analysis.structure_in_time.pair_counts import Radii, count_pairs
from lianode.structures.errors import InputError
from lianode.workflows.calculation import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lianode.analysis.structure_in_time.first_minimum import FirstMinimum
    from lianode.analysis.structure_in_time.pair_counts import PairCounts
    from lianode.analysis.structure_in_time.rdf_document import ReferenceRdf
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.interface_md.analysis import InterfaceMdSpec, ReferenceSlot

SIMILAR_WITHIN = 5.0
"""Å: farther out all solids of one density look alike."""
SECOND_HALF = 0.5
"""Share of a reference crystal's run that is left out: it begins at rest."""


class ReferenceBonds:
    """Reference crystals of an interface, each counted once.

    Parameters
    ----------
    spec
        What was asked for.
    found
        Calculations by key.

    Attributes
    ----------
    missing
        Crystals without a result, one sentence each.
    """

    def __init__(self, spec: InterfaceMdSpec, found: Mapping[str, Calculation]) -> None:
        self._spec, self._found = spec, found
        self._radii = Radii(largest=spec.largest, width=spec.bin_width)
        self._counted: dict[str, tuple[PairCounts, float | None]] = {}
        self.missing: list[str] = []
        for slot in spec.references:
            try:
                self._counted[slot.crystal] = self._count(slot)
            except InputError as error:
                self.missing.append(f"reference crystal {slot.crystal}: {error.message}")

    def _count(self, slot: ReferenceSlot) -> tuple[PairCounts, float | None]:
        from lianode.workflows.interface_md.analysis import frames_of

        key = slot.run or slot.relaxed
        done = self._found.get(key)
        if done is None or done.state is not State.CONVERGED:
            why = "not computed" if done is None else f"{done.state.value}: {done.reason or 'no reason'}"
            raise InputError(why, slot.crystal)
        if slot.run is None:
            return self._at_rest(done, slot.pairs), None
        half = SECOND_HALF * done.steps * self._spec.time_step
        frames = frames_of(done, after=half)
        return count_pairs(frames, slot.pairs, radii=self._radii, where=slot.crystal), self._spec.temperature

    def _at_rest(self, done: Calculation, pairs: tuple[str, ...]) -> PairCounts:
        from pymatgen.core import Structure

        frame = crystal_frame(Structure.from_dict(done.structure or {}))
        return count_pairs([frame], pairs, radii=self._radii, where=done.label)

    def cutoffs(
        self, electrolyte: Calculation, anode: Calculation
    ) -> tuple[dict[str, float], dict[str, str], list[str]]:
        """Return the length of each bond, Å, where it is from, and a sentence for each bond without one.

        Parameters
        ----------
        electrolyte, anode
            Relaxed crystals of the two sides, for bonds that they have themselves.
        """
        lengths: dict[str, float] = {}
        sources: dict[str, str] = {}
        without = []
        for pair in self._spec.pairs:
            if pair in self._spec.cutoffs:
                lengths[pair], sources[pair] = self._spec.cutoffs[pair], "given"
                continue
            said = []
            for name, minimum in self._minima(pair, electrolyte, anode):
                if isinstance(minimum, str):
                    said.append(f"{name}: {minimum}")
                    continue
                lengths[pair], sources[pair] = minimum.distance, f"first minimum of {name}"
                break
            else:
                without.append(f"bonds {pair} are not counted, as nothing tells their length ({'; '.join(said)})")
        return lengths, sources, without

    def _minima(self, pair: str, electrolyte: Calculation, anode: Calculation) -> list[tuple[str, FirstMinimum | str]]:
        """Return the first minima in the crystals that have a pair, or why there is none, the references first."""
        minima: list[tuple[str, FirstMinimum | str]] = []
        for slot in self._spec.references:
            if pair in slot.pairs and slot.crystal in self._counted:
                counted, temperature = self._counted[slot.crystal]
                at = "at rest" if temperature is None else f"at {temperature:g} K"
                minima.append((f"{slot.crystal} {at}", _minimum(counted, pair, moving=temperature is not None)))
        for crystal in (electrolyte, anode):
            if set(pair.split("-")) <= set(crystal.composition):
                counted = self._at_rest(crystal, (pair,))
                minima.append((f"{crystal.label} at rest", _minimum(counted, pair, moving=False)))
        return minima

    def rdfs(self, counted: PairCounts) -> list[ReferenceRdf]:
        """Return the RDF of each pair in each reference crystal, compared with an interface's windows."""
        from lianode.analysis.structure_in_time.rdf_document import reference_rdf

        made = []
        for slot in self._spec.references:
            if slot.crystal not in self._counted:
                continue
            reference, temperature = self._counted[slot.crystal]
            sigma = THERMAL_WIDTH if temperature is None else 0.0
            for pair in slot.pairs:
                minimum = _minimum(reference, pair, moving=temperature is not None)
                made.append(
                    reference_rdf(
                        slot.crystal,
                        reference,
                        pair,
                        counted=counted,
                        similar_within=min(SIMILAR_WITHIN, self._spec.largest - REACH * sigma),
                        minimum=None if isinstance(minimum, str) else minimum,
                        sigma=sigma,
                        temperature=temperature,
                    )
                )
        return made


def _minimum(counted: PairCounts, pair: str, *, moving: bool) -> FirstMinimum | str:
    try:
        return first_minimum(counted, pair, sigma=0.0 if moving else THERMAL_WIDTH)
    except InputError as error:
        return error.message
