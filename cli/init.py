"""``lianode init``: a project folder."""

from __future__ import annotations

from pathlib import Path

import click

STARTER = """\
# Convex hull and voltage curve of Li-In. Run it with: lianode run li-in.yaml
name: li-in
engine: sevennet-0            # a machine-learned potential; `lianode doctor` lists the others
calculations:
  - hull: {system: Li-In}
"""


@click.command("init", short_help="Make a project: settings file, results store, a first campaign.")
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
def command(folder: Path) -> None:
    """Make FOLDER (default: this one) a lianode project.

    Writes lianode.toml (where results live) and li-in.yaml (a first campaign), and opens the results store once, so
    that a folder where it cannot live is noticed now.
    """
    from lianode.hpc.settings import load_settings, write_default
    from lianode.hpc.store import open_store

    folder.mkdir(parents=True, exist_ok=True)
    file = write_default(folder)
    open_store(load_settings(file)).close()
    click.echo(f"wrote {file}")
    starter = folder / "li-in.yaml"
    if not starter.exists():
        starter.write_text(STARTER, encoding="utf-8")
        click.echo(f"wrote {starter}")
    click.echo(f"next: {'' if folder == Path() else f'cd {folder} && '}lianode run {starter.name}")
