"""What a job asks the scheduler for.

VASP spreads k-points over groups of ranks (``KPAR``) and bands over the ranks of a group. Groups need next to no
communication; bands do, and too few of them per rank waste it. The rule here: at most as many groups as irreducible
k-points, and at least `BANDS_PER_RANK` bands for every rank of a group. For an alloy with one k-point that is about
one rank per atom, which P. Larsson (National Supercomputer Centre, Linköping,
https://www.nsc.liu.se/~pla/blog/2015/01/12/vasp-how-many-cores/) found to keep 80 % of the efficiency "almost always".
Within the rule a job takes as few ranks as finish in about ``target_hours``: fewer ranks cost fewer core-hours. It
stays on one node unless that is not enough, and then takes whole ones.

A machine-learned potential gets one task: its cells are small, and several such jobs share an allocation. So does a
rehearsal, which costs nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lianode.hpc.cluster.settings import ClusterSettings, Partition
    from lianode.workflows.engines.vasp.cost import Workload
    from lianode.workflows.plan import Speed
    from lianode.workflows.request import Request

SHORTEST_S: Final = 900
"""No job asks for less; starting, reading and a slow file system take minutes."""
MARGIN: Final = 2.0
"""Time asked for over time expected."""
START_S: Final = 120.0
"""Modules, imports and the first wave functions, s."""
BANDS_PER_RANK: Final = 8
"""Fewest bands of a rank."""
BAND_EFFICIENCY: Final = 0.8
"""Of a group of more than one rank."""
REHEARSAL_S: Final = 60.0
"""The stand-in for VASP takes seconds to a minute for what VASP takes hours for."""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Nodes, ranks and time of one job.

    Attributes
    ----------
    partition
        Where it runs.
    nodes, tasks
        Nodes, and ranks (cores) over all of them.
    walltime_s
        Time it asks for, s. Where the partition allows less than it needs, the job is continued.
    expected_s
        Time it is expected to take, s, all continuations together.
    k_groups
        Groups that VASP has to divide its ranks into (``KPAR``): `tasks` is chosen for this number.
    image_groups
        Images of a band that run at the same time, each with its share of the ranks.
    """

    partition: str
    nodes: int
    tasks: int
    walltime_s: int
    expected_s: float
    k_groups: int = 1
    image_groups: int = 1

    @property
    def core_hours(self) -> float:
        """Core-hours that the job is expected to take."""
        return self.tasks * self.expected_s / 3600.0


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A way to spread a calculation.

    Attributes
    ----------
    groups, ranks
        Groups of k-points, and ranks of each.
    seconds
        Time it is expected to take, s.
    images
        Images of a band at the same time.
    """

    groups: int
    ranks: int
    seconds: float
    images: int = 1

    @property
    def tasks(self) -> int:
        """All ranks."""
        return self.images * self.groups * self.ranks


def resources_for(request: Request, cluster: ClusterSettings, speed: Speed | None = None) -> Resources:
    """Return what a calculation asks for.

    Parameters
    ----------
    request
        What is wanted.
    cluster
        Of the project's settings.
    speed
        Of :func:`lianode.workflows.plan.measured_speed`.

    Raises
    ------
    InputError
        When no partition takes the engine, or ``parallel`` asks for more ranks than a node has.
    """
    from lianode.workflows.engines.registry import VASP
    from lianode.workflows.plan import expected_seconds, images_computed, vasp_workload
    from lianode.workflows.task import MDTask, NebTask

    name = str(request.engine["name"])
    partition = cluster.partition_for(name)
    if name != VASP or isinstance(request.task, MDTask):
        return _resources(partition, cluster, Layout(groups=1, ranks=1, seconds=expected_seconds(request, speed)))
    if request.engine.get("rehearsal"):
        return _resources(partition, cluster, Layout(groups=1, ranks=1, seconds=REHEARSAL_S))
    work = vasp_workload(request.engine, request.task, request.atoms())
    factor = 1.0 if speed is None else speed.of(request.engine)
    images = images_computed(request.task) if isinstance(request.task, NebTask) else 1
    return _resources(partition, cluster, spread(work, partition, cluster, factor, images=images))


def _resources(partition: Partition, cluster: ClusterSettings, layout: Layout) -> Resources:
    expected = START_S + layout.seconds
    wanted = 60 * math.ceil((MARGIN * expected + cluster.stop_margin) / 60)  # schedulers count minutes
    return Resources(
        partition=partition.name,
        nodes=math.ceil(layout.tasks / partition.cores),
        tasks=layout.tasks,
        walltime_s=min(partition.walltime, max(SHORTEST_S, wanted)),
        expected_s=expected,
        k_groups=layout.groups,
        image_groups=layout.images,
    )


def spread(
    work: Workload, partition: Partition, cluster: ClusterSettings, factor: float = 1.0, *, images: int = 1
) -> Layout:
    """Return the layout with the fewest ranks that ends in the target time, or else the fastest.

    Parameters
    ----------
    work
        Of the calculation.
    partition, cluster
        Of the settings.
    factor
        Measured over estimated time.
    images
        Calculations of one size that may run at the same time.

    Raises
    ------
    InputError
        When ``parallel`` asks for more ranks than a node has.
    """
    longest = max(60.0, (partition.walltime - cluster.stop_margin) / MARGIN)
    target = min(3600.0 * cluster.target_hours, longest) - START_S
    layouts = sorted(
        (
            layout
            for at_once in range(1, images + 1)
            for layout in _layouts(work, partition, cluster, factor, at_once=at_once, images=images)
        ),
        key=lambda layout: (layout.tasks, layout.seconds, layout.images, layout.groups),
    )
    if not layouts:
        parallel = ", ".join(f"{tag} = {value}" for tag, value in cluster.parallel.items())
        raise InputError(
            f"{parallel} needs more ranks than the {partition.cores} cores of a node of {partition.name}; "
            "lower or remove them",
            "cluster.parallel",
        )
    in_time = next((layout for layout in layouts if layout.seconds <= target), None)
    return in_time or min(layouts, key=lambda layout: (layout.seconds, layout.tasks))


def _layouts(
    work: Workload, partition: Partition, cluster: ClusterSettings, factor: float, *, at_once: int, images: int
) -> Iterator[Layout]:
    """Yield what the rule and the user's ``parallel`` allow, on one node or on several whole ones.

    Of several images at once each has a part of a node, or whole nodes.
    """
    cores = partition.cores
    most = cores * partition.nodes // at_once
    busy = images / (at_once * math.ceil(images / at_once))
    fixed = int(cluster.parallel.get("KPAR", 0))
    unit = max(int(cluster.parallel.get(tag, 1)) for tag in ("NCORE", "NPAR"))  # a group's ranks are a multiple of it
    by_bands = max(unit, work.bands // BANDS_PER_RANK // unit * unit)
    for groups in (fixed,) if fixed else range(1, min(work.k_points, most) + 1):
        rounds = math.ceil(work.k_points / groups)
        for ranks in range(unit, min(by_bands, most // groups) + 1, unit):
            one = groups * ranks
            tasks = at_once * one
            if tasks <= cores or one % cores == 0 or (cores % one == 0 and tasks % cores == 0):
                efficiency = work.k_points / (groups * rounds) * (BAND_EFFICIENCY if ranks > 1 else 1.0)
                seconds = factor * work.core_seconds / (tasks * efficiency * busy)
                yield Layout(groups=groups, ranks=ranks, seconds=seconds, images=at_once)
