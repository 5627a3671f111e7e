"""Who asks, and what that makes visible."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

DEFAULT_PROJECT: Final = "<default-project>"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sends a request.

    Attributes:
        project: Project whose things are seen and made.
        user: Who it is, for the audit log; empty while authentication is off.
        roles: What the policy asks for.
        admin: Sees every project's things.
    """

    project: str = DEFAULT_PROJECT
    user: str = ""
    roles: frozenset[str] = frozenset()
    admin: bool = False

    @property
    def scope(self) -> str | None:
        """The project to restrict reads to; None for an administrator."""
        return None if self.admin else self.project

    def sees(self, project: str) -> bool:
        """Tell whether a thing of that project is visible."""
        return self.admin or project == self.project


ANYONE: Final = Caller()
"""Everybody, while authentication is off."""

CALLER: ContextVar[Caller] = ContextVar("caller", default=ANYONE)
"""Who sent the request that is being answered; the doors set it before anything else is done."""


def current_caller() -> Caller:
    """Return who sent the request that is being answered."""
    return CALLER.get()
