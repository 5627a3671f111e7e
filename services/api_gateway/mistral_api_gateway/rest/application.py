"""The ASGI application: every resource's endpoints, and the document that describes them."""

from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from mistral_api_gateway.access.doors import OPEN_PATHS, Doors
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.rest import (
    action_resource,
    actions,
    code_sources,
    cron_control,
    cron_triggers,
    dead_letters,
    dynamic_actions,
    environments,
    event_bindings,
    event_sources,
    event_triggers,
    execution_resource,
    fleets,
    http_workers,
    members,
    received_events,
    subscriptions,
    task_resource,
    workbooks,
    workflows,
)
from mistral_api_gateway.rest.action_executions import ActionExecutionEndpoints
from mistral_api_gateway.rest.action_runs import ActionRunEndpoints
from mistral_api_gateway.rest.actions import ActionEndpoints
from mistral_api_gateway.rest.code_sources import CodeSourceEndpoints
from mistral_api_gateway.rest.cron_control import CronControlEndpoints
from mistral_api_gateway.rest.cron_triggers import CronTriggerEndpoints
from mistral_api_gateway.rest.dead_letters import DeadLetterEndpoints
from mistral_api_gateway.rest.dynamic_actions import DynamicActionEndpoints
from mistral_api_gateway.rest.environments import EnvironmentEndpoints
from mistral_api_gateway.rest.event_bindings import EventBindingEndpoints
from mistral_api_gateway.rest.event_sources import EventSourceEndpoints
from mistral_api_gateway.rest.event_triggers import EventTriggerEndpoints
from mistral_api_gateway.rest.events import EventEndpoints
from mistral_api_gateway.rest.executions import ExecutionEndpoints
from mistral_api_gateway.rest.fleets import FleetEndpoints
from mistral_api_gateway.rest.http_workers import HttpWorkerEndpoints
from mistral_api_gateway.rest.maintenance import MaintenanceEndpoints, waiting
from mistral_api_gateway.rest.members import MemberEndpoints
from mistral_api_gateway.rest.openapi import document
from mistral_api_gateway.rest.operation import Admit, Endpoint, Operation
from mistral_api_gateway.rest.project_events import ProjectEventEndpoints
from mistral_api_gateway.rest.received_events import ReceivedEventEndpoints
from mistral_api_gateway.rest.report import ReportEndpoints
from mistral_api_gateway.rest.resource import json_answer
from mistral_api_gateway.rest.retention import RetentionEndpoints
from mistral_api_gateway.rest.root import RootEndpoints
from mistral_api_gateway.rest.routing import Routes
from mistral_api_gateway.rest.subscriptions import SubscriptionEndpoints
from mistral_api_gateway.rest.tasks import TaskEndpoints
from mistral_api_gateway.rest.workbooks import WorkbookEndpoints
from mistral_api_gateway.rest.workers import WorkerEndpoints
from mistral_api_gateway.rest.workflows import WorkflowEndpoints

RESOURCES: Final = {
    "Workbook": workbooks.RESOURCE,
    "Workflow": workflows.RESOURCE,
    "Action": actions.RESOURCE,
    "CodeSource": code_sources.RESOURCE,
    "DynamicAction": dynamic_actions.RESOURCE,
    "Environment": environments.RESOURCE,
    "CronTrigger": cron_triggers.RESOURCE,
    "CronRun": cron_control.RESOURCE,
    "EventTrigger": event_triggers.RESOURCE,
    "EventSource": event_sources.RESOURCE,
    "EventBinding": event_bindings.RESOURCE,
    "ReceivedEvent": received_events.RESOURCE,
    "Fleet": fleets.RESOURCE,
    "HttpWorker": http_workers.RESOURCE,
    "Subscription": subscriptions.RESOURCE,
    "DeliveryAttempt": subscriptions.ATTEMPT,
    "DeadLetter": dead_letters.RESOURCE,
    "Member": members.RESOURCE,
    "Execution": execution_resource.RESOURCE,
    "Task": task_resource.RESOURCE,
    "ActionExecution": action_resource.RESOURCE,
}


def application(gateway: Gateway, *, body_limit: int, doors: Doors | None = None) -> ASGIApp:
    """Return the application; ``doors`` None asks nobody who he is."""
    operations = [
        *RootEndpoints(gateway).operations(),
        *MaintenanceEndpoints(gateway, body_limit=body_limit).operations(),
        *WorkbookEndpoints(gateway, body_limit=body_limit).operations(),
        *WorkflowEndpoints(gateway, body_limit=body_limit).operations(),
        *MemberEndpoints(gateway, body_limit=body_limit).operations(),
        *ActionEndpoints(gateway, body_limit=body_limit).operations(),
        *CodeSourceEndpoints(gateway, body_limit=body_limit).operations(),
        *DynamicActionEndpoints(gateway, body_limit=body_limit).operations(),
        *EnvironmentEndpoints(gateway, body_limit=body_limit).operations(),
        *CronTriggerEndpoints(gateway, body_limit=body_limit).operations(),
        *CronControlEndpoints(gateway, body_limit=body_limit).operations(),
        *EventTriggerEndpoints(gateway, body_limit=body_limit).operations(),
        *EventSourceEndpoints(gateway, body_limit=body_limit).operations(),
        *EventBindingEndpoints(gateway, body_limit=body_limit).operations(),
        *ReceivedEventEndpoints(gateway, body_limit=body_limit).operations(),
        *FleetEndpoints(gateway, body_limit=body_limit).operations(),
        *HttpWorkerEndpoints(gateway, body_limit=body_limit).operations(),
        *SubscriptionEndpoints(gateway, body_limit=body_limit).operations(),
        *DeadLetterEndpoints(gateway, body_limit=body_limit).operations(),
        *RetentionEndpoints(gateway, body_limit=body_limit).operations(),
        *ExecutionEndpoints(gateway, body_limit=body_limit).operations(),
        *EventEndpoints(gateway).operations(),
        *ProjectEventEndpoints(gateway).operations(),
        *ReportEndpoints(gateway).operations(),
        *TaskEndpoints(gateway, body_limit=body_limit).operations(),
        *ActionRunEndpoints(gateway, body_limit=body_limit).operations(),
        *ActionExecutionEndpoints(gateway, body_limit=body_limit).operations(),
        *WorkerEndpoints(gateway, body_limit=body_limit).operations(),
    ]
    described = _described(operations)
    admit = doors.rest if doors is not None else None
    return Routes(
        (one.method, one.path, _endpoint(one, gateway, None if one.path in OPEN_PATHS else admit))
        for one in (*operations, described)
    )


def _endpoint(operation: Operation, gateway: Gateway, admit: Admit | None) -> Endpoint:
    return Endpoint(waiting(operation, gateway.maintenance), admit, gateway.gate)


def _described(operations: Sequence[Operation]) -> Operation:
    made: list[dict[str, Any]] = []

    async def describe(request: Request) -> Response:
        if not made:
            made.append(document(operations, RESOURCES))
        return json_answer(made[0])

    return Operation(method="GET", path="/openapi.json", handler=describe, summary="Describe the API", tag="service")
