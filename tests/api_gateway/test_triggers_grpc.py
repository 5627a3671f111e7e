"""Cron triggers and event triggers over gRPC: made once under a key, paged, changed by their etags, removed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from mistral.v1 import cron_trigger_service_pb2 as crons
from mistral.v1 import cron_trigger_service_pb2_grpc as crons_grpc
from mistral.v1 import event_trigger_service_pb2 as events
from mistral.v1 import event_trigger_service_pb2_grpc as events_grpc
from mistral.v1 import workflow_pb2
from mistral.v1 import workflow_service_pb2 as workflows
from mistral.v1 import workflow_service_pb2_grpc as workflows_grpc

UNKNOWN = "11111111-2222-4333-8444-555555555555"
NIGHTLY = "0 3 * * *"


@pytest.fixture
def cron(channel):
    return crons_grpc.CronTriggerServiceStub(channel)


@pytest.fixture
def event(channel):
    return events_grpc.EventTriggerServiceStub(channel)


@pytest.fixture
async def workflow(channel, workflow_text, name) -> Any:
    stub = workflows_grpc.WorkflowServiceStub(channel)
    made = await stub.CreateWorkflows(workflows.CreateWorkflowsRequest(definition=workflow_text(name)))
    return made.workflows[0]


def nightly(made: Any, /, **given: Any) -> crons.CreateCronTriggerRequest:
    usual = {"name": made.name, "workflow": made.id, "workflow_input": '{"host": "a"}', "pattern": NIGHTLY}
    return crons.CreateCronTriggerRequest(**{**usual, **given})


def on_boot(made: Any, /, **given: Any) -> events.CreateEventTriggerRequest:
    place = {"exchange": "nova", "topic": "notifications", "event": "instance.boot"}
    return events.CreateEventTriggerRequest(
        **{"workflow_id": made.id, "workflow_input": '{"host": "a"}', **place, **given}
    )


async def code_of(call: Any) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return raised.value.code()


async def test_a_cron_trigger_is_answered_whole(cron, workflow):
    made = (await cron.CreateCronTrigger(nightly(workflow, remaining_executions=3))).cron_trigger

    assert (made.workflow_id, made.workflow_name, made.workflow_input) == (workflow.id, workflow.name, '{"host":"a"}')
    assert (made.pattern, made.remaining_executions, made.scope) == (NIGHTLY, 3, workflow_pb2.SCOPE_PRIVATE)
    assert made.HasField("next_execution_time")
    assert not made.HasField("first_execution_time")
    assert not made.HasField("updated_at")
    by_id = await cron.GetCronTrigger(crons.GetCronTriggerRequest(identifier=made.id))
    by_name = await cron.GetCronTrigger(crons.GetCronTriggerRequest(identifier=made.name))
    assert by_id.cron_trigger == by_name.cron_trigger == made
    masked = await cron.GetCronTrigger(
        crons.GetCronTriggerRequest(identifier=made.id, read_mask=FieldMask(paths=["pattern"]))
    )
    assert (masked.cron_trigger.pattern, masked.cron_trigger.name) == (NIGHTLY, "")


async def test_a_cron_trigger_for_ever_says_no_count_and_one_at_a_time_fires_once(cron, workflow):
    for_ever = (await cron.CreateCronTrigger(nightly(workflow))).cron_trigger
    assert not for_ever.HasField("remaining_executions")
    first = Timestamp()
    first.FromDatetime(datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(days=1))
    once = nightly(workflow, name=f"{workflow.name}_once", pattern="", first_execution_time=first)
    made = (await cron.CreateCronTrigger(once)).cron_trigger
    assert (made.remaining_executions, made.next_execution_time, made.first_execution_time) == (1, first, first)
    first.FromSeconds(first.ToSeconds() + 30)
    odd = nightly(workflow, name="odd", pattern="", first_execution_time=first)
    assert await code_of(cron.CreateCronTrigger(odd)) is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_repeated_creation_makes_one_cron_trigger(cron, workflow):
    request = nightly(workflow, request_id=f"key-{workflow.id}")
    first, second = await cron.CreateCronTrigger(request), await cron.CreateCronTrigger(request)
    assert first == second
    assert await code_of(cron.CreateCronTrigger(nightly(workflow))) is grpc.StatusCode.ALREADY_EXISTS
    other = nightly(workflow, name="other", request_id=request.request_id)
    assert await code_of(cron.CreateCronTrigger(other)) is grpc.StatusCode.ALREADY_EXISTS


async def test_cron_triggers_have_pages_and_filters(cron, workflow):
    made = [
        (await cron.CreateCronTrigger(nightly(workflow, name=f"{workflow.name}{hour}", pattern=f"0 {hour} * * *")))
        for hour in range(5)
    ]
    asked = {"filter": f"workflow_name = {workflow.name}", "page_size": 2}
    found, token = [], ""
    while True:
        page = await cron.ListCronTriggers(crons.ListCronTriggersRequest(page_token=token, **asked))
        found += page.cron_triggers
        token = page.next_page_token
        if not token:
            break
    assert found == [one.cron_trigger for one in made]
    wrong = crons.ListCronTriggersRequest(page_token="bogus")
    assert await code_of(cron.ListCronTriggers(wrong)) is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_cron_trigger_is_removed_as_it_was_read(cron, workflow):
    made = (await cron.CreateCronTrigger(nightly(workflow))).cron_trigger
    stale = crons.DeleteCronTriggerRequest(identifier=made.id, etag="stale")
    assert await code_of(cron.DeleteCronTrigger(stale)) is grpc.StatusCode.ABORTED
    await cron.DeleteCronTrigger(crons.DeleteCronTriggerRequest(identifier=made.id, etag=made.etag))
    gone = crons.GetCronTriggerRequest(identifier=made.id)
    assert await code_of(cron.GetCronTrigger(gone)) is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": ""}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"pattern": "61 * * * *"}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"workflow_input": "{}"}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"workflow_params": "[]"}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"remaining_executions": 0}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"workflow": UNKNOWN}, grpc.StatusCode.NOT_FOUND),
    ],
)
async def test_what_can_be_no_cron_trigger_is_refused(cron, workflow, given, code):
    assert await code_of(cron.CreateCronTrigger(nightly(workflow, **given))) is code


async def test_an_event_trigger_is_made_found_changed_and_removed(event, workflow):
    made = (await event.CreateEventTrigger(on_boot(workflow, name="n"))).event_trigger
    assert (made.name, made.exchange, made.topic, made.event) == ("n", "nova", "notifications", "instance.boot")
    assert await code_of(event.CreateEventTrigger(on_boot(workflow))) is grpc.StatusCode.ALREADY_EXISTS

    changed = await event.UpdateEventTrigger(
        events.UpdateEventTriggerRequest(id=made.id, workflow_input='{"host": "b"}', etag=made.etag)
    )
    assert (changed.event_trigger.workflow_input, changed.event_trigger.name) == ('{"host":"b"}', "n")
    cleared = await event.UpdateEventTrigger(
        events.UpdateEventTriggerRequest(id=made.id, update_mask=FieldMask(paths=["name", "workflow_params"]))
    )
    assert (cleared.event_trigger.name, cleared.event_trigger.workflow_params) == ("", "{}")
    stale = events.UpdateEventTriggerRequest(id=made.id, name="x", etag=made.etag)
    assert await code_of(event.UpdateEventTrigger(stale)) is grpc.StatusCode.ABORTED
    fixed = events.UpdateEventTriggerRequest(id=made.id, update_mask=FieldMask(paths=["exchange"]))
    assert await code_of(event.UpdateEventTrigger(fixed)) is grpc.StatusCode.INVALID_ARGUMENT

    listed = await event.ListEventTriggers(events.ListEventTriggersRequest(filter=f"workflow_id = {workflow.id}"))
    assert [one.id for one in listed.event_triggers] == [made.id]
    await event.DeleteEventTrigger(events.DeleteEventTriggerRequest(id=made.id, etag=cleared.event_trigger.etag))
    gone = events.GetEventTriggerRequest(id=made.id)
    assert await code_of(event.GetEventTrigger(gone)) is grpc.StatusCode.NOT_FOUND


async def test_a_repeated_creation_makes_one_event_trigger(event, workflow):
    request = on_boot(workflow, request_id=f"event-{workflow.id}")
    first, second = await event.CreateEventTrigger(request), await event.CreateEventTrigger(request)
    assert first == second


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"exchange": ""}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"workflow_id": "w"}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"workflow_id": UNKNOWN}, grpc.StatusCode.NOT_FOUND),
        ({"workflow_input": "{}"}, grpc.StatusCode.INVALID_ARGUMENT),
    ],
)
async def test_what_can_be_no_event_trigger_is_refused(event, workflow, given, code):
    assert await code_of(event.CreateEventTrigger(on_boot(workflow, **given))) is code
