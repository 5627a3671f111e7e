"""Short plays for tables of tests: a workflow, what people do meanwhile, and the end of it in one line.

Actions of the language do what they do; ``flaky fail=N`` fails so many times for each item before it succeeds with
the number of the try; ``std.async_noop`` waits for somebody to say how it ends.
"""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from mistral_core.errors import WorkflowError
from mistral_core.language import parse_actions, parse_workflows
from mistral_core.machine import Surroundings, restored
from mistral_core.machine.event import (
    ActionFinished,
    Outcome,
    PauseRequested,
    RerunRequested,
    ResumeRequested,
    SkipRequested,
    StopRequested,
)
from mistral_core.machine.execution import Execution, TaskExecution
from mistral_core.machine.rehearsal import SECOND, Rehearsal, builtin_stub
from mistral_core.machine.state import State


class Play:
    """One run of the workflow ``w``; ``deeds`` are done one after the other, each when all is quiet.

    A deed is a line such as ``resume``, ``stop CANCELLED``, ``rerun t``, ``rerun t keep``, ``skip t``,
    ``succeed t "value"``, ``fail t[1]``, ``pass 5`` (seconds) or ``restore``; ``s/t`` is a task of the sub-workflow
    of ``s``, ``s#1/t`` one of the second. Without ``pass`` time does not go on before all deeds are done.
    """

    def __init__(self, text: str, *, actions: str = "", params: Mapping[str, Any] | None = None, **given: Any) -> None:
        adhoc = {each.action.name: each.action for each in parse_actions(f"version: 2\n{actions}")} if actions else {}
        around = Surroundings(adhoc=lambda name, workbook, namespace: adhoc.get(name))
        workflows = {each.workflow.name: each.workflow for each in parse_workflows(f"version: '2.0'\n{text}")}
        self._tries: Counter[str] = Counter()
        self.world = Rehearsal(workflows, stub=self._act, surroundings=around)
        self.root = self.world.start("w", params=params, **given)
        self.refusals: list[str] = []

    def after(self, deeds: Iterable[str] = ()) -> Play:
        """Do the deeds, then let time go on to the end."""
        self.world.run(until=self.world.now)
        for deed in deeds:
            try:
                self._do(shlex.split(deed))
            except WorkflowError as error:
                self.refusals.append(error.message)
            self.world.run(until=self.world.now)
        self.world.run()
        return self

    @property
    def execution(self) -> Execution:
        return self.world.executions[self.root]

    def tasks(self, name: str, execution: Execution | None = None) -> list[TaskExecution]:
        found = (execution or self.execution).tasks.values()
        return sorted((each for each in found if each.name == name), key=lambda each: each.number)

    def told(self, *, output: bool = True) -> str:
        """Return the state, the output unless it failed, and the tasks in the order in which they began."""
        execution = self.execution
        tasks = sorted(execution.tasks.values(), key=lambda each: each.number)
        shown = json.dumps(execution.output, sort_keys=True) if output and execution.state is State.SUCCESS else ""
        states = ", ".join(f"{each.name} {each.state}" for each in tasks)
        return " ".join(part for part in (str(execution.state), shown, f"[{states}]") if part)

    def _act(self, name: str, given: Mapping[str, Any]) -> tuple[Outcome, Any] | None:
        if name != "flaky":
            return builtin_stub(name, given)
        key = json.dumps(given, sort_keys=True)
        self._tries[key] += 1
        fails = self._tries[key] <= given["fail"]
        return (Outcome.ERROR, "flaky") if fails else (Outcome.SUCCESS, self._tries[key])

    def _do(self, words: list[str]) -> None:
        at, rest = self.world.now, words[1:]
        match words[0]:
            case "pass":
                self.world.run(until=at + int(rest[0]) * SECOND)
            case "restore":
                self.world.executions = {key: restored(each) for key, each in self.world.executions.items()}
            case "pause":
                self.world.tell(self._place(rest), PauseRequested(at=at))
            case "resume":
                self.world.tell(self._place(rest), ResumeRequested(at=at))
            case "stop":
                stop = StopRequested(at=at, state=State(rest[0]), message=rest[1] if len(rest) > 1 else None)
                self.world.tell(self._place(rest[2:]), stop)
            case "rerun":
                execution_id, task = self._task(rest[0])
                self.world.tell(execution_id, RerunRequested(at=at, task_id=task.id, reset="keep" not in rest))
            case "skip":
                execution_id, task = self._task(rest[0])
                self.world.tell(execution_id, SkipRequested(at=at, task_id=task.id))
            case _:
                self._finish(words[0], rest)

    def _finish(self, verb: str, rest: list[str]) -> None:
        outcome = {"succeed": Outcome.SUCCESS, "fail": Outcome.ERROR, "cancel": Outcome.CANCELLED}[verb]
        name, _, index = rest[0].partition("[")
        execution_id, task = self._task(name)
        wanted = int(index.rstrip("]") or 0)
        action = next(a for a in task.actions.values() if a.index == wanted and a.state is State.RUNNING)
        ended = ActionFinished(
            at=self.world.now,
            task_id=task.id,
            action_id=action.id,
            attempt=action.attempt,
            outcome=outcome,
            value=json.loads(rest[1]) if len(rest) > 1 else None,
        )
        self.world.tell(execution_id, ended)

    def _place(self, rest: list[str]) -> str:
        return self._child(rest[0]) if rest else self.root

    def _child(self, path: str) -> str:
        current = self.root
        for part in path.split("/"):
            name, _, index = part.partition("#")
            task = self.tasks(name, self.world.executions[current])[-1]
            current = sorted(task.children.values(), key=lambda each: (each.round, each.index))[int(index or 0)].id
        return current

    def _task(self, path: str) -> tuple[str, TaskExecution]:
        where, _, name = path.rpartition("/")
        execution_id = self._child(where) if where else self.root
        return execution_id, self.tasks(name, self.world.executions[execution_id])[-1]
