"""Settings of tokens that OpenStack's Keystone gives out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from mistral_api_gateway.access.oidc_settings import checked_file, checked_url
from mistral_runtime.settings import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class KeystoneSettings:
    """Where Keystone is, and as whom it is asked.

    Attributes:
        url: Of its version 3, such as ``http://controller:5000/v3``.
        username: The user of this service, whose role allows to validate tokens.
        admin_role: Role of administrators.
        seconds: How long what Keystone said of a token is taken for true, unless the token ends before.
        ca_file: Certificates to trust when it is asked.
    """

    url: str
    username: str
    password: str = field(repr=False)
    user_domain: str = "Default"
    project: str = "service"
    project_domain: str = "Default"
    admin_role: str = "admin"
    seconds: float = 60.0
    ca_file: str | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the ``MISTRAL_KEYSTONE_`` variables.

        Raises:
            SettingError: If one is missing or malformed.
        """
        env = Environment(environ)
        url = checked_url("MISTRAL_KEYSTONE_URL", env.text("MISTRAL_KEYSTONE_URL").rstrip("/"))
        return cls(
            url=url if url.endswith("/v3") else f"{url}/v3",
            username=env.text("MISTRAL_KEYSTONE_USERNAME"),
            password=env.text("MISTRAL_KEYSTONE_PASSWORD"),
            user_domain=env.text("MISTRAL_KEYSTONE_USER_DOMAIN", "Default"),
            project=env.text("MISTRAL_KEYSTONE_PROJECT", "service"),
            project_domain=env.text("MISTRAL_KEYSTONE_PROJECT_DOMAIN", "Default"),
            admin_role=env.text("MISTRAL_KEYSTONE_ADMIN_ROLE", "admin"),
            seconds=env.number("MISTRAL_KEYSTONE_CACHE_SECONDS", 60.0, minimum=0.0, maximum=3600.0),
            ca_file=checked_file("MISTRAL_KEYSTONE_CA", env.optional("MISTRAL_KEYSTONE_CA")),
        )
