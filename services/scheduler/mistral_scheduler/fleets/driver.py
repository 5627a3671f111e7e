"""What starts and ends temporary workers: the shape that every driver has, and what it is told of a worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from mistral_core.fleet_templates import Template


class CannotStart(Exception):
    """The worker could not be started; the message says why and is shown to whoever lists the fleet's workers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWorker:
    """A worker to start.

    Attributes:
        id: UUID; a driver that is told of the same twice starts it once.
        env: Variables that every worker gets; those of the template go before them.
    """

    id: str
    fleet: str
    project: str
    execution: str
    env: Mapping[str, str]
    template: Template


@dataclass(frozen=True, slots=True)
class Ended:
    """A worker that has ended; an empty reason says that it went well."""

    id: str
    reason: str = ""


class Driver(Protocol):
    """Starts and ends workers. Nothing in it decides how many there should be."""

    async def start(self, worker: NewWorker) -> str:
        """Start a worker and return its handle, which finds it again after a restart of this service.

        Raises:
            CannotStart: If it cannot be started.
        """

    async def stop(self, worker_id: str, handle: str, grace_seconds: float) -> None:
        """Ask a worker to leave, and end it when it has not left within the grace; returns at once."""

    async def ended(self, alive: Mapping[str, str]) -> list[Ended]:
        """Return those of the given workers (handle by id) that have ended."""

    async def close(self) -> None:
        """Let go of everything; workers live on, and are found again by their handles."""
