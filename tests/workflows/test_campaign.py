"""What a campaign means, built in Python."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from lianode.workflows.campaign.campaign import PROPERTIES, Campaign, campaign_digest
from lianode.workflows.hull.entry import HullEntry, is_path, leaves_out


def _campaign(*settings: dict[str, Any], **top: Any) -> Campaign:
    entries = [{"hull": {"system": "Li-In", **each}} for each in settings or ({},)]
    return Campaign.model_validate({"name": "x", "calculations": entries, **top})


def _hull(**settings: Any) -> HullEntry:
    (entry,) = _campaign(settings).calculations
    assert isinstance(entry, HullEntry)
    return entry


def test_defaults_are_those_of_the_issue() -> None:
    hull = _hull()
    assert hull.hull_tolerance == 0.005  # eV/atom
    assert (hull.phonon_length, hull.phonon_max_atoms, hull.phonon_time_limit) == (10.0, 300, 600.0)
    assert (hull.max_force, hull.max_stress) == (0.005, 0.05)  # eV/Å, GPa
    assert hull.temperature is None
    assert hull.materials_project is False


def test_quantities_are_in_base_units() -> None:
    hull = _hull(
        hull_tolerance="5 meV/atom", temperature="25 °C", phonon_length="1.2 nm", phonon_time_limit="1 h",
        max_force="1 meV/Å", max_stress="1 kbar",
    )  # fmt: skip
    assert hull.hull_tolerance == pytest.approx(0.005)
    assert hull.temperature == pytest.approx(298.15)
    assert hull.phonon_length == pytest.approx(12.0)
    assert hull.phonon_time_limit == 3600.0
    assert hull.max_force == pytest.approx(0.001)
    assert hull.max_stress == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("written", "system", "elements"),
    [
        ("Li-In", "Li-In", ("Li", "In")),
        ("In-Li", "Li-In", ("Li", "In")),
        ("Sn - Li - In", "Li-In-Sn", ("Li", "In", "Sn")),
        ("Li\N{EN DASH}Sn", "Li-Sn", ("Li", "Sn")),
        ("Sn-In", "In-Sn", ("In", "Sn")),
    ],
)
def test_systems_are_written_lithium_first(written: str, system: str, elements: tuple[str, ...]) -> None:
    hull = _hull(system=written)
    assert hull.system == system
    assert hull.elements == elements


def test_what_the_user_should_know_is_said() -> None:
    assert _hull().notes() == ()
    assert "no voltage curve" in _hull(system="In-Sn").notes()[0]
    assert "host" in _hull(system="Li-In-Sn").notes()[0]
    assert _hull(system="Li-In-Sn", host="InSn").notes() == ()
    assert "temperature" in _hull(phonon_length=12).notes()[0]
    assert _hull(phonon_length=12, temperature=300).notes() == ()


def test_engines_come_from_the_entry_then_the_campaign_then_the_default() -> None:
    def names(campaign: Campaign) -> list[list[str]]:
        return [[spec.name for spec in campaign.engines_of(entry)] for entry in campaign.calculations]

    assert names(_campaign()) == [["sevennet-0"]]
    assert names(_campaign(engine="chgnet")) == [["chgnet"]]
    assert names(_campaign({}, {"engine": "morse"}, engines=["chgnet", "sevennet-0"])) == [
        ["chgnet", "sevennet-0"],
        ["morse"],
    ]
    (spec,) = _campaign(engine={"name": "morse", "well_depth": 0.3}).named_engines
    assert spec.settings == {"well_depth": 0.3}
    assert spec.spec == {"name": "morse", "well_depth": 0.3}


def test_one_engine_with_two_settings_is_two_engines() -> None:
    campaign = _campaign(engines=[{"name": "morse", "well_depth": 0.3}, "morse"])
    assert len(campaign.named_engines) == 2


def test_the_same_system_with_other_settings_is_another_entry() -> None:
    assert len(_campaign({}, {"exclude": ["LiIn3"]}).calculations) == 2
    assert len(_campaign({}, {"engine": "chgnet"}).calculations) == 2
    with pytest.raises(ValidationError, match="there twice"):
        _campaign({}, {"engine": "sevennet-0"})
    with pytest.raises(ValidationError, match="there twice"):
        _campaign({"include": ["LiIn3", "Li3In"]}, {"include": ["Li3In", "LiIn3"], "system": "In-Li"})


def test_users_own_phases_may_have_names_the_library_does_not_know(tmp_path: Any) -> None:
    hull = _hull(structures=["mine.cif"], exclude=["Li9In5_mine"], references={"In": "In_mine"})
    assert hull.exclude == ("Li9In5_mine",)
    assert _hull(phases=["mine.cif", "In_mine"]).phases == ("mine.cif", "In_mine")
    assert _hull(materials_project=True, exclude=["mp-12345"]).exclude == ("mp-12345",)
    with pytest.raises(ValidationError, match="Li9In5_mine"):
        _hull(exclude=["Li9In5_mine"])


def test_include_takes_formulas_names_generated_cells_and_the_word() -> None:
    assert _hull(include="hypothetical").include == "hypothetical"
    assert _hull(include=["LiIn3", "LiIn3_D022", "LiIn35"]).include == ("LiIn3", "LiIn3_D022", "LiIn35")
    assert _hull(phases=["Li", "In", "LiIn35"]).phases == ("Li", "In", "LiIn35")


def test_a_formula_leaves_out_every_phase_of_it() -> None:
    assert leaves_out("LiIn3", "LiIn3_D022", "LiIn3")
    assert leaves_out("In3Li", "LiIn3_D022", "LiIn3")
    assert leaves_out("LiIn3_D022", "LiIn3_D022", "LiIn3")
    assert not leaves_out("LiIn3_D022", "LiIn3_L12", "LiIn3")
    assert not leaves_out("LiIn", "LiIn3_L12", "LiIn3")
    with pytest.raises(ValidationError, match="both in `include` and in `exclude`"):
        _hull(include=["LiIn3_D022"], exclude=["In3Li"])


@pytest.mark.parametrize("text", ["cells/x", "x.cif", "x.CIF", "POSCAR", "POSCAR_LiIn", "./x", "/x", "../x", "a.vasp"])
def test_paths_are_told_from_names(text: str) -> None:
    assert is_path(text)


@pytest.mark.parametrize("text", ["LiIn", "LiSn_I41amd", "Li5.5PS4.5Cl1.5", "LiIn35"])
def test_names_are_told_from_paths(text: str) -> None:
    assert not is_path(text)


def test_a_campaign_does_not_change() -> None:
    campaign = _campaign()
    with pytest.raises(ValidationError, match="frozen"):
        campaign.name = "y"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        campaign.calculations[0].engine = None  # type: ignore[misc]


def test_a_dump_can_be_read_back() -> None:
    campaign = _campaign({"temperature": 300, "include": ["LiIn3"]}, engine={"name": "morse", "well_depth": 0.3})
    for again in (
        Campaign.model_validate(campaign.model_dump()),
        Campaign.model_validate_json(campaign.model_dump_json()),
    ):
        assert again.calculations == campaign.calculations
        assert campaign_digest(again) == campaign_digest(campaign)


def test_digests_are_equal_for_equal_questions_only() -> None:
    digest = campaign_digest(_campaign({"hull_tolerance": "5 meV/atom"}))
    assert len(digest) == 16
    assert int(digest, 16) >= 0
    assert campaign_digest(_campaign({"system": "In-Li", "engine": "sevennet-0"})) == digest
    assert campaign_digest(_campaign({"max_stress": "0.5 kbar"}, engines=["sevennet-0"])) == digest
    assert campaign_digest(_campaign({}, {"system": "Li-Sn"})) == campaign_digest(
        _campaign({"system": "Li-Sn"}, {})
    )  # order of entries
    for other in (
        _campaign({"hull_tolerance": "6 meV/atom"}),
        _campaign({"system": "Li-Sn"}),
        _campaign({"exclude": ["LiIn3"]}),
        _campaign({"include": ["LiIn3"]}),
        _campaign({"temperature": 300}),
        _campaign(engine="chgnet"),
        _campaign(name="y"),
    ):
        assert campaign_digest(other) != digest


def test_every_property_has_its_name() -> None:
    assert all(name == model.PROPERTY for name, model in PROPERTIES.items())
    assert "system" in PROPERTIES["hull"].model_fields
