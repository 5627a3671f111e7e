"""The input of an action written for mistral_lib: from its constructor, or from a generator's list of arguments."""

import inspect
import json
from collections.abc import Callable, Iterator
from typing import Any

from mistral_executor.actions.signature import Signature
from mistral_lib.utils import inspect_utils

_ANYTHING = "**"
_OPENING, _CLOSING = "([{", ")]}"


def signature_of(constructor: Callable[..., Any]) -> Signature:
    """Read the parameters of a class's ``__init__``; a decorator that hid them may tell them by ``__arguments__``.

    Raises:
        TypeError: If it has none that Python can tell.
    """
    text = str(inspect_utils.get_arg_list_as_str(constructor))
    if getattr(constructor, "__arguments__", None):
        return signature_from(text)
    if constructor is object.__init__:
        return signature_from("")
    spec = inspect.getfullargspec(constructor)
    positional = spec.args[1:]
    defaults = len(spec.defaults or ())
    required = positional[: len(positional) - defaults]
    required += [name for name in spec.kwonlyargs if name not in (spec.kwonlydefaults or {})]
    more = [_told(name, spec.kwonlydefaults or {}) for name in spec.kwonlyargs]
    names = frozenset((*positional, *spec.kwonlyargs))
    return _signature(", ".join(filter(None, (text, *more))), required, None if spec.varkw else names)


def signature_from(text: str) -> Signature:
    """Read a list of arguments such as ``image, flavor="small", **kwargs``; with ``**`` in it nothing is required."""
    if _ANYTHING in text:
        return _signature(text, [], None)
    parts = [part.strip() for part in _split(text)]
    required = [part for part in parts if part and "=" not in part]
    return _signature(text, required, frozenset(part.partition("=")[0].strip() for part in parts if part))


def _signature(text: str, required: list[str], names: frozenset[str] | None) -> Signature:
    return Signature(text, tuple(required), names, context=None, needed=frozenset(required))


def _told(name: str, defaults: dict[str, Any]) -> str:
    if name not in defaults:
        return name
    try:
        return f"{name}={json.dumps(defaults[name])}"
    except (TypeError, ValueError):
        return ""


def _split(text: str) -> Iterator[str]:
    """Split at commas, but not at those inside of a default value."""
    begin, depth, quote = 0, 0, ""
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote and text[at - 1] != "\\" else quote
        elif character in "\"'":
            quote = character
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        elif character == "," and depth == 0:
            yield text[begin:at]
            begin = at + 1
    yield text[begin:]
