"""What symmetry saves in migration barriers: the campaign as it runs, beside the same hops computed without it.

With symmetry a hop that an operation takes into its own reverse computes half of its images and one of its ends, and
hops share the end points of their sites. Without it every hop relaxes both its ends, and computes all its images. The
barriers have to agree within 2 meV.

    python benchmarks/neb_symmetry.py Li LiSn Li2Sn5        # about three minutes on one core
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from lianode.hpc.settings import TEMPLATE, load_settings
from lianode.hpc.store import open_store
from lianode.workflows.barrier.starts import band_of_hop_start
from lianode.workflows.calculate import obtain
from lianode.workflows.campaign.campaign import Campaign
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.plan import plan_campaign
from lianode.workflows.task import NebTask


def main() -> None:
    """Compute all hops twice and print what each way took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("phases", nargs="*", default=["Li", "LiSn", "Li2Sn5"])
    parser.add_argument("--engine", default="sevennet-0")
    asked = parser.parse_args()
    wanted = {"barrier": {"phases": asked.phases}}
    campaign = Campaign.model_validate({"name": "symmetry", "engine": asked.engine, "calculations": [wanted]})
    engine = make_engine({"name": asked.engine})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lianode.toml"
        file.write_text(TEMPLATE, encoding="utf-8")
        results = open_store(load_settings(file))
        requests = plan_campaign(campaign).requests
        done = {key: obtain(request, results) for key, request in requests.items()}
        shared = sum(one.evaluations for one in done.values() if "vacancy" in one.label)
        with_symmetry, without = 0, 0
        print(f"{'hop':34}{'with':>6}{'without':>9}{'barriers, meV':>18}")
        for key, request in requests.items():
            if not isinstance(request.task, NebTask):
                continue
            start = band_of_hop_start(request, results)
            assert start.final is not None
            task = request.task.model_copy(update={"mirrored": False})
            run = Path(folder) / f"whole-{key}"
            run.mkdir()
            whole = engine.neb(key, task, start.structure, start.final, RunContext(run))
            own = done[key]
            ends = [done[parent].evaluations for parent in request.source.parents[1:]]
            with_symmetry += own.evaluations
            without += whole.evaluations + sum(ends) * (2 if len(ends) == 1 else 1)
            heights = [max(one.band.energies) - one.band.energies[0] if one.band else 0.0 for one in (own, whole)]
            barriers = " ".join(f"{1e3 * height:8.1f}" for height in heights)
            mark = " (mirrored)" if request.task.mirrored else ""
            print(f"{request.label:34}{own.evaluations:>6}{whole.evaluations:>9}{barriers:>18}{mark}", flush=True)
        results.close()
    total = with_symmetry + shared
    print(f"\nwith symmetry {total} evaluations, of which {shared} for the end points; without {without}")
    print(f"ratio {without / total:.2f}")


if __name__ == "__main__":
    main()
