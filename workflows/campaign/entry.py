"""What all entries of a campaign have in common: the engines that compute them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from lianode.structures.errors import InputError
from lianode.workflows.campaign.units import shown

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from pydantic import ValidationInfo
    from pydantic_core import InitErrorDetails

DEFAULT_ENGINE = "sevennet-0"
_LONGEST_NAME = 100


def faults(found: Iterable[tuple[int | str, str]]) -> ValidationError:
    """Return the error that puts each sentence at its place inside the key that is being validated.

    Parameters
    ----------
    found
        Index or key, and what is wrong there.
    """
    details: list[InitErrorDetails] = [
        {"type": PydanticCustomError("campaign", "{sentence}", {"sentence": sentence}), "loc": (place,), "input": None}
        for place, sentence in found
    ]
    return ValidationError.from_exception_data("campaign", details)


def refuse(found: Iterable[tuple[int | str, str | None]]) -> None:
    """Raise :func:`faults` of every place that has a sentence, if there is one."""
    wrong = [(place, sentence) for place, sentence in found if sentence]
    if wrong:
        raise faults(wrong)


def distinct(items: Iterable[Hashable], what: str) -> None:
    """Raise at the first item that is there a second time."""
    seen: set[Hashable] = set()
    for index, item in enumerate(items):
        if item in seen:
            raise faults([(index, f"{what} is listed twice; leave one out")])
        seen.add(item)


class EngineSpec(BaseModel):
    """An engine as a campaign names it: ``sevennet-0``, or ``{name: vasp, encut: 500}``.

    Attributes
    ----------
    name
        One of :func:`lianode.workflows.engines.registry.known_engines`.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str

    @property
    def settings(self) -> dict[str, Any]:
        """Everything but the name, as written."""
        return dict(self.model_extra or {})

    @property
    def spec(self) -> dict[str, Any]:
        """What :func:`lianode.workflows.engines.registry.make_engine` takes."""
        return {"name": self.name, **self.settings}

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"name": value}
        if isinstance(value, (dict, EngineSpec)):
            return value
        raise InputError(
            f"an engine is a name such as {DEFAULT_ENGINE}, or a mapping such as {{name: {DEFAULT_ENGINE}}}"
        )

    @model_validator(mode="after")
    def _exists(self) -> Self:
        from lianode.workflows.engines.registry import make_engine

        if not self.name.isprintable() or len(self.name) > _LONGEST_NAME:
            raise InputError(f"{shown(self.name)} cannot be an engine's name; write one such as {DEFAULT_ENGINE}")
        try:
            make_engine(self.spec)
        except InputError as error:
            raise InputError(error.message) from error  # the file and line are added where they are known
        except (TypeError, ValueError) as error:
            raise InputError(f"engine {self.name} cannot use these settings: {error}") from error
        return self


class StartFrom(BaseModel):
    """What calculations begin from instead of the structure as it is known.

    Attributes
    ----------
    engine
        The structure that this engine relaxed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: EngineSpec

    @model_validator(mode="before")
    @classmethod
    def _mapping(cls, value: Any) -> Any:
        if isinstance(value, (dict, StartFrom)):
            return value
        raise InputError(f"`start_from` names an engine; write `start_from: {{engine: {DEFAULT_ENGINE}}}`")


class HasEngines(BaseModel):
    """A level of the campaign file at which engines can be named.

    Attributes
    ----------
    engine
        One engine, or
    engines
        several, all of which compute everything.
    start_from
        What their relaxations begin from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: EngineSpec | None = None
    engines: tuple[EngineSpec, ...] | None = None
    start_from: StartFrom | None = None

    @field_validator("engines")
    @classmethod
    def _one_or_several(
        cls, engines: tuple[EngineSpec, ...] | None, info: ValidationInfo
    ) -> tuple[EngineSpec, ...] | None:
        if engines is None:
            return None
        if info.data.get("engine") is not None:
            raise InputError("both `engine` and `engines` are given; keep one of them")
        if not engines:
            raise InputError(f"the list is empty; name at least one, such as [{DEFAULT_ENGINE}]")
        distinct((repr(sorted(spec.spec.items())) for spec in engines), "this engine")
        return engines

    @property
    def named_engines(self) -> tuple[EngineSpec, ...]:
        """The engines named at this level; empty where there are none."""
        return (self.engine,) if self.engine is not None else (self.engines or ())


class CalculationEntry(HasEngines):
    """The settings of one property in the list ``calculations``; every property has its own subclass."""

    PROPERTY: ClassVar[str]
    """Name of the property, the key in the campaign file."""
    EXAMPLE: ClassVar[str]
    """The least that an entry says, for messages."""

    def notes(self) -> tuple[str, ...]:
        """Return what the user should know before this runs, one sentence each."""
        return ()
