"""Settings of tokens that an OpenID Connect issuer signs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from mistral_runtime.settings import Environment, SettingError

ANY: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """Whose tokens are taken, and what they say.

    Attributes:
        issuer: What a token must have as ``iss``; a last segment ``*`` takes every realm of a server.
        audiences: One of them must be in ``aud``; empty takes every token of the issuer.
        jwks_url: Where the keys are; empty asks the issuer's discovery document.
        ca_file: Certificates to trust when the issuer is asked.
        project_claim: Claim with the project; empty takes the realm of the issuer, else ``project_id``.
        user_claim: Claim with the user.
        role_claims: Claims with roles, all of which count.
        admin_role: Role of administrators.
        skew: Seconds that clocks may differ.
    """

    issuer: str
    audiences: tuple[str, ...] = ()
    jwks_url: str = ""
    ca_file: str | None = None
    project_claim: str = ""
    user_claim: str = "sub"
    role_claims: tuple[str, ...] = ("realm_access.roles", "roles")
    admin_role: str = "admin"
    skew: float = 30.0

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the ``MISTRAL_OIDC_`` variables.

        Raises:
            SettingError: If one is missing or malformed.
        """
        env = Environment(environ)
        issuer = checked_url("MISTRAL_OIDC_ISSUER", env.text("MISTRAL_OIDC_ISSUER").rstrip("/"))
        jwks_url = env.text("MISTRAL_OIDC_JWKS_URL", "")
        if issuer.endswith(f"/{ANY}") and jwks_url:
            raise SettingError("MISTRAL_OIDC_JWKS_URL", jwks_url, "unset when MISTRAL_OIDC_ISSUER ends with /*")
        return cls(
            issuer=issuer,
            audiences=_audiences(env),
            jwks_url=checked_url("MISTRAL_OIDC_JWKS_URL", jwks_url) if jwks_url else "",
            ca_file=checked_file("MISTRAL_OIDC_CA", env.optional("MISTRAL_OIDC_CA")),
            project_claim=env.text("MISTRAL_OIDC_PROJECT_CLAIM", ""),
            user_claim=env.text("MISTRAL_OIDC_USER_CLAIM", "sub"),
            role_claims=env.listing("MISTRAL_OIDC_ROLES_CLAIMS", ("realm_access.roles", "roles")),
            admin_role=env.text("MISTRAL_OIDC_ADMIN_ROLE", "admin"),
            skew=env.number("MISTRAL_OIDC_SKEW_SECONDS", 30.0, minimum=0.0, maximum=300.0),
        )


def checked_url(name: str, text: str) -> str:
    """Return an address of the web. Raises SettingError if it is none."""
    try:
        parts = urlsplit(text)
        well = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment
    except ValueError:
        well = False
    if not well:
        raise SettingError(name, text, "an address such as https://identity.example/realms/main")
    return text


def checked_file(name: str, text: str | None) -> str | None:
    """Return the name of a file that is there. Raises SettingError if it is not."""
    if text is not None and not Path(text).is_file():
        raise SettingError(name, text, "a file that can be read")
    return text


def _audiences(env: Environment) -> tuple[str, ...]:
    # Left out by mistake, it would let in tokens that were made for somebody else.
    words = env.listing("MISTRAL_OIDC_AUDIENCE")
    if not words:
        raise SettingError("MISTRAL_OIDC_AUDIENCE", None, f"what tokens for this mesh have as aud, or {ANY} for any")
    return () if words == (ANY,) else words
