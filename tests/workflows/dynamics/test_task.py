"""What can be asked of molecular dynamics."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from lianode.workflows.task import MDTask


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            {"ensemble": "nve", "final_temperature": 500},
            (
                "final_temperature means nothing for the ensemble nve; leave it out, or take npt-bussi or nvt-bussi "
                "or nvt-langevin or nvt-nose-hoover"
            ),
        ),
        ({"ensemble": "nve", "thermostat_time_fs": 50}, "thermostat_time_fs means nothing for the ensemble nve"),
        ({"ensemble": "nvt-bussi", "pressure_GPa": 1}, "pressure_GPa means nothing for the ensemble nvt-bussi"),
        ({"pressure_axes": "normal"}, "pressure_axes means nothing for the ensemble nvt-nose-hoover"),
        ({"barostat_time_fs": 10}, "leave it out, or take npt-bussi"),
        ({"compressibility_per_GPa": 0.1}, "compressibility_per_GPa means nothing"),
    ],
)
def test_what_means_nothing_is_refused_in_one_sentence(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as error:
        MDTask(temperature=300, steps=5, **options)
    (wrong,) = error.value.errors()
    assert says in wrong["msg"]


def test_a_stored_task_can_be_read_again() -> None:
    for options in ({}, {"ensemble": "nve"}, {"ensemble": "npt-bussi", "pressure_GPa": 2, "final_temperature": 30}):
        task = MDTask(temperature=300, steps=5, **options)
        assert MDTask.model_validate_json(task.model_dump_json()) == task


def test_what_could_always_be_asked_keeps_its_identity() -> None:
    """The key of a run in a fixed cell at one temperature has nothing of pressures and ramps in it."""
    assert MDTask(temperature=300, steps=5).identity() == {
        "kind": "md", "ensemble": "nvt-nose-hoover", "temperature": 300.0, "time_step_fs": 2.0, "steps": 5,
        "thermostat_time_fs": None, "seed": 1, "frame_interval": 10,
    }  # fmt: skip
    assert {"pressure_GPa", "final_temperature"} <= MDTask(
        ensemble="npt-bussi", temperature=300, final_temperature=400, steps=5
    ).identity().keys()


def test_a_ramp_is_a_straight_line() -> None:
    task = MDTask(temperature=300, final_temperature=100, steps=10)
    assert [task.target(step) for step in (0, 2.5, 10)] == [300, 250, 100]
    assert task.highest_temperature == 300
    assert MDTask(temperature=300, steps=10).target(7) == 300
