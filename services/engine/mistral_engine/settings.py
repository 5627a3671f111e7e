"""Settings of an engine, read once at the edge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec

from mistral_runtime.expressions import ExpressionSettings
from mistral_runtime.settings import Environment, ServiceSettings, SettingError


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an engine needs to know.

    Attributes:
        lanes: Writers that work side by side, each on its own share of the partitions.
        batch: Most works applied in one commit.
        waiting: Most works that may wait in one lane; more starts are refused until there are fewer.
        hot_tasks: Tasks to keep in memory per lane before the executions used longest ago are let go.
        lease_seconds: How long the partitions of a silent engine stay its own.
        sweep_seconds: How often lost work is looked for.
        lost_seconds: Age at which an unanswered action is asked for among the executors.
        offers_kept_seconds: How long an action is known that no worker offers and no run waits for.
        local_actions: Whether ``std.noop`` and ``std.echo`` are answered here, in the commit that asks for them.
        field_limit_kb: Most kilobytes of an action's result as JSON; negative for no limit.
        notify: Publishers that every execution notifies, besides its own.
        expressions: What is allowed in expressions, and what they may take.
    """

    service: ServiceSettings
    lanes: int = 2
    batch: int = 512
    waiting: int = 20_000
    hot_tasks: int = 200_000
    lease_seconds: float = 3.0
    sweep_seconds: float = 5.0
    lost_seconds: float = 15.0
    offers_kept_seconds: float = 7 * 86_400.0
    local_actions: bool = True
    field_limit_kb: int = 1024
    notify: tuple[Mapping[str, Any], ...] = ()
    expressions: ExpressionSettings = field(default_factory=ExpressionSettings)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the ``MISTRAL_`` variables.

        Raises:
            SettingError: If one is missing or malformed.
        """
        env = Environment(environ)
        return cls(
            service=ServiceSettings.read(environ, "engine"),
            lanes=env.integer("MISTRAL_ENGINE_LANES", 2, minimum=1, maximum=16),
            batch=env.integer("MISTRAL_ENGINE_BATCH", 512, minimum=1, maximum=10_000),
            waiting=env.integer("MISTRAL_ENGINE_WAITING", 20_000, minimum=1),
            hot_tasks=env.integer("MISTRAL_ENGINE_HOT_TASKS", 200_000, minimum=1),
            lease_seconds=env.number("MISTRAL_ENGINE_LEASE_SECONDS", 3.0, minimum=0.5),
            sweep_seconds=env.number("MISTRAL_ENGINE_SWEEP_SECONDS", 5.0, minimum=0.1),
            lost_seconds=env.number("MISTRAL_ENGINE_LOST_SECONDS", 15.0, minimum=0.1),
            offers_kept_seconds=env.number("MISTRAL_ENGINE_OFFERS_KEPT_SECONDS", 7 * 86_400.0, minimum=1.0),
            local_actions=env.flag("MISTRAL_LOCAL_ACTIONS", True),
            field_limit_kb=env.integer("MISTRAL_FIELD_SIZE_LIMIT_KB", 1024),
            notify=_publishers(env.text("MISTRAL_NOTIFY", "[]")),
            expressions=ExpressionSettings.read(environ),
        )


def _publishers(text: str) -> tuple[Mapping[str, Any], ...]:
    try:
        return msgspec.json.decode(text, type=tuple[dict[str, Any], ...])
    except msgspec.DecodeError:
        # The value may hold a secret.
        raise SettingError("MISTRAL_NOTIFY", "not that", "a JSON list of objects") from None
