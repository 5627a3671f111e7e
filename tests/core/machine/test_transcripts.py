"""Golden transcripts: a workflow, what people and actions do, and what the machine answers, as text to be read.

A file of ``transcripts`` has a comment, then ``--- workflow``, ``--- script`` and ``--- transcript``. Every line of the
script is repeated in the transcript with what it led to. With ``REWRITE_TRANSCRIPTS=1`` in the environment the
transcripts are written anew, to be read in the diff.
"""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest

from mistral_core.errors import WorkflowError
from mistral_core.language import parse_workflows
from mistral_core.machine import restored
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
from mistral_core.machine.event import (
    ActionFinished,
    ActionLost,
    ActionUpdated,
    Event,
    Outcome,
    PauseRequested,
    ReplayRequested,
    RerunRequested,
    ResumeRequested,
    SkipRequested,
    StopRequested,
    SuspendRequested,
    TaskResumeRequested,
)
from mistral_core.machine.execution import ActionExecution, Execution, TaskExecution
from mistral_core.machine.rehearsal import SECOND, Rehearsal
from mistral_core.machine.state import FINAL, State

_OF_TASKS = {"replay": ReplayRequested, "suspend": SuspendRequested, "continue": TaskResumeRequested}
FILES = sorted(Path(__file__).with_name("transcripts").glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_transcript(path: Path) -> None:
    head, rest = path.read_text().split("--- workflow\n")
    workflow, rest = rest.split("--- script\n")
    script, expected = rest.split("--- transcript\n")

    transcript = "\n".join(_Play(workflow).perform(script)) + "\n"

    if os.environ.get("REWRITE_TRANSCRIPTS"):
        path.write_text(f"{head}--- workflow\n{workflow}--- script\n{script}--- transcript\n{transcript}")
    else:
        assert transcript == expected


class _Stage(Rehearsal):
    """A rehearsal in which actions do nothing by themselves, and only asynchronous ones say so."""

    def _run_action(self, execution_id: str, command: RunAction) -> None:
        if command.action == "std.async_noop":
            super()._run_action(execution_id, command)


class _Play:
    """One script being performed; actions wait until the script says how they end."""

    def __init__(self, text: str) -> None:
        workflows = {each.workflow.name: each.workflow for each in parse_workflows(text)}
        self.world = _Stage(workflows, stub=lambda name, given: None)
        self.root = ""
        self.seen = 0

    def perform(self, script: str) -> list[str]:
        lines: list[str] = []
        for line in script.strip().splitlines():
            lines.append(f"> {line}")
            try:
                self.step(shlex.split(line))
            except WorkflowError as error:
                lines.append(f"    refused: {error}")
            fresh = self.world.journal[self.seen :]
            self.seen = len(self.world.journal)
            lines.extend(f"    {self.name(each)}{self.told(each, command)}" for each, command in fresh)
            lines.extend(self.states())
        return lines

    def step(self, words: list[str]) -> None:
        world, rest = self.world, words[1:]
        match words[0]:
            case "start":
                given = json.loads(rest[1]) if len(rest) > 1 else {}
                params = json.loads(rest[2]) if len(rest) > 2 else {}
                self.root = world.start(rest[0], params=params, **given)
            case "pass":
                world.run(until=world.now + int(float(rest[0]) * SECOND))
            case "restore":
                world.executions = {key: restored(each) for key, each in world.executions.items()}
            case _:
                execution_id, event = self.event(words[0], rest)
                world.tell(execution_id, event)
        world.run(until=world.now)

    def event(self, verb: str, rest: list[str]) -> tuple[str, Event]:
        at = self.world.now
        match verb:
            case "pause":
                return self.at(rest), PauseRequested(at=at)
            case "resume":
                return self.at(rest), ResumeRequested(at=at)
            case "stop":
                return self.root, StopRequested(at=at, state=State(rest[0]), message=" ".join(rest[1:]) or None)
            case "rerun":
                task = self.task(rest[0])[1]
                return self.task(rest[0])[0], RerunRequested(at=at, task_id=task.id, reset="keep" not in rest)
            case "skip":
                return self.root, SkipRequested(at=at, task_id=self.task(rest[0])[1].id)
        if verb in _OF_TASKS:
            execution_id, task = self.task(rest[0])
            return execution_id, _OF_TASKS[verb](at=at, task_id=task.id)
        return self.action_event(verb, rest)

    def action_event(self, verb: str, rest: list[str]) -> tuple[str, Event]:
        execution_id, task, action = self.action(rest[0])
        ids: dict[str, Any] = {"at": self.world.now, "task_id": task.id, "action_id": action.id}
        value = json.loads(rest[1]) if len(rest) > 1 else None
        match verb:
            case "succeeds" | "fails" | "cancelled" | "refused":
                outcome = {"succeeds": Outcome.SUCCESS, "fails": Outcome.ERROR}.get(verb) or Outcome[verb.upper()]
                event = ActionFinished(attempt=action.attempt, outcome=outcome, value=value, **ids)
                return execution_id, event
            case "lost":
                return execution_id, ActionLost(attempt=action.attempt, **ids)
            case "held":
                return execution_id, ActionUpdated(state=State.PAUSED, **ids)
            case "released":
                return execution_id, ActionUpdated(state=State.RUNNING, **ids)
        raise ValueError(f"the script says {verb!r}")

    def at(self, rest: list[str]) -> str:
        return self.child(rest[0]) if rest else self.root

    def child(self, path: str) -> str:
        name, _, index = path.partition("#")
        task = next(each for each in self.ordered(self.world.executions[self.root]) if each.name == name)
        return sorted(task.children.values(), key=lambda each: (each.created_at, each.index))[int(index or 0)].id

    def task(self, path: str) -> tuple[str, TaskExecution]:
        where, _, last = path.rpartition("/")
        name, _, number = last.partition("@")
        execution_id = self.child(where) if where else self.root
        tasks = [each for each in self.ordered(self.world.executions[execution_id]) if each.name == name]
        return execution_id, tasks[int(number) - 1 if number else -1]

    def action(self, path: str) -> tuple[str, TaskExecution, ActionExecution]:
        place, _, index = path.partition("[")
        execution_id, task = self.task(place)
        wanted = int(index.rstrip("]") or 0)
        runs = [each for each in task.actions.values() if each.index == wanted]
        runs.sort(key=lambda each: (each.state in FINAL, -each.round))
        return execution_id, task, runs[0]

    def ordered(self, execution: Execution) -> list[TaskExecution]:
        return sorted(execution.tasks.values(), key=lambda each: each.number)

    def name(self, execution_id: str) -> str:
        return "" if execution_id == self.root else f"({self.world.executions[execution_id].workflow_name}) "

    def told(self, execution_id: str, command: Command) -> str:
        execution = self.world.executions[execution_id]
        names = {each.id: each.name for each in execution.tasks.values()}
        match command:
            case RunAction(task_id=task, action=action, input=given, attempt=attempt):
                again = f" (attempt {attempt})" if attempt > 1 else ""
                return f"run {names[task]}: {action} {json.dumps(given)}{again}"
            case CancelAction(task_id=task):
                return f"cancel {names[task]}"
            case StartChild(task_id=task, workflow=workflow, input=given):
                return f"child of {names[task]}: {workflow} {json.dumps(given)}"
            case StartTimer(task_id=task, kind=kind, round=number, due=due):
                return f"timer {names[task]} {kind} round {number} in {(due - self.world.now) / SECOND:g} s"
            case CancelTimer(task_id=task, kind=kind, round=number):
                return f"forget timer {names[task]} {kind} round {number}"
            case TellChild(event=event):
                return f"tell child {type(event).__name__}"
            case TellParent(event=event):
                return f"tell parent {type(event).__name__}"
            case Announce(event=event, task_id=subject, state_info=info):
                about = f" {names[subject]}" if subject else ""
                return f"announce {event}{about}" + (f": {info.splitlines()[0]}" if info else "")

    def states(self) -> list[str]:
        if not self.root:
            return []
        root = self.world.executions[self.root]
        tasks = ", ".join(f"{each.name} {each.state}{_aside(each)}" for each in self.ordered(root))
        output = f" -> {json.dumps(root.output)}" if root.state in FINAL and root.state is not State.ERROR else ""
        return [f"  = {root.state}{output} [{tasks}]"]


def _aside(task: TaskExecution) -> str:
    if task.superseded_by is not None:
        return " (superseded)"
    return f" (suspended {task.suspended})" if task.suspended is not None else ""
