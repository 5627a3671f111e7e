"""How long a project keeps its executions once they have ended, and what would go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.store import Store
from mistral_core.errors import InvalidInput, NotFound
from mistral_persistence import expired
from mistral_persistence.expired import Preview
from mistral_persistence.retention_policies import Policy, drop_policy, policy_of, put_policy

_MOST: Final = 2**31 - 1
_FINAL: Final = ("SUCCESS", "ERROR", "CANCELLED")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRequest:
    """Limits as they are sent; None is no limit."""

    older_than_minutes: int | None = None
    max_finished: int | None = None
    ignored_states: Sequence[str] = ()

    @property
    def limits_anything(self) -> bool:
        """Whether anything ever goes by it."""
        return self.older_than_minutes is not None or self.max_finished is not None


class Retention:
    """What can be done with the policy of a project."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, caller: Caller) -> Policy:
        """Return by what the executions of the caller's project go; ``project`` says whether it is its own."""
        return await self._store.read(policy_of, caller.project)

    async def update(self, caller: Caller, wanted: RetentionRequest) -> Policy:
        """Give the project a policy of its own. Raises InvalidInput if a limit or a state is none."""
        policy = _checked(caller, wanted)
        async with self._store.transaction() as connection:
            await put_policy(connection, policy)
            return await policy_of(connection, caller.project)

    async def delete(self, caller: Caller) -> None:
        """Take the project's own policy away. Raises NotFound if it has none."""
        async with self._store.transaction() as connection:
            if not await drop_policy(connection, caller.project):
                raise NotFound("The project has no retention policy of its own")

    async def preview(self, caller: Caller, wanted: RetentionRequest) -> Preview:
        """Return what would go of the caller's project, by the policy or by the limits that are sent.

        Raises:
            InvalidInput: If a limit or a state is none.
        """
        policy = _checked(caller, wanted)
        if not wanted.limits_anything:
            policy = await self.get(caller)
        # That of the mesh counts all projects together; how many of them are the caller's is told here.
        limits = await self._store.read(expired.limits_of, policy, datetime.now(UTC))
        return await self._store.read(expired.preview, limits, project=caller.project)


def _checked(caller: Caller, wanted: RetentionRequest) -> Policy:
    for name, least in (("older_than_minutes", 1), ("max_finished", 0)):
        value = getattr(wanted, name)
        if value is not None and not least <= value <= _MOST:
            raise InvalidInput(f"{name} must be from {least} to {_MOST}", field=name)
    for state in wanted.ignored_states:
        if state not in _FINAL:
            raise InvalidInput(
                f"An ignored state is one of {', '.join(_FINAL)}: {state[:80]!r}", field="ignored_states"
            )
    return Policy(
        project=caller.project,
        older_than_minutes=wanted.older_than_minutes,
        max_finished=wanted.max_finished,
        ignored_states=tuple(dict.fromkeys(wanted.ignored_states)),
    )
