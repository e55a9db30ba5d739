"""What happens to campaigns on a cluster when things die: every fault at random moments, with the accounts after.

Brings up a real MongoDB, a real Slurm and the stand-in for VASP on this machine (extras ``cluster``, ``vasp`` and
``test-servers``; Debian's ``slurm-wlm munge``), and runs two campaigns that share references for each trial.

    python benchmarks/fault_matrix.py                      # ten moments for each fault: about two hours on two cores
    python benchmarks/fault_matrix.py --moments 1 vasp mongod
    python benchmarks/fault_matrix.py --scenario bands vasp rocket walltime     # migration barriers instead of hulls
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from lianode.hpc.rehearsal.cluster import rehearsal_cluster
from lianode.hpc.rehearsal.scenarios import SCENARIOS
from lianode.hpc.rehearsal.trials import FAULTS, run_trial

if TYPE_CHECKING:
    from lianode.hpc.rehearsal.cluster import RehearsalCluster
    from lianode.hpc.rehearsal.scenarios import Scenario
    from lianode.hpc.rehearsal.trials import Verdict

TOGETHER = {"walltime": 2}
"""Trials that run at the same time: those that mostly wait for the scheduler."""


def shown(verdict: Verdict) -> str:
    """Return one trial as a line."""
    states = ", ".join(f"{count} {state}" for state, count in verdict.states.items())
    return (
        f"{verdict.fault:14}{verdict.seed:>4}{verdict.moment_s:>7.1f} s{verdict.seconds:>7.0f} s{verdict.runs:>5} runs "
        f"{states:24} {'; '.join(verdict.wrong) or 'ok':40} {verdict.struck} {' | '.join(verdict.reasons)}"
    )


def trials(
    cluster: RehearsalCluster, scenario: Scenario, fault: str, seeds: range, energies: dict[str, float]
) -> list[Verdict]:
    """Run the trials of one fault."""

    def one(seed: int) -> Verdict:
        verdict, _ = run_trial(cluster, fault, seed, scenario=scenario, expected=energies)
        print(shown(verdict), flush=True)
        return verdict

    if fault not in TOGETHER:
        return [one(seed) for seed in seeds]  # servers die with the thread that started them again
    with ThreadPoolExecutor(TOGETHER[fault]) as pool:
        return list(pool.map(one, seeds))


def main() -> None:
    """Run the matrix and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", default=[name for name in FAULTS if name != "none"])
    parser.add_argument("--moments", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="hulls")
    arguments = parser.parse_args()
    began = time.monotonic()
    verdicts: list[Verdict] = []
    with tempfile.TemporaryDirectory(prefix="lianode-") as folder, rehearsal_cluster(Path(folder), cores=3) as cluster:
        os.environ.update(cluster.slurm.environment)
        scenario = SCENARIOS[arguments.scenario]
        first, energies = run_trial(cluster, "none", 0, scenario=scenario)
        print(shown(first), flush=True)
        verdicts.append(first)
        for fault in arguments.faults:
            seeds = range(arguments.seed, arguments.seed + arguments.moments)
            verdicts += trials(cluster, scenario, fault, seeds, energies)
    print(f"\n{'fault':44}{'trials':>7}{'good':>6}{'runs of VASP':>14}{'longest':>10}")
    for fault in dict.fromkeys(verdict.fault for verdict in verdicts):
        of = [verdict for verdict in verdicts if verdict.fault == fault]
        runs = sum(verdict.runs for verdict in of) / len(of)
        print(
            f"{FAULTS[fault].what:44}{len(of):>7}{sum(not verdict.wrong for verdict in of):>6}{runs:>14.1f}"
            f"{max(verdict.seconds for verdict in of):>8.0f} s"
        )
    print(f"{time.monotonic() - began:.0f} s in all")
    raise SystemExit(any(verdict.wrong for verdict in verdicts))


if __name__ == "__main__":
    main()
