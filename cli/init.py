"""``lianode init``: a project folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STARTER: Final = """\
# Convex hull and voltage curve of Li-In. Run it with: lianode run li-in.yaml
name: li-in
engine: sevennet-0            # a machine-learned potential; `lianode doctor` lists the others
calculations:
  - hull: {system: Li-In}
"""
CLUSTER_STARTER: Final = """\
# Convex hull and voltage curve of Li-In with VASP. See what it costs with: lianode plan li-in.yaml
name: li-in
engine: {name: vasp, preset: alloy}
calculations:
  - hull: {system: Li-In}
"""
QUESTIONS: Final[dict[str, str]] = {
    "partition": "Partition (queue) that jobs go to",
    "cores": "Cores of one node there",
    "nodes": "Most nodes one job may take",
    "walltime": "Longest time of a job there (such as 24:00:00)",
    "account": "Account that is charged (empty: none)",
    "qos": "Quality of service (empty: none)",
    "vasp_std": "Command that starts VASP",
    "vasp_gam": "The same for the Γ-point version (empty: none)",
    "potcar_folder": "Folder of the POTCARs (empty: later)",
    "mongodb_uri": "Address of the MongoDB server, without a password (mongodb://user@host:27017)",
    "mongodb_database": "Database there, one per project",
    "password_file": "File with its password (empty: the variable LIANODE_MONGODB_PASSWORD)",
    "budget": "Core-hours above which `lianode submit` asks (empty: never)",
}
NEEDED: Final = ("partition", "cores", "walltime", "mongodb_uri")
CLUSTER_OPTIONS: Final = (
    click.option("--cluster", is_flag=True, help="For a cluster; asks for what no option gives."),
    click.option("--scheduler", help="slurm (default), pbs, sge, cobalt, loadleveler, lsf or moab."),
    click.option("--partition", help="Partition (queue) that jobs go to."),
    click.option("--cores", type=int, help="Cores of one node there."),
    click.option("--nodes", type=int, help="Most nodes one job may take."),
    click.option("--walltime", help="Longest time of a job there, such as 24:00:00."),
    click.option("--account", help="Account that is charged."),
    click.option("--qos", help="Quality of service."),
    click.option("--module", "modules", multiple=True, help="A module that jobs load; may be given again."),
    click.option("--vasp-std", help="Command that starts VASP, such as 'srun --exact --mem=0 -n {tasks} vasp_std'."),
    click.option("--vasp-gam", help="The same for the version for one k-point."),
    click.option("--potcar-folder", type=click.Path(path_type=Path), help="Folder of the POTCARs."),
    click.option("--mongodb-uri", help="Address of the MongoDB server, without a password."),
    click.option("--mongodb-database", help="Database there, one per project; default: lianode."),
    click.option("--password-file", type=click.Path(path_type=Path), help="File with its password (chmod 600)."),
    click.option("--budget", type=float, help="Core-hours above which `lianode submit` asks."),
)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(CLUSTER_OPTIONS):
        command = option(command)
    return command


@click.command("init", short_help="Make a project: settings file, results store, a first campaign.")
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@_options
def command(folder: Path, cluster: bool, **given: Any) -> None:
    """Make FOLDER (default: this one) a lianode project.

    Writes lianode.toml (where results live, and with --cluster the scheduler and where VASP is) and li-in.yaml (a first
    campaign), and opens the results store once, so that a folder where it cannot live is noticed now.
    """
    from lianode.hpc.settings import load_settings, write_default
    from lianode.hpc.store import open_store

    answered = [name for name, value in given.items() if value not in {None, ()}]
    if answered and not cluster:
        raise click.UsageError(f"--{answered[0].removesuffix('s').replace('_', '-')} is for clusters; add --cluster")
    if cluster:
        _init_cluster(folder, given)
        return
    folder.mkdir(parents=True, exist_ok=True)
    file = write_default(folder)
    open_store(load_settings(file)).close()
    click.echo(f"wrote {file}")
    starter = _starter(folder, STARTER)
    click.echo(f"next: {_go_to(folder)}lianode run {starter.name}")


def _init_cluster(folder: Path, given: Mapping[str, Any]) -> None:
    from lianode.hpc.cluster.template import ClusterAnswers, cluster_template
    from lianode.hpc.settings import FILE_NAME, load_settings, parse_settings, write_settings
    from lianode.hpc.store import open_store
    from lianode.structures.errors import InputError

    if (folder / FILE_NAME).exists():
        raise InputError("there is a settings file already; it is left as it is", str(folder / FILE_NAME))
    text = cluster_template(ClusterAnswers(**_answers(given)))
    parse_settings(text, folder / FILE_NAME)  # before anything is made
    folder.mkdir(parents=True, exist_ok=True)
    file = write_settings(folder, text)
    click.echo(f"wrote {file}")
    starter = _starter(folder, CLUSTER_STARTER)
    try:
        open_store(load_settings(file)).close()
    except InputError as error:
        click.echo(f"note: the results store does not answer yet: {error}", err=True)
    go = _go_to(folder)
    click.echo(f"next: {go}lianode doctor, then lianode doctor --queue, then lianode plan {starter.name}")


def _answers(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the options, the machine and the user say; without a terminal nobody is asked.

    Raises
    ------
    InputError
        When something is needed and nobody said it.
    """
    from lianode.structures.errors import InputError

    answers = {name: _read(name, value) for name, value in given.items() if value is not None}
    scheduler = str(answers.setdefault("scheduler", "slurm"))
    guessed = _guesses(scheduler, answers.get("partition"))
    asking = on_terminal()
    for name, question in QUESTIONS.items():
        if name in answers:
            continue
        if asking:
            default = guessed.get(name, None if name in NEEDED else "")
            kind = int if name in {"cores", "nodes"} else None
            text = click.prompt(question, default=default, show_default=default not in {None, ""}, type=kind)
            answers[name] = _read(name, text)
            if name == "partition":
                guessed = _guesses(scheduler, str(text))
        elif name in guessed:
            answers[name] = _read(name, guessed[name])
        elif name in NEEDED:
            raise InputError("this is needed, and there is no terminal to ask at", f"--{name.replace('_', '-')}")
    return {name: value for name, value in answers.items() if value is not None}


def _read(name: str, text: Any) -> Any:
    """Return an answer as its option would give it; None for an empty one."""
    if text == "":
        return None
    if name in {"potcar_folder", "password_file"}:  # the settings file counts paths from itself
        return text if str(text).startswith("~") else Path(text).absolute()
    return click.FLOAT.convert(text, None, None) if name == "budget" else text


def _guesses(scheduler: str, partition: str | None) -> dict[str, Any]:
    """Return what Slurm tells of a partition (its default one, where none is named), and the usual commands."""
    from lianode.hpc.cluster.slurm_partitions import SlurmSilentError, slurm_partitions
    from lianode.hpc.cluster.template import default_vasp

    vasp = default_vasp(scheduler, "vasp_std")
    guessed: dict[str, Any] = {"nodes": 1, "mongodb_database": "lianode", "vasp_std": vasp}
    if scheduler != "slurm":
        return guessed
    try:
        known = slurm_partitions()
    except SlurmSilentError:
        return guessed
    for found in known:
        if partition in {None, found.name}:
            says = {"partition": found.name, "cores": found.cores, "walltime": found.longest}
            return guessed | {name: value for name, value in says.items() if value is not None}
    return guessed


def on_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _starter(folder: Path, text: str) -> Path:
    starter = folder / "li-in.yaml"
    if not starter.exists():
        starter.write_text(text, encoding="utf-8")
        click.echo(f"wrote {starter}")
    return starter


def _go_to(folder: Path) -> str:
    import shlex

    return "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
