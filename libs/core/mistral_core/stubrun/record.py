"""Takes down what happens on a stage: calls with their inputs, and moments for the timeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from mistral_core.machine.command import Decision, RunAction, StartChild
from mistral_core.machine.execution import Execution, TaskExecution
from mistral_core.machine.rehearsal import SECOND
from mistral_core.machine.state import State
from mistral_core.stubrun.answering import Call
from mistral_core.stubrun.model import UNSAID, Answer, Ending
from mistral_core.stubrun.timeline import Happening, Moment

MOST_MOMENTS: Final = 5_000

_WORDS: Final = {
    Ending.RESULT: "gives",
    Ending.ERROR: "fails with",
    Ending.CANCELLED: "is cancelled",
    Ending.LOST: "loses its executor",
    Ending.NEVER: "is not answered",
    Ending.REFUSED: "is refused:",
}


@dataclass(frozen=True, slots=True)
class Begin:
    """The first start of an execution of a task."""

    task_id: str
    path: str


class Record:
    """What happened so far.

    Attributes:
        calls: All calls in their order, of actions and of sub-workflows.
        unanswered: Those that nobody answered.
        begins: The tasks in the order in which they began.
        faults: What went wrong with the test file itself.
    """

    def __init__(self, beginning: int) -> None:
        self.moments: list[Moment] = []
        self.calls: list[Call] = []
        self.unanswered: list[Call] = []
        self.begins: list[Begin] = []
        self.faults: list[str] = []
        self.paths: dict[str, str] = {}
        self._begun: set[str] = set()
        self._beginning = beginning

    def decided(self, at: int, before: Execution | None, decision: Decision) -> None:
        """Take down which states a decision changed."""
        after = decision.execution
        changed = [after.tasks[task_id] for task_id in decision.tasks if task_id in after.tasks]
        if before is None:
            self._execution(at, after)
        for task in sorted(changed, key=lambda each: each.number):
            self._task(at, after, None if before is None else before.tasks.get(task.id), task)
        seen = (State.RUNNING, None) if before is None else (before.state, before.state_info)
        if seen != (after.state, after.state_info):
            self._execution(at, after)

    def called(self, at: int, execution: Execution, command: RunAction) -> Call:
        """Take down a call of an action."""
        task = execution.tasks[command.task_id]
        action = task.actions[command.action_id]
        names = tuple(dict.fromkeys((action.name, command.action)))
        return self._call(at, execution, task, names, command.input, action.index, workflow=False)

    def asked(self, at: int, execution: Execution, command: StartChild, stored: str | None) -> Call:
        """Take down a call of a sub-workflow."""
        task = execution.tasks[command.task_id]
        names = tuple(dict.fromkeys((command.workflow, stored or command.workflow)))
        return self._call(at, execution, task, names, command.input, command.index, workflow=True)

    def enters(self, call: Call, child_id: str) -> None:
        """Take down that a sub-workflow is really run."""
        self.paths[child_id] = call.task_path

    def answered(self, at: int, call: Call, answer: Answer, value: Any) -> None:
        """Take down a call together with what will come of it."""
        told = answer.ending in (Ending.RESULT, Ending.ERROR, Ending.REFUSED)
        self.note(
            *(at, Happening.CALL, call.task_path, call.names[0]),
            note=_WORDS[answer.ending],
            input=call.input,
            answer=value if told else UNSAID,
            takes=answer.takes,
        )

    def note(self, at: int, happening: Happening, path: str, what: str, **more: Any) -> None:
        """Add a moment, unless there are too many to read already."""
        if len(self.moments) < MOST_MOMENTS:
            seconds = (at - self._beginning) / SECOND
            self.moments.append(Moment(at=seconds, happening=happening, path=path, what=what, **more))

    def path(self, execution: Execution, task: TaskExecution, index: int | None = None) -> str:
        """Return the path of a task, with the index of an item if one is given."""
        above = self.paths.get(execution.id, "")
        item = "" if index is None else f"[{index}]"
        return f"{above}/{task.name}{item}" if above else f"{task.name}{item}"

    def _call(
        self,
        at: int,
        execution: Execution,
        task: TaskExecution,
        names: tuple[str, ...],
        given: Any,
        index: int,
        *,
        workflow: bool,
    ) -> Call:
        call = Call(
            at=at,
            execution_id=execution.id,
            task_id=task.id,
            task=task.name,
            task_path=self.path(execution, task, index if task.items is not None else None),
            inside=execution.workflow_name,
            names=names,
            workflow=workflow,
            item=index,
            attempt=(task.retry_no or 0) + 1,
            input=given,
        )
        self.calls.append(call)
        return call

    def _execution(self, at: int, execution: Execution) -> None:
        path = self.paths.get(execution.id, "")
        what = f"{execution.workflow_name} {execution.state.value}"
        self.note(at, Happening.EXECUTION, path, what, id=execution.id, note=execution.state_info or "")

    def _task(self, at: int, execution: Execution, before: TaskExecution | None, task: TaskExecution) -> None:
        if task.state is State.RUNNING and task.id not in self._begun:
            self._begun.add(task.id)
            self.begins.append(Begin(task.id, self.path(execution, task)))
        if before is None or (before.state, before.state_info) != (task.state, task.state_info):
            path = self.path(execution, task)
            self.note(at, Happening.TASK, path, task.state.value, id=task.id, note=task.state_info or "")
