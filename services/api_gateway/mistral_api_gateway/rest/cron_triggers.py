"""``/v2/cron_triggers``: JSON, found by id or name; what is done with them beside that is in ``cron_control``.

A trigger that has nothing which OpenStack Mistral's have not is answered with the fields that it has there. All others,
and whoever names fields, get the rest too.
"""

from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.cron_requests import CronTriggerRequest, ScheduleRequest, is_extended
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Field, Resource, Row, as_time, json_answer
from mistral_persistence.cron_triggers import CRON_TRIGGERS as LISTING

_MORE: Final = (
    *("patterns", "timezone", "jitter", "start_at", "end_at", "overlap", "catchup_window", "status", "status_note"),
    *("last_execution_time", "fired", "missed", "skipped", "failed", "last_miss_at", "last_miss_reason", "declared_as"),
)
FIELDS: Final = {
    "id": Field(column="id"),
    "name": Field(column="name"),
    "workflow_name": Field(column="workflow_name"),
    "workflow_id": Field(column="workflow_id"),
    "workflow_input": Field(column="workflow_input", json=True),
    "workflow_params": Field(column="workflow_params", json=True),
    "project_id": Field(column="project_id"),
    "scope": Field(column="scope"),
    "pattern": Field(column="pattern"),
    "remaining_executions": Field(column="remaining_executions"),
    "first_execution_time": Field(column="first_execution_time", write=as_time),
    "next_execution_time": Field(column="next_execution_time", write=as_time),
    "created_at": Field(column="created_at", write=as_time),
    "updated_at": Field(column="updated_at", write=as_time),
    "patterns": Field(column="patterns"),
    "timezone": Field(column="timezone"),
    "jitter": Field(column="jitter"),
    "start_at": Field(column="start_at", write=as_time),
    "end_at": Field(column="end_at", write=as_time),
    "overlap": Field(column="overlap"),
    "catchup_window": Field(column="catchup_window"),
    "status": Field(column="status"),
    "status_note": Field(column="status_note"),
    "last_execution_time": Field(column="last_execution_time", write=as_time),
    "fired": Field(column="fired"),
    "missed": Field(column="missed"),
    "skipped": Field(column="skipped"),
    "failed": Field(column="failed"),
    "last_miss_at": Field(column="last_miss_at", write=as_time),
    "last_miss_reason": Field(column="last_miss_reason"),
    "declared_as": Field(column="declared_as"),
}
_PLAIN: Final = tuple(name for name in FIELDS if name not in _MORE)
RESOURCE: Final = Resource("cron_triggers", LISTING, FIELDS, unlisted=("workflow_namespace", "due_at"))


class CronTriggerBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attributes that a request may have, and no others."""

    name: str | None = None
    workflow_name: str | None = None
    workflow_id: str | None = None
    workflow_input: Raw | UnsetType = UNSET
    workflow_params: Raw | UnsetType = UNSET
    pattern: str | None = None
    first_execution_time: str | None = None
    remaining_executions: int | None = None
    scope: str | None = None
    patterns: list[str] | None = None
    timezone: str | None = None
    jitter: int | None = None
    start_at: str | None = None
    end_at: str | None = None
    overlap: str | None = None
    catchup_window: int | None = None
    paused: bool | None = None
    note: str | None = None


# Clients send the count as text.
_BODY: Final = msgspec.json.Decoder(CronTriggerBody, strict=False)


class CronTriggerEndpoints:
    """What REST does with cron triggers."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._triggers = gateway.cron_triggers
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""
        lists = query.paging_arguments(RESOURCE)

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/cron_triggers{tail}"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="cron triggers", **more)

        create = {"takes": "CronTriggerCreation", "gives": "CronTrigger", "status": 201}
        return [
            make("POST", "", self.create, "Have a workflow started by the calendar", **create),
            make("GET", "", self.page, "List cron triggers", query=lists, gives="cron_triggers"),
            make("GET", "/{identifier}", self.get, "Get a cron trigger", query=("fields",), gives="CronTrigger"),
            make("DELETE", "/{identifier}", self.delete, "Delete a cron trigger", status=204),
        ]

    async def create(self, request: Request) -> Response:
        query.only(request, ())
        sent = bodies.decoded(await bodies.body(request, self._limit), _BODY, "cron_trigger")
        wanted = CronTriggerRequest(
            name=sent.name or "",
            workflow=sent.workflow_id or sent.workflow_name or "",
            input=bodies.json_text(sent.workflow_input),
            params=bodies.json_text(sent.workflow_params),
            schedule=schedule_of(sent),
            remaining=sent.remaining_executions,
            scope=sent.scope,
            overlap=sent.overlap or "",
            catchup_window=sent.catchup_window,
            paused=(sent.note or "") if sent.paused else None,
        )
        return json_answer(shown(await self._triggers.create(current_caller(), wanted)), 201)

    async def get(self, request: Request) -> Response:
        given = query.only(request, ("fields",))
        fields = RESOURCE.chosen(given["fields"], alone=True) if given.get("fields") else None
        row = await self._triggers.get(current_caller(), request.path_params["identifier"])
        return json_answer(shown(row, fields))

    async def page(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE)
        rows = await self._triggers.page(current_caller(), wanted.page)
        fields = None if wanted.fields == RESOURCE.listed else wanted.fields
        return wanted.answer(request, RESOURCE, [shown(row, fields) for row in rows])

    async def delete(self, request: Request) -> Response:
        query.only(request, ())
        await self._triggers.delete(current_caller(), request.path_params["identifier"])
        return Response(status_code=204)


def shown(row: Row, fields: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Return a trigger as it is shown, with the fields that were asked for or those that it usually has."""
    if fields is None:
        fields = RESOURCE.all if is_extended(row) else _PLAIN
    return RESOURCE.written(row, fields)


def schedule_of(sent: Any) -> ScheduleRequest:
    """Return when something is to be due, of a body that says so as that of a trigger does."""
    return ScheduleRequest(
        pattern=sent.pattern or "",
        patterns=sent.patterns or (),
        timezone=sent.timezone or "",
        first_time=sent.first_execution_time or "",
        start_at=sent.start_at or "",
        end_at=sent.end_at or "",
        jitter=sent.jitter or 0,
    )
