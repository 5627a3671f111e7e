"""The world of one case: the engine's own decisions in virtual time, with answers in place of the outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from mistral_core.errors import ExpressionFailed, WorkflowError
from mistral_core.language.model import AdhocAction
from mistral_core.machine import MoreFactsNeeded, Query, Surroundings, begin, decide
from mistral_core.machine.command import Decision, RunAction, StartChild
from mistral_core.machine.event import (
    ActionDeferred,
    ActionFinished,
    ActionLost,
    ChildFinished,
    ChildRefused,
    Event,
    Outcome,
    Start,
)
from mistral_core.machine.execution import Parent
from mistral_core.machine.rehearsal import SECOND, Rehearsal
from mistral_core.machine.state import State
from mistral_core.machine.texts import error_text
from mistral_core.stubrun import facts
from mistral_core.stubrun.answering import Answerer, Call
from mistral_core.stubrun.library import Library
from mistral_core.stubrun.matching import filled
from mistral_core.stubrun.model import Answer, Ending
from mistral_core.stubrun.record import Record

MOST_EVENTS: Final = 50_000

_OUTCOMES: Final = {
    Ending.RESULT: Outcome.SUCCESS,
    Ending.ERROR: Outcome.ERROR,
    Ending.CANCELLED: Outcome.CANCELLED,
    Ending.REFUSED: Outcome.REFUSED,
}
_STATES: Final = {Ending.RESULT: State.SUCCESS, Ending.ERROR: State.ERROR, Ending.CANCELLED: State.CANCELLED}


class Endless(Exception):
    """The workflow does not come to an end within ``MOST_EVENTS`` events."""


class Stage(Rehearsal):
    """A world whose outside are the answers of one case; ``record`` tells what happened."""

    def __init__(self, library: Library, answerer: Answerer) -> None:
        super().__init__(library.workflows, surroundings=Surroundings(adhoc=self._adhoc))
        self.library = library
        self.answerer = answerer
        self.record = Record(self.now)
        self._replaced = answerer.replaced_actions()
        self._events = 0

    def open(self, name: str, given: Mapping[str, Any], params: Mapping[str, Any]) -> str:
        """Start a workflow by its stored name and return the id of the execution; errors are those of ``begin``."""
        execution_id = "00000000-0000-7000-8000-000000000000"
        self._began(
            Start(
                at=self.now,
                id=execution_id,
                root_id=execution_id,
                partition=0,
                project="default",
                definition=self.workflows[name],
                workflow_id=name,
                workflow_version=1,
                workflow_name=name,
                workbook=self.library.workbook(name),
                input=given,
                params=params,
            )
        )
        return execution_id

    def tell(self, execution_id: str, event: Event) -> None:
        """Apply an event now; one for a sub-workflow that a stub stands for changes nothing."""
        execution = self.executions.get(execution_id)
        if execution is None:
            return
        self._events += 1
        if self._events > MOST_EVENTS:
            raise Endless
        self._decided(execution_id, self._asking(lambda around: decide(execution, event, around)))

    def _began(self, start: Start) -> None:
        self._decided(start.id, self._asking(lambda around: begin(start, around)))

    def _decided(self, execution_id: str, decision: Decision) -> None:
        before = self.executions.get(execution_id)
        self.executions[execution_id] = decision.execution
        self.record.decided(self.now, before, decision)
        self._carry_out(execution_id, decision.commands)

    def _asking(self, decision: Any) -> Decision:
        """Decide, with answers to whatever else the decision wants to know."""
        known: dict[Query, Any] = {}
        while True:
            try:
                made: Decision = decision(replace(self.surroundings, answers=known))
                return made
            except MoreFactsNeeded as need:
                known[need.query] = facts.answer(need.query, self.executions)

    def _adhoc(self, name: str, workbook: str | None, namespace: str) -> AdhocAction | None:
        # One that a stub names is not looked into: the stub stands for the whole of it.
        return None if name in self._replaced else self.library.action(name, workbook)

    def _run_action(self, execution_id: str, command: RunAction) -> None:
        call = self.record.called(self.now, self.executions[execution_id], command)
        answer, value = self._answer(call)
        ids: dict[str, Any] = {"task_id": command.task_id, "action_id": command.action_id, "attempt": command.attempt}
        at = self.now + round(answer.takes * SECOND)
        if answer.asynchronous:
            self.send(execution_id, ActionDeferred(at=self.now, **ids))
        if answer.ending is Ending.LOST:
            self.send(execution_id, ActionLost(at=at, **ids), at=at)
        elif answer.ending is not Ending.NEVER:
            outcome = _OUTCOMES[answer.ending]
            self.send(execution_id, ActionFinished(at=at, outcome=outcome, value=value, **ids), at=at)

    def _start_child(self, execution_id: str, command: StartChild) -> None:
        parent = self.executions[execution_id]
        stored = self.library.called(command.workflow, parent.workbook)
        call = self.record.asked(self.now, parent, command, stored)
        answer = self.answerer.answer(call)
        if answer is not None:
            self._answer_child(call, command, answer)
            return
        self.record.enters(call, command.child_id)
        try:
            if stored is None:
                self.record.unanswered.append(call)
                raise WorkflowError(f"Workflow not found [workflow_name={command.workflow}]")
            self._began(
                Start(
                    at=self.now,
                    id=command.child_id,
                    root_id=parent.root_id,
                    partition=parent.partition,
                    project=parent.project,
                    definition=self.workflows[stored],
                    workflow_id=stored,
                    workflow_version=1,
                    workflow_name=stored,
                    workbook=self.library.workbook(stored),
                    parent=Parent(execution_id=execution_id, task_id=command.task_id, index=command.index),
                    input=command.input,
                    root_env=parent.env,
                )
            )
        except WorkflowError as error:
            ids = {"task_id": command.task_id, "child_id": command.child_id}
            self.send(execution_id, ChildRefused(at=self.now, message=error.message, **ids))

    def _answer_child(self, call: Call, command: StartChild, answer: Answer) -> None:
        answer, value = self._value(call, answer)
        if answer.ending in (Ending.NEVER, Ending.LOST):
            return
        state = _STATES[answer.ending]
        info = None if state is State.SUCCESS else error_text(value)
        finished = ChildFinished(
            at=self.now + round(answer.takes * SECOND),
            task_id=command.task_id,
            child_id=command.child_id,
            state=state,
            output=value if state is State.SUCCESS or isinstance(value, Mapping) else {"result": value},
            state_info=info,
        )
        self.send(call.execution_id, finished, at=finished.at)

    def _answer(self, call: Call) -> tuple[Answer, Any]:
        answer = self.answerer.answer(call)
        if answer is None:
            self.record.unanswered.append(call)
            answer = Answer(ending=Ending.ERROR, value=f"No stub answers {call.names[0]}.")
        return self._value(call, answer)

    def _value(self, call: Call, answer: Answer) -> tuple[Answer, Any]:
        try:
            value = filled(answer.value, call.input) if answer.computed else answer.value
        except ExpressionFailed as error:
            answer, value = Answer(ending=Ending.ERROR, value=error.message), error.message
            self.record.faults.append(f"the stub's answer to {call.names[0]}: {error.message}")
        self.record.answered(self.now, call, answer, value)
        return answer, value
