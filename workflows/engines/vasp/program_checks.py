"""Whether VASP ran with what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.analysis.checks import Check

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

DECISIVE = ("ENCUT", "GGA", "METAGGA", "ISPIN", "ISMEAR", "SIGMA", "PREC", "LREAL", "LASPH", "IVDW", "LDAU")
"""Tags that decide energies: what VASP ran with has to be what was asked for."""


def settings_check(asked: Mapping[str, Any], ran: Mapping[str, Any], mended: Collection[str] = ()) -> Check:
    """Compare the INCAR that was written with what VASP made of it.

    Parameters
    ----------
    asked, ran
        INCAR as written, and as VASP understood it.
    mended
        What custodian mended on the way.
    """
    changed = [
        f"{tag} {asked[tag]} became {ran[tag]}"
        for tag in DECISIVE
        if tag in asked and ran.get(tag) is not None and not _same(asked[tag], ran[tag])
    ]
    kept = "VASP ran with the settings asked for"
    if mended:
        kept += f"; custodian mended {', '.join(sorted(mended))}"
    return Check(name="settings_kept", passed=not changed, message="; ".join(changed) or kept)


def _same(asked: object, ran: object) -> bool:
    """Whether two values of a tag mean the same; VASP writes words in its own case."""
    if isinstance(asked, bool) or isinstance(ran, bool):
        return bool(asked) == bool(ran)
    if isinstance(asked, int | float) and isinstance(ran, int | float):
        return abs(float(asked) - float(ran)) <= 1e-9 * max(1.0, abs(float(asked)))
    one, other = str(asked).strip().lower(), str(ran).strip().lower()
    return one.startswith(other) or other.startswith(one)  # a full word or its first letters, as VASP takes them
