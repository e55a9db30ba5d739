"""What doctor finds on a cluster: on the login node, and through real jobs."""

from __future__ import annotations

import json
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from lianode.hpc.cluster.doctor import _partition, examine_cluster, has_vtst, vasp_program, wanted_potcars
from lianode.hpc.cluster.doctor_queue import judge
from lianode.hpc.cluster.node_report import NodeReport, node_report, potcars_missing, versions, why_vasp_does_not_start
from lianode.hpc.cluster.settings import Partition
from lianode.hpc.cluster.slurm_partitions import SlurmPartition
from lianode.hpc.settings import FILE_NAME, load_settings
from lianode.workflows.campaign.file import load_campaign
from lianode.workflows.plan import plan_campaign

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.hpc.doctor import Finding
    from lianode.hpc.rehearsal.cluster import RehearsalCluster
    from lianode.hpc.settings import Settings

REHEARSAL = (sys.executable, "-P", "-m", "lianode.hpc.rehearsal")
PARTITION = '[[cluster.partitions]]\nname = "normal"\ncores = 4\nwalltime = "01:00:00"\n'


def settings(folder: Path, cluster: str = "", store: str = "") -> Settings:
    file = folder / FILE_NAME
    file.write_text(f"[store]\n{store}\n[cluster]\n{cluster}\n{PARTITION}")
    return load_settings(file)


def by_name(findings: object) -> dict[str, Finding]:
    return {finding.what: finding for finding in findings}  # type: ignore[attr-defined]


def program(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_vtst_is_found_in_a_program_and_not_in_a_script(tmp_path: Path) -> None:
    filler = b"\0" * 100_000
    assert has_vtst(program(tmp_path / "patched", b"\x7fELF" + filler + b" CHAIN: Read ICHAIN " + filler)) is True
    assert has_vtst(program(tmp_path / "plain", b"\x7fELF" + filler + b" CHAIN + TOTAL  (eV/Angst)" + filler)) is False
    assert has_vtst(program(tmp_path / "script", "#!/bin/sh\n# VTST\nexec vasp_std\n")) is None
    assert has_vtst(program(tmp_path / "empty", b"")) is None
    assert has_vtst(tmp_path / "missing") is None


def test_the_program_is_found_in_a_command() -> None:
    assert vasp_program(("srun", "--exact", "-n", "1", "/apps/vasp_std")) == "/apps/vasp_std"
    assert vasp_program(("mpirun", "-n", "1", "/apps/vasp/6/bin/program")) == "/apps/vasp/6/bin/program"


def test_vasp_on_the_login_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    program(bin_ / "vasp_std", b"\x7fELF VTST: version")
    monkeypatch.setenv("PATH", str(bin_))
    found = by_name(examine_cluster(settings(tmp_path, 'vasp_std = "vasp_std"')))
    assert found["vasp_std"].state == "good"
    assert "with the VTST patch" in found["vasp_std"].message
    found = by_name(examine_cluster(settings(tmp_path, 'vasp_std = "srun vasp_std"')))
    assert found["vasp_std"].state == "bad"
    assert "srun not found" in found["vasp_std"].message
    found = by_name(examine_cluster(settings(tmp_path, 'vasp_std = "srun vasp_6"\nmodules = ["vasp"]')))
    assert found["vasp_std"].state == "optional"
    assert "doctor --queue" in found["vasp_std"].message
    assert by_name(examine_cluster(settings(tmp_path)))["vasp_std"].state == "optional"


@pytest.mark.parametrize("scheduler", ["slurm", "pbs", "sge"])
def test_a_machine_without_the_scheduler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheduler: str) -> None:
    pytest.importorskip("fireworks", reason="the extra 'cluster' is not installed")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = by_name(examine_cluster(settings(tmp_path, f'scheduler = "{scheduler}"')))
    assert found[f"scheduler {scheduler}"].state == "bad"
    assert "not found; log in to a machine of the cluster" in found[f"scheduler {scheduler}"].message


def test_partitions_are_compared_with_the_scheduler() -> None:
    known = SlurmPartition(name="cpu", default=True, up=True, cores=48, nodes=10, longest="1-00:00:00")

    def say(found: SlurmPartition = known, **changes: object) -> Finding:
        wanted = {"name": "cpu", "cores": 48, "nodes": 2, "walltime": "24:00:00", **changes}
        return _partition(Partition.model_validate(wanted), [found])

    assert say().state == "good"
    assert "did you mean 'cpu'?" in say(name="cpus").message
    assert "have 48 cores, lianode.toml says 64" in say(cores=64).message
    assert "has 10 nodes, lianode.toml asks for up to 11" in say(nodes=11).message
    assert "may take 24 h, lianode.toml says 25 h" in say(walltime="25:00:00").message
    assert say(walltime="1-00:00:00").state == "good"
    assert "switched off" in say(SlurmPartition(**{**vars(known), "up": False})).message
    assert (
        say(SlurmPartition(**{**vars(known), "longest": None, "cores": None}), walltime="90-00:00:00").state == "good"
    )


def test_engines_of_partitions_are_known(tmp_path: Path) -> None:
    file = settings(tmp_path).file
    assert file is not None
    file.write_text(file.read_text() + 'engines = ["vaps"]\n')
    messages = [finding.message for finding in examine_cluster(load_settings(file))]
    assert any("names 'vaps', which is no engine (did you mean 'vasp'?)" in message for message in messages)


def test_the_password_is_not_in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = 'kind = "mongodb"\nuri = "mongodb://me@localhost"'
    monkeypatch.setenv("LIANODE_MONGODB_PASSWORD", "s3cret-word")
    assert by_name(examine_cluster(settings(tmp_path, store=store)))["password"].state == "good"
    found = by_name(examine_cluster(settings(tmp_path, store=f"# s3cret-word\n{store}")))["password"]
    assert found.state == "bad"
    assert "s3cret-word" not in found.message
    monkeypatch.delenv("LIANODE_MONGODB_PASSWORD")
    assert by_name(examine_cluster(settings(tmp_path, store=store)))["password"].state == "optional"
    assert by_name(examine_cluster(settings(tmp_path)))["results store"].state == "bad"


def test_potcars_of_a_campaign(tmp_path: Path) -> None:
    campaign = tmp_path / "c.yaml"
    campaign.write_text(
        "name: c\nengine: {name: vasp, potentials: {Sn: Sn}, potcar_functional: PBE_64}\n"
        "calculations:\n  - hull: {system: Li-Sn, phases: [Li_bcc, Sn_beta]}\n"
    )
    wanted = wanted_potcars(plan_campaign(load_campaign(campaign)))
    assert wanted == ["PBE_64/Li_sv", "PBE_64/Sn"]
    assert wanted_potcars(None) == [f"PBE_54/{name}" for name in ("Li_sv", "In_d", "Sn_d", "P", "S", "Cl")]
    (tmp_path / "potcars" / "PBE_64" / "Sn").mkdir(parents=True)
    (tmp_path / "potcars" / "PBE_64" / "Sn" / "POTCAR").write_text("TITEL  = PAW_PBE Sn 08Apr2002")
    made = settings(tmp_path, f'potcar_folder = "{tmp_path}/potcars"')
    assert potcars_missing(made, wanted) == ("PBE_64/Li_sv",)
    found = by_name(examine_cluster(made, plan_campaign(load_campaign(campaign))))["POTCARs"]
    assert found.state == "bad"
    assert "PBE_64/Li_sv not in" in found.message


def test_starting_is_what_counts(tmp_path: Path) -> None:
    assert why_vasp_does_not_start(REHEARSAL, tmp_path) is None
    old = program(tmp_path / "vasp5", "#!/bin/sh\necho ' running on    1 total cores'\nexit 1\n")
    assert why_vasp_does_not_start((str(old),), tmp_path) is None
    broken = program(tmp_path / "broken", "#!/bin/sh\necho 'libmkl.so: cannot open shared object file' >&2\nexit 127\n")
    assert "cannot open shared object" in str(why_vasp_does_not_start((str(broken),), tmp_path))
    assert "No such file" in str(why_vasp_does_not_start((str(tmp_path / "nothing"),), tmp_path))
    assert "exit status 3" in str(why_vasp_does_not_start(("/bin/sh", "-c", "exit 3"), tmp_path))
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_report_of_this_machine_agrees_with_it(tmp_path: Path) -> None:
    made = settings(tmp_path, f'vasp_std = "{" ".join(REHEARSAL)}"')
    assert made.file is not None
    report = node_report(made.file, [])
    assert (report.project, report.database, report.vasp_std, report.seconds_left) == (None, None, None, None)
    states = {finding.what: finding.state for finding in judge(report, made, [], "p")}
    assert states.pop("end of job in p") == "optional"
    assert set(states.values()) == {"good"}


def test_a_report_says_what_is_wrong_and_what_would_be_right(tmp_path: Path) -> None:
    made = settings(tmp_path, f'vasp_std = "srun vasp_std"\npotcar_folder = "{tmp_path}"')
    report = NodeReport(
        host="node7", cores=4, versions={**versions(), "pymatgen": "2020.1.1", "custodian": None}, project=None,
        database="no answer", potcars_missing=("PBE_54/Li_sv",), vasp_std="srun: not found",
    )  # fmt: skip
    found = by_name(judge(report, made, ["PBE_54/Li_sv"], "p"))
    assert "2020.1.1 there" in found["versions in p"].message
    assert "missing there" in found["versions in p"].message
    assert "no answer; compute nodes need a route" in found["database in p"].message
    assert "does not start: srun: not found" in found["vasp_std in p"].message
    assert found["POTCARs in p"].state == "bad"
    away = by_name(judge(report.model_copy(update={"project": "/x cannot be written"}), made, [], "p"))
    assert "file system that all nodes share" in away["project in p"].message


@pytest.mark.slurm
@pytest.mark.mongodb
def test_through_real_jobs_in_a_folder_with_a_hostile_name(cluster: RehearsalCluster) -> None:
    plain = cluster.project("doctor")
    folder = plain.parent.parent / "my 'project' $(touch touched); `touch touched` {x} \"x\""
    folder.mkdir()
    file = folder / FILE_NAME
    words = " ".join(REHEARSAL)
    text = plain.read_text().replace("[cluster]\n", f'[cluster]\nvasp_std = "{words}"\npotcar_folder = "."\n')
    second = '\n[[cluster.partitions]]\nname = "short"\ncores = 1\nwalltime = "00:10:00"\nengines = ["vasp"]\n'
    third = '\n[[cluster.partitions]]\nname = "other"\ncores = 1\nwalltime = "00:10:00"\nengines = ["vasp"]\n'
    file.write_text(text + second + third)
    printed = cluster.run(file, "doctor", "--queue", "--queue-timeout", "3", "--json", check=False)
    findings = {entry["what"]: entry for entry in json.loads(printed[printed.index("[") : printed.rindex("]") + 1])}
    assert findings["scheduler slurm"]["state"] == "good"
    for partition in ("normal", "short"):
        assert findings[f"partition {partition}"]["state"] == "good"
        for what in ("job", "versions", "project", "database", "vasp_std", "end of job"):
            assert findings[f"{what} in {partition}"]["state"] == "good", findings[f"{what} in {partition}"]
        assert findings[f"POTCARs in {partition}"]["state"] == "bad"
    assert "it has normal, short" in findings["partition other"]["message"]
    assert "Invalid partition" in findings["job in other"]["message"]
    assert not list(cluster.folder.rglob("touched"))


@pytest.mark.slurm
@pytest.mark.mongodb
def test_a_job_that_waits_too_long_says_its_state(cluster: RehearsalCluster) -> None:
    file = cluster.project("waits")
    blocked = cluster.slurm.run("sbatch", "--parsable", "--exclusive", "-t5", "--output=/dev/null", "--wrap=sleep 300")
    try:
        printed = cluster.run(file, "doctor", "--queue", "--queue-timeout", "0.1", check=False)
    finally:
        cluster.slurm.run("scancel", blocked.strip())
    assert "is still pending" in printed
    assert "wait longer with --queue-timeout" in printed


@pytest.mark.slurm
@pytest.mark.mongodb
def test_a_job_without_lianode_says_so(cluster: RehearsalCluster) -> None:
    file = cluster.project("no-python")
    file.write_text(file.read_text().replace("[cluster]\n", '[cluster]\npython = "/bin/false"\n'))
    printed = cluster.run(file, "doctor", "--queue", "--queue-timeout", "2", check=False)
    assert "wrote no report" in printed
