"""How results are printed: tables for people, JSON or YAML for programs. Nothing here knows what is in them."""

import json
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from mistral_cli.options import Format

if TYPE_CHECKING:
    from rich.console import Console

Record = Mapping[str, Any]

# Wide enough that nothing is cut off when the output goes to a file or a pipe.
_PIPE_WIDTH = 10_000
_LONGEST_CELL = 80

STATE_STYLES: Mapping[str, str] = {
    "SUCCESS": "green",
    "ERROR": "bold red",
    "CANCELLED": "magenta",
    "SKIPPED": "magenta",
    "RUNNING": "cyan",
    "PAUSED": "yellow",
    "DELAYED": "yellow",
    "WAITING": "yellow",
    "IDLE": "yellow",
}


@cache
def console(*, stderr: bool = False) -> "Console":
    """Return the console of standard output, or of the error output."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=not stream.isatty())


def show(value: Record, output: Format, *, omit: Sequence[str] = ()) -> None:
    """Print one record; ``omit`` names what a table leaves out."""
    if output is Format.TABLE:
        _show_fields({name: field for name, field in value.items() if name not in omit})
    else:
        dump(value, output)


def show_all(values: Sequence[Record], output: Format, columns: Sequence[str]) -> None:
    """Print a list; a table has only the given columns, the other formats have everything."""
    if output is Format.TABLE:
        _show_table(values, columns)
    else:
        dump(list(values), output)


def dump(value: Any, output: Format) -> None:
    """Print any value as JSON or YAML."""
    if output is Format.YAML:
        import yaml

        sys.stdout.write(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))
    else:
        print(json.dumps(value, indent=2, ensure_ascii=False))


def text(value: Any) -> str:
    """Return a value as it stands in a cell."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "yes" if value else "no"
        case list() if all(isinstance(item, str) for item in value):
            return ", ".join(value)
        case list() | dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def _short(value: Any) -> str:
    """Return a value as it stands in a list: its first line, and not too much of that."""
    line = text(value).split("\n", 1)[0]
    return line if len(line) <= _LONGEST_CELL else line[:_LONGEST_CELL] + "…"


def _show_table(values: Sequence[Record], columns: Sequence[str]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        identity = column == "id" or column.endswith("_id")
        table.add_column(column.upper().replace("_", " "), no_wrap=identity, overflow="fold")
    for value in values:
        table.add_row(*(Text(_short(value[column]), style=_style(column, value[column])) for column in columns))
    console().print(table)


def _show_fields(value: Record) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, field in value.items():
        table.add_row(name, Text(_long(field), style=_style(name, field)))
    console().print(table)


def _long(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict) and value else text(value)


def _style(column: str, value: Any) -> str:
    return STATE_STYLES.get(value, "") if column == "state" and isinstance(value, str) else ""
