"""Nothing from a campaign file reaches a shell, and what the project adds to a job script is quoted."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from lianode.hpc.cluster.settings import ClusterSettings, command_words
from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.workflows.campaign.file import load_campaign
from lianode.workflows.plan import plan_campaign

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytest.importorskip("fireworks", reason="the extra 'cluster' is not installed")

HOSTILE = [
    "a b", "a;touch touched", "$(touch touched)", "`touch touched`", "a'b", 'a"b', "a\nb", "a\ttab", "../a", "/etc/a",
    "a|b", "a>touched", "a&b", "a\\b", "-a", "", "$HOME", "a\0b", "{tasks}", "%x", "é",
]  # fmt: skip
WORDS = "a b; $(touch touched) `touch touched` 'x' \"y\" ${HOME} {x} | & > touched # \\"


def yaml_string(text: str) -> str:
    import json

    return json.dumps(text)


def campaign(folder: Path, name: str = "c", engine: str = "morse", entry: str = "system: Li-In") -> Path:
    file = folder / "campaign.yaml"
    file.write_text(f"name: {name}\nengine: {engine}\ncalculations:\n  - hull: {{{entry}}}\n")
    return file


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_campaign_names_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        load_campaign(campaign(tmp_path, name=yaml_string(text)))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("key", ["system", "phases", "include", "exclude", "structures"])
def test_hostile_systems_and_phases_are_refused(tmp_path: Path, key: str, text: str) -> None:
    word = yaml_string(text)
    entry = f"system: {word}" if key == "system" else f"system: Li-In, {key}: [{word}]"
    with pytest.raises(InputError):
        plan_campaign(load_campaign(campaign(tmp_path, entry=entry)))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("key", ["name", "preset", "functional", "dispersion", "potcar_functional", "variant"])
def test_hostile_engine_settings_are_refused(tmp_path: Path, key: str, text: str) -> None:
    engine = f"{{name: vasp, {key}: {yaml_string(text)}}}" if key != "name" else f"{{name: {yaml_string(text)}}}"
    with pytest.raises(InputError):
        plan_campaign(load_campaign(campaign(tmp_path, engine=engine)))


def test_a_campaign_names_no_program() -> None:
    """No key of a campaign is a command, a module or a folder of POTCARs; those are the project's."""
    from lianode.workflows.engines.vasp.settings import VaspSettings

    assert not {"vasp_std", "vasp_gam", "command", "potcar_folder", "modules", "setup"} & set(VaspSettings.model_fields)


def user_phase_plan(folder: Path) -> Any:
    """Return the plan of a campaign with a crystal whose file has a hostile name."""
    file = folder / "my $(touch touched); `touch touched` 'x' LiIn.vasp"
    library.phase("LiIn").structure.to(filename=str(folder / "POSCAR"), fmt="poscar")
    (folder / "POSCAR").rename(file)
    entry = f"system: Li-In, phases: [Li, In, {yaml_string(file.name)}]"
    try:
        return plan_campaign(load_campaign(campaign(folder, entry=entry)))
    except InputError:
        return None


def test_names_of_files_reach_no_job_script(tmp_path: Path) -> None:
    """The script is made of the settings, the project's path and our own names; the plan is no argument of it."""
    import inspect

    from lianode.hpc.cluster import script

    plan = user_phase_plan(tmp_path)
    if plan is None:
        return  # refused
    arguments = set(inspect.signature(script.submit_allocation).parameters)
    assert arguments == {"allocation", "cluster", "project"}
    from lianode.hpc.cluster.allocations import Allocation

    made = set(Allocation.model_fields)
    assert not made & {"campaign", "label", "labels", "phase", "name", "title", "system"}


def cluster(**more: Any) -> ClusterSettings:
    return ClusterSettings.model_validate(
        {"partitions": [{"name": "p", "cores": 4, "walltime": "01:00:00", **more.pop("partition", {})}], **more}
    )


ANSWERS = {"slurm": ("sbatch", "Submitted batch job 7"), "pbs": ("qsub", "7.server")}


@pytest.fixture
def script(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write the job script of a command through FireWorks' adapter; the scheduler takes it and does nothing."""
    from lianode.hpc.cluster.script import submit_script

    def write(folder: Path, arguments: list[str], settings: ClusterSettings) -> Path:
        program, answer = ANSWERS[settings.scheduler]
        programs = tmp_path_factory.mktemp("bin")
        (programs / program).write_text(f"#!/bin/sh\necho '{answer}'\n")
        (programs / program).chmod(0o755)
        with monkeypatch.context() as patched:
            patched.setenv("PATH", str(programs), prepend=":")
            number = submit_script(
                folder, "lianode-test", arguments, settings, partition="p", nodes=1, tasks=1, walltime_s=600
            )
        assert number == "7"
        return folder / "job.sh"

    return write


PRINT = "import os, sys; print(os.getcwd()); [print(repr(word)) for word in sys.argv[1:]]"


@pytest.mark.parametrize("scheduler", ["slurm", "pbs"])
@pytest.mark.parametrize("name", [WORDS, "a\ntouch touched\nb"], ids=["signs", "lines"])
def test_paths_are_quoted_in_job_scripts(
    tmp_path: Path, script: Callable[..., Path], scheduler: str, name: str
) -> None:
    folder = tmp_path / name.replace("/", "")
    folder.mkdir()
    project = folder / "lianode.toml"
    words = [sys.executable, "-c", PRINT, str(project), "20260101-000000-abcdef"]
    file = script(folder, words, cluster(scheduler=scheduler))
    done = subprocess.run(["bash", str(file)], cwd=tmp_path, capture_output=True, text=True, check=True)
    printed = f"{folder}\n{str(project)!r}\n'20260101-000000-abcdef'\n"
    assert done.stdout.endswith(printed)
    assert not list(tmp_path.rglob("touched"))


def test_a_path_that_fireworks_would_drop_is_refused(tmp_path: Path, script: Callable[..., Path]) -> None:
    folder = tmp_path / "a$${queue}"
    folder.mkdir()
    with pytest.raises(InputError, match=r"cannot write \$\$"):
        script(folder, [sys.executable], cluster())
    with pytest.raises(InputError, match=r"cannot write \$\$"):
        script(tmp_path, [sys.executable, "a$$b"], cluster())


def test_unknown_options_of_a_partition_are_refused(tmp_path: Path, script: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="option is not known"):
        script(tmp_path, ["true"], cluster(partition={"options": {"nodez": "1"}}))


@pytest.mark.parametrize("word", ["a b", "$(touch touched)", "a;b", "a'b", "`x`", "a\nb"])
def test_values_of_settings_cannot_be_hostile(word: str) -> None:
    for more in (
        {"partition": {"account": word}},
        {"partition": {"options": {"constraint": word}}},
        {"modules": [word]},
    ):
        with pytest.raises(ValueError, match="String should match pattern"):
            cluster(**more)


def test_no_shell_reads_the_command_of_vasp() -> None:
    words = command_words("srun -n {tasks} vasp_std; touch touched $(touch touched)", tasks=4, nodes=1)
    assert words == ("srun", "-n", "4", "vasp_std;", "touch", "touched", "$(touch", "touched)")
