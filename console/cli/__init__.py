"""The `cueloop` command line. Each command is a module here, named like the command, found by its name.

Commands are loaded when they run, so that `cueloop --help` imports none of them.
"""

from __future__ import annotations

import ast
import pkgutil
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click

from cueloop import __version__
from cueloop.errors import CueloopError

FAILED, REFUSED = 1, 3
"""Exit codes: it failed; it ran and the answer is no. (2, a wrong call, is click's own.)"""


class Answer(click.exceptions.Exit):
    """Raised by a command that ran and whose answer is no: exit code 3."""

    def __init__(self) -> None:
        """The code says it all."""
        super().__init__(REFUSED)


class Commands(click.Group):
    """Finds commands by the names of the modules in this folder."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return sorted(m.name.strip("_").replace("_", "-") for m in pkgutil.iter_modules(__path__)
                      if not m.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; None when there is no such module."""
        module = _module(cmd_name)
        if cmd_name not in self.list_commands(ctx) or module is None:
            return None
        command: click.Command = import_module(module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with the first line of their modules' docstrings."""
        rows = [(name, _summary(name)) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; an error that we foresaw becomes one sentence and exit code 1, never a traceback."""
        try:
            return super().invoke(ctx)
        except CueloopError as error:
            click.echo(f"cueloop: {error}", err=True)
            ctx.exit(FAILED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="cueloop")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Close the human-in-the-loop around Label Studio.

    Example: `cueloop demo` runs everything on recorded answers of real people.
    """
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    from cueloop import logs

    logs.setup("warning", str(ctx.invoked_subcommand))  # processes set theirs; facts alone go to standard output


def _module(name: str) -> str | None:
    stem = name.replace("-", "_")
    for candidate in (stem, f"{stem}_"):  # `import` is a word of Python's own: its module is `import_`
        if find_spec(f"{__name__}.{candidate}"):
            return f"{__name__}.{candidate}"
    return None


def _summary(name: str) -> str:
    spec = find_spec(_module(name) or __name__)
    source = Path(str(spec.origin)).read_text(encoding="utf-8") if spec else ""
    return (ast.get_docstring(ast.parse(source)) or "").split("\n", 1)[0]
