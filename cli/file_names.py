"""Names of results as parts of the names of files."""

from __future__ import annotations

import re


def file_name(interface: str) -> str:
    """Return an interface or a surface as part of a file's name: ``In-001-Li6PS5Cl-001``."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", interface.replace("(-", "(m")).strip("-")


def engine_name(engine: str) -> str:
    """Return an engine as part of a file's name: ``gpaw-on-sevennet-0`` for single points on other structures."""
    return engine.replace("//", "-on-").replace(":", "-")
