"""One published value beside one computed value."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, computed_field

NOT_COMPUTED = "not computed"


class ComparisonRow(BaseModel):
    """One line of a comparison.

    Attributes
    ----------
    quantity
        What is compared.
    system, phase
        Of what; None where it does not apply.
    published, computed
        Values in ``unit``, or words; None where there is none.
    unit
        Of the three, empty for words.
    engine
        That computed it.
    flagged
        Whether a check of the computed value failed.
    note
        What to know when reading the row.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantity: str
    system: str | None = None
    phase: str | None = None
    published: float | str | None = None
    computed: float | str | None = None
    unit: str = ""
    engine: str | None = None
    flagged: bool = False
    note: str = ""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def difference(self) -> float | None:
        """Computed less published, where both are numbers."""
        if isinstance(self.computed, str | None) or isinstance(self.published, str | None):
            return None
        return self.computed - self.published


def missing_row(
    quantity: str, system: str, phase: str | None, published: float | str | None, unit: str = ""
) -> ComparisonRow:
    """Return the row of a value that was not computed."""
    return ComparisonRow(
        quantity=quantity, system=system, phase=phase, published=published, unit=unit, note=NOT_COMPUTED
    )
