"""The functions of the workflow language, the same for YAQL and Jinja.

Each takes the scope first. Arguments and results are plain JSON values; each
language brings its own calling convention around them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import yaml

from mistral_core.expressions.scope import Scope

Function = Callable[..., Any]


def env(scope: Scope) -> Mapping[str, Any]:
    return scope.facts.env()


def execution(scope: Scope) -> Mapping[str, Any]:
    return scope.facts.execution()


def executions(
    scope: Scope,
    id: str | None = None,
    root_execution_id: str | None = None,
    state: str | None = None,
    from_time: str | None = None,
    to_time: str | None = None,
) -> Sequence[Mapping[str, Any]]:
    filters = {
        "id": id,
        "root_execution_id": root_execution_id,
        "state": state,
        "from_time": from_time,
        "to_time": to_time,
    }
    return scope.facts.executions(**{name: value for name, value in filters.items() if value is not None})


def task(scope: Scope, name: str | None = None) -> Mapping[str, Any] | None:
    return scope.facts.task(name)


def tasks(
    scope: Scope,
    workflow_execution_id: str | None = None,
    recursive: bool = False,
    state: str | None = None,
    flat: bool = False,
) -> Sequence[Mapping[str, Any]]:
    return scope.facts.tasks(workflow_execution_id, recursive, state, flat)


def global_(scope: Scope, name: str) -> Any:
    return scope.facts.global_(name)


def uuid(scope: Scope) -> str:
    return scope.facts.uuid()


def json_dump(scope: Scope, data: Any) -> str:
    return json.dumps(data, indent=4)


def json_parse(scope: Scope, text: str) -> Any:
    return json.loads(text)


def yaml_dump(scope: Scope, data: Any) -> str:
    return str(yaml.dump(data, Dumper=_Dumper, default_flow_style=False))


def yaml_parse(scope: Scope, text: str) -> Any:
    # Definitions are checked with expressions, so their package may be the one that is importing us.
    from mistral_core.language import yaml_text

    return yaml_text.load(text).value


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


BUILTIN: Mapping[str, Function] = MappingProxyType(
    {
        "env": env,
        "execution": execution,
        "executions": executions,
        "global": global_,
        "json_dump": json_dump,
        "json_parse": json_parse,
        # Gone from newer Mistral, but called by many old workbooks.
        "json_pp": json_dump,
        "task": task,
        "tasks": tasks,
        "uuid": uuid,
        "yaml_dump": yaml_dump,
        "yaml_parse": yaml_parse,
    }
)
