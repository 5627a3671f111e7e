"""Which lists are asked for, each many times with values of its own; ``{...}`` are drawn from what is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from mistral_persistence.database import Connection
from mistral_persistence.standalone import SHOWN

_SAMPLE = f"""
SELECT id::text AS execution, workflow_name AS workflow, workflow_id::text AS workflow_id,
       to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS moment,
       to_char((created_at + interval '1 day') AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS later
  FROM execution e WHERE {SHOWN} AND project_id = '<default-project>'
   AND created_at >= $1 ORDER BY created_at, id LIMIT 1
"""
_SPAN = f"SELECT min(created_at), max(created_at) FROM execution e WHERE {SHOWN}"
_CHILD = f"""
SELECT root_id::text AS root, task_execution_id::text AS parent_task FROM execution e
 WHERE {SHOWN} AND parent_id IS NOT NULL AND project_id = '<default-project>'
   AND created_at >= $1 ORDER BY created_at, id LIMIT 1
"""
_TASK = "SELECT id::text AS task, name AS task_name FROM task_record WHERE execution_id = $1::text::uuid LIMIT 1"
_ACTION = "SELECT id::text AS action FROM action_record WHERE execution_id = $1::text::uuid LIMIT 1"


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A list that is asked for.

    Attributes:
        path: Below ``/v2/``.
        project: Whether it is asked for by one of the many small projects.
    """

    about: str
    path: str
    project: bool = False


def _executions(about: str, query: str, **more: Any) -> ListRequest:
    return ListRequest(f"executions: {about}", f"executions?{query}", **more)


def _sorted(column: str) -> Sequence[ListRequest]:
    return [
        request
        for way in ("asc", "desc")
        for order in (f"sort_keys={column}&sort_dirs={way}&limit=100",)
        for request in (
            _executions(f"by {column} {way}", order),
            _executions(f"by {column} {way}, deep", f"{order}&marker={{execution}}"),
        )
    ]


_CLOUDFLOW = (
    "limit=100&fields=workflow_name,created_at,state,task_execution_id,updated_at"
    "&sort_keys=created_at,name&sort_dirs=desc"
)
_CLOUDFLOW_TASKS = (
    "fields=state_info,created_at,name,runtime_context,workflow_name,state,updated_at,"
    "workflow_execution_id,workflow_id,type,started_at,finished_at"
)

REQUESTS: Final[Sequence[ListRequest]] = (
    _executions("1,000, nothing said", ""),
    _executions("1,000 with outputs, deep", "include_output=true&marker={execution}"),
    *(
        request
        for column in ("created_at", "updated_at", "name", "workflow_name", "state")
        for request in _sorted(column)
    ),
    _executions("by workflow, newest first", "sort_keys=workflow_name,created_at&sort_dirs=asc,desc&limit=100"),
    _executions(
        "by state, newest first, deep", "sort_keys=state,updated_at&sort_dirs=asc,desc&limit=100&marker={execution}"
    ),
    _executions("state RUNNING, newest", "state=RUNNING&limit=100&sort_dirs=desc"),
    _executions("state PAUSED, deep", "state=PAUSED&limit=100&marker={execution}"),
    _executions("states ERROR and CANCELLED, newest", "state=in:ERROR,CANCELLED&limit=100&sort_dirs=desc"),
    _executions("states ERROR and CANCELLED, deep", "state=in:ERROR,CANCELLED&limit=100&marker={execution}"),
    _executions("state not SUCCESS", "state=neq:SUCCESS&limit=100"),
    _executions("state of no execution", "state=IDLE&limit=100"),
    _executions("of a workflow", "workflow_name={workflow}&limit=100"),
    _executions("of a workflow, newest", "workflow_name={workflow}&limit=100&sort_dirs=desc"),
    _executions("of a workflow, deep, 1,000", "workflow_name={workflow}&marker={execution}"),
    _executions("of no workflow", "workflow_name=nobody&limit=100"),
    _executions("of a workflow's id", "workflow_id={workflow_id}&limit=100&sort_dirs=desc"),
    _executions("cancelled of a workflow", "workflow_name={workflow}&state=CANCELLED&limit=100"),
    _executions("of a second", "created_at={moment}"),
    _executions("of a day", "created_at=gte:{moment}&created_at=lt:{later}&limit=100"),
    _executions("of a day, failed", "created_at=gte:{moment}&created_at=lt:{later}&state=ERROR&limit=100"),
    _executions("changed on a day", "updated_at=gte:{moment}&updated_at=lt:{later}&limit=100"),
    _executions("changed lately, last first", "updated_at=gte:{moment}&sort_keys=updated_at&sort_dirs=desc&limit=100"),
    _executions("description has a word", "description=has:nightly&limit=100"),
    _executions(
        "of a day, description has a number",
        "description=has:77&created_at=gte:{moment}&created_at=lt:{later}&limit=100",
    ),
    _executions("a common tag", "tags=nightly&limit=100"),
    _executions("two tags, newest", "tags=nightly,team_4&limit=100&sort_dirs=desc"),
    _executions("a tag of none", "tags=nobody"),
    _executions("of a task", "task_execution_id={parent_task}"),
    _executions("of a root", "root_execution_id={root}"),
    _executions("without a parent", "nulls=task_execution_id&limit=100&marker={execution}"),
    _executions("without trouble, of a workflow", "nulls=state_info&workflow_name={workflow}&limit=100"),
    _executions("CloudFlow", _CLOUDFLOW),
    _executions("CloudFlow, deep", f"{_CLOUDFLOW}&marker={{execution}}"),
    _executions(
        "CloudFlow, of a task", "task_execution_id={parent_task}&fields=state,workflow_name,created_at,updated_at"
    ),
    ListRequest("tasks: first page", "tasks?limit=100"),
    ListRequest("tasks: newest", "tasks?limit=100&sort_dirs=desc"),
    ListRequest("tasks: deep", "tasks?limit=100&marker={task}"),
    ListRequest("tasks: of an execution", "tasks?workflow_execution_id={execution}"),
    ListRequest("tasks: of a name, newest", "tasks?name={task_name}&limit=100&sort_dirs=desc"),
    ListRequest("tasks: of no name", "tasks?name=nobody"),
    ListRequest("tasks: failed, newest", "tasks?state=ERROR&limit=100&sort_dirs=desc"),
    ListRequest("tasks: failed, deep", "tasks?state=ERROR&limit=100&marker={task}"),
    ListRequest("tasks: of a workflow, newest", "tasks?workflow_name={workflow}&limit=100&sort_dirs=desc"),
    ListRequest("tasks: below an execution, CloudFlow", f"executions/{{execution}}/tasks?{_CLOUDFLOW_TASKS}"),
    ListRequest("action executions: newest", "action_executions?limit=100&sort_dirs=desc"),
    ListRequest("action executions: deep", "action_executions?limit=100&marker={action}"),
    ListRequest("action executions: of a task", "action_executions?task_execution_id={task}"),
    ListRequest(
        "action executions: below a task", "tasks/{task}/action_executions?fields=name,state,created_at,updated_at"
    ),
    ListRequest("executions: below a task", "tasks/{parent_task}/workflow_executions"),
    ListRequest("executions: below an execution", "executions/{root}/executions"),
    _executions("first page", "limit=100", project=True),
    _executions("newest", "limit=100&sort_dirs=desc", project=True),
    _executions("last changed", "limit=100&sort_keys=updated_at&sort_dirs=desc", project=True),
    _executions("by name", "limit=100&sort_keys=name", project=True),
    _executions("failed, newest", "state=ERROR&limit=100&sort_dirs=desc", project=True),
    _executions("of a workflow", "workflow_name={workflow}&limit=100", project=True),
    _executions("a tag", "tags=nightly&limit=100", project=True),
    ListRequest("tasks: newest", "tasks?limit=100&sort_dirs=desc", project=True),
)


async def drawn(connection: Connection, count: int, random: Random) -> list[Mapping[str, str]]:
    """Return that many sets of values for the braces."""
    first, last = await connection.fetchrow(_SPAN) or (None, None)
    found = []
    for _ in range(count):
        moment = first + (last - first) * random.uniform(0.02, 0.95)
        values = dict(await connection.fetchrow(_SAMPLE, moment) or {})
        values |= await connection.fetchrow(_CHILD, moment) or {}
        values |= await connection.fetchrow(_TASK, values["execution"]) or {}
        values |= await connection.fetchrow(_ACTION, values["execution"]) or {}
        found.append(values)
    return found
