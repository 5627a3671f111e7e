"""Who may see an uploaded definition."""

from typing import Final

from mistral_core.errors import InvalidInput

PRIVATE: Final = "private"
SCOPES: Final = (PRIVATE, "public")


def checked_scope(scope: str | None) -> str | None:
    """Return the scope, None for none given. Raises InvalidInput if there is no such scope."""
    if scope is not None and scope not in SCOPES:
        raise InvalidInput(f"Scope must be one of the following: {', '.join(SCOPES)}; actual: {scope}")
    return scope
