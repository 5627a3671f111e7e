"""What a test file may hold, as data: each key with a sentence on its meaning. Readers and the schema use it."""

from collections.abc import Mapping
from typing import Final

_SHARED: Final = {
    "workflow": "Name of the workflow to start. Default: the first one of the first file.",
    "input": "Input of the workflow, a mapping.",
    "params": "Start parameters, such as task_name for a reverse workflow.",
    "env": "The environment: a mapping, or the name of one.",
    "stubs": "What answers in place of actions and sub-workflows; the first one that fits answers.",
}

FILE: Final[Mapping[str, str]] = {
    "files": "Files with workflows, workbooks, ad-hoc actions and environments. Default: NAME.yaml for NAME.test.yaml.",
    "environments": "Environments by name, each a mapping of variables.",
    **_SHARED,
    "cases": "The cases by title.",
    "version": "Version of the format; 1 if it is said at all.",
}

CASE: Final[Mapping[str, str]] = {
    **_SHARED,
    "requests": "What people ask for while it runs: pause, resume, cancel, rerun and the like, each at a time.",
    "expect": "What must come out. Without it the workflow must end in SUCCESS.",
}

ANSWER: Final[Mapping[str, str]] = {
    "result": "It succeeds with this; expressions see the input of the call as $ (YAQL) or _ (Jinja).",
    "error": "It fails with this; expressions as in result.",
    "cancelled": "It is cancelled.",
    "lost": "The executor dies while it runs the action.",
    "never": "Nobody ever answers.",
    "takes": "Virtual time until the answer: seconds, or text such as 1h 30m.",
    "async": "The action is asynchronous: the executor lets go of it, and it is completed after the time it takes.",
}

STUB: Final[Mapping[str, str]] = {
    "task": "Name of the task whose calls it answers; * stands for any characters.",
    "action": "Name of the action; the name of an ad-hoc action replaces it whole.",
    "workflow": "Name of a sub-workflow that is not run but answered.",
    "in": "Name of the workflow that the task belongs to.",
    "item": "Index of the item in a with-items task, from 0.",
    "attempt": "Which run of the task: 1 is the first, 2 the first retry.",
    "input": "What the input must hold; a value may be an expression about the actual value.",
    **ANSWER,
    "answers": "Answers to the first, second, ... call that this stub answers; the last one stays.",
}

REQUEST: Final[Mapping[str, str]] = {
    "at": "Virtual time after the start: seconds, or text such as 1h 30m.",
    "do": "What is asked for: pause, resume, cancel, succeed, fail; of a task rerun, skip, replay, suspend, resume.",
    "task": "Name of the task that is meant; of several executions the newest.",
    "reset": "For rerun: true runs all items of a with-items task again, false those that failed.",
    "env": "For resume, rerun and replay: merged into the environment.",
    "message": "For pause, cancel, succeed and fail: why.",
}

EXPECT: Final[Mapping[str, str]] = {
    "state": "Final state of the execution. Default: SUCCESS.",
    "refused": "The start is refused with an error that holds this text.",
    "output": "The whole output.",
    "output-includes": "What the output must hold beside anything else.",
    "state-info": "Text that must be in its state_info.",
    "elapsed": "Virtual time from start to end: seconds, text such as 1h 30m, or an expression about the seconds.",
    "tasks": "By name of the task its state, or a mapping of expectations; task/inner for a task of a sub-workflow.",
    "never": "Names of tasks that must not run.",
    "order": "Names of tasks in the order in which they must begin; others may begin in between.",
    "calls": "Calls of actions that must have been made.",
}

TASK: Final[Mapping[str, str]] = {
    "state": "State of its newest execution.",
    "runs": "How many executions of the task there are; more than one in a cycle.",
    "attempts": "How often the newest one was run, retries included.",
    "result": "Its whole result.",
    "published": "All that it published.",
    "published-includes": "What must be among what it published.",
    "input": "What the input of its last call must hold.",
    "calls": "What the inputs of its calls must hold, one entry for each call, in order.",
    "elapsed": "Virtual time from its creation to its end.",
    "state-info": "Text that must be in its state_info.",
}

CALL: Final[Mapping[str, str]] = {
    "action": "Name of the action; * stands for any characters.",
    "task": "Name of the task; * stands for any characters.",
    "input": "What the input must hold.",
    "times": "How often. Default: at least once.",
}
