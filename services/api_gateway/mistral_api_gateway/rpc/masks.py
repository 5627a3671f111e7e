"""Update masks: which parts of a thing a request replaces."""

from collections.abc import Sequence
from typing import Any

from mistral_core.errors import InvalidInput


def replaced(request: Any, parts: Sequence[str]) -> frozenset[str]:
    """Return the parts that the mask of a request names, also if they are empty in it; without a mask none.

    Raises:
        InvalidInput: If it names another one.
    """
    paths = request.update_mask.paths
    if "*" in paths:
        return frozenset(parts)
    for path in paths:
        if path not in parts:
            known = ", ".join(parts)
            raise InvalidInput(f"The update_mask names {path[:80]!r}; there are: {known}", field="update_mask")
    return frozenset(paths)
