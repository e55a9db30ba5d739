"""What jobs ask for: the rule of ranks, its limits, and times."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from lianode.hpc.cluster.resources import (
    BAND_EFFICIENCY,
    BANDS_PER_RANK,
    MARGIN,
    SHORTEST_S,
    START_S,
    resources_for,
    spread,
)
from lianode.hpc.cluster.settings import ClusterSettings
from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.engines.vasp.cost import workload
from lianode.workflows.engines.vasp.settings import resolve
from lianode.workflows.plan import Speed
from lianode.workflows.request import relax_phase
from lianode.workflows.task import RelaxTask, StaticTask

if TYPE_CHECKING:
    from lianode.workflows.engines.vasp.cost import Workload
    from lianode.workflows.request import Request


def cluster(cores: int = 48, nodes: int = 4, walltime: str = "24:00:00", **more: Any) -> ClusterSettings:
    partition = {"name": "p", "cores": cores, "nodes": nodes, "walltime": walltime}
    return ClusterSettings.model_validate({"partitions": [partition], **more})


def request(phase: str, engine: Any = "vasp", **task: Any) -> Request:
    return relax_phase(make_engine(engine), library.phase(phase), RelaxTask(**task))


def work(k_points: int, bands: int, core_hours: float) -> Workload:
    usual = workload(resolve({}), StaticTask(), library.phase("LiIn").primitive())
    return replace(usual, k_points=k_points, bands=bands, core_seconds=3600.0 * core_hours)


def asked(loaded: Workload, made: ClusterSettings, factor: float = 1.0) -> tuple[int, int, float]:
    layout = spread(loaded, made.partitions[0], made, factor)
    return layout.groups, layout.ranks, layout.seconds / 3600


def test_a_tiny_cell_takes_one_rank_and_the_shortest_time() -> None:
    found = resources_for(request("Li_bcc", rattle=0.0), cluster(stop_margin="00:00"))
    assert (found.nodes, found.tasks, found.k_groups) == (1, 1, 1)
    assert found.walltime_s == SHORTEST_S
    assert found.expected_s < SHORTEST_S / MARGIN


def test_a_band_takes_groups_of_ranks_for_its_images() -> None:
    """Five images of one k-point: bands over at most 5 ranks, then images beside each other, without loss."""
    loaded, made = work(k_points=1, bands=40, core_hours=80.0), cluster(cores=64, nodes=1, target_hours=1.0)
    alone = spread(loaded, made.partitions[0], made)
    assert (alone.images, alone.tasks) == (1, 5)
    band = spread(loaded, made.partitions[0], made, images=5)
    assert (band.images, band.groups, band.ranks, band.tasks) == (5, 1, 5, 25)
    assert band.seconds == pytest.approx(alone.seconds / 5)
    two = spread(replace(loaded, core_seconds=3600.0 * 7.0), made.partitions[0], made, images=2)
    assert two.tasks == 2 * two.ranks or two.images == 1


def test_images_on_several_nodes_have_whole_ones_or_equal_parts() -> None:
    loaded, made = work(k_points=4, bands=400, core_hours=5000.0), cluster(cores=48, nodes=6, target_hours=1.0)
    layout = spread(loaded, made.partitions[0], made, images=5)
    one = layout.groups * layout.ranks
    assert layout.tasks <= 6 * 48
    assert one % 48 == 0 or 48 % one == 0


def test_a_huge_cell_is_capped_at_nodes_and_wall_time() -> None:
    found = resources_for(request("Li17Sn4", engine={"name": "vasp", "encut": 1000, "ispin": 2}), cluster())
    assert (found.nodes, found.tasks) == (4, 192)
    assert found.walltime_s == 24 * 3600  # and the job is continued
    assert found.expected_s > found.walltime_s


def test_one_k_point_takes_a_rank_for_every_eight_bands() -> None:
    """About one rank per atom of indium: 13 valence electrons in 7 to 8 bands."""
    groups, ranks, hours = asked(work(k_points=1, bands=240, core_hours=1000.0), cluster(cores=64, nodes=1))
    assert (groups, ranks) == (1, 240 // BANDS_PER_RANK)
    assert hours == pytest.approx(1000.0 / (30 * BAND_EFFICIENCY))


def test_k_points_are_spread_without_loss_where_they_divide() -> None:
    """Eight hours on two k-points, one band: two ranks halve it, and more than two have nothing to do."""
    assert asked(work(2, 1, 8.0), cluster(stop_margin="00:00")) == (2, 1, 4.0)
    # a third group beside two that do the work would idle: 4 k-points on 3 groups take as long as on 2
    assert asked(work(4, 1, 7.0), cluster(target_hours=4.0))[0] == 2


def test_as_few_ranks_as_reach_the_target_time() -> None:
    """With k-points enough for any number of groups: work over time, rounded up."""
    for target in (1.0, 2.0, 8.0):
        groups, ranks, hours = asked(work(100_000, 1, 40.0), cluster(target_hours=target))
        assert hours <= target - START_S / 3600
        assert groups * ranks == math.ceil(40.0 / (target - START_S / 3600))


def test_whole_nodes_are_taken_only_when_one_is_not_enough() -> None:
    loaded = work(k_points=200, bands=400, core_hours=900.0)
    one, several = cluster(nodes=1), cluster(nodes=10)
    assert sum(asked(loaded, one)[:2]) > 0
    groups, ranks, hours = asked(loaded, several)
    assert (groups * ranks) % 48 == 0
    assert 48 < groups * ranks <= 480
    assert hours <= 4.0
    small = work(k_points=200, bands=400, core_hours=100.0)
    assert asked(small, several) == asked(small, one)


def test_a_short_partition_gets_more_ranks_for_the_same_work() -> None:
    loaded = work(k_points=100, bands=80, core_hours=30.0)
    short, long = (asked(loaded, cluster(walltime=limit)) for limit in ("01:00:00", "24:00:00"))
    assert short[0] * short[1] > 3 * long[0] * long[1]


def test_the_users_way_of_spreading_is_kept() -> None:
    loaded = work(k_points=10, bands=320, core_hours=200.0)
    groups, ranks, _ = asked(loaded, cluster(parallel={"KPAR": 4, "NCORE": 4}))
    assert groups == 4
    assert ranks % 4 == 0
    with pytest.raises(InputError, match=r"KPAR = 8, NCORE = 8 needs more ranks than the 48 cores"):
        asked(loaded, cluster(nodes=1, parallel={"KPAR": 8, "NCORE": 8}))


def test_measured_speed_changes_time_and_ranks() -> None:
    loaded = request("Li13Sn5")
    usual = resources_for(loaded, cluster())
    slow = resources_for(loaded, cluster(), Speed({"vasp": 5.0}))
    other = resources_for(loaded, cluster(), Speed({"vasp rehearsal": 5.0, "sevennet-0": 5.0}))
    assert slow.tasks > usual.tasks
    assert slow.core_hours > 4 * usual.core_hours
    assert other == usual


def test_core_hours_are_ranks_times_time() -> None:
    found = resources_for(request("LiIn"), cluster())
    assert found.core_hours == pytest.approx(found.tasks * found.expected_s / 3600)


def test_wall_times_leave_room_to_stop() -> None:
    found = resources_for(request("Li13Sn5"), cluster(stop_margin="01:00"))
    assert found.walltime_s >= MARGIN * found.expected_s + 3600
    assert found.walltime_s % 60 == 0


def test_potentials_and_rehearsals_take_one_task() -> None:
    for engine in ("sevennet-0", "morse", {"name": "vasp", "rehearsal": True}):
        found = resources_for(request("LiIn", engine), cluster())
        assert (found.nodes, found.tasks) == (1, 1)
    real, rehearsed = (
        resources_for(request("Li17Sn4", {"name": "vasp", "rehearsal": flag}), cluster()) for flag in (False, True)
    )
    assert rehearsed.expected_s < real.expected_s / 100


def test_the_engines_own_partition_is_taken() -> None:
    made = cluster()
    own = made.partitions[0].model_copy(update={"name": "own", "cores": 4, "engines": ("sevennet-0",)})
    both = made.model_copy(update={"partitions": (*made.partitions, own)})
    assert resources_for(request("LiIn", "sevennet-0"), both).partition == "own"
    assert resources_for(request("LiIn", "morse"), both).partition == "p"
