"""From what a token says to who asks. Pure: the token was believed before."""

from collections.abc import Mapping
from typing import Any, Final

from mistral_api_gateway.access.oidc_settings import OidcSettings
from mistral_api_gateway.operations.caller import Caller
from mistral_core.errors import Unauthenticated

_REALMS: Final = "/realms/"
_ADMIN: Final = "admin"


def caller_of(claims: Mapping[str, Any], settings: OidcSettings) -> Caller:
    """Return whom a token is about. Raises Unauthenticated if it names no project or no user."""
    roles = frozenset(role for name in settings.role_claims for role in _words(_claim(claims, name)))
    admin = settings.admin_role in roles
    return Caller(
        project=_project(claims, settings.project_claim),
        user=_text(claims, settings.user_claim, "user"),
        roles=roles | {_ADMIN} if admin else roles - {_ADMIN},
        admin=admin,
    )


def _project(claims: Mapping[str, Any], name: str) -> str:
    if not name:
        _, _, realm = str(claims["iss"]).partition(_REALMS)
        if realm:
            return realm
    return _text(claims, name or "project_id", "project")


def _text(claims: Mapping[str, Any], name: str, what: str) -> str:
    value = _claim(claims, name)
    if not isinstance(value, str) or not value.strip():
        raise Unauthenticated(f"The token names no {what}: it has no text as {name!r}")
    return value


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """Find a claim by its name, or by the way to it with dots between; None if there is none."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def _words(value: Any) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []
