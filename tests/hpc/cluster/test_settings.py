"""The table ``[cluster]`` of the settings file: what it takes, and how it says what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lianode.hpc.cluster.settings import ADAPTERS
from lianode.hpc.settings import FILE_NAME, load_settings, parse_settings
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from lianode.hpc.cluster.settings import ClusterSettings

PARTITION = '[[cluster.partitions]]\nname = "p"\ncores = 48\nwalltime = "24:00:00"\n'
HOSTILE = ["a b", "a;b", "$(touch x)", "`touch x`", "a'b", 'a"b', "a\nb", "a\n", "a|b", "a>b", "a&b", "a\\b", "a#b", ""]


def read(text: str) -> ClusterSettings:
    found = parse_settings(text, Path(FILE_NAME)).cluster
    assert found is not None
    return found


def refused(text: str) -> str:
    with pytest.raises(InputError) as error:
        parse_settings(text, Path(FILE_NAME))
    return str(error.value)


def test_times_are_kept_in_seconds() -> None:
    for written, seconds in {"24:00:00": 86400, "2-12:00:00": 216000, "00:30": 1800, "100:00": 360000}.items():
        assert read(PARTITION.replace("24:00:00", written)).partitions[0].walltime == seconds
    assert "is not a time such as" in refused(PARTITION.replace("24:00:00", "a day"))
    assert "write a time such as" in refused(PARTITION.replace('"24:00:00"', "24"))


@pytest.mark.parametrize("text", ["[cluster]\n", "[cluster]\npartitions = []\n", '[cluster.partitions]\nname = "p"\n'])
def test_a_cluster_needs_a_partition(text: str) -> None:
    message = refused(text)
    assert "write [[cluster.partitions]], in double brackets" in message
    assert "key 'cluster.partitions'" in message


def test_a_table_is_asked_for_by_its_own_name() -> None:
    assert "write [cluster] and its keys" in refused("cluster = 3\n")
    assert "write [store] and its keys" in refused("store = 3\n")


def test_unknown_keys_name_the_nearest() -> None:
    assert "did you mean 'potcar_folder'?" in refused(f'[cluster]\npotcars_folder = "x"\n{PARTITION}')
    message = refused(PARTITION + "memory = 100\n")
    assert "did you mean 'memory_GB'?" in message
    assert "cluster.partitions.0.memory" in message


def test_what_is_missing_is_named() -> None:
    assert "'cluster.partitions.0.cores': this is needed and missing" in refused(PARTITION.replace("cores = 48\n", ""))


def test_an_unknown_scheduler_lists_the_known_ones() -> None:
    message = refused(f'[cluster]\nscheduler = "slrum"\n{PARTITION}')
    assert all(name in message for name in ADAPTERS)


def test_every_scheduler_has_an_adapter_of_fireworks() -> None:
    pytest.importorskip("fireworks", reason="the extra 'cluster' is not installed")
    from fireworks.user_objects.queue_adapters.common_adapter import CommonAdapter

    for name in ADAPTERS.values():
        assert Path(CommonAdapter(name).template_file).is_file()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("key", ["name", "account", "qos", "options", "modules"])
def test_nothing_that_a_shell_reads_is_taken_as_a_word(key: str, text: str) -> None:
    word = '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    lines = {
        "name": PARTITION.replace('"p"', word),
        "options": f"{PARTITION}options = {{constraint = {word}}}\n",
        "modules": f"[cluster]\nmodules = [{word}]\n{PARTITION}",
    }
    message = refused(lines.get(key, f"{PARTITION}{key} = {word}\n"))
    assert "only letters, digits and" in message
    assert key in message


def test_tags_that_change_results_are_refused() -> None:
    assert read(f"[cluster]\nparallel = {{NCORE = 4}}\n{PARTITION}").parallel == {"NCORE": 4}
    assert "ENCUT would change results" in refused(f"[cluster]\nparallel = {{ENCUT = 400}}\n{PARTITION}")


@pytest.mark.parametrize(
    ("command", "says"),
    [("srun 'vasp", "cannot be split"), (" ", "is empty"), ("srun -n {cores} vasp_std", "{cores} is not known")],
)
def test_commands_are_checked(command: str, says: str) -> None:
    assert says in refused(f'[cluster]\nvasp_std = "{command}"\n{PARTITION}')


@pytest.mark.parametrize(
    "uri", ["mongodb://me:secret@h", "mongodb://me:se/cret@h", "mongodb://me:s?c@h/db", "mongodb://h/?password=x"]
)
def test_a_password_in_the_address_is_refused_and_not_repeated(uri: str) -> None:
    message = refused(f'[store]\nkind = "mongodb"\nuri = "{uri}"\n')
    assert "must not contain a password" in message
    assert uri not in message


@pytest.mark.parametrize("uri", ["mongodb://me@h:27017/db?authSource=admin", "mongodb+srv://h/db", "mongodb://h:1,g:2"])
def test_addresses_without_a_password_are_taken(uri: str) -> None:
    assert parse_settings(f'[store]\nkind = "mongodb"\nuri = "{uri}"\n', Path(FILE_NAME)).store.kind == "mongodb"


def test_the_template_names_the_way_to_a_cluster(tmp_path: Path) -> None:
    from lianode.hpc.settings import write_default

    file = write_default(tmp_path)
    assert "lianode init --cluster" in file.read_text()
    assert load_settings(file).cluster is None
