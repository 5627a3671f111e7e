"""A sentence on every key of the language, part by part: what editors show beside it."""

from collections.abc import Mapping
from typing import Final

_COMMON: Final = {
    "description": "Free text for people.",
    "tags": "Words to find it by; a list without repetitions.",
}

_POLICIES: Final = {
    "pause-before": "Pauses the workflow before the task runs; it runs once somebody resumes.",
    "wait-before": "Seconds to wait before the task runs.",
    "wait-after": "Seconds to wait after the task ran, before anything follows.",
    "fail-on": "A condition on the published values under which a task that succeeded counts as failed.",
    "retry": "How often, and how far apart, the task is run again.",
    "timeout": "Seconds after which the task fails; waits and retries count.",
    "concurrency": "With with-items: how many items run at once.",
}

_CLAUSES: Final = {
    "on-success": "What follows when the task succeeded.",
    "on-error": "What follows when the task failed; what stands here handles the error.",
    "on-complete": "What follows in either case, after the other clauses.",
    "on-skip": "What follows when somebody skipped the failed task; without it on-success counts.",
}

_TASK: Final = {
    **_COMMON,
    "action": "Action to run: a name or an expression, with optional parameters such as output=1. Default: std.noop.",
    "workflow": "Sub-workflow to run instead of an action, with optional parameters.",
    "input": "Parameters of the action or the sub-workflow; values may be expressions.",
    "with-items": "Runs it once for each element: x in <% $.list %>; a list of several runs over them side by side.",
    "publish": "Variables to publish when the task succeeded, for the tasks that follow.",
    "publish-on-error": "Variables to publish when the task failed.",
    "publish-on-skip": "Variables to publish when the task was skipped.",
    "target": "Group of executors that shall run the action.",
    "keep-result": "false throws the result away once it was published.",
    "safe-rerun": "true allows the action to run again when its executor died.",
    "priority": "How urgent its actions are for executors that are busy: high, normal or low.",
    "worker": "What is needed of the worker that runs the action, for actions that workers offer.",
    **_POLICIES,
}

_REQUIRES: Final = {"requires": "Tasks that must have succeeded before (reverse workflows)."}

DESCRIPTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "workflow": {
        **_COMMON,
        "type": "direct: tasks lead to each other by on-success and the like. reverse: a target and what it requires.",
        "input": "Parameters, each a name, or a name with its default.",
        "output": "What the workflow gives when it succeeds. Default: all variables of the last tasks.",
        "output-on-error": "What it gives, beside the reason, when it fails.",
        "vars": "Variables for all tasks, evaluated once at the start.",
        "task-defaults": "Policies and clauses for every task that does not have its own.",
        "tasks": "The tasks by name.",
        "triggers": "What starts it by itself, by name; stored, replaced and removed together with the workflow.",
    },
    "trigger": {
        "description": "Free text for people.",
        "cron": "Starts it by the calendar: a pattern, or a mapping.",
        "event": "Starts it when something happens elsewhere: a logical name, or a mapping.",
        "input": "Input of every start; for an event it may hold expressions over that.",
        "params": "Params of every start, such as env.",
    },
    "event": {
        "name": "Logical name, such as 'domain is down'; an administrator says what it stands for.",
        "exchange": "Where the event comes from.",
        "topic": "What is listened to there.",
        "type": "Type of the event.",
        "matching": "How the three are compared: exact, or glob. Default: exact.",
        "condition": "Expression over the event that must be true. Default: always.",
    },
    "cron": {
        "pattern": "When: five fields, a sixth for seconds, such as '0 3 * * *'.",
        "patterns": "When: several patterns; it is due whenever one of them is.",
        "timezone": "Zone by whose clock the patterns are, such as Europe/Berlin. Default: UTC.",
        "start-at": "It is not due before this time; by the clock of the zone unless it says otherwise.",
        "end-at": "It is not due after this time.",
        "count": "How often it fires. Default: for ever.",
        "jitter": "Starts are spread over this time after they are due: seconds, or text such as 5m.",
        "overlap": "What happens while an earlier run is open. Default: allow.",
        "catchup-window": "Due times missed within this time are made up for. Default: one run for all of them.",
    },
    "direct-task": {
        **_TASK,
        **_CLAUSES,
        "join": "Waits for the tasks that lead here: all, one, or how many; without it the task runs once for each.",
        **_REQUIRES,
    },
    "reverse-task": {**_TASK, **_CLAUSES, **_REQUIRES},
    "task-defaults": {
        **_POLICIES,
        **_CLAUSES,
        **_REQUIRES,
        "safe-rerun": _TASK["safe-rerun"],
        "priority": _TASK["priority"],
        "worker": _TASK["worker"],
    },
    "worker": {
        "queue": "Queue of the workers that may take it; the same as target. Default: default.",
        "labels": "Labels that the worker must have.",
        "prefers": "Labels that the worker should have, but need not.",
        "sticky": "true sends it to the worker that ran an earlier task of the execution, if that one lives.",
        "schedule-to-start": "Seconds within which a worker must have begun it, or it has failed.",
        "limit": "How many may run at once or begin in a second, over all workers.",
        "fleet": "Fleet of temporary workers to start for it.",
        "workers": "How many workers of the fleet at most. Default: as many as there are runs.",
    },
    "limit": {
        "key": "Runs of the action with the same key share the limit; may be an expression. Default: its name.",
        "concurrency": "Most runs at once.",
        "rate": "Most runs that begin in a second; 0.1 is one in ten seconds.",
    },
    "action": {
        **_COMMON,
        "base": "Action it is built on, with optional parameters.",
        "base-input": "Parameters of the base; values may be expressions over the input.",
        "input": "Parameters, each a name, or a name with its default.",
        "output": "Its result, made from the result of the base, which is $ (YAQL) or _ (Jinja).",
    },
    "workbook": {
        **_COMMON,
        "version": "Version of the language: '2.0'.",
        "name": "Name of the workbook; its members are stored as NAME.member.",
        "workflows": "Workflows by name.",
        "actions": "Ad-hoc actions by name.",
    },
    "clause": {
        "publish": "Variables to publish, by scope: branch, global, atomic.",
        "next": "What follows: a task or command, or a list of them.",
    },
    "publish": {
        "branch": "Variables for the tasks that follow.",
        "global": "Variables for all tasks of this execution.",
        "atomic": "As global, written without loss when several tasks do so at once.",
    },
    "retry": {
        "count": "How often it is run again at most.",
        "delay": "Seconds between two runs.",
        "break-on": "A condition under which it is not run again.",
        "continue-on": "A condition that must hold for it to be run again; also after a success.",
    },
}
