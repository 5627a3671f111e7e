"""The list of all commands for docs/cli.md, made from the commands themselves: ``python -m mistral_cli.manual FILE``.

It replaces what stands between the two marks of the file; a test holds it equal to the commands.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from mistral_cli.app import app
from mistral_cli.errors import EXIT_CODES
from mistral_cli.table_of_commands import COMMANDS

BEGIN = "<!-- commands: begin. Written by `python -m mistral_cli.manual`. -->"
END = "<!-- commands: end -->"
_SHARED = "Shared options"


def manual() -> str:
    """Return the list in Markdown."""
    root = typer.main.get_command(app)
    lines = [*_exit_codes(), *_shared_options(root)]
    for title, section in COMMANDS.items():
        lines += ["", f"### {title}"]
        for name in section:
            lines += _command(root.get_command(_context(root), name), f"mistralctl {name}")  # type: ignore[attr-defined]
    return "\n".join(lines) + "\n"


def into(text: str) -> str:
    """Return a page with the list between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{manual()}{END}{after}"


def _context(command: Any) -> Any:
    return typer.Context(command, info_name="mistralctl")


def _exit_codes() -> Iterator[str]:
    yield "### Exit codes"
    yield ""
    yield "| code | |"
    yield "|---|---|"
    yield from (f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items())


def _shared_options(root: Any) -> Iterator[str]:
    command = root.get_command(_context(root), "workflow")
    listing = command.get_command(_context(command), "list")
    yield ""
    yield "### Options of every command that talks to a mesh"
    yield ""
    yield from _table(listing, is_shared=True)


def _command(command: Any, path: str) -> Iterator[str]:
    if hasattr(command, "commands"):
        yield ""
        yield f"#### {path}"
        yield ""
        yield str(command.help)
        for name in command.list_commands(_context(command)):
            yield from _command(command.get_command(_context(command), name), f"{path} {name}")
        return
    yield ""
    yield f"**`{' '.join([path, *_arguments(command)])}`**"
    yield ""
    yield from _paragraphs(command.help or "")
    if options := list(_table(command, is_shared=False)):
        yield ""
        yield from options
    if command.epilog:
        yield from ("", "```", *command.epilog.splitlines(), "```")


def _paragraphs(help: str) -> Iterator[str]:
    yield from (line.rstrip() for line in help.strip().splitlines())


def _arguments(command: Any) -> Iterator[str]:
    usage = command.collect_usage_pieces(_context(command))
    yield from (piece.strip("{}") for piece in usage if piece != "[OPTIONS]")


def _table(command: Any, *, is_shared: bool) -> Iterator[str]:
    from mistral_cli.group import NAMES

    context = _context(command)
    rows = [
        parameter.get_help_record(context)
        for parameter in command.get_params(context)
        if (parameter.name in NAMES) == is_shared and parameter.param_type_name == "option" and parameter.name != "help"
    ]
    if rows:
        yield "| option | |"
        yield "|---|---|"
        for names, help in filter(None, rows):
            text = " ".join(help.split())
            yield f"| `{_escaped(names)}` | {_escaped(text)} |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(into(page.read_text(encoding="utf-8")), encoding="utf-8")
