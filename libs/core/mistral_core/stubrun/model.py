"""A test file as values; times in seconds, everything frozen. ``UNSAID`` stands for what the author did not write."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final


class Unsaid:
    """Marks a value that was not written, which null is not. Only the instance ``UNSAID`` exists."""

    def __repr__(self) -> str:
        return "UNSAID"


UNSAID: Final = Unsaid()


class Ending(StrEnum):
    """How what a stub stands for ends."""

    RESULT = "result"
    ERROR = "error"
    CANCELLED = "cancelled"
    LOST = "lost"
    NEVER = "never"
    REFUSED = "refused"
    """Not for authors: the input does not fit a standard action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a stub answers to one call.

    Attributes:
        value: The result or the error; may hold expressions over the input.
        takes: Seconds until the answer.
        asynchronous: Whether the executor lets go of it and somebody else completes it after ``takes``.
        computed: Whether ``value`` was written by the author, who may use expressions in it.
    """

    ending: Ending = Ending.RESULT
    value: Any = None
    takes: float = 0.0
    asynchronous: bool = False
    computed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stub:
    """Which calls it answers, all of what is given must fit, and how; the last answer stays.

    Attributes:
        task: Pattern of the task's name; likewise ``action``, ``workflow`` (a sub-workflow that is called).
        inside: Pattern of the name of the workflow that the task is in.
        item: Index in a with-items task.
        attempt: 1 for the first run of the task, 2 for the first retry.
        input: What the input must hold; values may be expressions over the actual value.
        shared: Whether it is for all cases of the file.
        line: Where it stands in its file.
    """

    task: str | None = None
    action: str | None = None
    workflow: str | None = None
    inside: str | None = None
    item: int | None = None
    attempt: int | None = None
    input: Mapping[str, Any] = field(default_factory=dict)
    answers: tuple[Answer, ...] = ()
    shared: bool = False
    line: int = 0


class Wish(StrEnum):
    """What a person may ask for while the workflow runs."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    SUCCEED = "succeed"
    FAIL = "fail"
    RERUN = "rerun"
    SKIP = "skip"
    REPLAY = "replay"
    SUSPEND = "suspend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A person's request at a time after the start; ``task`` for what is asked of one task."""

    at: float
    wish: Wish
    task: str | None = None
    reset: bool = True
    env: Mapping[str, Any] | None = None
    message: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskExpectation:
    """What is expected of one task.

    Attributes:
        path: Name of the task; inside sub-workflows ``task/inner``, of one item ``task[2]/inner``.
        runs: How many executions of the task there are (more than one in cycles).
        attempts: How often the newest one was run, retries included.
        calls: What each call was given, in order; each holds what must be in the input.
    """

    path: str
    state: str | None = None
    runs: Any = UNSAID
    attempts: Any = UNSAID
    result: Any = UNSAID
    published: Any = UNSAID
    includes: Any = UNSAID
    input: Any = UNSAID
    calls: tuple[Any, ...] | None = None
    elapsed: Any = UNSAID
    info: Any = UNSAID
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallExpectation:
    """How often calls of that kind are expected; ``times`` UNSAID means at least once."""

    action: str | None = None
    task: str | None = None
    input: Any = UNSAID
    times: Any = UNSAID
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What is expected of a run; ``lines`` says where each part stands."""

    state: str | None = "SUCCESS"
    refused: Any = UNSAID
    output: Any = UNSAID
    includes: Any = UNSAID
    info: Any = UNSAID
    elapsed: Any = UNSAID
    tasks: tuple[TaskExpectation, ...] = ()
    never: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    calls: tuple[CallExpectation, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run: what is started with what, what answers, who interferes, and what is expected."""

    title: str
    workflow: str | None = None
    input: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, Any] | str | None = None
    stubs: tuple[Stub, ...] = ()
    requests: tuple[Request, ...] = ()
    expect: Expectation = field(default_factory=Expectation)
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """All cases of a file; what the file says for all of them is already in each.

    Attributes:
        files: Files of definitions, relative to the test file; empty when it does not say.
    """

    files: tuple[str, ...] = ()
    environments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    cases: tuple[Case, ...] = ()
