"""Entry point of the ``lianode`` command.

``lianode --help`` has to answer at once: modules of commands import nothing heavy at their top, and this one knows
only their names.
"""

from __future__ import annotations

import sys
from importlib import import_module

import click

from lianode.cli import exit_codes

COMMANDS = {
    "init": "lianode.cli.init",
    "doctor": "lianode.cli.doctor",
    "phases": "lianode.cli.phases",
    "plan": "lianode.cli.plan",
    "run": "lianode.cli.run",
    "submit": "lianode.cli.submit",
    "launch": "lianode.cli.launch",
    "status": "lianode.cli.status",
    "logs": "lianode.cli.logs",
    "retry": "lianode.cli.retry",
    "cancel": "lianode.cli.cancel",
    "query": "lianode.cli.query",
    "plot": "lianode.cli.plot",
    "compare": "lianode.cli.compare",
    "report": "lianode.cli.report",
    "serve": "lianode.cli.serve",
    "gitt": "lianode.cli.gitt",
    "rederive": "lianode.cli.rederive",
    "ingest": "lianode.cli.ingest",
    "pull": "lianode.cli.pull",
    "push": "lianode.cli.push",
    "export": "lianode.cli.export",
    "import": "lianode.cli.import_archive",
    "store": "lianode.cli.store",
}


class _Commands(click.Group):
    """Commands in the order of their use, imported when asked for."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[name]).command
        return command

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command where there is none."""
        from lianode.structures.errors import nearest

        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            raise click.UsageError(f"there is no command '{name}'{nearest(name, list(COMMANDS))}", context)
        return super().resolve_command(context, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="lianode", prog_name="lianode")
def lianode() -> None:
    """Alloy anodes for solid-state batteries: hulls and voltages from one campaign file.

    A first result: `lianode init`, then `lianode run li-in.yaml`.
    """


def main() -> None:
    """Run the command; what the user can mend ends in one sentence and exit code 2."""
    from lianode.structures.errors import InputError

    try:
        lianode(standalone_mode=False)
    except InputError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(exit_codes.INPUT)
    except click.ClickException as error:
        error.show()
        sys.exit(exit_codes.INPUT)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(exit_codes.STOPPED)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away, as `head` does
        sys.exit(0)


if __name__ == "__main__":
    main()
