"""What an action may know about its run."""

import logging
import threading
from dataclasses import dataclass, field

from mistral_executor.actions.ssh_access import SshAccess
from mistral_runtime.egress import Allowed


class CancelToken:
    """Says whether anybody still waits for the action.

    Needed only by actions that run in a thread: those that are ``async def`` get ``asyncio.CancelledError``.
    """

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def requested(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, in a thread, but wake up when cancelled; returns whether it was."""
        return self._event.wait(seconds)

    def request(self) -> None:
        self._event.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionContext:
    """Where a run of an action belongs.

    Attributes:
        task_id: Empty, like ``execution_id`` and ``workflow_name``, for an action that runs on its own.
        attempt: Which dispatch of the action this is, from 1.
        index: Position of the item, for a task with items.
        egress: Where connections that a workflow causes may go beyond public addresses.
        ssh: What the operator allows actions over SSH.
    """

    action_id: str
    attempt: int
    task_id: str
    execution_id: str
    workflow_name: str
    project_id: str
    index: int
    cancel: CancelToken
    logger: logging.Logger
    egress: Allowed
    ssh: SshAccess = field(default_factory=SshAccess)
