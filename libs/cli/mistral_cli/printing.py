"""How results are printed: tables for people, JSON, YAML or names for programs. Nothing here knows what is in them."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from mistral_cli.errors import USAGE, CommandError
from mistral_cli.options import Format
from mistral_cli.surroundings import current
from mistral_cli.table import Table
from mistral_cli.terminal import colours, columns, folded, harmless, styled
from mistral_cli.when import in_full, in_list, is_instant

if TYPE_CHECKING:
    from rich.console import Console

Record = Mapping[str, Any]

# Wide enough that nothing is cut off when the output goes to a file or a pipe.
_PIPE_WIDTH = 10_000
_LONGEST_CELL = 80
_NARROWEST_VALUE = 20

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
    """Return the console of standard output, or of the error output, for what is drawn and redrawn."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(
        stderr=stderr, width=width, highlight=False, soft_wrap=not stream.isatty(), no_color=not colours(stream)
    )


def note(text: str) -> None:
    """Say something beside the result, on the error output; not to who wants it quiet."""
    if not current().quiet:
        print(styled(text, "dim", sys.stderr), file=sys.stderr)


def done(text: str) -> None:
    """Say what was done where there is no other result; not to who wants it quiet."""
    if not current().quiet:
        print(harmless(text))


def show(value: Record, output: Format, *, omit: Sequence[str] = (), label: str = "") -> None:
    """Print one record; ``omit`` names what a table leaves out, ``label`` the field that is its name."""
    match output:
        case Format.TABLE:
            _show_fields(_chosen(value, [name for name in value if name not in omit]))
        case Format.NAME:
            print(_name(value, label))
        case _:
            dump(_chosen(value, list(value)), output)


def show_all(values: Sequence[Record], output: Format, columns: Sequence[str], *, label: str = "") -> None:
    """Print a list; a table has only the given columns, the other formats have everything."""
    show_pages([values], output, columns, label=label)


def show_pages(pages: Iterable[Sequence[Record]], output: Format, columns: Sequence[str], *, label: str = "") -> int:
    """Print a list page by page, as it comes; return how many entries it had."""
    match output:
        case Format.TABLE:
            return _show_table(pages, columns)
        case Format.NAME:
            return _each(pages, lambda value: print(_name(value, label)))
        case Format.YAML:
            count = _each(pages, lambda value: dump([_chosen(value, list(value))], output))
            if not count:
                print("[]")
            return count
        case _:
            return _show_json(pages)


def dump(value: Any, output: Format) -> None:
    """Print any value as JSON or YAML."""
    if output is Format.YAML:
        import yaml

        sys.stdout.write(yaml.dump(value, Dumper=_dumper(), sort_keys=False, allow_unicode=True))
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


@cache
def _dumper() -> Any:
    """Texts of several lines, such as definitions, stay readable."""
    import yaml

    class Dumper(yaml.SafeDumper):
        pass

    def represent(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, represent)
    return Dumper


def _each(pages: Iterable[Sequence[Record]], write: Any) -> int:
    count = 0
    for page in pages:
        for value in page:
            write(value)
        count += len(page)
        sys.stdout.flush()
    return count


def _show_json(pages: Iterable[Sequence[Record]]) -> int:
    """Write the items one after the other; together they are what the whole list would be."""
    before = "[\n"

    def write(value: Record) -> None:
        nonlocal before
        body = json.dumps(_chosen(value, list(value)), indent=2, ensure_ascii=False).replace("\n", "\n  ")
        sys.stdout.write(f"{before}  {body}")
        before = ",\n"

    count = _each(pages, write)
    print("\n]" if count else "[]")
    return count


def _chosen(value: Record, usual: Sequence[str]) -> dict[str, Any]:
    """Return the fields that were asked for, or the usual ones."""
    names = current().fields or usual
    if unknown := [name for name in names if name not in value]:
        raise CommandError(f"there is no field {unknown[0]!r}; there are {', '.join(value)}", USAGE)
    return {name: value[name] for name in names}


def _name(value: Record, label: str) -> str:
    """Return what names a record to a program: one line."""
    named = current().fields or ((label,) if label else ("name",) if "name" in value else ("id",))
    return "\t".join(harmless(text(field)).replace("\n", "\\n") for field in _chosen(value, named).values())


def _show_table(pages: Iterable[Sequence[Record]], usual: Sequence[str]) -> int:
    names = current().fields or usual
    titles = {name: name.upper().replace("_", " ") for name in names}
    table = Table(list(titles.values()), [titles[name] for name in names if name == "id" or name.endswith("_id")])
    count = 0
    for page in pages:
        table.write([[_cell(name, field) for name, field in _chosen(value, names).items()] for value in page])
        count += len(page)
        sys.stdout.flush()
    if table.hidden:
        note(f"no room for {', '.join(reversed(table.hidden)).lower()} (--fields chooses)")
    return count


def _cell(name: str, value: Any) -> tuple[str, str]:
    """Return a value as it stands in a list, its first line and not too much of that, with its style."""
    line = harmless(in_list(value) if is_instant(name, value) else text(value).split("\n", 1)[0]).replace("\t", " ")
    return line if len(line) <= _LONGEST_CELL else line[:_LONGEST_CELL] + "…", _style(name, value)


def _show_fields(value: Record) -> None:
    longest = max((len(name) for name in value), default=0)
    room = columns()
    for name, field in value.items():
        lines = harmless(in_full(field) if is_instant(name, field) else _long(field)).split("\n")
        if room is not None:
            most = max(_NARROWEST_VALUE, room - longest - 2)
            lines = [piece for line in lines for piece in folded(line, most)]
        for index, line in enumerate(lines):
            title = styled(name.ljust(longest), "bold") if index == 0 else " " * longest
            print(f"{title}  {styled(line, _style(name, field))}".rstrip())


def _long(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict) and value else text(value)


def _style(column: str, value: Any) -> str:
    return STATE_STYLES.get(value, "") if column == "state" and isinstance(value, str) else ""
