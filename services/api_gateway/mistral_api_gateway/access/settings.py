"""Settings of authentication, read once from the environment of the gateway."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from mistral_runtime.settings import Environment, SettingError

API_KEY: Final = "api-key"
OIDC: Final = "oidc"
KEYSTONE: Final = "keystone"
_WAYS: Final = (API_KEY, OIDC, KEYSTONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSettings:
    """How callers prove who they are.

    Attributes:
        ways: Of ``api-key``, ``oidc`` and ``keystone``; empty asks nobody.
        api_key_seconds: How long what is known of a key is taken for true, and so how late a revocation is noticed.
    """

    ways: tuple[str, ...] = ()
    api_key_seconds: float = 5.0

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the ``MISTRAL_AUTH`` variables.

        Raises:
            SettingError: If one is missing or malformed.
        """
        env = Environment(environ)
        return cls(
            ways=_ways(env),
            api_key_seconds=env.number("MISTRAL_API_KEY_CACHE_SECONDS", 5.0, minimum=0.0, maximum=300.0),
        )

    @property
    def on(self) -> bool:
        """Whether callers are asked who they are."""
        return bool(self.ways)


def _ways(env: Environment) -> tuple[str, ...]:
    words = env.listing("MISTRAL_AUTH", ("none",))
    if words == ("none",):
        return ()
    if not words or not set(words) <= set(_WAYS):
        raise SettingError("MISTRAL_AUTH", ",".join(words), f"none, or of {', '.join(_WAYS)} with commas between")
    return tuple(dict.fromkeys(words))
