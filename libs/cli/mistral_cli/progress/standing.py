"""How an execution stands, shown once: as a tree for people, as a record for programs."""

import sys
import time
from typing import Any

from mistral_cli.connection import Mesh
from mistral_cli.options import Format
from mistral_cli.printing import console, dump
from mistral_cli.progress.snapshot import ExecutionView, Snapshots, TaskView
from mistral_cli.record import record


def show_tree(mesh: Mesh, execution_id: str, output: Format) -> None:
    """Print the tree of an execution; names are those of its executions, one a line."""
    view = Snapshots(mesh).take(execution_id)
    match output:
        case Format.TABLE:
            from mistral_cli.progress.tree import drawn

            encoding = getattr(sys.stdout, "encoding", "") or ""
            console().print(drawn(view, now=time.time(), icons="utf" in encoding.lower()))
        case Format.NAME:
            for each in _executions(view):
                print(each.id)
        case _:
            dump(_tree(view), output)


def show_report(mesh: Mesh, execution_id: str, output: Format, *, errors_only: bool) -> None:
    """Print the counts over the tasks of an execution; for programs with all that is below it."""
    call = mesh.executions.GetExecutionReport
    answer = call(id=execution_id, errors_only=errors_only, statistics_only=output in (Format.TABLE, Format.NAME))
    if output not in (Format.TABLE, Format.NAME):
        dump({"statistics": record(answer.statistics), "report": _report(answer.report)}, output)
        return
    counts = record(answer.statistics)
    for name, count in counts.items():
        print(f"{name.ljust(max(map(len, counts)))}  {_count(name, count)}")


def _count(name: str, count: int) -> str:
    return "unknown" if name == "estimated_seconds" and count < 0 else str(count)


def _report(report: Any) -> dict[str, Any]:
    return {
        "execution": record(report.execution),
        "tasks": [
            {
                "task": record(each.task),
                "action_executions": [record(action) for action in each.action_executions],
                "executions": [_report(child) for child in each.executions],
            }
            for each in report.tasks
        ],
    }


def _executions(view: ExecutionView) -> list[ExecutionView]:
    below = [found for task in view.tasks for child in task.children for found in _executions(child)]
    return [view, *below]


def _tree(view: ExecutionView) -> dict[str, Any]:
    return {"id": view.id, "workflow": view.name, **_state(view), "tasks": [_task(task) for task in view.tasks]}


def _task(task: TaskView) -> dict[str, Any]:
    below = {"executions": [_tree(child) for child in task.children]} if task.children else {}
    return {"id": task.id, "name": task.name, **_state(task), **below}


def _state(view: ExecutionView | TaskView) -> dict[str, Any]:
    return {"state": view.state, "state_info": view.info}
