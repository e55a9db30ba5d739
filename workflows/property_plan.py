"""What every entry of a campaign becomes with one engine: calculations, and jobs that turn them into documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobflow import Job
    from pydantic import BaseModel

    from lianode.structures.phase import Phase
    from lianode.workflows.campaign.entry import CalculationEntry
    from lianode.workflows.request import Request


class PropertyPlan(Protocol):
    """One entry of a campaign with one engine: what every kind of property offers to plans, queues and tables."""

    @property
    def entry(self) -> CalculationEntry:
        """What the campaign asks for."""
        ...

    @property
    def spec(self) -> BaseModel:
        """What decides the documents: two plans with one spec ask the same."""
        ...

    @property
    def title(self) -> str:
        """What people call it."""
        ...

    def calculations(self) -> list[tuple[Request, Phase]]:
        """Return the calculations with the phases they belong to; what others begin from comes first."""
        ...

    def jobs(self, calculations: Mapping[str, Job]) -> tuple[list[Job], Job]:
        """Return the jobs beside the calculations, and the last of them, whose output holds the documents' keys."""
        ...


class _Derived(PropertyPlan, Protocol):
    HOLDER: ClassVar[str]


class DerivedPlan:
    """A plan whose documents one job derives from its calculations.

    Attributes
    ----------
    HOLDER
        Property whose document holds the derivation; see :data:`lianode.workflows.derivations.DERIVATIONS`.
    """

    HOLDER: ClassVar[str]

    def jobs(self: _Derived, calculations: Mapping[str, Job]) -> tuple[list[Job], Job]:
        """Return the job that derives the documents; see :meth:`PropertyPlan.jobs`.

        Parameters
        ----------
        calculations
            Job of each calculation, by key.
        """
        from lianode.workflows.jobs import derivation

        return derivation(self, self.HOLDER, calculations)
