"""Who asks, and what that makes visible."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, Self

from mistral_core.errors import Forbidden

DEFAULT_PROJECT: Final = "<default-project>"


class Rules(Protocol):
    """What the operator allows to whom."""

    def allows(self, caller: "Caller", rule: str) -> bool:
        """Tell whether the caller may do what a rule such as ``workflows:publicize`` is about."""
        ...


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sends a request.

    Attributes:
        project: Project whose things are seen and made.
        user: Who it is, for the audit log; empty while authentication is off.
        roles: What the policy asks for.
        admin: Sees every project's things, and may change them.
        reads_only: May look but not change; the doors refuse the rest.
        rules: What is asked whether the caller may do a thing; None allows everything.
    """

    project: str = DEFAULT_PROJECT
    user: str = ""
    roles: frozenset[str] = frozenset()
    admin: bool = False
    reads_only: bool = False
    rules: Rules | None = field(default=None, compare=False, repr=False)

    @property
    def scope(self) -> str | None:
        """The project to restrict reads to; None for an administrator."""
        return None if self.admin else self.project

    def sees(self, project: str) -> bool:
        """Tell whether a thing of that project is visible."""
        return self.admin or project == self.project

    def check_owns(self, project: str, what: str) -> None:
        """Raise Forbidden unless a visible thing of that project may be changed; ``what`` names it."""
        if project != self.project and not self.admin:
            raise Forbidden(f"Can not access {what} of other projects")

    def demand(self, rule: str) -> None:
        """Raise Forbidden unless the rules allow it."""
        if self.rules is not None and not self.rules.allows(self, rule):
            raise Forbidden(f"Operation not allowed by the policy [rule={rule}]")

    def seeing_all(self) -> Self:
        """Return the caller as one who sees every project's things, for a list that the rules allow."""
        return replace(self, admin=True)


ANYONE: Final = Caller()
"""Everybody, while authentication is off."""

CALLER: ContextVar[Caller] = ContextVar("caller", default=ANYONE)
"""Who sent the request that is being answered; the doors set it before anything else is done."""


PROOF: ContextVar[Callable[[], Awaitable[object]] | None] = ContextVar("proof", default=None)
"""Asks anew whether whoever sent the request would still be let in, and raises if not; None if nobody is asked."""


def current_caller() -> Caller:
    """Return who sent the request that is being answered."""
    return CALLER.get()
