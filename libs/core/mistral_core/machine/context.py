"""Branch variables as they flow from task to task: a persistent mapping with a version for every leaf.

Publishing makes a new context that shares all it did not change with the old one, so no task carries a copy.
At a join the contexts of the branches are merged: what only one side has is taken, mappings are merged key by
key, and of two differing leaves the one that was published more often along its branch wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from immutables import Map
from msgspec import Struct

Path: TypeAlias = tuple[str, ...]


class Context(Struct, frozen=True, gc=False):
    """Branch variables and how often each leaf path was published along this branch."""

    values: Map[str, Any] = Map()
    versions: Map[Path, int] = Map()


EMPTY: Final = Context()


def publish(context: Context, published: Mapping[str, Any] | None) -> Context:
    """Return the context with the published variables; one replaces what had its name as a whole."""
    if not published:
        return context
    values = context.values.mutate()
    versions = context.versions.mutate()
    for name, value in published.items():
        values[name] = value
        for path in _leaves((name,), value) if isinstance(value, dict) else ((name,),):
            versions[path] = versions.get(path, 0) + 1
    return Context(values.finish(), versions.finish())


def merge(contexts: Iterable[Context]) -> Context:
    """Return the contexts as one; where versions do not decide, the later context wins."""
    remaining = iter(contexts)
    first = next(remaining, EMPTY)
    values, versions = first.values, first.versions
    for context in remaining:
        if context.values is not values:
            values = _merged_values(values, versions, context)
            versions = _merged_versions(versions, context.versions)
    return Context(values, versions)


def merged(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    """Return both mappings as one, nested mappings merged; of two other values the right one wins."""
    result = dict(left)
    for name, value in right.items():
        old = result.get(name)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            result[name] = merged(old, value)
        else:
            result[name] = value
    return result


def _leaves(path: Path, value: Any) -> Iterator[Path]:
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _leaves((*path, name), item)
    else:
        yield path


def _merged_values(left: Map[str, Any], versions: Map[Path, int], right: Context) -> Map[str, Any]:
    result = left.mutate()
    for name, value in right.values.items():
        if name not in result:
            result[name] = value
        elif (old := result[name]) is not value:
            result[name] = _winner((name,), old, versions, value, right.versions)
    return result.finish()


def _winner(path: Path, left: Any, left_versions: Map[Path, int], right: Any, right_versions: Map[Path, int]) -> Any:
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        result = dict(left)
        for name, value in right.items():
            if name not in result:
                result[name] = value
            elif result[name] is not value:
                result[name] = _winner((*path, name), result[name], left_versions, value, right_versions)
        return result
    return left if _version(left_versions, path, left) > _version(right_versions, path, right) else right


def _version(versions: Map[Path, int], path: Path, value: Any) -> tuple[int, int]:
    """Return how often a value was published as a leaf; then, for where one side has a mapping, how often in all."""
    own = versions.get(path, 0)
    return own, own + max((versions.get(leaf, 0) for leaf in _leaves(path, value) if leaf != path), default=0)


def _merged_versions(left: Map[Path, int], right: Map[Path, int]) -> Map[Path, int]:
    result = left.mutate()
    for path, version in right.items():
        if version > result.get(path, 0):
            result[path] = version
    return result.finish()
