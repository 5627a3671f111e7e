"""Settings of events, read once from the scheduler's environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from mistral_core.errors import InvalidInput
from mistral_core.event_triggers.definitions import EventDefinition, definitions_from_text
from mistral_runtime.egress import allowed_entries
from mistral_runtime.expressions import ExpressionSettings
from mistral_runtime.settings import Environment, SettingError

_DEFINITIONS: Final = "MISTRAL_EVENT_DEFINITIONS_FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSettings:
    """What a person may set about events.

    Attributes:
        definitions: Which properties of an event workflows get, the first that fits first.
        keep_days: How long events that are done with are kept.
        keep_count: How many of them, beside those of the last ten minutes.
        egress_allowed: What sources may reach although it is not public.
    """

    definitions: tuple[EventDefinition, ...] = ()
    keep_days: float = 7.0
    keep_count: int = 100_000
    egress_allowed: tuple[str, ...] = ()
    expressions: ExpressionSettings = field(default_factory=ExpressionSettings)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the ``MISTRAL_EVENT_`` variables.

        Raises:
            SettingError: If one is malformed, or the event definitions cannot be read.
        """
        env = Environment(environ)
        return cls(
            definitions=_definitions(env),
            keep_days=env.number("MISTRAL_EVENT_DAYS", 7.0, minimum=0.01, maximum=3650),
            keep_count=env.integer("MISTRAL_EVENT_COUNT", 100_000, minimum=1),
            egress_allowed=allowed_entries(env),
            expressions=ExpressionSettings.read(environ),
        )


def _definitions(env: Environment) -> tuple[EventDefinition, ...]:
    name = env.text(_DEFINITIONS, "")
    if not name:
        return ()
    try:
        return definitions_from_text(Path(name).read_text())
    except OSError as error:
        raise SettingError(_DEFINITIONS, name, f"a file that can be read ({error.strerror})") from None
    except (UnicodeDecodeError, InvalidInput) as error:
        raise SettingError(_DEFINITIONS, name, f"a file of event definitions: {error}") from None
