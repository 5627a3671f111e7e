"""What the text of a class says of its input. The code is read, never run; what cannot be read takes anything."""

import ast
import json
from collections.abc import Mapping
from functools import lru_cache

from mistral.internal.v1.executor_service_pb2 import ActionDescription

# Classes that take nothing, for those who build on them.
_PLAIN = frozenset({"Action", "object", "ABC"})
_MOST_STEPS = 10
_MOST_CHARACTERS = 200_000


def described(name: str, code: str, class_name: str) -> ActionDescription:
    """Return a dynamic action as executors describe theirs."""
    told = ActionDescription()
    told.CopyFrom(_read(code, class_name))
    told.name = name
    return told


@lru_cache(maxsize=64)
def _read(code: str, class_name: str) -> ActionDescription:
    classes = _classes(code)
    found = classes.get(class_name)
    if found is None:
        return ActionDescription(signature="**", synchronous=True, open_ended=True)
    made = _method(found, "__init__", classes)
    if isinstance(made, ast.FunctionDef):
        told = _signature(made)
    else:
        told = ActionDescription() if made else ActionDescription(signature="**", open_ended=True)
    told.description = (ast.get_docstring(found) or "").partition("\n\n")[0].replace("\n", " ")
    told.synchronous = not _answers_later(found, classes)
    return told


def _classes(code: str) -> Mapping[str, ast.ClassDef]:
    if len(code) > _MOST_CHARACTERS:
        return {}
    try:
        return {node.name: node for node in ast.parse(code).body if isinstance(node, ast.ClassDef)}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}


def _method(
    found: ast.ClassDef, name: str, classes: Mapping[str, ast.ClassDef], steps: int = _MOST_STEPS
) -> ast.FunctionDef | bool:
    """Return a method, its own or inherited; else whether it is sure that there is none."""
    for node in found.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node
    for base in found.bases:
        last = base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""
        if last in classes and steps:
            inherited = _method(classes[last], name, classes, steps - 1)
            if inherited is not True:
                return inherited
        elif last not in _PLAIN:
            return False
    return True


def _signature(made: ast.FunctionDef) -> ActionDescription:
    arguments = made.args
    positional = [*arguments.posonlyargs, *arguments.args]
    missing: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    defaults = [*missing, *arguments.defaults]
    parameters = [*zip(positional, defaults, strict=True)][1:]
    parameters += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    texts = [each.arg if default is None else f"{each.arg}={_value(default)}" for each, default in parameters]
    open_ended = arguments.kwarg is not None
    return ActionDescription(
        signature=", ".join([*texts, "**"] if open_ended else texts),
        required=[each.arg for each, default in parameters if default is None],
        optional=[each.arg for each, default in parameters if default is not None],
        open_ended=open_ended,
    )


def _value(default: ast.expr) -> str:
    try:
        return json.dumps(ast.literal_eval(default))
    except (ValueError, TypeError, RecursionError):
        return "..."


def _answers_later(found: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> bool:
    method = _method(found, "is_sync", classes)
    if not isinstance(method, ast.FunctionDef):
        return False
    last = method.body[-1]
    return isinstance(last, ast.Return) and isinstance(last.value, ast.Constant) and last.value.value is False
