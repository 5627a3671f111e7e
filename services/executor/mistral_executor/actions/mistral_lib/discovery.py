"""Which actions installed packages offer by ``mistral.actions`` and ``mistral.generators``.

The first is a name and a class each. The second is a function that returns generators, or a generator itself: a class
or an object whose ``create_actions()`` makes any number of actions. What fails to load costs that package's actions
only.
"""

import inspect
import logging
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

_log = logging.getLogger(__name__)

ACTIONS = "mistral.actions"
GENERATORS = "mistral.generators"

_Described = TypeVar("_Described")


@dataclass(frozen=True, slots=True)
class Found:
    """An action that a package offers.

    Attributes:
        package: Who offers it, for messages.
        arguments: What a generator says of its input; None if its constructor says it.
        description: What a generator says of it; None if its docstring says it.
    """

    name: str
    target: Any
    package: str
    arguments: str | None = None
    description: str | None = None


def packages() -> str:
    """Name the installed packages that offer something; empty if there are none."""
    points = [*entry_points(group=ACTIONS), *entry_points(group=GENERATORS)]
    return ", ".join(sorted({_owner(point) for point in points}))


def offered(
    taken: Container[str], patterns: Sequence[str], describe: Callable[[Found], _Described]
) -> dict[str, _Described]:
    """Load and describe the actions of all installed packages; what cannot be is named in the log and left out.

    Args:
        taken: Names that no package may have.
        patterns: Names that are wanted, with ``*`` and ``?`` as in file names.
    """
    known: dict[str, _Described] = {}
    for found in _found(patterns):
        if found.name in known or found.name in taken:
            _log.warning("action %s of %s is left out: the name is taken", found.name, found.package)
        elif _wanted(found.name, patterns):
            try:
                known[found.name] = describe(found)
            except Exception as error:
                _left_out(f"action {found.name}", found.package, error)
    return known


def _found(patterns: Sequence[str]) -> Iterator[Found]:
    for point in sorted(entry_points(group=ACTIONS), key=_order):
        if _wanted(point.name, patterns):
            yield from _class(point)
    for point in sorted(entry_points(group=GENERATORS), key=_order):
        yield from _generated(point)


def _class(point: EntryPoint) -> Iterator[Found]:
    try:
        target = point.load()
    except Exception as error:
        # Whatever a foreign module does when it is imported, the other actions stay on offer.
        _left_out(f"action {point.name}", _owner(point), error)
    else:
        yield Found(point.name, target, _owner(point))


def _generated(point: EntryPoint) -> Iterator[Found]:
    try:
        for generator in _generators(point.load()):
            yield from _made_by(generator, _owner(point))
    except Exception as error:
        _left_out(f"generator {point.name}", _owner(point), error)


def _generators(target: Any) -> Iterable[Any]:
    if hasattr(target, "create_actions"):
        return [target() if inspect.isclass(target) else target]
    made = target()
    if made is None:
        return ()
    return [made] if hasattr(made, "create_actions") else made


def _made_by(generator: Any, package: str) -> Iterator[Found]:
    what = getattr(generator, "__name__", type(generator).__name__)
    try:
        base = getattr(generator, "base_action_class", None)
        for made in generator.create_actions():
            target = made.get("class")
            if inspect.isclass(target) and base is not None:
                target = _named(target, base)
            yield Found(str(made.get("name")), target, package, made.get("arg_list"), made.get("description"))
    except Exception as error:
        _left_out(f"what {what} generates", package, error)


def _named(made: type, base: type) -> type:
    """Give a generated class the name of the one it was generated from: Mistral's messages show that."""
    return type(base.__name__, (made,), {"__module__": base.__module__, "__doc__": made.__doc__})


def _left_out(what: str, package: str, error: Exception) -> None:
    _log.error("%s of %s is left out: %s: %s", what, package, type(error).__name__, error)
    _log.debug("%s of %s", what, package, exc_info=error)


def _wanted(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _order(point: EntryPoint) -> tuple[str, str]:
    return _owner(point), point.name


def _owner(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.value
