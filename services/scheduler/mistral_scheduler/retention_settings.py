"""Settings of retention: how long executions are kept once they have ended, and where they go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from mistral_persistence.retention_policies import Policy
from mistral_runtime.settings import Environment, SettingError

_FINAL = frozenset({"SUCCESS", "ERROR", "CANCELLED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """What a person may set about retention.

    Attributes:
        interval_minutes: How often it is looked what goes; 0 is never.
        policy: Of the mesh; projects may have their own.
        batch: Most executions, those below them apart, that go at once.
        archive: Folder that they are written to before; None keeps nothing.
    """

    interval_minutes: float = 10.0
    policy: Policy = field(default_factory=Policy)
    batch: int = 100
    archive: Path | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the ``MISTRAL_RETENTION_`` variables and ``MISTRAL_ARCHIVE_DIR``.

        Raises:
            SettingError: If one is malformed.
        """
        env = Environment(environ)
        archive = env.optional("MISTRAL_ARCHIVE_DIR")
        return cls(
            interval_minutes=env.number("MISTRAL_RETENTION_INTERVAL_MINUTES", 10.0, minimum=0.0, maximum=100_000.0),
            policy=Policy(
                older_than_minutes=_optional(env, "MISTRAL_RETENTION_OLDER_THAN_MINUTES", minimum=1),
                max_finished=_optional(env, "MISTRAL_RETENTION_MAX_FINISHED", minimum=0),
                ignored_states=_states(env),
            ),
            batch=env.integer("MISTRAL_RETENTION_BATCH", 100, minimum=1, maximum=10_000),
            archive=Path(archive) if archive else None,
        )


def _optional(env: Environment, name: str, *, minimum: int) -> int | None:
    return env.integer(name, minimum=minimum, maximum=2**31 - 1) if env.optional(name) else None


def _states(env: Environment) -> tuple[str, ...]:
    name = "MISTRAL_RETENTION_IGNORED_STATES"
    states = env.listing(name)
    if set(states) - _FINAL:
        raise SettingError(name, ",".join(states), "SUCCESS, ERROR and CANCELLED, with commas between")
    return states
