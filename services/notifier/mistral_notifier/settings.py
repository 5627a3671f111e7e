"""Settings of the notifier, read once from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from mistral_runtime.expressions import ExpressionSettings
from mistral_runtime.settings import Environment, ServiceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierSettings:
    """What the notifier needs to know.

    Attributes:
        environment: What publishers read their own settings from.
        attempts: After how many failed attempts a delivery is given up.
        backoff_seconds: Wait after the first failed attempt; doubles with each further one, up to an hour.
        slots: Most lines of deliveries at once.
        expressions: What conditions of subscriptions may take.
    """

    service: ServiceSettings
    database_url: str
    environment: Environment
    attempts: int = 12
    backoff_seconds: float = 1.0
    slots: int = 512
    expressions: ExpressionSettings = field(default_factory=ExpressionSettings)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the ``MISTRAL_`` variables.

        Raises:
            SettingError: If a variable is missing or malformed.
        """
        env = Environment(environ)
        return cls(
            service=ServiceSettings.read(environ, service="notifier"),
            database_url=env.text("MISTRAL_DATABASE_URL"),
            environment=env,
            attempts=env.integer("MISTRAL_NOTIFIER_ATTEMPTS", 12, minimum=1, maximum=100),
            backoff_seconds=env.number("MISTRAL_NOTIFIER_BACKOFF_SECONDS", 1.0, minimum=0.001, maximum=3600.0),
            expressions=ExpressionSettings.read(environ),
            slots=env.integer("MISTRAL_NOTIFIER_SLOTS", 512, minimum=1, maximum=10_000),
        )
