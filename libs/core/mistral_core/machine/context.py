"""Branch variables as they flow from task to task: a persistent mapping with a version for every leaf.

Publishing makes a new context that shares all it did not change with the old one, so no task carries a copy.
At a join the contexts of the branches are merged: what only one side has is taken, mappings are merged key by
key, and of two differing leaves the one that was published more often along its branch wins.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from immutables import Map
from msgspec import Struct

Path: TypeAlias = tuple[str, ...]


class Context(Struct, frozen=True):
    """Branch variables and how often each leaf path was published along this branch."""

    values: Map[str, Any] = Map()
    versions: Map[Path, int] = Map()


EMPTY: Final = Context()
