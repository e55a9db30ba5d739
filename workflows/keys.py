"""Keys: what makes two calculations the same.

The key is a SHA-256 over the engine's resolved settings and method (with the checksum of a potential), the task, and
the source of the atoms. A library or user structure counts by its canonical hash; a derived one by its recipe and the
keys of its parents, never by relaxed floats, so that the keys of a campaign are known before it runs. Cores, paths,
batch sizes, step limits and program versions are not in the key.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from lianode.workflows.engine import Engine
    from lianode.workflows.task import Task

KEY_VERSION = 1


class Source(BaseModel):
    """Where the atoms of a calculation come from.

    Attributes
    ----------
    recipe
        ``primitive cell``: of the structure with this hash. ``promoted``: the same, as the parent relaxed it.
        ``supercell``: of that primitive cell. ``displaced supercell``: of the parent's relaxed cell.
        ``end point``: a supercell of it with a vacancy or an added atom. ``band``: between the parents, two end points
        or a single one and its mirror image. ``intermediate of a band``: the lowest minimum on the parent's way.
        ``half of a band``: between an end of the first parent and the second parent, that minimum.
        ``strained cell``: of the parent's relaxed cell. ``slab``: cut from it. ``adsorbate on a slab``: the parent, a
        relaxed slab, with an atom on a site; the second parent is the slab's crystal. ``free atom``: in a box.
    structure_hash
        Of the structure as the library or the user has it.
    parameters
        Of the recipe.
    parents
        Keys of the calculations whose results are used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: str
    structure_hash: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    parents: tuple[str, ...] = ()


def calculation_key(engine: Engine, task: Task, source: Source) -> str:
    """Return the 32 hexadecimal digits under which this calculation is kept."""
    identity = {
        "version": KEY_VERSION,
        "settings": engine.settings,
        "method": engine.method().model_dump(),
        "task": task.identity(),
        "source": source.model_dump(),
    }
    text = json.dumps(identity, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
