"""Which actions installed packages offer by ``mistral.actions`` and ``mistral.generators``.

The first is a name and a class each. The second is a function that returns generators, or a generator itself: a class
or an object whose ``create_actions()`` makes any number of actions. What fails to load costs that package's actions
only.
"""

import inspect
import logging
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mistral_executor.actions.registry import Action

_log = logging.getLogger(__name__)

ACTIONS = "mistral.actions"
GENERATORS = "mistral.generators"


def installed(taken: Container[str], *, patterns: Sequence[str] = ("*",), config_file: str = "") -> "dict[str, Action]":
    """Load the actions of all installed packages; nothing is imported when there are none.

    Args:
        taken: Names that no package may have.
        patterns: Names that are wanted, with ``*`` and ``?`` as in file names.
        config_file: Settings of those packages, in the form of ``oslo.config``; empty for none.
    """
    actions, generators = entry_points(group=ACTIONS), entry_points(group=GENERATORS)
    if not patterns or not (actions or generators):
        return {}
    try:
        _configure(config_file)
    except ImportError as error:
        _log.error("actions of %s are left out: %s; install mistral-lib", _owners([*actions, *generators]), error)
        return {}
    return dict(_wanted(_all(actions, generators, patterns), taken, patterns))


def _configure(config_file: str) -> None:
    """Import what the packages build on, and read their settings."""
    from oslo_config import cfg

    import mistral_lib.actions  # noqa: F401

    if config_file:
        cfg.CONF([], project="mistral", default_config_files=[config_file], default_config_dirs=[])


def _all(
    actions: Iterable[EntryPoint], generators: Iterable[EntryPoint], patterns: Sequence[str]
) -> "Iterator[tuple[str, Action]]":
    for point in sorted(actions, key=_order):
        if _matches(point.name, patterns):
            yield from _of_class(point)
    for point in sorted(generators, key=_order):
        yield from _of_generators(point)


def _wanted(
    offered: "Iterable[tuple[str, Action]]", taken: Container[str], patterns: Sequence[str]
) -> "Iterator[tuple[str, Action]]":
    seen: set[str] = set()
    for name, action in offered:
        if name in seen or name in taken:
            _log.warning("action %s (%s) is left out: the name is taken", name, action.implementation)
        elif _matches(name, patterns):
            seen.add(name)
            yield name, action


def _of_class(point: EntryPoint) -> "Iterator[tuple[str, Action]]":
    from mistral_executor.actions.mistral_lib.running import described

    try:
        yield point.name, described(point.name, point.load())
    except Exception as error:
        # Whatever a foreign module does when it is imported, the other actions stay on offer.
        _left_out(f"action {point.name}", point, error)


def _of_generators(point: EntryPoint) -> "Iterator[tuple[str, Action]]":
    try:
        for generator in _generators(point.load()):
            yield from _made_by(generator, point)
    except Exception as error:
        _left_out(f"generator {point.name}", point, error)


def _generators(target: Any) -> Iterable[Any]:
    if hasattr(target, "create_actions"):
        return [target() if inspect.isclass(target) else target]
    made = target()
    if made is None:
        return ()
    return [made] if hasattr(made, "create_actions") else made


def _made_by(generator: Any, point: EntryPoint) -> "Iterator[tuple[str, Action]]":
    what = getattr(generator, "__name__", type(generator).__name__)
    try:
        made: list[Mapping[str, Any]] = list(generator.create_actions())
    except Exception as error:
        _left_out(f"what {what} generates", point, error)
        return
    for one in made:
        yield from _generated(one, point)


def _generated(one: Mapping[str, Any], point: EntryPoint) -> "Iterator[tuple[str, Action]]":
    from mistral_executor.actions.mistral_lib.running import described

    name = one.get("name")
    try:
        yield one["name"], described(one["name"], one["class"], one.get("arg_list"), one.get("description"))
    except Exception as error:
        _left_out(f"a generated action {name}", point, error)


def _left_out(what: str, point: EntryPoint, error: Exception) -> None:
    _log.error("%s of %s is left out: %s: %s", what, _owners([point]), type(error).__name__, error)
    _log.debug("%s", what, exc_info=error)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _order(point: EntryPoint) -> tuple[str, str]:
    return _owners([point]), point.name


def _owners(points: Iterable[EntryPoint]) -> str:
    return ", ".join(sorted({point.dist.name if point.dist is not None else point.value for point in points}))
