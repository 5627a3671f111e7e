"""What ``mistralctl --help`` says, made from the table of commands without loading anything else."""

import os
import shutil
import textwrap
from collections.abc import Mapping

from mistral_cli.errors import EXIT_CODES

SUMMARY = "Run workflows on a mesh, and the mesh itself."
EPILOG = "A first workflow: mistralctl run --ephemeral examples/hello.yaml"
# Set by the scripts of `mistralctl completion` when a shell asks.
COMPLETION = "_MISTRALCTL_COMPLETE"
_NOTES = (
    "Every command explains itself: mistralctl COMMAND --help. The version: mistralctl --version",
    "Output: -o table|json|yaml|name, --fields A,B, --utc, --quiet. Lists: --filter, --sort, --limit, --all.",
    "The mesh: --grpc-address, or MISTRAL_GRPC_ADDRESS, or a context of `mistralctl config`, or one that runs here.",
)
_MOST_COLUMNS = 100
_NARROWEST_TEXT = 24


def overview(commands: Mapping[str, Mapping[str, tuple[str, str]]]) -> str:
    """Return the whole help of the program."""
    columns = min(shutil.get_terminal_size().columns, _MOST_COLUMNS)
    longest = max(len(name) for section in commands.values() for name in section)
    lines = ["Usage: mistralctl COMMAND [OPTIONS] [ARGS]...", "", f"  {SUMMARY}", f"  {EPILOG}", ""]
    for title, section in commands.items():
        lines += [f"{title}:"]
        for name, (_, line) in section.items():
            lines += _entry(name, line, longest, columns)
        lines.append("")
    lines.append("Exit codes:")
    for code, line in EXIT_CODES.items():
        lines += _entry(str(code), line, longest, columns)
    for note in ("", *_NOTES):
        lines += textwrap.wrap(note, columns) or [""]
    return "\n".join(lines) + "\n"


def _entry(name: str, line: str, longest: int, columns: int) -> list[str]:
    indent = " " * (longest + 4)
    room = max(_NARROWEST_TEXT, columns - len(indent))
    first, *rest = textwrap.wrap(line, room)
    return [f"  {name.ljust(longest)}  {first}", *(indent + more for more in rest)]


def is_asked_for(arguments: list[str], environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether a command line asks for nothing but this."""
    return arguments in ([], ["--help"], ["-h"]) and COMPLETION not in environ
