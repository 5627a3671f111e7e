"""Running workflows in virtual time without any server: actions are stubs, waits take no time.

For dry runs of a definition and for tests. Executions, sub-workflows and timers are kept here; what happens next is
always the earliest event, and among those of one time the one that was asked for first.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from typing import Any, Final

from mistral_core.errors import IllegalState, WorkflowError
from mistral_core.language.model import Workflow
from mistral_core.machine.begin import begin
from mistral_core.machine.command import (
    Announce,
    CancelAction,
    CancelTimer,
    Command,
    RunAction,
    StartChild,
    StartTimer,
    TellChild,
    TellParent,
)
from mistral_core.machine.decide import decide
from mistral_core.machine.event import ActionDeferred, ActionFinished, ChildRefused, Event, Outcome, Start, TimerFired
from mistral_core.machine.execution import Execution, Parent
from mistral_core.machine.surroundings import Surroundings

BEGINNING: Final = 1_750_000_000_000_000
SECOND: Final = 1_000_000

Stub = Callable[[str, Mapping[str, Any]], tuple[Outcome, Any] | None]
"""What an action does: how it ends, or None if somebody outside completes it."""


def builtin_stub(name: str, given: Mapping[str, Any]) -> tuple[Outcome, Any] | None:
    """Do what the simplest built-in actions do; any other action is refused."""
    match name:
        case "std.noop" | "std.sleep":
            return Outcome.SUCCESS, None
        case "std.echo":
            return Outcome.SUCCESS, given.get("output")
        case "std.fail":
            return Outcome.ERROR, given.get("error_data") or "Fail action expected exception."
        case "std.async_noop":
            return None
    return Outcome.REFUSED, f"Failed to find action [action_name={name}]"


class Rehearsal:
    """A world in which workflows run. ``journal`` holds (execution id, command) pairs in their order."""

    def __init__(
        self,
        workflows: Mapping[str, Workflow],
        *,
        stub: Stub = builtin_stub,
        surroundings: Surroundings | None = None,
    ) -> None:
        self.workflows = workflows
        self.stub = stub
        self.surroundings = surroundings or Surroundings()
        self.now = BEGINNING
        self.executions: dict[str, Execution] = {}
        self.journal: list[tuple[str, Command]] = []
        self._queue: list[tuple[int, int, str, Event]] = []
        self._forgotten: set[tuple[str, str, str, int]] = set()
        self._count = 0

    def start(self, name: str, *, params: Mapping[str, Any] | None = None, **given: Any) -> str:
        """Start a root execution and return its id; errors are those of ``begin``."""
        self._count += 1
        execution_id = f"{self._count:08x}-0000-7000-8000-000000000000"
        start = Start(
            at=self.now,
            id=execution_id,
            root_id=execution_id,
            partition=0,
            project="default",
            definition=self.workflows[name],
            workflow_id=name,
            workflow_version=1,
            workflow_name=name,
            input=given,
            params=params or {},
        )
        self._began(start)
        return execution_id

    def tell(self, execution_id: str, event: Event) -> None:
        """Apply an event now; errors are those of ``decide``."""
        decision = decide(self.executions[execution_id], event, self.surroundings)
        self.executions[execution_id] = decision.execution
        self._carry_out(execution_id, decision.commands)

    def send(self, execution_id: str, event: Event, *, at: int | None = None) -> None:
        """Put an event into the queue, for now or for a later time."""
        self._count += 1
        heapq.heappush(self._queue, (at or self.now, self._count, execution_id, event))

    def run(self, *, until: int | None = None) -> None:
        """Let happen what is to happen, up to a time or until nothing is left."""
        while self._queue and (until is None or self._queue[0][0] <= until):
            at, _, execution_id, event = heapq.heappop(self._queue)
            self.now = max(self.now, at)
            if isinstance(event, TimerFired):
                key = (execution_id, event.task_id, event.kind.value, event.round)
                if key in self._forgotten:
                    continue
            try:
                self.tell(execution_id, event)
            except IllegalState:
                # A request to a sub-workflow that ended while the request was on its way.
                continue
        if until is not None:
            self.now = max(self.now, until)

    def _began(self, start: Start) -> None:
        decision = begin(start, self.surroundings)
        self.executions[start.id] = decision.execution
        self._carry_out(start.id, decision.commands)

    def _carry_out(self, execution_id: str, commands: tuple[Command, ...]) -> None:
        for command in commands:
            self.journal.append((execution_id, command))
            match command:
                case RunAction():
                    self._run_action(execution_id, command)
                case StartChild():
                    self._start_child(execution_id, command)
                case StartTimer():
                    fired = TimerFired(at=command.due, task_id=command.task_id, kind=command.kind, round=command.round)
                    self.send(execution_id, fired, at=command.due)
                case CancelTimer():
                    self._forgotten.add((execution_id, command.task_id, command.kind.value, command.round))
                case TellChild():
                    self.send(command.child_id, command.event)
                case TellParent():
                    self.send(command.execution_id, command.event)
                case CancelAction() | Announce():
                    pass

    def _run_action(self, execution_id: str, command: RunAction) -> None:
        ended = self.stub(command.action, command.input)
        ids: dict[str, Any] = {"task_id": command.task_id, "action_id": command.action_id, "attempt": command.attempt}
        if ended is None:
            self.send(execution_id, ActionDeferred(at=self.now, **ids))
        else:
            outcome, value = ended
            self.send(execution_id, ActionFinished(at=self.now, outcome=outcome, value=value, **ids))

    def _start_child(self, execution_id: str, command: StartChild) -> None:
        parent = self.executions[execution_id]
        try:
            if command.workflow not in self.workflows:
                raise WorkflowError(f"Workflow not found [workflow_name={command.workflow}]")
            start = Start(
                at=self.now,
                id=command.child_id,
                root_id=parent.root_id,
                partition=parent.partition,
                project=parent.project,
                definition=self.workflows[command.workflow],
                workflow_id=command.workflow,
                workflow_version=1,
                workflow_name=command.workflow,
                workflow_namespace=parent.workflow_namespace,
                parent=Parent(execution_id=execution_id, task_id=command.task_id, index=command.index),
                input=command.input,
                root_env=parent.env,
            )
            self._began(start)
        except WorkflowError as error:
            refused = ChildRefused(
                at=self.now, task_id=command.task_id, child_id=command.child_id, message=error.message
            )
            self.send(execution_id, refused)
