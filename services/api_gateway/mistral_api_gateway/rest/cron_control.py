"""Cron triggers in use over REST: pause, resume, run, backfill, what is due next, and what became of the runs."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.cron_control import Upcoming
from mistral_api_gateway.rest import bodies, query
from mistral_api_gateway.rest.cron_triggers import schedule_of, shown
from mistral_api_gateway.rest.operation import Operation
from mistral_api_gateway.rest.resource import Field, Resource, as_time, json_answer
from mistral_core.cron.moments import moment_of
from mistral_persistence.cron_history import CRON_RUNS as LISTING

RESOURCE: Final = Resource(
    "runs",
    LISTING,
    {
        **{name: Field(column=name) for name in ("id", "trigger_id", "kind")},
        "due_at": Field(column="due_at", write=as_time),
        "state": Field(column="run_state"),
        **{name: Field(column=name) for name in ("overlap", "reason", "execution_id")},
        "created_at": Field(column="created_at", write=as_time),
        "updated_at": Field(column="updated_at", write=as_time),
    },
    unlisted=("trigger_id",),
)
_USUAL_COUNT: Final = 10


class _Pause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    note: str | None = None


class _Resume(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class _Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    overlap: str | None = None


class _Backfill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    start: str
    end: str
    overlap: str | None = None


class _Preview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pattern: str | None = None
    patterns: list[str] | None = None
    timezone: str | None = None
    first_execution_time: str | None = None
    start_at: str | None = None
    end_at: str | None = None
    jitter: int | None = None
    count: int | None = None
    since: str | None = None


_PAUSE: Final = msgspec.json.Decoder(_Pause)
_RESUME: Final = msgspec.json.Decoder(_Resume)
_RUN: Final = msgspec.json.Decoder(_Run)
_BACKFILL: Final = msgspec.json.Decoder(_Backfill)
_PREVIEW: Final = msgspec.json.Decoder(_Preview)


class CronControlEndpoints:
    """What REST does with cron triggers that are there, and with patterns that are not stored."""

    def __init__(self, gateway: Gateway, *, body_limit: int) -> None:
        self._control = gateway.cron_control
        self._limit = body_limit

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""

        def make(method: str, tail: str, handler: Any, summary: str, **more: Any) -> Operation:
            path = f"/v2/cron_triggers/{{identifier}}/{tail}" if tail else "/v2/cron_preview"
            return Operation(method=method, path=path, handler=handler, summary=summary, tag="cron triggers", **more)

        pause = {"takes": "CronTriggerPause", "gives": "CronTrigger"}
        resume = {"takes": "CronTriggerResume", "gives": "CronTrigger"}
        backfill = {"takes": "CronTriggerBackfill", "gives": "CronBackfill"}
        lists = query.paging_arguments(RESOURCE)
        return [
            make("POST", "pause", self.pause, "Have a cron trigger start nothing for now", **pause),
            make("POST", "resume", self.resume, "Let a paused cron trigger go on", **resume),
            make("POST", "run", self.run, "Run a cron trigger now", takes="CronTriggerRun", gives="CronRun"),
            make("POST", "backfill", self.backfill, "Run due times that have passed", **backfill),
            make("GET", "preview", self.preview, "Next due times", query=("count", "since"), gives="CronPreview"),
            make("GET", "runs", self.runs, "List the runs of a cron trigger", query=lists, gives="runs"),
            make(
                *("POST", "", self.preview_of, "Next due times of what is not stored"),
                takes="CronPreviewRequest",
                gives="CronPreview",
                always=True,
            ),
        ]

    async def pause(self, request: Request) -> Response:
        query.only(request, ())
        sent = bodies.decoded(await self._body(request), _PAUSE, "cron_trigger")
        return json_answer(shown(await self._control.pause(current_caller(), _named(request), note=sent.note or "")))

    async def resume(self, request: Request) -> Response:
        query.only(request, ())
        bodies.decoded(await self._body(request), _RESUME, "cron_trigger")
        return json_answer(shown(await self._control.resume(current_caller(), _named(request))))

    async def run(self, request: Request) -> Response:
        query.only(request, ())
        sent = bodies.decoded(await self._body(request), _RUN, "cron_trigger")
        row = await self._control.run(current_caller(), _named(request), overlap=sent.overlap or "")
        return json_answer(RESOURCE.written(row, RESOURCE.all))

    async def backfill(self, request: Request) -> Response:
        query.only(request, ())
        sent = bodies.decoded(await self._body(request), _BACKFILL, "cron_trigger")
        done = await self._control.backfill(
            current_caller(),
            _named(request),
            start=moment_of(sent.start, "UTC", "start"),
            end=moment_of(sent.end, "UTC", "end"),
            overlap=sent.overlap or "",
        )
        return json_answer(msgspec.to_builtins(done))

    async def preview(self, request: Request) -> Response:
        given = query.only(request, ("count", "since"))
        after = moment_of(given["since"], "UTC", "since") if given.get("since") else None
        count = query.integer(given, "count", _USUAL_COUNT)
        return _times(await self._control.preview(current_caller(), _named(request), count=count, after=after))

    async def preview_of(self, request: Request) -> Response:
        query.only(request, ())
        sent = bodies.decoded(await self._body(request), _PREVIEW, "cron_preview")
        after = moment_of(sent.since, "UTC", "since") if sent.since else None
        count = _USUAL_COUNT if sent.count is None else sent.count
        return _times(self._control.preview_of(schedule_of(sent), count=count, after=after))

    async def runs(self, request: Request) -> Response:
        wanted = query.list_query(request, RESOURCE)
        rows = await self._control.runs(current_caller(), _named(request), wanted.page)
        return wanted.answer(request, RESOURCE, [RESOURCE.written(row, wanted.fields) for row in rows])

    async def _body(self, request: Request) -> bytes:
        return await bodies.body(request, self._limit) or b"{}"


def _named(request: Request) -> str:
    identifier: str = request.path_params["identifier"]
    return identifier


def _times(found: Sequence[Upcoming]) -> Response:
    times = [{"due_at": as_time(one.due_at), "starts_at": as_time(one.starts_at), "local": one.local} for one in found]
    return json_answer({"times": times})
