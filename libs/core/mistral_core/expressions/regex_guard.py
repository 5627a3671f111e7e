"""Regular expressions that could take time without end, told by their shape.

Python's matcher goes back and tries again. Where a repetition without an end
holds another and nothing else that must be there, as in ``(a+)+``, the number of
ways to try doubles with each character. Nothing can interrupt the matcher, so
such an expression is refused.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from mistral_core.expressions.limits import LimitReached

# The parser of ``re`` has no public name; what it yields has been stable for decades.
_parser: Any = import_module("re._parser")
_constants: Any = import_module("re._constants")

_REPEATS = frozenset([_constants.MAX_REPEAT, _constants.MIN_REPEAT])
_ENDLESS = _constants.MAXREPEAT


def compiled(pattern: str, flags: int, *, longest: int) -> re.Pattern[str]:
    """Return the compiled pattern.

    Args:
        longest: Characters at most.

    Raises:
        LimitReached: If it is too long or of a shape that may never end.
        re.error: If it is no regular expression.
    """
    if len(pattern) > longest:
        raise LimitReached(f"a regular expression has more than {longest} characters")
    if ")" in pattern and _explodes(_parser.parse(pattern, flags)):
        raise LimitReached("a repetition in a regular expression holds nothing but another, it might never end")
    return re.compile(pattern, flags)


def _explodes(items: Any) -> bool:
    for kind, argument in items:
        if kind in _REPEATS:
            _, most, body = argument
            if most is _ENDLESS and any(_is_loose(branch) for branch in _branches(body)):
                return True
        if any(_explodes(part) for part in _parts(kind, argument)):
            return True
    return False


def _is_loose(items: Any) -> bool:
    """Tell whether the items hold an endless repetition and nothing that has a fixed place."""
    endless = False
    for kind, argument in items:
        if kind in _REPEATS:
            least, most, _ = argument
            if most is _ENDLESS:
                endless = True
            elif least > 0:
                return False
        elif kind is _constants.SUBPATTERN:
            if not any(_is_loose(branch) for branch in _branches(argument[-1])):
                return False
            endless = True
        elif kind is not _constants.AT:
            return False
    return endless


def _branches(items: Any) -> list[Any]:
    """Return the alternatives a body is made of; itself if it has none."""
    parts = list(items)
    if len(parts) != 1:
        return [parts]
    kind, argument = parts[0]
    if kind is _constants.SUBPATTERN:
        return _branches(argument[-1])
    if kind is _constants.BRANCH:
        return [found for branch in argument[1] for found in _branches(branch)]
    return [parts]


def _parts(kind: Any, argument: Any) -> list[Any]:
    if kind in _REPEATS:
        return [argument[2]]
    if kind is _constants.SUBPATTERN:
        return [argument[-1]]
    if kind is _constants.BRANCH:
        return list(argument[1])
    if kind is _constants.ASSERT or kind is _constants.ASSERT_NOT:
        return [argument[1]]
    return []
