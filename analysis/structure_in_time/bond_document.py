"""Bonds that form and break, as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from lianode.analysis.documents import PropertyDocument
from lianode.analysis.structure_in_time.onset import PERSISTENCE_FS, onset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from lianode.analysis.structure_in_time.bonds import BondHistory, BondSeries, PolyhedronSeries
    from lianode.analysis.structure_in_time.penetration import Penetration

POINTS = 500
"""Most points of a stored series; each is a mean over equally many frames."""


class BondOnset(BaseModel):
    """When a kind of bond began to form; fields as in :class:`..onset.Onset`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pair: str
    time_fs: float | None
    error_fs: float | None
    earliest_fs: float | None
    latest_fs: float | None
    minimum: int
    persistence_fs: float


class BondEvolution(BaseModel):
    """Bonds of one kind in time.

    Attributes
    ----------
    pair
        Such as ``In-S``.
    cutoff, cutoff_uncertainty
        Å.
    cutoff_source
        Where the cut-off is from, such as ``first minimum of InS at 300 K``.
    centres
        Atoms of the first element.
    counts
        By time.
    counts_shorter, counts_longer
        With the cut-off less and plus its uncertainty.
    initial
        In the first frame.
    final
        Mean over the last tenth of the frames.
    onset
        When it began to form.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pair: str
    cutoff: float
    cutoff_uncertainty: float
    cutoff_source: str
    centres: int
    counts: list[float]
    counts_shorter: list[float]
    counts_longer: list[float]
    initial: int
    final: float
    onset: BondOnset


class PolyhedronEvolution(BaseModel):
    """Units such as PS4 in time.

    Attributes
    ----------
    name
        Such as ``PS4``.
    centre, ligand, number, cutoff
        A centre with exactly so many ligands within the cut-off, Å.
    centres
        Atoms of the centre's element.
    intact
        By time.
    initial
        Intact in the first frame.
    surviving
        By time: of the initial ones those intact then or later.
    coordination
        Share of centres with 0, 1, 2... ligands, over all frames.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    centre: str
    ligand: str
    number: int
    cutoff: float
    centres: int
    intact: list[float]
    initial: int
    surviving: list[float]
    coordination: list[float]


class PenetrationEvolution(BaseModel):
    """How deep an element is in the other side, in time.

    Attributes
    ----------
    element
        Which one.
    home
        Heights between which it was in the first frame, Å.
    slack
        Å; atoms deeper than this have left.
    deepest, left, mean_depth
        By time: depth of the deepest atom, how many have left, and their mean depth, Å.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    element: str
    home: tuple[float, float]
    slack: float
    deepest: list[float]
    left: list[float]
    mean_depth: list[float]


class BondDocument(PropertyDocument):
    """Bonds, polyhedra and penetration at an interface in time.

    Attributes
    ----------
    interface
        Which cell, as the campaign names it.
    temperature
        K.
    frames
        How many there were.
    times_fs
        Middles of the stretches that series are means over.
    bonds, polyhedra, penetration
        In the order asked for.
    notes
        Sentences a reader should see, that are not defects.
    """

    property: Literal["bonds"] = "bonds"
    interface: str
    temperature: float
    frames: int
    times_fs: list[float]
    bonds: list[BondEvolution]
    polyhedra: list[PolyhedronEvolution] = Field(default_factory=list)
    penetration: list[PenetrationEvolution] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)


def bond_document(
    history: BondHistory,
    *,
    interface: str,
    temperature: float,
    sources: Mapping[str, str],
    penetration: Sequence[Penetration] = (),
    minimum: int = 1,
    persistence_fs: float = PERSISTENCE_FS,
    **common: Any,
) -> BondDocument:
    """Return the document of counted bonds.

    Parameters
    ----------
    history
        Bonds and polyhedra.
    interface, temperature
        As in the document.
    sources
        Where cut-offs are from, by pair.
    penetration
        Of the same frames.
    minimum, persistence_fs
        Of onsets; see :mod:`..onset`.
    common
        Fields that every property document has: system, engine, campaign, method, calculations, checks...
    """
    return BondDocument(
        interface=interface,
        temperature=temperature,
        frames=len(history.times),
        times_fs=thinned(history.times),
        bonds=[
            _evolution(history.times, series, sources.get(series.pair, "given"), minimum, persistence_fs)
            for series in history.bonds
        ],
        polyhedra=[_polyhedron(series) for series in history.polyhedra],
        penetration=[
            PenetrationEvolution(
                element=of.element,
                home=of.home,
                slack=of.slack,
                deepest=thinned(of.deepest),
                left=thinned(of.left),
                mean_depth=thinned(of.mean_depth),
            )
            for of in penetration
        ],
        **common,
    )


def thinned(series: NDArray[Any], points: int = POINTS) -> list[float]:
    """Return a series of at most ``points`` means over equally many frames; the last may be over fewer."""
    each = max(1, -(-len(series) // points))
    starts = np.arange(0, len(series), each)
    sizes = np.diff(starts, append=len(series))
    means: list[float] = (np.add.reduceat(series.astype(float), starts) / sizes).tolist()
    return means


def _evolution(
    times: NDArray[np.float64], series: BondSeries, source: str, minimum: int, persistence_fs: float
) -> BondEvolution:
    """Return one kind of bond."""
    found = onset(times, series, minimum=minimum, persistence_fs=persistence_fs)
    return BondEvolution(
        pair=series.pair,
        cutoff=series.cutoff,
        cutoff_uncertainty=series.uncertainty,
        cutoff_source=source,
        centres=series.centres,
        counts=thinned(series.counts),
        counts_shorter=thinned(series.shorter),
        counts_longer=thinned(series.longer),
        initial=int(series.counts[0]),
        final=float(series.counts[-max(1, len(series.counts) // 10) :].mean()),
        onset=BondOnset(**{name: getattr(found, name) for name in BondOnset.model_fields}),
    )


def _polyhedron(series: PolyhedronSeries) -> PolyhedronEvolution:
    """Return one kind of polyhedron."""
    unit = series.polyhedron
    return PolyhedronEvolution(
        name=unit.name,
        centre=unit.centre,
        ligand=unit.ligand,
        number=unit.number,
        cutoff=unit.cutoff,
        centres=series.centres,
        intact=thinned(series.intact),
        initial=series.initial,
        surviving=thinned(series.surviving),
        coordination=series.coordination.tolist(),
    )
