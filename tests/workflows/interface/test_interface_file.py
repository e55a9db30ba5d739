"""Interfaces in a campaign file, as people write them, and as they should not."""

from __future__ import annotations

from pathlib import Path

import pytest

from lianode.structures.errors import InputError
from lianode.workflows.campaign.campaign import campaign_digest
from lianode.workflows.campaign.file import load_campaign
from lianode.workflows.interface_md.entry import InterfaceMdEntry, polyhedron_parts

EXAMPLES = Path(__file__).parents[3] / "examples"
HEAD = "name: x\nengine: morse\ncalculations:\n  - interface_md:\n"
GOOD = f"{HEAD}      electrolyte: LiCl\n      anode: In\n"


def load(folder, text):
    path = folder / "campaign.yaml"
    path.write_text(text)
    return load_campaign(path)


@pytest.mark.parametrize("name", ["in-li6ps5cl", "luo2021", "su2024"])
def test_examples_are_valid(name):
    campaign = load_campaign(EXAMPLES / f"{name}.yaml")
    assert campaign.name == name
    assert campaign.notes() == ()
    assert all(isinstance(entry, InterfaceMdEntry) for entry in campaign.calculations)


def test_the_example_of_luo2021_is_what_the_paper_ran():
    (entry,) = load_campaign(EXAMPLES / "luo2021.yaml").calculations
    assert (entry.temperature, entry.time_step, entry.time) == (300.0, 2.0, 20_000.0)
    assert entry.steps(entry.time) == 10_000
    assert entry.pairs == ("In-S", "In-Cl", "P-S")
    assert entry.references == ("InS", "InCl")


def test_the_order_of_a_planes_indices_counts(tmp_path):
    one, other = (load(tmp_path, f"{GOOD}      anode_plane: {plane}\n") for plane in ("[1, 0, 0]", "[0, 0, 1]"))
    assert campaign_digest(one) != campaign_digest(other)
    both = GOOD + "      anode_plane: [1, 0, 0]\n" + GOOD.removeprefix("name: x\nengine: morse\ncalculations:\n")
    assert len(load(tmp_path, both).calculations) == 2


def test_long_steps_are_mentioned(tmp_path):
    assert "long for lithium" in load(tmp_path, f"{GOOD}      time_step: 4 fs\n").notes()[0]


def test_units():
    assert polyhedron_parts("PS4") == ("P", "S", 4)
    assert polyhedron_parts("InCl6") == ("In", "Cl", 6)


BAD = {
    "no anode": (f"{HEAD}      electrolyte: LiCl\n", "anode"),
    "unknown anode": (GOOD.replace("In\n", "Ind\n"), "no 'Ind'"),
    "unknown electrolyte": (GOOD.replace("LiCl", "Li7PS6"), "no 'Li7PS6'"),
    "disordered anode": (GOOD.replace("anode: In", "anode: Li6PS5Cl_average"), "disordered"),
    "missing file": (GOOD.replace("anode: In", "anode: ./none.cif"), "there is no file"),
    "no plane": (f"{GOOD}      anode_plane: [0, 0, 0]\n", "three integers such as [0, 0, 1]"),
    "two indices": (f"{GOOD}      anode_plane: [0, 1]\n", "anode_plane"),
    "half an index": (f"{GOOD}      anode_plane: [0, 0, 0.5]\n", "whole number"),
    "negative time": (f"{GOOD}      time: -1 ps\n", "positive"),
    "wall time": (f"{GOOD}      time: 2 h\n", "such as '20 ps'"),
    "no step": (f"{GOOD}      time: 0.5 fs\n", "has 0 steps"),
    "empty windows": (f"{GOOD}      time: 100 fs\n      windows: 20\n", "cannot fill 20 windows"),
    "a ramp of nothing": (f"{GOOD}      start_temperature: 50\n      equilibration: 0\n", "`equilibration: 1 ps`"),
    "negative temperature": (f"{GOOD}      temperature: -3\n", "positive"),
    "unknown thermostat": (f"{GOOD}      thermostat: andersen\n", "nose-hoover"),
    "more models than orderings": (f"{GOOD}      orderings: 2\n      models: 3\n", "raise `orderings`"),
    "pair of one element": (f"{GOOD}      pairs: [InCl]\n", "no pair of elements"),
    "pair of another element": (f"{GOOD}      pairs: [Sn-Cl]\n", "there is no Sn in In or LiCl"),
    "pair twice": (f"{GOOD}      pairs: [In-Cl, In-Cl]\n", "twice"),
    "no pairs": (f"{GOOD}      pairs: []\n", "such as [In-S]"),
    "no unit": (f"{GOOD}      polyhedra: [PS]\n", "such as PS4"),
    "unit of another element": (f"{GOOD}      polyhedra: [PS4]\n", "there is no P"),
    "cutoff of no pair": (f"{GOOD}      cutoffs: {{InCl: 3}}\n", "no pair of elements"),
    "negative cutoff": (f"{GOOD}      cutoffs: {{In-Cl: -3}}\n", "positive"),
    "layers missing": (f"{GOOD}      normalisation: layer\n", "needs `layers`"),
    "unknown reference": (f"{GOOD}      references: [InCl7]\n", "no 'InCl7'"),
    "strain of a whole": (f"{GOOD}      max_strain: 5\n", "max_strain"),
    "strained side": (f"{GOOD}      strained: film\n", "anode"),
    "misspelt key": (f"{GOOD}      temprature: 300\n", "did you mean 'temperature'"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_entry_gets_a_sentence(case, tmp_path):
    text, advice = BAD[case]
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert "line " in message
    assert advice in message
