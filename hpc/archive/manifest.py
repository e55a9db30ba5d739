"""What an archive holds: its members with their checksums, and by what they were made."""

from __future__ import annotations

import re
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

MANIFEST: Final = "manifest.json"
CALCULATIONS: Final = "calculations.jsonl"
PROPERTIES: Final = "properties.jsonl"
VERSIONS: Final = "versions.json"
README: Final = "README.txt"
CAMPAIGNS: Final = "campaigns/"
FIGURES: Final = "figures/"
FORMAT_VERSION: Final = 1

LARGEST_MANIFEST: Final = 8_000_000
LARGEST_MEMBER: Final = 8_000_000_000
"""Bytes; the limit of the tar format that every program reads."""
LARGEST_TOTAL: Final = 16_000_000_000
HIGHEST_RATIO: Final = 300
"""Of unpacked to packed size. Documents of one phase after another are packed to a tenth; zeros to a thousandth."""
MOST_MEMBERS: Final = 20_000

_FIXED: Final = frozenset({CALCULATIONS, PROPERTIES, VERSIONS, README})
_NAME: Final = re.compile(r"(campaigns|figures)/[A-Za-z0-9_][A-Za-z0-9._+=(),-]{0,79}")


def is_member_name(name: str) -> bool:
    """Whether a member may have this name: one of the fixed ones, or a file in ``campaigns/`` or ``figures/``."""
    return name in _FIXED or _NAME.fullmatch(name) is not None


class Member(BaseModel):
    """A file of the archive.

    Attributes
    ----------
    path
        Inside the archive.
    bytes
        Size.
    sha256
        Of the content, hexadecimal.
    """

    model_config = ConfigDict(extra="forbid")

    path: str
    bytes: int = Field(ge=0, le=LARGEST_MEMBER)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @field_validator("path")
    @classmethod
    def _is_known(cls, path: str) -> str:
        if not is_member_name(path):
            raise ValueError("not a member of such an archive")
        return path


class Manifest(BaseModel):
    """The first member of an archive.

    Attributes
    ----------
    format, format_version
        What this is.
    lianode_version
        That wrote it.
    store_version
        Of the documents; importing brings older ones to the present one.
    selection
        Words that the property documents were chosen by; empty for a whole store.
    properties, calculations
        How many documents there are.
    members
        All others, in the order of the archive.
    """

    model_config = ConfigDict(extra="forbid")

    format: Literal["lianode archive"] = "lianode archive"
    format_version: int = FORMAT_VERSION
    lianode_version: str
    store_version: int = Field(ge=1)
    selection: dict[str, Any] = Field(default_factory=dict)
    properties: int = Field(ge=0)
    calculations: int = Field(ge=0)
    members: list[Member] = Field(max_length=MOST_MEMBERS)
