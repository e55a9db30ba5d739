"""``lianode serve``: the store in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lianode.cli.project import open_results, project_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command("serve", short_help="Show the store in a browser, and to OPTIMADE clients.")
@project_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; any but loopback asks "
              "readers for a token.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 takes a free one.")
@click.option("--token", is_flag=True, help="Ask for a token on loopback too, as where others use this machine.")
def command(project: Path | None, host: str, port: int, token: bool) -> None:
    """Show the results store in a browser: search, filter and sort results, open one, see its figure and its origin.

    Only this machine can ask, unless --host names another address. Readers then need the token that is printed as part
    of the address; it is that of the variable LIANODE_SERVE_TOKEN, or one that is made and kept beside lianode.toml.
    The traffic is not encrypted: on a network that you do not trust, forward a port with ssh instead.

    OPTIMADE clients find the structures at /optimade. Nothing can be changed from a browser.
    """
    from lianode.hpc.serve.run import listen, serve

    results, file = open_results(project)
    with listen(host, port) as listening:
        serving = serve(results, listening, project=file.parent, host=host, with_token=token)
        click.echo(f"results at {serving.address}")
        click.echo("Ctrl-C ends it", err=True)
        serving.run()
