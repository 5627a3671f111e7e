"""All services of the public gRPC API, put on one server."""

from collections.abc import Sequence
from typing import cast

import grpc.aio

from mistral.v1 import (
    action_execution_service_pb2_grpc,
    action_service_pb2_grpc,
    api_key_service_pb2_grpc,
    code_source_service_pb2_grpc,
    cron_trigger_service_pb2_grpc,
    dead_letter_service_pb2_grpc,
    dynamic_action_service_pb2_grpc,
    environment_service_pb2_grpc,
    event_binding_service_pb2_grpc,
    event_source_service_pb2_grpc,
    event_trigger_service_pb2_grpc,
    execution_bulk_service_pb2_grpc,
    execution_event_service_pb2_grpc,
    execution_service_pb2_grpc,
    fleet_service_pb2_grpc,
    http_worker_service_pb2_grpc,
    maintenance_service_pb2_grpc,
    received_event_service_pb2_grpc,
    retention_service_pb2_grpc,
    service_service_pb2_grpc,
    subscription_service_pb2_grpc,
    task_service_pb2_grpc,
    workbook_service_pb2_grpc,
    worker_service_pb2_grpc,
    workflow_member_service_pb2_grpc,
    workflow_service_pb2_grpc,
)
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.rpc.action_executions import ActionExecutionServicer
from mistral_api_gateway.rpc.actions import ActionServicer
from mistral_api_gateway.rpc.api_keys import ApiKeyServicer
from mistral_api_gateway.rpc.bulk import ExecutionBulkServicer
from mistral_api_gateway.rpc.code_sources import CodeSourceServicer
from mistral_api_gateway.rpc.cron_triggers import CronTriggerServicer
from mistral_api_gateway.rpc.dead_letters import DeadLetterServicer
from mistral_api_gateway.rpc.door import Door
from mistral_api_gateway.rpc.dynamic_actions import DynamicActionServicer
from mistral_api_gateway.rpc.environments import EnvironmentServicer
from mistral_api_gateway.rpc.event_bindings import EventBindingServicer
from mistral_api_gateway.rpc.event_sources import EventSourceServicer
from mistral_api_gateway.rpc.event_triggers import EventTriggerServicer
from mistral_api_gateway.rpc.execution_events import ExecutionEventServicer
from mistral_api_gateway.rpc.executions import ExecutionServicer
from mistral_api_gateway.rpc.fleets import FleetServicer
from mistral_api_gateway.rpc.guarding import Guarded
from mistral_api_gateway.rpc.http_workers import HttpWorkerServicer
from mistral_api_gateway.rpc.maintenance import MaintenanceServicer, Waiting
from mistral_api_gateway.rpc.received_events import ReceivedEventServicer
from mistral_api_gateway.rpc.retention import RetentionServicer
from mistral_api_gateway.rpc.services import ServiceServicer
from mistral_api_gateway.rpc.subscriptions import SubscriptionServicer
from mistral_api_gateway.rpc.tasks import TaskServicer
from mistral_api_gateway.rpc.workbooks import WorkbookServicer
from mistral_api_gateway.rpc.workers import Untouched, WorkerServicer
from mistral_api_gateway.rpc.workflow_members import WorkflowMemberServicer
from mistral_api_gateway.rpc.workflows import WorkflowServicer

SERVICES = (
    "WorkbookService",
    "WorkflowService",
    "WorkflowMemberService",
    "ActionService",
    "CodeSourceService",
    "DynamicActionService",
    "EnvironmentService",
    "ExecutionService",
    "ExecutionBulkService",
    "ExecutionEventService",
    "TaskService",
    "ActionExecutionService",
    "ApiKeyService",
    "CronTriggerService",
    "EventTriggerService",
    "EventSourceService",
    "EventBindingService",
    "ReceivedEventService",
    "FleetService",
    "HttpWorkerService",
    "SubscriptionService",
    "DeadLetterService",
    "RetentionService",
    "MaintenanceService",
    "ServiceService",
    "WorkerService",
)


def register(gateway: Gateway, server: grpc.aio.Server) -> Sequence[str]:
    """Add the services to a server and return their full names."""
    # What runs may come to its end also in maintenance.
    untouched = cast(grpc.aio.Server, Untouched(Door(Guarded(server, gateway.gate))))
    worker_service_pb2_grpc.add_WorkerServiceServicer_to_server(WorkerServicer(gateway), untouched)
    server = cast(grpc.aio.Server, Waiting(Door(Guarded(server, gateway.gate)), gateway.maintenance))
    workbook_service_pb2_grpc.add_WorkbookServiceServicer_to_server(WorkbookServicer(gateway), server)
    action_service_pb2_grpc.add_ActionServiceServicer_to_server(ActionServicer(gateway), server)
    code_source_service_pb2_grpc.add_CodeSourceServiceServicer_to_server(CodeSourceServicer(gateway), server)
    dynamic_action_service_pb2_grpc.add_DynamicActionServiceServicer_to_server(DynamicActionServicer(gateway), server)
    environment_service_pb2_grpc.add_EnvironmentServiceServicer_to_server(EnvironmentServicer(gateway), server)
    workflow_service_pb2_grpc.add_WorkflowServiceServicer_to_server(WorkflowServicer(gateway), server)
    workflow_member_service_pb2_grpc.add_WorkflowMemberServiceServicer_to_server(
        WorkflowMemberServicer(gateway), server
    )
    execution_service_pb2_grpc.add_ExecutionServiceServicer_to_server(ExecutionServicer(gateway), server)
    execution_bulk_service_pb2_grpc.add_ExecutionBulkServiceServicer_to_server(ExecutionBulkServicer(gateway), server)
    task_service_pb2_grpc.add_TaskServiceServicer_to_server(TaskServicer(gateway), server)
    action_execution_service_pb2_grpc.add_ActionExecutionServiceServicer_to_server(
        ActionExecutionServicer(gateway), server
    )
    api_key_service_pb2_grpc.add_ApiKeyServiceServicer_to_server(ApiKeyServicer(gateway), server)
    cron_trigger_service_pb2_grpc.add_CronTriggerServiceServicer_to_server(CronTriggerServicer(gateway), server)
    event_trigger_service_pb2_grpc.add_EventTriggerServiceServicer_to_server(EventTriggerServicer(gateway), server)
    event_source_service_pb2_grpc.add_EventSourceServiceServicer_to_server(EventSourceServicer(gateway), server)
    event_binding_service_pb2_grpc.add_EventBindingServiceServicer_to_server(EventBindingServicer(gateway), server)
    received_event_service_pb2_grpc.add_ReceivedEventServiceServicer_to_server(ReceivedEventServicer(gateway), server)
    fleet_service_pb2_grpc.add_FleetServiceServicer_to_server(FleetServicer(gateway), server)
    http_worker_service_pb2_grpc.add_HttpWorkerServiceServicer_to_server(HttpWorkerServicer(gateway), server)
    subscription_service_pb2_grpc.add_SubscriptionServiceServicer_to_server(SubscriptionServicer(gateway), server)
    dead_letter_service_pb2_grpc.add_DeadLetterServiceServicer_to_server(DeadLetterServicer(gateway), server)
    execution_event_service_pb2_grpc.add_ExecutionEventServiceServicer_to_server(
        ExecutionEventServicer(gateway), server
    )
    retention_service_pb2_grpc.add_RetentionServiceServicer_to_server(RetentionServicer(gateway), server)
    maintenance_service_pb2_grpc.add_MaintenanceServiceServicer_to_server(MaintenanceServicer(gateway), server)
    service_service_pb2_grpc.add_ServiceServiceServicer_to_server(ServiceServicer(gateway), server)
    return [f"mistral.v1.{name}" for name in SERVICES]
