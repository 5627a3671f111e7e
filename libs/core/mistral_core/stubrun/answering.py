"""Who answers a call: the first stub that fits, or what the simplest built-in actions do by themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

from mistral_core.machine.texts import invalid_input
from mistral_core.standard import STANDARD
from mistral_core.stubrun.matching import matches, named
from mistral_core.stubrun.model import Answer, Ending, Stub
from mistral_core.stubrun.spans import seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of an action or a sub-workflow.

    Attributes:
        at: Microseconds of virtual time.
        task_path: Path of the task, as in expectations.
        inside: Name of the workflow that the task is in.
        names: The name that was called: as written, as stored, and the base of an ad-hoc action.
        attempt: Which run of the task it belongs to, from 1.
    """

    at: int
    execution_id: str
    task_id: str
    task: str
    task_path: str
    inside: str
    names: tuple[str, ...]
    workflow: bool
    item: int
    attempt: int
    input: Mapping[str, Any]


class Answerer:
    """Chooses answers; remembers how often each stub was used."""

    def __init__(self, stubs: Sequence[Stub]) -> None:
        self._stubs = stubs
        self._used: Counter[int] = Counter()

    def replaced_actions(self) -> frozenset[str]:
        """Return the names of actions that stubs name, ad-hoc or not."""
        return frozenset(stub.action for stub in self._stubs if stub.action)

    def answer(self, call: Call) -> Answer | None:
        """Return the answer to a call, or None if there is none.

        What a standard action would not take is refused, as on the mesh, whether a stub would have answered or not.
        """
        if not call.workflow and (refusal := _refusal(call.names[-1], call.input)):
            return Answer(ending=Ending.REFUSED, value=refusal)
        for position, stub in enumerate(self._stubs):
            if _fits(stub, call):
                used = self._used[position]
                self._used[position] += 1
                return stub.answers[min(used, len(stub.answers) - 1)]
        return None if call.workflow else _builtin(call.names[-1], call.input)

    def unused(self) -> Iterator[Stub]:
        """Yield the stubs that answered nothing."""
        return (stub for position, stub in enumerate(self._stubs) if not self._used[position])


def _fits(stub: Stub, call: Call) -> bool:
    if call.workflow:
        # A stub of a task's action does not stand for the workflow that another task of the name calls.
        if stub.action is not None or (stub.workflow is None and stub.task is None):
            return False
    elif stub.workflow is not None:
        return False
    return (
        named(stub.task, call.task, call.task_path)
        and named(stub.action, *call.names)
        and named(stub.workflow, *call.names)
        and named(stub.inside, call.inside, call.inside.rpartition(".")[2])
        and stub.item in (None, call.item)
        and stub.attempt in (None, call.attempt)
        and matches(stub.input, call.input)
    )


def _refusal(name: str, given: Mapping[str, Any]) -> str | None:
    signature = STANDARD.get(name)
    if signature is None:
        return None
    missing, unexpected = signature.missing(given), signature.unexpected(given)
    return invalid_input(name, name, missing, unexpected) if missing or unexpected else None


def _builtin(name: str, given: Mapping[str, Any]) -> Answer | None:
    match name:
        case "std.noop":
            return Answer()
        case "std.echo":
            return Answer(value=given.get("output"), takes=_seconds(given.get("delay", 0)))
        case "std.sleep":
            return Answer(takes=floor(_seconds(given.get("seconds", 1))))
        case "std.fail":
            return Answer(ending=Ending.ERROR, value=given.get("error_data") or "Fail action expected exception.")
        case "std.async_noop":
            return Answer(ending=Ending.NEVER, asynchronous=True)
        case "std.test_dict":
            size, prefix = int(given.get("size", 0)), given.get("key_prefix", "")
            return Answer(value={f"{prefix}{number}": given.get("val", "") for number in range(size)})
    return None


def _seconds(value: Any) -> float:
    try:
        return seconds(float(value))
    except (TypeError, ValueError, OverflowError):
        return 0.0
