"""Reading option values without pydantic, which typer would load for it: a fifth of a second in every command.

Only the few kinds of values that our commands take are read here; for any other typer does it in its own way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin

import typer


@dataclass(frozen=True, slots=True)
class Plain:
    """Stands in the place of what typer makes to read the values of one parameter."""

    read: Callable[[Any], Any]

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        is_several = param.multiple or param.nargs == -1
        if value is None:
            return () if is_several else None
        try:
            return [self.read(each) for each in value] if is_several else self.read(value)
        except ValueError as error:
            raise typer.BadParameter(str(error), ctx=ctx, param=param) from None


def read_plainly(params: list[Any]) -> None:
    """Have the values of parameters read here, where they are of a kind that can be."""
    for param in params:
        descriptor = getattr(param, "type_descriptor", None)
        if descriptor is None or descriptor.parameter_info.parser:
            continue
        kind = descriptor.annotation
        if get_origin(kind) is list:
            [kind] = get_args(kind)
        if (read := _reader(kind, descriptor.parameter_info)) is not None:
            param._runtime_param = Plain(read)


def _reader(kind: Any, info: Any) -> Callable[[Any], Any] | None:
    if kind is str or kind is bool:
        return kind if kind is str else _truth
    if kind is int or kind is float:
        return lambda value: _number(kind, value, info.min, info.max)
    if kind is Path and not (info.exists or info.resolve_path or info.allow_dash):
        return Path
    if isinstance(kind, type) and issubclass(kind, Enum):
        return lambda value: _choice(kind, value)
    return None


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in ("1", "true", "t", "yes", "y", "on"):
        return True
    if text in ("0", "false", "f", "no", "n", "off", ""):
        return False
    raise ValueError(f"{value!r} is neither true nor false")


def _number(kind: Callable[[Any], Any], value: Any, least: float | None, most: float | None) -> Any:
    try:
        number = kind(value)
    except ValueError:
        raise ValueError(
            f"{value!r} is not a number" if kind is float else f"{value!r} is not a whole number"
        ) from None
    if (least is not None and not number >= least) or (most is not None and not number <= most):
        bounds = [f"at least {least}"] if least is not None else []
        bounds += [f"at most {most}"] if most is not None else []
        raise ValueError(f"{number} must be {' and '.join(bounds)}")
    return number


def _choice(kind: type[Enum], value: Any) -> Enum:
    if isinstance(value, kind):
        return value
    for member in kind:
        if str(member.value).lower() == str(value).lower():
            return member
    raise ValueError(f"{value!r} is not one of {', '.join(str(member.value) for member in kind)}")
