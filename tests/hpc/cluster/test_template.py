"""What ``lianode init --cluster`` writes is read back equal."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from lianode.hpc.cluster.settings import ADAPTERS
from lianode.hpc.cluster.template import ClusterAnswers, cluster_template, toml
from lianode.hpc.settings import FILE_NAME, MongoSettings, load_settings, parse_settings, write_settings
from lianode.structures.errors import InputError

FULL = ClusterAnswers(
    scheduler="slurm",
    partition="cpu",
    cores=48,
    nodes=4,
    walltime="2-00:00:00",
    account="abc123",
    qos="long",
    modules=("intel/2023", "vasp/6.4.2"),
    vasp_std='srun -n {tasks} "/apps/my vasp/vasp_std"',
    vasp_gam="srun -n {tasks} vasp_gam",
    potcar_folder=Path('/data/Größe "x" \\ ü/pot\tcars'),
    mongodb_uri="mongodb://me@db.example:27017",
    mongodb_database="alloys",
    password_file=Path("~/.lianode-mongodb"),
    budget=1234.5,
)


def test_every_answer_is_read_back(tmp_path: Path) -> None:
    settings = load_settings(write_settings(tmp_path, cluster_template(FULL)))
    store, cluster = settings.store, settings.cluster
    assert store == MongoSettings(
        kind="mongodb", uri=FULL.mongodb_uri, database="alloys", password_file=Path("~/.lianode-mongodb")
    )
    assert cluster is not None
    partition = cluster.partitions[0]
    assert (partition.name, partition.cores, partition.nodes, partition.walltime) == ("cpu", 48, 4, 172800)
    assert (partition.account, partition.qos) == ("abc123", "long")
    assert cluster.modules == FULL.modules
    assert (cluster.vasp_std, cluster.vasp_gam) == (FULL.vasp_std, FULL.vasp_gam)
    assert cluster.potcar_folder == FULL.potcar_folder
    assert cluster.budget == FULL.budget


def test_what_was_not_answered_is_a_comment_that_would_be_right() -> None:
    few = ClusterAnswers(partition="p", cores=4, walltime="24:00:00", mongodb_uri="mongodb://h")
    text = cluster_template(few)
    assert parse_settings(text, Path(FILE_NAME)).cluster is not None
    examples = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ") and " = " in line]
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for example in examples:
        key = example.split(" = ")[0]
        if not key.isidentifier():
            continue
        of_partition = key in {"account", "qos", "memory_GB", "options"}
        after = "[store]" if key == "password_file" else "[[cluster.partitions]]" if of_partition else None
        place = lines.index(after or "[cluster]") + 1
        parse_settings("\n".join([*lines[:place], example, *lines[place:]]), Path(FILE_NAME))


@pytest.mark.parametrize("scheduler", list(ADAPTERS))
def test_every_scheduler_has_a_usual_command(scheduler: str) -> None:
    answers = ClusterAnswers(
        scheduler=scheduler, partition="p", cores=4, walltime="24:00:00", mongodb_uri="mongodb://h"
    )
    assert "vasp_std = " in cluster_template(answers)
    assert parse_settings(cluster_template(answers), Path(FILE_NAME)).cluster is not None


@pytest.mark.parametrize("text", ["", 'a"b', "a\\b", "a\nb", "a\x00b\x1f", "\x7f", "é 🜨", "'''", '"""', "# no comment"])
def test_any_text_is_escaped(text: str) -> None:
    assert tomllib.loads(f"x = {toml(text)}")["x"] == text
    assert tomllib.loads(f"x = {toml((text, 'b'))}")["x"] == [text, "b"]


def test_a_text_cannot_add_keys(tmp_path: Path) -> None:
    hostile = ClusterAnswers(
        partition='p"\nsetup = ["touch x"]\n#', cores=4, walltime="24:00:00", mongodb_uri="mongodb://h"
    )
    with pytest.raises(InputError, match="only letters, digits"):
        write_settings(tmp_path, cluster_template(hostile))
    assert list(tmp_path.iterdir()) == []


def test_a_password_is_never_written(tmp_path: Path) -> None:
    hostile = ClusterAnswers(partition="p", cores=4, walltime="24:00:00", mongodb_uri="mongodb://me:secret@h")
    with pytest.raises(InputError, match="must not contain a password"):
        write_settings(tmp_path, cluster_template(hostile))
    assert list(tmp_path.iterdir()) == []
