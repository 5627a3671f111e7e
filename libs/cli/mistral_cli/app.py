"""The tree of commands. Each is loaded when it is called; a further one is a line in ``table_of_commands.py``."""

from typing import Any

import typer

from mistral_cli.lazy import Lazy
from mistral_cli.overview import EPILOG, SUMMARY, overview
from mistral_cli.table_of_commands import COMMANDS


class Root(Lazy):
    """The program itself."""

    sections = COMMANDS

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(overview(COMMANDS))


app = typer.Typer(
    cls=Root,
    name="mistralctl",
    help=SUMMARY,
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _root() -> None:
    """All is done by the commands."""
