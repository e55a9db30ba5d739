"""How radial distribution functions evolve, as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from lianode.analysis.documents import PropertyDocument
from lianode.analysis.structure_in_time.distribution import (
    Normalisation,
    radial_distribution,
    running_coordination,
    shell_volumes,
)
from lianode.analysis.structure_in_time.first_minimum import broadened
from lianode.analysis.structure_in_time.similarity import similarity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lianode.analysis.structure_in_time.first_minimum import FirstMinimum
    from lianode.analysis.structure_in_time.pair_counts import PairCounts

Curve = list[float | None]
"""None where nothing can be said, such as in a layer that never held a centre."""


class BondLength(BaseModel):
    """First minimum of an RDF, as a document; fields as in :class:`..first_minimum.FirstMinimum`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pair: str
    distance: float
    half_width: float
    peak: float
    depth: float
    coordination: float

    @classmethod
    def of(cls, minimum: FirstMinimum) -> BondLength:
        """Return it as a document."""
        return cls(**{name: getattr(minimum, name) for name in cls.model_fields})


class ReferenceRdf(BaseModel):
    """RDF of a reference crystal.

    Attributes
    ----------
    crystal
        Phase, such as ``InS``.
    pair
        Such as ``In-S``.
    temperature
        Of the MD it is from, K; None for a crystal at rest.
    sigma
        Gaussian by which distances were broadened, Å; 0 for MD.
    running_coordination
        (n_bins + 1,) n(r) at the edges of the bins, before the broadening.
    g
        (n_bins,) by the crystal's own density.
    first_minimum
        None where it has none within the counted distances.
    similarity
        By window and layer: overlap of the shapes, 0 to 1, up to ``similarity_largest``.
    similarity_largest
        Å.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    crystal: str
    pair: str
    temperature: float | None
    sigma: float
    running_coordination: Curve
    g: Curve
    first_minimum: BondLength | None
    similarity: list[Curve] = Field(default_factory=list)
    similarity_largest: float | None = None


class PairEvolution(BaseModel):
    """RDF of a pair by window and layer.

    Attributes
    ----------
    pair
        Such as ``In-S``, centre first.
    centres
        Mean number of centres per frame, by window and layer.
    running_coordination
        [window][layer][edge of a bin].
    g
        [window][layer][bin].
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pair: str
    centres: list[Curve]
    running_coordination: list[list[Curve]]
    g: list[list[Curve]]


class RdfDocument(PropertyDocument):
    """Partial radial distribution functions of an interface in time.

    Attributes
    ----------
    interface
        Which cell, as the campaign names it.
    temperature
        K.
    normalisation
        Of g(r): ``global`` (density of the whole cell) or ``layer``. n(r) needs none.
    largest, bin_width
        Å.
    windows_fs
        (beginning, end) of each; empty for one of all frames.
    frames
        In each window.
    layer_edges
        Heights of the layers' planes along the normal, Å; empty for the whole cell.
    pairs
        In the order asked for.
    references
        Crystals whose formation is looked for.
    notes
        Sentences a reader should see, that are not defects.
    """

    property: Literal["rdf"] = "rdf"
    interface: str
    temperature: float
    normalisation: Normalisation
    largest: float
    bin_width: float
    windows_fs: list[tuple[float, float]]
    frames: list[int]
    layer_edges: list[float] = Field(default_factory=list)
    pairs: list[PairEvolution]
    references: list[ReferenceRdf] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)


def rdf_document(
    counted: PairCounts,
    *,
    normalisation: Normalisation,
    interface: str,
    temperature: float,
    references: Sequence[ReferenceRdf] = (),
    **common: Any,
) -> RdfDocument:
    """Return the document of counted pairs.

    Parameters
    ----------
    counted
        Pairs.
    normalisation
        Of g(r).
    interface, temperature
        As in the document.
    references
        Made by :func:`reference_rdf`.
    common
        Fields that every property document has: system, engine, campaign, method, calculations, checks...
    """
    g, running = radial_distribution(counted, normalisation), running_coordination(counted)
    per_frame = counted.centres / counted.frames[:, None, None]
    return RdfDocument(
        normalisation=normalisation,
        interface=interface,
        temperature=temperature,
        largest=float(counted.radii.edges[-1]),
        bin_width=counted.radii.width,
        windows_fs=list(counted.windows.spans) if counted.windows else [],
        frames=counted.frames.tolist(),
        layer_edges=list(counted.layers.edges) if counted.layers else [],
        pairs=[
            PairEvolution(
                pair=pair,
                centres=per_frame[:, :, index].tolist(),
                running_coordination=stated(running[:, :, index]),
                g=stated(g[:, :, index]),
            )
            for index, pair in enumerate(counted.pairs)
        ],
        references=list(references),
        **common,
    )


def reference_rdf(
    crystal: str,
    reference: PairCounts,
    pair: str,
    *,
    counted: PairCounts | None = None,
    similar_within: float | None = None,
    minimum: FirstMinimum | None = None,
    sigma: float = 0.0,
    temperature: float | None = None,
) -> ReferenceRdf:
    """Return a reference crystal's RDF, and how like it each window is.

    Parameters
    ----------
    crystal
        Phase.
    reference
        Pairs of the crystal at rest (with ``sigma``) or of its MD (with ``temperature``).
    pair
        Such as ``In-S``.
    counted, similar_within
        Pairs of the trajectory, and up to which distance shapes are compared, Å; None for no comparison.
    minimum
        First minimum of this RDF, where it has one.
    sigma
        Broadening, Å.
    temperature
        K.

    Raises
    ------
    InputError
        When bins differ or reach less far.
    """
    index, width, shells = reference.index(pair), reference.radii.width, shell_volumes(reference.radii)
    # neighbours are broadened, not g: they are what is conserved
    g = broadened(radial_distribution(reference, "global")[0, 0, index] * shells, width, sigma) / shells
    overlap: list[Curve] = []
    if counted is not None and similar_within is not None:
        overlap = stated(similarity(counted, reference, pair, largest=similar_within, sigma=sigma))
    return ReferenceRdf(
        crystal=crystal,
        pair=pair,
        temperature=temperature,
        sigma=sigma,
        running_coordination=stated(running_coordination(reference)[0, 0, index]),
        g=stated(g),
        first_minimum=BondLength.of(minimum) if minimum else None,
        similarity=overlap,
        similarity_largest=similar_within,
    )


def stated(values: Any) -> Any:
    """Return an array as lists, None where it has no number."""
    array = np.asarray(values, dtype=float)
    if array.ndim > 1:
        return [stated(row) for row in array]
    return [value if np.isfinite(value) else None for value in array.tolist()]
