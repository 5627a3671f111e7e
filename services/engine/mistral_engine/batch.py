"""What a batch of works changes, kept apart from the committed versions until it is written.

Events are applied one after the other, each on what the one before left; only the last version of every record is
written. Dropping the batch undoes all of it.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mistral_core.errors import WorkflowError
from mistral_core.machine import Surroundings, begin, decide
from mistral_core.machine.command import (
    Announce,
    CancelAction,
    CancelTimer,
    Command,
    Decision,
    RunAction,
    StartChild,
    StartTimer,
    TellChild,
    TellParent,
)
from mistral_core.machine.event import ChildRefused, Event, Start, TimerFired
from mistral_core.machine.execution import Execution
from mistral_engine.adhoc import Finder
from mistral_engine.hot import Hot
from mistral_engine.local_actions import LocalActions
from mistral_engine.offers import Visible
from mistral_engine.work import Occurrence
from mistral_persistence.dead_letters import Letter


@dataclass(slots=True)
class Change:
    """One execution as the batch leaves it, and what of it changed; ``before`` is None for a new one."""

    execution: Execution
    position: int
    traceparent: str
    before: Execution | None = None
    tasks: set[str] = field(default_factory=set)
    actions: set[tuple[str, str]] = field(default_factory=set)
    children: set[tuple[str, str]] = field(default_factory=set)
    announced: list[Announce] = field(default_factory=list)


@dataclass(slots=True)
class Batch:
    """The changes of one commit, and what is to be sent after it.

    Attributes:
        adhoc: Gives, for a project, what finds its ad-hoc actions.
        offered: Gives, for a project, what workers offer.
        changes: By execution id.
        pending: Events that executions of the batch have for one another.
        child_starts: (parent's change, command) of sub-workflows whose definitions are still to be found.
        definitions: The definition epoch that what is started relies upon; None if it relies upon none.
        letters: Events that could not be applied, to be put aside.
        waited: Seconds that were spent on waiting for evaluations.
        runs: (execution, command) by action id; the last command of an action counts.
        local: Answers actions that need no executor; None leaves all to executors.
    """

    surroundings: Surroundings
    adhoc: Callable[[str], Finder]
    offered: Callable[[str], Visible]
    committed: Callable[[str], Hot | None]
    local: LocalActions | None = None
    changes: dict[str, Change] = field(default_factory=dict)
    pending: deque[Occurrence] = field(default_factory=deque)
    child_starts: list[tuple[Change, StartChild]] = field(default_factory=list)
    runs: dict[str, tuple[Change, RunAction]] = field(default_factory=dict)
    cancels: list[CancelAction] = field(default_factory=list)
    timers: dict[tuple[str, str, int], tuple[Change, StartTimer]] = field(default_factory=dict)
    gone: set[tuple[str, str, int]] = field(default_factory=set)
    letters: list[Letter] = field(default_factory=list)
    events: int = 0
    definitions: int | None = None
    waited: float = 0.0
    _seen: dict[str, Surroundings] = field(default_factory=dict)

    def change(self, execution_id: str) -> Change | None:
        """Return the execution as it stands in this batch, or None if it is not in memory."""
        change = self.changes.get(execution_id)
        if change is None and (hot := self.committed(execution_id)) is not None:
            change = Change(hot.execution, hot.position, hot.traceparent, before=hot.execution)
            self.changes[execution_id] = change
        return change

    def rely(self, epoch: int | None) -> None:
        """Take note that something is started by definitions remembered from ``epoch``; None if by those of now."""
        if epoch is not None:
            # Of two epochs one is over: the commit is to find that out.
            self.definitions = epoch if self.definitions is None else min(epoch, self.definitions)

    def begin(self, start: Start, traceparent: str) -> Change:
        """Start an execution.

        Raises:
            WorkflowError: If it is refused; the batch is unchanged.
        """
        decision = begin(start, self._around(start.project))
        change = Change(decision.execution, 0, traceparent)
        self.changes[start.id] = change
        self.absorb(change, decision)
        return change

    def apply(self, change: Change, event: Event) -> None:
        """Apply an event.

        Raises:
            WorkflowError: If it is a request that is refused; the batch is unchanged.
        """
        decision = decide(change.execution, event, self._around(change.execution.project))
        self.events += 1
        if isinstance(event, TimerFired) and event.task_id in change.execution.tasks:
            self._forget_timer((event.task_id, event.kind.value, event.round))
        self.absorb(change, decision)

    def absorb(self, change: Change, decision: Decision) -> None:
        """Take over a decision and its commands."""
        change.execution = decision.execution
        change.tasks |= decision.tasks
        change.actions |= decision.actions
        change.children |= decision.children
        for command in decision.commands:
            self._follow(change, command)

    def refuse_child(self, parent: Change, command: StartChild, at: int, error: WorkflowError) -> None:
        """Tell the parent that its sub-workflow will not be."""
        refusal = ChildRefused(at=at, task_id=command.task_id, child_id=command.child_id, message=error.message)
        self.pending.append((parent.execution.id, refusal))

    def _around(self, project: str) -> Surroundings:
        """Return the surroundings as a project sees them."""
        seen = self._seen.get(project)
        if seen is None or seen.answers is not self.surroundings.answers:
            offered = self.offered(project)
            seen = self._seen[project] = replace(
                self.surroundings, adhoc=self.adhoc(project), offers=offered.offers, uploaded=offered.uploaded
            )
        return seen

    def _follow(self, change: Change, command: Command) -> None:
        match command:
            case Announce():
                change.announced.append(command)
            case RunAction():
                self._run(change, command)
            case StartTimer():
                self.timers[command.task_id, command.kind.value, command.round] = (change, command)
            case CancelTimer():
                self._forget_timer((command.task_id, command.kind.value, command.round))
            case TellParent():
                self.pending.append((command.execution_id, command.event))
            case TellChild():
                self.pending.append((command.child_id, command.event))
            case StartChild():
                self.child_starts.append((change, command))
            case CancelAction():
                if self.runs.pop(command.action_id, None) is None:
                    self.cancels.append(command)

    def _run(self, change: Change, command: RunAction) -> None:
        answer = None if self.local is None else self.local.answer(change.execution, command, change.traceparent)
        if answer is None:
            self.runs[command.action_id] = (change, command)
        else:
            self.pending.append((change.execution.id, answer))

    def _forget_timer(self, key: tuple[str, str, int]) -> None:
        # A timer of this same batch may be in the table all the same: started again after a failover.
        self.timers.pop(key, None)
        self.gone.add(key)
