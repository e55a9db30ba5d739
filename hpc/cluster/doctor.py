"""What a cluster project needs, looked at on the login node; `doctor_queue` looks from a compute node."""

from __future__ import annotations

import mmap
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lianode.hpc.cluster.node_report import potcars_missing, versions
from lianode.hpc.cluster.settings import ADAPTERS, command_words
from lianode.hpc.cluster.slurm_partitions import SlurmSilentError, slurm_partitions
from lianode.hpc.doctor import Finding
from lianode.hpc.settings import MongoSettings
from lianode.structures.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lianode.hpc.cluster.settings import ClusterSettings, Partition
    from lianode.hpc.cluster.slurm_partitions import SlurmPartition
    from lianode.hpc.settings import Settings
    from lianode.workflows.plan import CampaignPlan

USUAL_ELEMENTS: Final = ("Li", "In", "Sn", "P", "S", "Cl")
"""Looked for where no campaign says which elements are needed."""
NEEDED: Final = {"fireworks": "cluster", "pymongo": "cluster", "custodian": "vasp"}
"""Packages, and the extra that brings each."""
SIGNS_OF_VTST: Final = (b"CHAIN: Read ICHAIN", b"VTST")
"""Texts that the patch prints, so that they are in the program."""


def examine_cluster(settings: Settings, plan: CampaignPlan | None = None) -> Iterator[Finding]:
    """Look at all that can be seen without a job.

    Parameters
    ----------
    settings
        Of a project with a cluster.
    plan
        Of the campaign whose PAW sets are looked for; None looks for the usual elements.
    """
    cluster = settings.cluster
    if cluster is None:
        return
    yield from _packages()
    yield from _scheduler(cluster)
    yield from _engine_names(cluster)
    yield from _store(settings)
    yield from _vasp(cluster)
    yield from _potcars(settings, plan)


def wanted_potcars(plan: CampaignPlan | None) -> list[str]:
    """Return the PAW sets of a campaign, such as ``PBE_54/Li_sv``; without one those of the usual elements."""
    from lianode.workflows.engines.registry import VASP
    from lianode.workflows.engines.vasp.settings import resolve

    if plan is None:
        usual = resolve({})
        return [f"{usual.potcar_functional}/{usual.potential_of[element]}" for element in USUAL_ELEMENTS]
    wanted = set()
    for request in plan.requests.values():
        if request.engine["name"] == VASP:
            made = resolve(request.engine)
            elements = {element.symbol for element in request.atoms().composition}
            wanted |= {f"{made.potcar_functional}/{made.potential_of[element]}" for element in elements}
    return sorted(wanted)


def _packages() -> Iterator[Finding]:
    found = versions()
    for name, extra in NEEDED.items():
        version = found[name]
        if version is None:
            yield Finding(name, "bad", f"not installed; run: pip install 'lianode[{extra}]'")
        else:
            yield Finding(name, "good", version)


def _scheduler(cluster: ClusterSettings) -> Iterator[Finding]:
    missing = [program for program in _programs(cluster) if shutil.which(program) is None]
    if missing:
        yield Finding(
            f"scheduler {cluster.scheduler}",
            "bad",
            f"{', '.join(missing)} not found; log in to a machine of the cluster, or correct `scheduler` in [cluster]",
        )
        return
    if cluster.scheduler != "slurm":
        yield Finding(
            f"scheduler {cluster.scheduler}",
            "good",
            "its commands are there; its partitions are checked by `lianode doctor --queue` only",
        )
        return
    try:
        known = slurm_partitions()
    except SlurmSilentError as error:
        yield Finding("scheduler slurm", "bad", str(error))
        return
    yield Finding("scheduler slurm", "good", f"partitions {', '.join(partition.name for partition in known)}")
    for partition in cluster.partitions:
        yield _partition(partition, known)


def _programs(cluster: ClusterSettings) -> tuple[str, ...]:
    """Return the commands that FireWorks' adapter of the scheduler calls."""
    if cluster.scheduler == "slurm":
        return ("sbatch", "squeue", "sinfo", "scontrol", "scancel")
    try:
        from fireworks.user_objects.queue_adapters.common_adapter import CommonAdapter
    except ImportError:
        return ()
    commands = CommonAdapter.default_q_commands[ADAPTERS[cluster.scheduler]]
    return (commands["submit_cmd"], commands["status_cmd"])


def _partition(wanted: Partition, known: list[SlurmPartition]) -> Finding:
    what = f"partition {wanted.name}"
    found = next((partition for partition in known if partition.name == wanted.name), None)
    if found is None:
        names = tuple(partition.name for partition in known)
        return Finding(what, "bad", f"Slurm has none{nearest(wanted.name, names)}; it has {', '.join(names)}")
    if not found.up:
        return Finding(what, "bad", "Slurm has it switched off at the moment; name another one or wait")
    if found.cores is not None and wanted.cores > found.cores:
        return Finding(what, "bad", f"its nodes have {found.cores} cores, lianode.toml says {wanted.cores}")
    if wanted.nodes > found.nodes:
        return Finding(what, "bad", f"it has {found.nodes} nodes, lianode.toml asks for up to {wanted.nodes}")
    if found.longest is not None and wanted.walltime > (longest := _seconds(found.longest)):
        return Finding(
            what, "bad", f"its jobs may take {longest / 3600:g} h, lianode.toml says {wanted.walltime / 3600:g} h"
        )
    fewer = f" (the nodes have {found.cores})" if found.cores not in {None, wanted.cores} else ""
    return Finding(what, "good", f"up, {wanted.cores} cores a node{fewer}, jobs of up to {wanted.walltime / 3600:g} h")


def _seconds(text: str) -> int:
    days, _, clock = text.rpartition("-")
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds


def _engine_names(cluster: ClusterSettings) -> Iterator[Finding]:
    from lianode.workflows.engines.registry import known_engines

    for partition in cluster.partitions:
        for name in partition.engines:
            if name not in known_engines():
                yield Finding(
                    f"partition {partition.name}",
                    "bad",
                    f"`engines` names {name!r}, which is no engine{nearest(name, known_engines())}; "
                    f"known: {', '.join(known_engines())}",
                )


def _store(settings: Settings) -> Iterator[Finding]:
    """Check that there is a server, and that its password is nowhere in the settings file."""
    from lianode.hpc.stores.mongo_credentials import read_password

    if not isinstance(settings.store, MongoSettings):
        yield Finding(
            "results store",
            "bad",
            'a cluster needs a MongoDB server, and [store] says SQLite; write kind = "mongodb" and uri',
        )
        return
    file = settings.store.password_file
    try:
        password = read_password(None if file is None else settings.resolve(file))
    except InputError as error:
        yield Finding("password", "bad", str(error))
        return
    if password is None:
        yield Finding("password", "optional", "none is set; a server that others can reach needs one")
        return
    text = "" if settings.file is None else settings.file.read_text(encoding="utf-8")
    if password in text:
        yield Finding(
            "password", "bad", f"it stands in {settings.file}; take it out there, and change it on the server"
        )
        return
    yield Finding("password", "good", "from the environment or a file of yours, not in the settings file")


def _vasp(cluster: ClusterSettings) -> Iterator[Finding]:
    if cluster.vasp_std is None:
        yield Finding("vasp_std", "optional", "not set; write the command that starts VASP under [cluster]")
        return
    for name in ("vasp_std", "vasp_gam"):
        command = getattr(cluster, name)
        if command is None:
            continue
        words = command_words(command, tasks=1, nodes=1)
        program = vasp_program(words)
        missing = [word for word in dict.fromkeys((words[0], program)) if shutil.which(word) is None]
        if not missing:
            yield Finding(name, "good", f"{shutil.which(program)}; {_vtst(program)}")
        elif cluster.modules or cluster.setup:
            yield Finding(
                name,
                "optional",
                f"{', '.join(missing)} not found here; jobs load modules first, so that only `lianode doctor --queue` "
                "can tell",
            )
        else:
            yield Finding(
                name, "bad", f"{', '.join(missing)} not found; write its full path, or name its module in `modules`"
            )


def vasp_program(words: tuple[str, ...]) -> str:
    """Return the word of a command that is VASP itself: the last one with ``vasp`` in its name, or the last."""
    return next((word for word in reversed(words) if "vasp" in Path(word).name.lower()), words[-1])


def _vtst(program: str) -> str:
    """Say whether a program has the VTST patch, from the texts in it."""
    path = shutil.which(program)
    if path is None:
        return "VTST not known"
    patched = has_vtst(Path(path))
    if patched is None:
        return "whether it has the VTST patch is not known, because it is a script"
    return "with the VTST patch: bands climb" if patched else "without the VTST patch: bands do not climb by themselves"


def has_vtst(path: Path) -> bool | None:
    """Whether a program contains the VTST patch; None for a script or a file that cannot be read."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if content[:4] != b"\x7fELF":
                return None
            return any(content.find(sign) >= 0 for sign in SIGNS_OF_VTST)
    except (OSError, ValueError):
        return None


def _potcars(settings: Settings, plan: CampaignPlan | None) -> Iterator[Finding]:
    wanted = wanted_potcars(plan)
    if settings.cluster is None or not wanted:
        return
    if settings.cluster.potcar_folder is None:
        yield Finding(
            "POTCARs", "optional" if plan is None else "bad", "potcar_folder is not set; write it under [cluster]"
        )
        return
    yield potcar_finding(wanted, potcars_missing(settings, wanted), settings.resolve(settings.cluster.potcar_folder))


def potcar_finding(wanted: Iterable[str], missing: Iterable[str], folder: Path) -> Finding:
    """Return what to say about PAW sets that were looked for."""
    gone = ", ".join(missing)
    if not gone:
        return Finding("POTCARs", "good", f"{', '.join(wanted)} in {folder}")
    return Finding("POTCARs", "bad", f"{gone} not in {folder}; ask whoever keeps VASP's licence where they are")
