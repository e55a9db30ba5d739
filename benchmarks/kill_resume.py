"""``kill -9`` of the runner at random moments of a campaign, each followed by a re-run.

Runs the campaign once undisturbed and once through the kills, in two new projects, and checks that no finished
calculation is repeated (its document stays the same, bit by bit) and that the final documents are those of the
undisturbed run: identical in every field but times, host and paths, and for relaxations that were resumed half-way with
energies within 0.1 meV/atom. With one thread per worker (as many workers as cores) a potential gives the same digits
in every run; with several threads the last digits differ from evaluation to evaluation. Prints a table; exit code 1
when something differs.

    python benchmarks/kill_resume.py --campaign examples/li-in.yaml --kills 10
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lianode.hpc.settings import load_settings, write_default
from lianode.hpc.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

PER_RUN = {"host", "directory", "started", "wall_time_s", "evaluation_time_s", "revision", "created"}
RESUMED = {"steps", "evaluations", "continued", "max_force", "max_stress_GPa"}
ENERGY_LIMIT = 1e-4
"""eV/atom between a resumed relaxation and an undisturbed one."""
NUMBER_LIMIT = 1e-2
"""Other numbers of a resumed relaxation, relative or Å: what the limits of a relaxation leave open, 0.005 eV/Å over a
soft mode's 0.5 eV/Å² and 0.05 GPa over a bulk modulus of 5 GPa."""

Documents = dict[str, dict[str, Any]]


def run(project: Path, campaign: Path, workers: int) -> subprocess.Popen[bytes]:
    """Start ``lianode run``."""
    command = [sys.executable, "-m", "lianode.cli.main", "run", str(campaign), "--project", str(project)]
    return subprocess.Popen([*command, "--workers", str(workers), "--json"], stdout=subprocess.DEVNULL)


def documents(project: Path) -> tuple[Documents, Documents]:
    """Return calculations and property documents of a project, by key."""
    store = open_store(load_settings(project / "lianode.toml"))
    calculations = {document["key"]: document for document in store.calculation_documents.find({})}
    properties = {document["key"]: document for document in store.query()}
    store.close()
    return calculations, properties


def finished(calculations: Documents) -> Documents:
    """Return the calculations that converged."""
    return {key: document for key, document in calculations.items() if document["state"] == "converged"}


def differences(one: Any, other: Any, where: str, *, exact: bool) -> Iterator[str]:
    """Yield where two documents differ; unless ``exact``, numbers may differ in their last digits."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted((one.keys() | other.keys()) - PER_RUN - (set() if exact else RESUMED)):
            yield from differences(one.get(name), other.get(name), f"{where}.{name}", exact=exact)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            yield from differences(mine, theirs, f"{where}[{index}]", exact=exact)
    elif not exact and isinstance(one, float) and isinstance(other, float):
        if abs(one - other) > NUMBER_LIMIT * max(1.0, abs(other)):
            yield f"{where}: {one} and {other}"
    elif not exact and isinstance(one, str) and isinstance(other, str):
        if re.sub(r"-?\d+\.\d+", "#", one) != re.sub(r"-?\d+\.\d+", "#", other):
            yield f"{where}: {one!r} and {other!r}"
    elif one != other:
        yield f"{where}: {one!r} and {other!r}"


def compare(disturbed: Path, undisturbed: Path) -> list[str]:
    """Return everything in which two projects differ."""
    (calculations, properties), (known, known_properties) = documents(disturbed), documents(undisturbed)
    wrong = [f"keys of calculations differ: {sorted(calculations.keys() ^ known.keys())}"] * (
        calculations.keys() != known.keys()
    )
    wrong += [f"keys of properties differ: {sorted(properties.keys() ^ known_properties.keys())}"] * (
        properties.keys() != known_properties.keys()
    )
    for key in calculations.keys() & known.keys():
        document = calculations[key]
        wrong += differences(document, known[key], document["label"], exact=document["continued"] == 0)
        per_atom = abs(document["energy"] - known[key]["energy"]) / document["n_atoms"]
        if per_atom > ENERGY_LIMIT:
            wrong.append(f"{document['label']}: energies differ by {1e3 * per_atom:.3f} meV/atom")
    resumed = any(document["continued"] for document in calculations.values())
    for key in properties.keys() & known_properties.keys():
        wrong += differences(properties[key], known_properties[key], key, exact=not resumed)
    return wrong


def main() -> int:
    """Run the test and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaign", type=Path, default=Path("examples/li-in.yaml"))
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--earliest", type=float, default=0.2, help="of the undisturbed run's time")
    parser.add_argument("--latest", type=float, default=1.0, help="of the undisturbed run's time")
    options = parser.parse_args()
    moments = random.Random(options.seed)  # noqa: S311 - seeded, so that a run can be repeated
    with tempfile.TemporaryDirectory() as folder:
        undisturbed, disturbed = Path(folder, "undisturbed"), Path(folder, "disturbed")
        for project in (undisturbed, disturbed):
            project.mkdir()
            write_default(project)
        clock = time.monotonic()
        if run(undisturbed, options.campaign, options.workers).wait() != 0:
            print("the undisturbed run failed")
            return 1
        seconds = time.monotonic() - clock
        print(f"undisturbed: {len(documents(undisturbed)[0])} calculations in {seconds:.0f} s")
        wrong: list[str] = []
        before: Documents = {}
        for kill in range(1, options.kills + 1):
            process = run(disturbed, options.campaign, options.workers)
            wait = moments.uniform(options.earliest, options.latest) * seconds
            try:
                process.wait(timeout=wait)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            calculations, _ = documents(disturbed)
            now = finished(calculations)
            wrong += [f"{before[key]['label']} was repeated" for key in before if now.get(key) != before[key]]
            half = len(list((disturbed / "runs").glob("*/checkpoint.json")))
            new = len(now) - len(before)
            print(f"kill {kill:2} after {wait:5.1f} s: {len(now):3} finished (+{new}), {half} half done", flush=True)
            before = now
        final = run(disturbed, options.campaign, options.workers).wait()
        calculations, _ = documents(disturbed)
        wrong += [f"{before[key]['label']} was repeated" for key in before if calculations.get(key) != before[key]]
        wrong += [f"the last run ended with {final}"] * (final != 0)
        wrong += compare(disturbed, undisturbed)
        resumed = [document for document in calculations.values() if document["continued"]]
        known = documents(undisturbed)[0]
        worst = max((abs(d["energy"] - known[d["key"]]["energy"]) / d["n_atoms"] for d in resumed), default=0.0)
        print(f"{len(resumed)} relaxations were resumed half-way; largest difference {1e3 * worst:.4f} meV/atom")
        print("\n".join(wrong) or "nothing repeated, nothing lost, final documents the same")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
