"""Faults of definitions in the words of a compiler: file, line and column first, and what stands in that line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mistral_cli.errors import CommandError, code_name

# The mesh ends such a message with the place in brackets: path, line and column, each if it is known.
_PLACE = re.compile(r" \((?:(?P<path>[^()]*), )?line (?P<line>\d+)(?:, column (?P<column>\d+))?\)$")
_PREFIX = "Invalid DSL: "


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as it is told; ``line`` counts from 1, None if it is not known."""

    text: str
    line: int | None


def located(message: str, file: str, *, before: int = 0) -> Fault:
    """Put the place of a message in front of it.

    Args:
        before: Lines of the file that stand before the text that was judged.
    """
    if not file:
        return Fault(message, None)
    match = _PLACE.search(message)
    said = (message[: match.start()] if match else message).removeprefix(_PREFIX)
    if match is None:
        return Fault(f"{file}: {said}", None)
    line = int(match["line"]) + before
    place = f"{file}:{line}" + (f":{match['column']}" if match["column"] else "")
    within = f" ({match['path']})" if match["path"] else ""
    return Fault(f"{place}: {said}{within}", line)


def line_at(text: str, line: int | None, *, before: int = 0) -> str:
    """Return what a line of a text says, for a hint; empty if it is not known.

    Args:
        before: Lines of the file that stand before the text.
    """
    lines = text.splitlines()
    if line is None or not 0 < line <= len(lines) or not (said := lines[line - 1].strip()):
        return ""
    return f"line {line + before} is: {said[:120]}"


@contextmanager
def faulty(file: str, text: str) -> Iterator[None]:
    """Tell a fault that the mesh finds in a text with its place in the file."""
    import grpc

    try:
        yield
    except grpc.RpcError as error:
        if code_name(error) != "INVALID_ARGUMENT" or not file:
            raise
        fault = located(_details(error), "standard input" if file == "-" else file)
        raise CommandError(fault.text, hint=line_at(text, fault.line)) from None


def _details(error: Any) -> str:
    return str(error.details() or "")
