"""What went wrong in an evaluation, in words that hold none of the data it went wrong with."""

from __future__ import annotations

import re
from json import JSONDecodeError

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


def wording(error: BaseException) -> str:
    """Return the reason for the user; values that Python quotes in it are left out."""
    match error:
        case RecursionError():
            return "the expression is nested too deep"
        case MemoryError():
            return "the expression takes too much memory"
        case StopIteration():
            return str(error) or "the collection is empty"
        case JSONDecodeError():
            return str(error)
        case ValueError():
            return _without_values(error)
    return str(error) or type(error).__name__


def _without_values(error: ValueError) -> str:
    # The message of some is a template, and the value comes after it.
    text = str(error.args[0]).replace("%s", "...") if error.args else type(error).__name__
    return _QUOTED.sub("'...'", text)
