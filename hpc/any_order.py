"""Walking flows whose jobs do not all depend on each other."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def in_any_order() -> Iterator[None]:
    """Keep jobflow from warning that jobs of a flow are not connected and their order may be random.

    Independent jobs are what a campaign is made of. The order of those that depend on each other is not random, and no
    other one matters to our runner or to FireWorks, so that the warning tells users nothing.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Some jobs are not connected", category=UserWarning)
        yield
