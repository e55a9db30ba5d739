"""What entries say whose structures another engine looks at too."""

from __future__ import annotations

from lianode.workflows.campaign.entry import CalculationEntry, EngineSpec


class SinglePointEntry(CalculationEntry):
    """An entry that can name an engine for single points.

    Attributes
    ----------
    single_points
        Engine whose energies of the structures that the entry's own engine found are computed too, without relaxing
        them: a cheap correction of a potential by DFT, and a test of it.
    """

    single_points: EngineSpec | None = None
