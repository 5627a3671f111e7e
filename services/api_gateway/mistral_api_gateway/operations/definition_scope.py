"""Who may see an uploaded definition."""

from typing import Final

from mistral_api_gateway.operations.caller import Caller
from mistral_core.errors import InvalidInput

PRIVATE: Final = "private"
PUBLIC: Final = "public"
SCOPES: Final = (PRIVATE, PUBLIC)


def checked_scope(caller: Caller, scope: str | None, resource: str) -> str | None:
    """Return the scope, None for none given.

    Args:
        resource: What is to have it, such as ``workflows``.

    Raises:
        InvalidInput: If there is no such scope.
        Forbidden: If the caller may not make such things public.
    """
    if scope is not None and scope not in SCOPES:
        raise InvalidInput(f"Scope must be one of the following: {', '.join(SCOPES)}; actual: {scope}")
    if scope == PUBLIC:
        caller.demand(f"{resource}:publicize")
    return scope
