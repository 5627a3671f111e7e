"""CronTriggerService of ``mistral.v1``: what is done with triggers that are there, and when patterns are due."""

from typing import Any, Final

import grpc.aio

from mistral.v1 import cron_trigger_control_pb2 as control
from mistral.v1 import cron_trigger_pb2 as messages
from mistral.v1 import cron_trigger_service_pb2_grpc as service_grpc
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.operations.caller import current_caller
from mistral_api_gateway.operations.cron_control import Upcoming
from mistral_api_gateway.operations.cron_requests import ScheduleRequest
from mistral_api_gateway.rpc.cron_shapes import RUN, TRIGGER, minute_text, moment, moment_text, overlap_text
from mistral_api_gateway.rpc.idempotency import once
from mistral_api_gateway.rpc.paging import list_call
from mistral_api_gateway.rpc.shapes import TIME
from mistral_core.errors import InvalidInput

_Context = grpc.aio.ServicerContext[Any, Any]

_USUAL_COUNT: Final = 10


class CronControlServicer(service_grpc.CronTriggerServiceServicer):
    """Pauses, resumes, runs, backfills and looks ahead."""

    def __init__(self, gateway: Gateway) -> None:
        self._control = gateway.cron_control
        self._once = gateway.once

    async def PauseCronTrigger(
        self, request: control.PauseCronTriggerRequest, context: _Context
    ) -> control.PauseCronTriggerResponse:
        row = await self._control.pause(current_caller(), request.identifier, note=request.note, etag=request.etag)
        return control.PauseCronTriggerResponse(cron_trigger=TRIGGER.write(row, TRIGGER.all))

    async def ResumeCronTrigger(
        self, request: control.ResumeCronTriggerRequest, context: _Context
    ) -> control.ResumeCronTriggerResponse:
        row = await self._control.resume(current_caller(), request.identifier, etag=request.etag)
        return control.ResumeCronTriggerResponse(cron_trigger=TRIGGER.write(row, TRIGGER.all))

    async def RunCronTrigger(
        self, request: control.RunCronTriggerRequest, context: _Context
    ) -> control.RunCronTriggerResponse:
        caller = current_caller()

        async def run() -> control.RunCronTriggerResponse:
            row = await self._control.run(caller, request.identifier, overlap=overlap_text(request.overlap))
            return control.RunCronTriggerResponse(run=RUN.write(row, RUN.all))

        return await once(self._once, caller, request, control.RunCronTriggerResponse, run)

    async def BackfillCronTrigger(
        self, request: control.BackfillCronTriggerRequest, context: _Context
    ) -> control.BackfillCronTriggerResponse:
        start, end = moment(request, "start"), moment(request, "end")
        if start is None or end is None:
            field = "end" if start else "start"
            raise InvalidInput(f"The range has no {field}", field=field)
        done = await self._control.backfill(
            current_caller(), request.identifier, start=start, end=end, overlap=overlap_text(request.overlap)
        )
        return control.BackfillCronTriggerResponse(
            started=done.started, waiting=done.waiting, skipped=done.skipped, known=done.known
        )

    async def PreviewCronTrigger(
        self, request: control.PreviewCronTriggerRequest, context: _Context
    ) -> control.PreviewCronTriggerResponse:
        count, after = request.count or _USUAL_COUNT, moment(request, "since")
        if request.identifier:
            found = await self._control.preview(current_caller(), request.identifier, count=count, after=after)
        else:
            wanted = ScheduleRequest(
                patterns=tuple(request.patterns),
                timezone=request.timezone,
                first_time=minute_text(request, "first_execution_time"),
                start_at=moment_text(request, "start_at"),
                end_at=moment_text(request, "end_at"),
            )
            found = self._control.preview_of(wanted, count=count, after=after)
        return control.PreviewCronTriggerResponse(times=map(_time, found))

    async def ListCronTriggerRuns(
        self, request: control.ListCronTriggerRunsRequest, context: _Context
    ) -> control.ListCronTriggerRunsResponse:
        call = list_call(request, RUN, sort=(("created_at", True),))
        runs, token = await call.answer(lambda page: self._control.runs(current_caller(), request.identifier, page))
        return control.ListCronTriggerRunsResponse(runs=runs, next_page_token=token)


def _time(one: Upcoming) -> messages.CronTime:
    return messages.CronTime(due_at=TIME(one.due_at), starts_at=TIME(one.starts_at), local=one.local)
