"""Copying a campaign's results between stores, on SQLite and on a real MongoDB."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from lianode.analysis.method import MethodKey
from lianode.hpc.settings import FILE_NAME
from lianode.hpc.store import open_store
from lianode.hpc.transfer import Transferred, open_other, transfer
from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.workflows.calculation import Calculation, State, cell_fields
from lianode.workflows.hull.analysis import HullSpec, PhaseSlot, derive_hull
from lianode.workflows.task import RelaxTask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lianode.hpc.settings import Settings
    from lianode.hpc.store import ResultsStore

PBE = MethodKey(program="vasp", functional="PBE", cutoff_eV=500.0)
REHEARSAL = PBE.model_copy(update={"program": "vasp-rehearsal"})
ENERGIES = {"Li": -1.9, "In": -2.6, "LiIn": -5.0, "Li3In2": -12.0}


@pytest.fixture
def server(settings: Settings) -> Iterator[ResultsStore]:
    """The project's store, on SQLite and on MongoDB."""
    store = open_store(settings)
    yield store
    store.close()


@pytest.fixture
def local(tmp_path: Path, settings: Settings) -> Iterator[ResultsStore]:
    """A local project on SQLite."""
    store = open_other(tmp_path / "local", settings.project / FILE_NAME, make=True)
    yield store
    store.close()


def calculation(name: str, *, method: MethodKey = PBE, state: State = State.CONVERGED, **fields: object) -> Calculation:
    cell = library.phase(name).primitive()
    return Calculation(
        **{
            "key": f"{method.program}-{name}",
            "state": state,
            "engine": method.program,
            "task": RelaxTask(),
            "method": method,
            "energy": ENERGIES[name] * len(cell),
            "structure": cell.as_dict(),
            "volume": cell.volume,
            **cell_fields(cell),
            **fields,
        }
    )


def fill(
    store: ResultsStore, *names: str, campaign: str = "hulls", method: MethodKey = PBE, created: str | None = None
) -> list[str]:
    """Put relaxations and their hull into a store; return the keys of the documents."""
    for name in names:
        store.commit(calculation(name, method=method))
    slots = [
        PhaseSlot(name=name, formula=name, kind="experimental", key=f"{method.program}-{name}") for name in ENERGIES
    ]
    spec = HullSpec(campaign=campaign, engine=method.program, system="Li-In", phases=tuple(slots))
    documents = derive_hull(spec, store)
    for document in documents:
        store.put_property(document.model_copy(update={"created": created} if created else {}))
    return [document.key for document in documents]


def everything(store: ResultsStore) -> tuple[dict[str, object], dict[str, object]]:
    """Return all documents of a store by key."""
    return (
        {document["key"]: document for document in store.calculation_documents.find()},
        {document["key"]: document for document in store.property_documents.find()},
    )


def test_pulled_results_are_those_of_the_server(server: ResultsStore, local: ResultsStore) -> None:
    keys = fill(server, *ENERGIES)
    fill(server, *ENERGIES, campaign="other")
    done = transfer(server, local, "hulls")
    assert done == Transferred(documents=len(keys), calculations=4)
    calculations, documents = everything(local)
    assert set(documents) == set(keys)
    assert calculations == everything(server)[0]
    assert documents == {key: everything(server)[1][key] for key in keys}


def test_a_second_transfer_either_way_changes_nothing(server: ResultsStore, local: ResultsStore) -> None:
    keys = fill(server, *ENERGIES)
    transfer(server, local, "hulls")
    before = everything(server), everything(local)
    for source, target in ((server, local), (local, server)):
        assert transfer(source, target, "hulls") == Transferred(documents_known=len(keys))
    assert (everything(server), everything(local)) == before


def test_what_was_found_locally_goes_to_the_server(server: ResultsStore, local: ResultsStore) -> None:
    """A hull without a phase on the server; the local one with all phases takes its place there."""
    old = fill(server, "Li", "In", "LiIn", created="2026-01-01T00:00:00+00:00")
    new = fill(local, *ENERGIES, created="2026-01-02T00:00:00+00:00")
    transfer(local, server, "hulls")
    present = {document["key"] for document in server.query(campaign="hulls")}
    assert new[0] in present
    assert old[0] not in present
    assert next(server.properties({"key": old[0]}))["superseded_by"] == new[0]
    transfer(server, local, "hulls")
    assert {document["key"] for document in local.query(campaign="hulls")} == present
    assert next(local.properties({"key": old[0]}))["superseded_by"] == new[0]


def test_an_older_hull_does_not_take_the_place_of_a_newer_one(server: ResultsStore, local: ResultsStore) -> None:
    new = fill(server, *ENERGIES, created="2026-01-02T00:00:00+00:00")
    old = fill(local, "Li", "In", "LiIn", created="2026-01-01T00:00:00+00:00")
    transfer(local, server, "hulls")
    present = {document["key"] for document in server.query(campaign="hulls", property="hull")}
    assert present == {new[0]}
    assert next(server.properties({"key": old[0]}))["superseded_by"] == new[0]


def test_a_converged_calculation_stays(server: ResultsStore, local: ResultsStore) -> None:
    fill(server, *ENERGIES)
    for name, state in zip(
        ENERGIES, (State.CONVERGED, State.UNCONVERGED, State.FAILED, State.INTERRUPTED), strict=True
    ):
        other = calculation(name, state=state, reason="elsewhere", energy=-99.0, steps=99)
        assert local.commit(other).energy == -99.0
    transfer(server, local, "hulls")
    assert local.calculation("vasp-Li").energy == -99.0
    for name in ("In", "LiIn", "Li3In2"):
        assert local.calculation(f"vasp-{name}").state is State.CONVERGED
    assert local.calculation("vasp-In").revision == 2


def test_one_less_far_along_is_not_copied(server: ResultsStore, local: ResultsStore) -> None:
    fill(server, "Li", "In", "LiIn")
    server.commit(calculation("Li3In2", state=State.INTERRUPTED, steps=3))
    local.commit(calculation("Li3In2", state=State.UNCONVERGED, steps=9))
    fill(local, "Li", "In", "LiIn")
    transfer(server, local, "hulls")
    assert local.calculation("vasp-Li3In2").state is State.UNCONVERGED
    transfer(local, server, "hulls")
    assert server.calculation("vasp-Li3In2").steps == 9


def test_rehearsals_are_refused_and_the_rest_is_copied(server: ResultsStore, local: ResultsStore) -> None:
    real, rehearsed = fill(local, *ENERGIES), fill(local, *ENERGIES, method=REHEARSAL)
    done = transfer(local, server, "hulls")
    assert (done.documents, done.refused) == (len(real), len(rehearsed))
    calculations, documents = everything(server)
    assert set(documents) == set(real)
    assert not [key for key in calculations if "rehearsal" in key]
    assert transfer(local, server, "hulls", with_rehearsals=True).documents == len(rehearsed)


def test_a_document_is_never_there_before_its_calculations(
    server: ResultsStore, local: ResultsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the middle, then repeated: complete."""
    keys = fill(server, *ENERGIES)
    commit = local.commit

    def stopped(one: Calculation) -> Calculation:
        if len(everything(local)[0]) == 2:
            raise KeyboardInterrupt
        return commit(one)

    monkeypatch.setattr(local, "commit", stopped)
    with pytest.raises(KeyboardInterrupt):
        transfer(server, local, "hulls")
    assert everything(local)[1] == {}
    monkeypatch.undo()
    assert transfer(server, local, "hulls") == Transferred(documents=len(keys), calculations=2)


def test_a_missing_calculation_is_counted(server: ResultsStore, local: ResultsStore) -> None:
    fill(server, *ENERGIES)
    server.calculation_documents.remove({"key": "vasp-Li"})
    assert transfer(server, local, "hulls").missing >= 1


def test_memory_does_not_grow_with_the_campaign(server: ResultsStore, local: ResultsStore) -> None:
    """Ten times the documents, the same peak."""
    fill(server, *ENERGIES)
    hull = next(server.properties({"property": "hull"}))

    def peak(many: int) -> int:
        for n in range(many):
            server.property_documents.put([hull | {"key": f"{many}-{n}", "campaign": f"c{many}", "phase": f"p{n}"}])
        tracemalloc.start()
        try:
            assert transfer(server, local, f"c{many}").documents == many
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(400) < 3 * peak(40) + 2**20


def test_the_other_project_has_to_be_another(settings: Settings, tmp_path: Path) -> None:
    file = settings.project / FILE_NAME
    with pytest.raises(InputError, match="this is the project itself"):
        open_other(settings.project, file)
    with pytest.raises(InputError, match=r"no lianode\.toml in this folder"):
        open_other(tmp_path / "nowhere", file)
    assert not (tmp_path / "nowhere").exists()
