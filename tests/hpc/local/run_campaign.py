"""Runs a campaign and tells what happens, one JSON object per line: ``run_campaign.py PROJECT WORKERS CAMPAIGN``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lianode.hpc.local.campaign import run_campaign
from lianode.hpc.settings import load_settings
from lianode.hpc.store import open_store
from lianode.workflows.campaign.campaign import Campaign
from lianode.workflows.plan import plan_campaign

if TYPE_CHECKING:
    from lianode.hpc.local.events import Event


def _say(**content: Any) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


def tell(event: Event) -> None:
    _say(event=type(event).__name__, **asdict(event))


def main() -> None:
    project, workers, campaign = Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
    results = open_store(load_settings(project))
    run = run_campaign(plan_campaign(Campaign.model_validate(campaign)), results, project, workers=workers, tell=tell)
    _say(
        event="summary",
        complete=run.complete,
        stopped=run.stopped,
        errors=run.errors,
        reused=sorted(run.reused),
        states={found.label: found.state.value for found in run.calculations.values()},
    )


if __name__ == "__main__":
    main()
