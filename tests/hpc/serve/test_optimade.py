"""The OPTIMADE endpoint: filters against what they mean, and the validator and a client of optimade-python-tools."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from lianode_test_serving import HOSTILE

from lianode.hpc.serve.optimade.filters import NotImplementedFilterError, compiled
from lianode.structures.errors import InputError

ROWS: dict[str, dict[str, Any]] = {
    "LiIn": {"elements": ["In", "Li"], "nelements": 2, "formula": "InLi", "x": 0.5, "ok": True,
             "at": "2026-11-18T12:00:00Z"},
    "Li": {"elements": ["Li"], "nelements": 1, "formula": "Li", "x": None, "ok": False, "at": "2026-11-20T12:00:00Z"},
    "Li3InCl6": {"elements": ["Cl", "In", "Li"], "nelements": 3, "formula": "Cl6InLi3", "x": -1.0, "ok": None,
                 "at": None},
}  # fmt: skip
KINDS: Any = {"elements": "list", "nelements": "integer", "formula": "string", "x": "float", "ok": "boolean",
              "at": "timestamp", "_lianode_y": "float"}  # fmt: skip
ALL = {"LiIn", "Li", "Li3InCl6"}


def found(text: str) -> set[str]:
    holds = compiled(text, KINDS, "lianode", {"space_group"})
    return {name for name, row in ROWS.items() if holds(row) is True}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("nelements=2", {"LiIn"}),
        ("2 <= nelements", {"LiIn", "Li3InCl6"}),
        ("nelements!=2", {"Li", "Li3InCl6"}),
        ("NOT nelements=2", {"Li", "Li3InCl6"}),
        ('elements HAS "In"', {"LiIn", "Li3InCl6"}),
        ('elements HAS ALL "In","Cl"', {"Li3InCl6"}),
        ('elements HAS ANY "Cl","Sn"', {"Li3InCl6"}),
        ('elements HAS ONLY "Li","In"', {"LiIn", "Li"}),
        ('NOT elements HAS "In"', {"Li"}),
        ("elements LENGTH 3", {"Li3InCl6"}),
        ("elements LENGTH >= 2", {"LiIn", "Li3InCl6"}),
        ('formula CONTAINS "Li"', ALL),
        ('formula STARTS WITH "Cl"', {"Li3InCl6"}),
        ('formula ENDS "Li"', {"LiIn", "Li"}),
        ("x > -2", {"LiIn", "Li3InCl6"}),
        ("NOT x > 0", {"Li3InCl6"}),  # of Li it is not known
        ("x IS UNKNOWN", {"Li"}),
        ("x IS KNOWN", {"LiIn", "Li3InCl6"}),
        ("x = 0.5 OR nelements = 1", {"LiIn", "Li"}),
        ("x = 0.5 AND (nelements = 1 OR nelements = 2)", {"LiIn"}),
        ("nelements = 1 OR nelements = 2 AND x < 0", {"Li"}),
        ("ok = TRUE", {"LiIn"}),
        ("ok != TRUE", {"Li"}),
        ('at >= "2026-11-19T00:00:00Z"', {"Li"}),
        ('at < "2026-11-18T14:00:00+01:00"', {"LiIn"}),
        ("_other_field = 3", set()),
        ("NOT _other_field = 3", set()),
        ("_other_field IS UNKNOWN", ALL),
        ("space_group = 225", set()),
        ("_lianode_y > 1", set()),
    ],
)
def test_filters_mean_what_the_standard_says(text: str, names: set[str]) -> None:
    assert found(text) == names


@pytest.mark.parametrize(
    "text", ["nelements", "nelements = ", "crazy = 2", "_lianode_crazy = 2", 'nelements = "two"', 'x HAS "a"',
             "formula > 1", "ok > TRUE", 'at > "yesterday"', "x LENGTH 2", "a" * 3000, "(" * 100, "nelements = TRUE"]
)  # fmt: skip
def test_filters_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        found(text)


@pytest.mark.parametrize("text", ["x = nelements", 'elements:formula HAS "a":"b"', "elements = 3"])
def test_what_the_standard_leaves_open_is_not_implemented(text: str) -> None:
    with pytest.raises(NotImplementedFilterError):
        found(text)


def asked(site: Any, path: str, status: int = 200, **words: str) -> Any:
    answer = site.get(f"/optimade/v1/{path}{'?' if words else ''}{urlencode(words)}")
    assert answer.status == status, answer.text
    return json.loads(answer.text)


def test_structures_carry_what_was_derived_from_them(site: Any, store: Any) -> None:
    (document,) = store.query(property="phase_stability", phase="LiIn", campaign=HOSTILE)  # as new as the other one
    answer = asked(site, "structures", filter='chemical_formula_reduced="InLi"')
    (one,) = answer["data"]
    assert one["id"] == "vasp-LiIn"
    said = one["attributes"]
    assert said["_lianode_formation_energy_per_atom"] == pytest.approx(document["formation_energy_per_atom"])
    assert said["_lianode_energy_above_hull_per_atom"] == pytest.approx(document["energy_above_hull_per_atom"])
    (stable,) = asked(site, "structures", filter="_lianode_energy_above_hull_per_atom<0.01 AND nelements=2")["data"]
    assert stable["id"] == "vasp-Li3In2"
    assert len(said["_lianode_results"]) == 1
    assert said["last_modified"] == "2026-11-18T12:01:00Z"
    assert said["nsites"] == len(said["cartesian_site_positions"]) == len(said["species_at_sites"])
    assert said["chemical_formula_anonymous"] == "AB"
    assert asked(site, "structures/vasp-LiIn")["data"] == one
    assert asked(site, "structures/none")["data"] is None


def test_rehearsals_are_no_structures(site: Any) -> None:
    answer = asked(site, "structures")
    assert answer["meta"]["data_available"] == 4
    assert not [one for one in answer["data"] if "rehearsal" in one["id"]]


def test_pages_and_orders(site: Any) -> None:
    seen, address = [], "/optimade/v1/structures?page_limit=3&sort=-nsites,id"
    while address:
        answer = json.loads(site.get(address).text)
        seen += [(-one["attributes"]["nsites"], one["id"]) for one in answer["data"]]
        following = answer["links"]["next"]
        assert answer["meta"]["more_data_available"] == (following is not None)
        address = following.removeprefix(f"http://127.0.0.1:{site.port}") if following else ""
    assert len(seen) == 4
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("path", "words", "status"),
    [
        ("structures", {"filter": "nelements ="}, 400),
        ("structures", {"page_limit": "0"}, 400),
        ("structures", {"page_limit": "x"}, 400),
        ("structures", {"sort": "elements"}, 400),
        ("structures", {"response_format": "xml"}, 400),
        ("structures", {"response_fields": "crazy"}, 400),
        ("structures", {"crazy": "1"}, 400),
        ("structures", {"filter": 'species_at_sites HAS "Li"'}, 501),
        ("info/references", {}, 404),
        ("nothing", {}, 404),
    ],
)
def test_errors_are_those_of_the_standard(site: Any, path: str, words: dict[str, str], status: int) -> None:
    (error,) = asked(site, path, status, **words)["errors"]
    assert error["status"] == str(status)
    assert error["detail"]


def test_unknown_versions(site: Any) -> None:
    assert site.get("/optimade/v9/info").status == 553
    assert site.get("/optimade/versions").text == "version\n1\n"


def test_the_validator_accepts_it(site: Any) -> None:
    validator = pytest.importorskip("optimade.validator")
    checked = validator.ImplementationValidator(
        base_url=f"http://127.0.0.1:{site.port}/optimade/v1", run_optional_tests=True, verbosity=0
    )
    checked.validate_implementation()
    results = checked.results
    assert checked.valid, (results.failure_messages, results.internal_failure_messages)
    assert results.success_count > 30
    assert not results.optional_failure_messages


def test_a_client_finds_structures(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = pytest.importorskip("optimade.client", reason="optimade[http-client] is not installed")
    address = f"http://127.0.0.1:{site.port}/optimade"
    query = 'elements HAS ALL "Li","In" AND _lianode_energy_above_hull_per_atom < 0.001'
    found = client.OptimadeClient(base_urls=[address], use_async=False).get(query)
    data = found["structures"][query][address]["data"]
    from optimade.adapters import Structure

    (one,) = data
    assert one["id"] == "vasp-Li3In2"
    assert Structure(one).as_pymatgen.composition.reduced_formula == "Li3In2"
