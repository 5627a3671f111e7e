"""The actions on offer: what installed packages name in the entry point group ``mistral_mesh.actions``.

A package that fails to load loses its own actions and nothing else. Our own come first, so that no package can take
over a name of ours.
"""

import inspect
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from mistral_executor.actions.context import ActionContext
from mistral_executor.actions.declaration import FLAGS
from mistral_executor.actions.mistral_lib import discovery
from mistral_executor.actions.signature import Signature, signature_of

_log = logging.getLogger(__name__)

GROUP = "mistral_mesh.actions"
_OURS = "mistral-executor"


class Mode(StrEnum):
    """Where an action runs."""

    QUICK = "quick"
    ASYNC = "async"
    THREAD = "thread"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action on offer.

    Attributes:
        implementation: Dotted path of the function or class, for messages.
        light: It is over when it was called, or may be called again; so nothing need be noted before.
        call: Takes the input and the context (None when ``wants_context`` is false); in mode ``async`` it returns a
            coroutine, in mode ``quick`` a value or a coroutine, in mode ``thread`` it blocks.
    """

    name: str
    description: str
    signature: Signature
    implementation: str
    idempotent: bool
    synchronous: bool
    mode: Mode
    wants_context: bool
    light: bool
    call: Callable[[Mapping[str, Any], ActionContext | None], Any]


Registry = Mapping[str, Action]


def installed(*, mistral_lib: Sequence[str] = ("*",), config_file: str = "") -> dict[str, Action]:
    """Load every action of the installed packages.

    Args:
        mistral_lib: Patterns of names: which actions written for ``mistral_lib`` are wanted.
        config_file: Settings of the packages with those.
    """
    points = entry_points(group=GROUP)
    ours = loaded(sorted(points, key=lambda point: (_owner(point) != _OURS, _owner(point), point.name)))
    return ours | _of_mistral_lib(ours, mistral_lib, config_file)


def _of_mistral_lib(taken: Mapping[str, Action], patterns: Sequence[str], config_file: str) -> dict[str, Action]:
    packages = discovery.packages()
    if not packages or not patterns:
        return {}
    try:
        # The library is an optional extra: it is imported when there is something to run with it.
        from mistral_executor.actions.mistral_lib import running
    except ImportError as error:
        _log.error("actions of %s are left out: %s; install mistral-executor[mistral-lib]", packages, error)
        return {}
    return running.offered(taken, patterns=patterns, config_file=config_file)


def loaded(points: Iterable[EntryPoint]) -> dict[str, Action]:
    """Load actions in the given order; the first of a name wins, one that cannot be loaded is left out."""
    return dict(_load(points))


def _load(points: Iterable[EntryPoint]) -> Iterator[tuple[str, Action]]:
    seen: set[str] = set()
    for point in points:
        if point.name in seen:
            _log.error("action %s of %s is left out: the name is taken", point.name, _owner(point) or point.value)
            continue
        try:
            action = described(point.name, point.load())
        except Exception:
            # Whatever a foreign module does when it is imported, the other actions stay on offer.
            _log.exception("action %s of %s is left out", point.name, _owner(point) or point.value)
            continue
        seen.add(point.name)
        yield point.name, action


def _owner(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else ""


def described(name: str, target: Any) -> Action:
    """Turn a function or class into an action.

    Raises:
        TypeError: If it is neither, or its parameters cannot be given by name.
    """
    if not callable(target):
        raise TypeError(f"{target!r} is neither a function nor a class")
    signature = signature_of(target)
    flags: Mapping[str, bool] = getattr(target, FLAGS, {})
    run = getattr(target, "run", None) if inspect.isclass(target) else target
    if run is None:
        raise TypeError(f"{target!r} has no method run")
    passes_context = inspect.isclass(target) and len(inspect.signature(run).parameters) > 1
    mode = _mode(run, quick=flags.get("quick", False))
    idempotent = flags.get("idempotent", False)
    return Action(
        name=name,
        description=_first_line(target),
        signature=signature,
        implementation=f"{target.__module__}.{target.__qualname__}",
        idempotent=idempotent,
        synchronous=flags.get("synchronous", True),
        mode=mode,
        light=mode is Mode.QUICK and idempotent,
        wants_context=passes_context or signature.context is not None,
        call=_caller(target, signature.context, passes_context),
    )


def _mode(run: Any, *, quick: bool) -> Mode:
    if inspect.iscoroutinefunction(run):
        return Mode.ASYNC
    return Mode.QUICK if quick else Mode.THREAD


def _first_line(target: Any) -> str:
    return (inspect.getdoc(target) or "").partition("\n\n")[0].replace("\n", " ")


def _caller(
    target: Any, context_parameter: str | None, passes_context: bool
) -> Callable[[Mapping[str, Any], ActionContext | None], Any]:
    def arguments(given: Mapping[str, Any], context: ActionContext | None) -> Mapping[str, Any]:
        return given if context_parameter is None else {**given, context_parameter: context}

    made: Callable[..., Any] = target
    if not inspect.isclass(target):
        return lambda given, context: target(**arguments(given, context))
    if passes_context:
        return lambda given, context: made(**arguments(given, context)).run(context)
    return lambda given, context: made(**arguments(given, context)).run()
