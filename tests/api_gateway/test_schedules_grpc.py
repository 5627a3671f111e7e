"""Schedules over gRPC: everything said comes back, pauses hold etags, a run under a key is one, previews and pages."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import grpc
import grpc.aio
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from mistral.v1 import cron_trigger_control_pb2 as control
from mistral.v1 import cron_trigger_pb2 as messages
from mistral.v1 import cron_trigger_service_pb2 as crons
from mistral.v1 import cron_trigger_service_pb2_grpc as crons_grpc
from mistral.v1 import workflow_service_pb2 as workflows
from mistral.v1 import workflow_service_pb2_grpc as workflows_grpc

YEARLY = "0 0 1 1 *"


@pytest.fixture
def cron(channel: grpc.aio.Channel) -> Any:
    return crons_grpc.CronTriggerServiceStub(channel)


@pytest.fixture
async def workflow(channel: grpc.aio.Channel) -> str:
    name = f"w{uuid4().hex[:10]}"
    text = f"version: '2.0'\n{name}:\n  tasks:\n    t: {{action: std.noop}}\n"
    stub = workflows_grpc.WorkflowServiceStub(channel)
    made = await stub.CreateWorkflows(workflows.CreateWorkflowsRequest(definition=text))
    return str(made.workflows[0].id)


def at(text: str) -> Timestamp:
    moment = Timestamp()
    moment.FromDatetime(datetime.fromisoformat(text).replace(tzinfo=UTC))
    return moment


async def made(cron: Any, workflow: str, **more: Any) -> messages.CronTrigger:
    usual = {"name": f"t{uuid4().hex[:10]}", "workflow": workflow, "pattern": YEARLY}
    answer = await cron.CreateCronTrigger(crons.CreateCronTriggerRequest(**{**usual, **more}))
    trigger: messages.CronTrigger = answer.cron_trigger
    return trigger


async def refused(call: Any) -> tuple[str, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code().name, str(caught.value.details())


async def test_everything_that_is_said_comes_back(cron: Any, workflow: str) -> None:
    trigger = await made(
        *(cron, workflow),
        patterns=["30 2 * * *"],
        timezone="Europe/Berlin",
        jitter=Duration(seconds=60),
        start_at=at("2049-01-01"),
        end_at=at("2049-12-31"),
        overlap=messages.CRON_OVERLAP_BUFFER_ALL,
        catchup_window=Duration(seconds=3600),
    )

    assert list(trigger.patterns) == [YEARLY, "30 2 * * *"]
    assert (trigger.timezone, trigger.jitter.seconds, trigger.catchup_window.seconds) == ("Europe/Berlin", 60, 3600)
    assert (trigger.start_at, trigger.end_at) == (at("2049-01-01"), at("2049-12-31"))
    assert trigger.overlap == messages.CRON_OVERLAP_BUFFER_ALL
    assert trigger.status == messages.CRON_TRIGGER_STATUS_ACTIVE
    assert not trigger.HasField("declared_as")
    assert (await cron.GetCronTrigger(crons.GetCronTriggerRequest(identifier=trigger.id))).cron_trigger == trigger


async def test_a_plain_trigger_has_the_usual(cron: Any, workflow: str) -> None:
    trigger = await made(cron, workflow)

    assert (list(trigger.patterns), trigger.timezone) == ([YEARLY], "UTC")
    assert trigger.overlap == messages.CRON_OVERLAP_ALLOW
    assert not trigger.HasField("catchup_window")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"jitter": Duration(nanos=5)}, "jitter must be whole seconds"),
        ({"jitter": Duration(seconds=-5)}, "jitter"),
        ({"catchup_window": Duration(seconds=10**11)}, "catchup_window"),
        ({"overlap": 77}, "overlap"),
        ({"start_at": Timestamp(seconds=10**14)}, "start_at is no time"),
        ({"timezone": "Mars"}, "Mars"),
    ],
)
async def test_what_makes_no_sense_is_refused(cron: Any, workflow: str, more: dict[str, Any], said: str) -> None:
    code, told = await refused(made(cron, workflow, **more))

    assert (code, said in told) == ("INVALID_ARGUMENT", True), told


async def test_a_pause_builds_on_what_was_read(cron: Any, workflow: str) -> None:
    trigger = await made(cron, workflow)
    request = control.PauseCronTriggerRequest(identifier=trigger.id, etag=trigger.etag, note="moving")

    paused = (await cron.PauseCronTrigger(request)).cron_trigger
    assert (paused.status, paused.status_note) == (messages.CRON_TRIGGER_STATUS_PAUSED, "moving")
    assert not paused.HasField("next_execution_time")
    assert (await refused(cron.PauseCronTrigger(request)))[0] == "ABORTED"
    listing = crons.ListCronTriggersRequest(filter=f"status = PAUSED AND name = {trigger.name}")
    assert [one.id for one in (await cron.ListCronTriggers(listing)).cron_triggers] == [trigger.id]
    resumed = await cron.ResumeCronTrigger(control.ResumeCronTriggerRequest(identifier=trigger.id))
    assert resumed.cron_trigger.next_execution_time == trigger.next_execution_time


async def test_a_run_under_a_key_is_one_run(cron: Any, workflow: str) -> None:
    trigger = await made(cron, workflow)
    request = control.RunCronTriggerRequest(identifier=trigger.id, request_id=uuid4().hex)

    first, again = [(await cron.RunCronTrigger(request)).run for _ in range(2)]

    assert first == again
    assert (first.kind, first.state) == (messages.CRON_RUN_KIND_MANUAL, messages.CRON_RUN_STATE_STARTING)
    assert not first.HasField("execution_id")
    shown = await cron.GetCronTrigger(crons.GetCronTriggerRequest(identifier=trigger.id))
    assert (shown.cron_trigger.fired, shown.cron_trigger.last_execution_time) == (1, first.due_at)


async def test_runs_are_paged_newest_first_filtered_and_masked(cron: Any, workflow: str) -> None:
    trigger = await made(cron, workflow, pattern="0 * * * *", paused=True)
    span = {"identifier": trigger.id, "start": at("2026-05-04"), "end": at("2026-05-04 04:00")}
    done = await cron.BackfillCronTrigger(control.BackfillCronTriggerRequest(**span))
    again = await cron.BackfillCronTrigger(control.BackfillCronTriggerRequest(**span))
    assert ((done.started, done.known), (again.started, again.known)) == ((5, 0), (0, 5))

    request = control.ListCronTriggerRunsRequest(identifier=trigger.id, page_size=3, order_by="due_at desc")
    first = await cron.ListCronTriggerRuns(request)
    request.page_token = first.next_page_token
    rest = await cron.ListCronTriggerRuns(request)
    assert [one.due_at.ToDatetime().hour for one in [*first.runs, *rest.runs]] == [4, 3, 2, 1, 0]
    assert rest.next_page_token == ""
    masked = await cron.ListCronTriggerRuns(
        control.ListCronTriggerRunsRequest(
            identifier=trigger.id, filter="kind = BACKFILL AND state = STARTING", read_mask=FieldMask(paths=["kind"])
        )
    )
    assert [one.kind for one in masked.runs] == [messages.CRON_RUN_KIND_BACKFILL] * 5
    assert masked.runs[0].id == ""
    wrong = control.ListCronTriggerRunsRequest(identifier=trigger.id, filter="state = SOMETIMES")
    assert (await refused(cron.ListCronTriggerRuns(wrong)))[0] == "INVALID_ARGUMENT"


async def test_a_range_needs_both_ends(cron: Any, workflow: str) -> None:
    trigger = await made(cron, workflow)

    code, told = await refused(cron.BackfillCronTrigger(control.BackfillCronTriggerRequest(identifier=trigger.id)))

    assert (code, "no start" in told) == ("INVALID_ARGUMENT", True)


async def test_times_are_told_before_anything_is_stored(cron: Any) -> None:
    request = control.PreviewCronTriggerRequest(
        patterns=["30 2 * * *"], timezone="Europe/Berlin", since=at("2026-03-28 12:00"), count=2
    )

    times = (await cron.PreviewCronTrigger(request)).times

    assert [one.local for one in times] == ["2026-03-29 03:00:00+02:00", "2026-03-30 02:30:00+02:00"]
    assert times[0].due_at == times[0].starts_at == at("2026-03-29 01:00")
    request.count = 101
    assert (await refused(cron.PreviewCronTrigger(request)))[0] == "INVALID_ARGUMENT"
