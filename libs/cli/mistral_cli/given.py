"""Reads what options were given: JSON objects, in any of the forms in which people like to write them."""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mistral_cli.errors import USAGE, CommandError

_PAIR = re.compile(r"([^\s{}\[\]\"'=@][^=\s{\"']*)=(.*)", re.DOTALL)
_YAML = frozenset({".yaml", ".yml"})


def json_object(given: str | Sequence[str] | None, option: str) -> dict[str, Any]:
    """Merge what an option was given: ``name=value``, a JSON object, or ``@file`` with one; nothing is an empty object.

    A value is read as JSON if it is JSON, else it is text: ``n=3`` is a number, ``n='"3"'`` and ``name=Ada`` are texts.

    Raises:
        CommandError: As a usage error, if it cannot be read.
    """
    merged: dict[str, Any] = {}
    for text in [given] if isinstance(given, str) else given or ():
        merged |= _one(text, option)
    return merged


def object_text(given: str | Sequence[str] | None, option: str) -> str:
    """Check an object and return it as JSON for a message; empty when nothing was given."""
    found = json_object(given, option)
    return json.dumps(found) if found or _said(given) else ""


def text_given(given: str | None, option: str) -> str | None:
    """Return a text, or that of ``@file``, ``@-`` for standard input, without the line break at its end.

    Raises:
        CommandError: As a usage error, if the file cannot be read.
    """
    if given is None or not given.startswith("@"):
        return given
    try:
        text = sys.stdin.read() if given == "@-" else Path(given[1:]).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{option}: {given[1:]} cannot be read: {error}", USAGE) from None
    return text.rstrip("\r\n")


def json_value(given: str, option: str) -> Any:
    """Read a JSON value, or that of ``@file``. Raises CommandError as a usage error if it cannot be read."""
    return _file(given[1:], option) if given.startswith("@") else _json(given, option)


def texts(given: Sequence[str] | None, option: str) -> str:
    """Check an object of texts and return it as JSON; a number or flag becomes text. Empty when nothing was given."""
    found = json_object(given, option)
    plain = {name: value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}
    return json.dumps(plain) if plain or _said(given) else ""


def _said(given: str | Sequence[str] | None) -> bool:
    return any(text.strip() for text in ([given] if isinstance(given, str) else given or ()))


def _one(text: str, option: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    if pair := _PAIR.fullmatch(text):
        return {pair[1]: _value(pair[2])}
    value = _file(text[1:], option) if text.startswith("@") else _json(text, option)
    if not isinstance(value, dict):
        raise CommandError(f'{option} must be a JSON object such as \'{{"name": "value"}}\', or name=value', USAGE)
    return value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _file(name: str, option: str) -> Any:
    text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    if Path(name).suffix not in _YAML:
        return _json(text, f"{option} in {name}" if name != "-" else f"{option} on standard input")
    from yaml import YAMLError, safe_load

    try:
        return safe_load(text)
    except YAMLError as error:
        raise CommandError(f"{option} in {name} is not valid YAML: {' '.join(str(error).split())}", USAGE) from None


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise CommandError(f"{what} is not valid JSON: {error.msg} ({place})", USAGE) from None
