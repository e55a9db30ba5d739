"""The store that jobflow's jobs see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobflow import JobStore

from lianode.hpc.stores.maggma_store import CollectionStore

if TYPE_CHECKING:
    from lianode.hpc.store import ResultsStore


class LianodeJobStore(JobStore):
    """A jobflow store on the ``jobs`` collection; a job with ``JobConfig(expose_store=True)`` finds the results in it.

    Only the place of ``lianode.toml`` is ever serialised, so no address or password ends up in a database.

    Parameters
    ----------
    results
        The results store.

    Attributes
    ----------
    results
        The results store.
    """

    def __init__(self, results: ResultsStore) -> None:
        super().__init__(CollectionStore(results.jobs))
        self.results = results

    def as_dict(self) -> dict[str, Any]:
        """Return the place of the settings file.

        Raises
        ------
        ValueError
            When the settings did not come from a file.
        """
        if self.results.settings.file is None:
            raise ValueError("a store whose settings are not in a file cannot be serialised")
        return {
            "@module": type(self).__module__,
            "@class": type(self).__name__,
            "settings_file": str(self.results.settings.file),
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> LianodeJobStore:
        """Open the store of a settings file."""
        from pathlib import Path

        from lianode.hpc.settings import load_settings
        from lianode.hpc.store import open_store

        return cls(open_store(load_settings(Path(document["settings_file"]))))

    def __getstate__(self) -> dict[str, Any]:
        return self.as_dict()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(self.from_dict(state).results)  # type: ignore[misc]
