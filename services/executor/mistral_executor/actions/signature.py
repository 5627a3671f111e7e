"""The parameters of an action: read from its Python signature, told as one line, and held against an input."""

import inspect
import json
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mistral_executor.actions.context import ActionContext
from mistral_executor.actions.errors import InvalidInput

_KEYWORD = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True, slots=True)
class Signature:
    """What input an action takes.

    Attributes:
        text: Such as ``output, delay=0``; ``**`` at the end takes anything.
        required: Names without a default, in order.
        names: All names; None if it takes anything.
        context: Parameter that gets the context of the run; None if the action does not want it.
        needed: The required names once more, as a set.
    """

    text: str
    required: tuple[str, ...]
    names: frozenset[str] | None
    context: str | None
    needed: frozenset[str]

    def check(self, given: Mapping[str, Any], name: str, implementation: str) -> None:
        """Raise unless the input fits.

        Raises:
            InvalidInput: Says what is missing and what is unexpected.
        """
        keys = given.keys()
        if self.needed <= keys and (self.names is None or keys <= self.names):
            return
        missing = [parameter for parameter in self.required if parameter not in given]
        unexpected = [] if self.names is None else sorted(keys - self.names)
        parts = [f"name={name}", f"class={implementation}"]
        parts += [f"missing={missing}"] if missing else []
        parts += [f"unexpected={unexpected}"] if unexpected else []
        raise InvalidInput(f"Invalid input [{', '.join(parts)}]")


def signature_of(target: Callable[..., Any]) -> Signature:
    """Read the parameters of a function or of a class's constructor.

    Raises:
        TypeError: If it has positional-only parameters or ``*args``, which no input could name.
    """
    hints = _hints(target)
    texts: list[str] = []
    required: list[str] = []
    names: set[str] = set()
    context, open_ended = None, False
    for parameter in inspect.signature(target).parameters.values():
        if hints.get(parameter.name) is ActionContext:
            context = parameter.name
        elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
            open_ended = True
        elif parameter.kind not in _KEYWORD:
            raise TypeError(f"parameter {parameter.name!r} cannot be given by name")
        else:
            names.add(parameter.name)
            texts.append(_told(parameter))
            required += [parameter.name] if parameter.default is inspect.Parameter.empty else []
    texts += ["**"] if open_ended else []
    return Signature(
        ", ".join(texts), tuple(required), None if open_ended else frozenset(names), context, frozenset(required)
    )


def _hints(target: Callable[..., Any]) -> dict[str, Any]:
    annotated = target.__init__ if inspect.isclass(target) else target
    try:
        return typing.get_type_hints(annotated)
    except (NameError, TypeError):
        # A name that only a type checker sees; then the annotation has to be the class itself.
        return dict(getattr(annotated, "__annotations__", {}))


def _told(parameter: inspect.Parameter) -> str:
    if parameter.default is inspect.Parameter.empty:
        return parameter.name
    return f"{parameter.name}={json.dumps(parameter.default, default=str)}"
