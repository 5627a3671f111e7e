"""Settings of the scheduler, read once from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from mistral_runtime.settings import Environment, ServiceSettings
from mistral_scheduler.events.settings import EventSettings
from mistral_scheduler.fleets.settings import FleetSettings
from mistral_scheduler.retention_settings import RetentionSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerSettings:
    """What the scheduler needs to know.

    Attributes:
        history_days: How many whole days of history are kept, from 1.
        engines: Addresses of the engines, separated by commas; without any no cron trigger fires.
        events: What is set about events from elsewhere.
        fleets: How temporary workers are started.
        retention: How long executions are kept once they have ended.
    """

    service: ServiceSettings
    database_url: str
    history_days: int = 7
    engines: str = ""
    events: EventSettings = field(default_factory=EventSettings)
    fleets: FleetSettings = field(default_factory=FleetSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the ``MISTRAL_`` variables.

        Raises:
            SettingError: If a variable is missing or malformed.
        """
        env = Environment(environ)
        return cls(
            service=ServiceSettings.read(environ, service="scheduler"),
            database_url=env.text("MISTRAL_DATABASE_URL"),
            history_days=env.integer("MISTRAL_HISTORY_DAYS", 7, minimum=1, maximum=3650),
            engines=env.text("MISTRAL_ENGINE_ADDRESSES", ""),
            fleets=FleetSettings.read(environ),
            retention=RetentionSettings.read(environ),
            events=EventSettings.read(environ),
        )
