"""Settings of authentication, read once from the environment of the gateway."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from mistral_api_gateway.access.keystone_settings import KeystoneSettings
from mistral_api_gateway.access.oidc_settings import OidcSettings
from mistral_runtime.settings import Environment, SettingError

API_KEY: Final = "api-key"
OIDC: Final = "oidc"
KEYSTONE: Final = "keystone"
_WAYS: Final = (API_KEY, OIDC, KEYSTONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSettings:
    """How callers prove who they are; nobody is asked when no way is switched on.

    Attributes:
        api_keys: Whether our own keys do.
        api_key_seconds: How long what is known of a key is taken for true, and so how late a revocation is noticed.
        oidc: Whose signed tokens do; None for nobody's.
        keystone: Which Keystone's tokens do; None for none.
    """

    api_keys: bool = False
    api_key_seconds: float = 5.0
    oidc: OidcSettings | None = None
    keystone: KeystoneSettings | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the variables ``MISTRAL_AUTH``, ``_API_KEY_``, ``_OIDC_`` and ``_KEYSTONE_``.

        Raises:
            SettingError: If one is missing or malformed.
        """
        env = Environment(environ)
        ways = _ways(env)
        return cls(
            api_keys=API_KEY in ways,
            api_key_seconds=env.number("MISTRAL_API_KEY_CACHE_SECONDS", 5.0, minimum=0.0, maximum=300.0),
            oidc=OidcSettings.read(environ) if OIDC in ways else None,
            keystone=KeystoneSettings.read(environ) if KEYSTONE in ways else None,
        )

    @property
    def on(self) -> bool:
        """Whether callers are asked who they are."""
        return self.api_keys or self.oidc is not None or self.keystone is not None


def _ways(env: Environment) -> tuple[str, ...]:
    words = env.listing("MISTRAL_AUTH", ("none",))
    if words == ("none",):
        return ()
    if not words or not set(words) <= set(_WAYS):
        raise SettingError("MISTRAL_AUTH", ",".join(words), f"none, or of {', '.join(_WAYS)} with commas between")
    return words
