"""All services of the public gRPC API, put on one server."""

from collections.abc import Sequence

import grpc.aio

from mistral.v1 import (
    action_execution_service_pb2_grpc,
    action_service_pb2_grpc,
    api_key_service_pb2_grpc,
    code_source_service_pb2_grpc,
    dynamic_action_service_pb2_grpc,
    environment_service_pb2_grpc,
    execution_service_pb2_grpc,
    task_service_pb2_grpc,
    workbook_service_pb2_grpc,
    workflow_service_pb2_grpc,
)
from mistral_api_gateway.gateway import Gateway
from mistral_api_gateway.rpc.action_executions import ActionExecutionServicer
from mistral_api_gateway.rpc.actions import ActionServicer
from mistral_api_gateway.rpc.api_keys import ApiKeyServicer
from mistral_api_gateway.rpc.code_sources import CodeSourceServicer
from mistral_api_gateway.rpc.dynamic_actions import DynamicActionServicer
from mistral_api_gateway.rpc.environments import EnvironmentServicer
from mistral_api_gateway.rpc.executions import ExecutionServicer
from mistral_api_gateway.rpc.tasks import TaskServicer
from mistral_api_gateway.rpc.workbooks import WorkbookServicer
from mistral_api_gateway.rpc.workflows import WorkflowServicer

SERVICES = (
    "WorkbookService",
    "WorkflowService",
    "ActionService",
    "CodeSourceService",
    "DynamicActionService",
    "EnvironmentService",
    "ExecutionService",
    "TaskService",
    "ActionExecutionService",
    "ApiKeyService",
)


def register(gateway: Gateway, server: grpc.aio.Server) -> Sequence[str]:
    """Add the services to a server and return their full names."""
    workbook_service_pb2_grpc.add_WorkbookServiceServicer_to_server(WorkbookServicer(gateway), server)
    action_service_pb2_grpc.add_ActionServiceServicer_to_server(ActionServicer(gateway), server)
    code_source_service_pb2_grpc.add_CodeSourceServiceServicer_to_server(CodeSourceServicer(gateway), server)
    dynamic_action_service_pb2_grpc.add_DynamicActionServiceServicer_to_server(DynamicActionServicer(gateway), server)
    environment_service_pb2_grpc.add_EnvironmentServiceServicer_to_server(EnvironmentServicer(gateway), server)
    workflow_service_pb2_grpc.add_WorkflowServiceServicer_to_server(WorkflowServicer(gateway), server)
    execution_service_pb2_grpc.add_ExecutionServiceServicer_to_server(ExecutionServicer(gateway), server)
    task_service_pb2_grpc.add_TaskServiceServicer_to_server(TaskServicer(gateway), server)
    action_execution_service_pb2_grpc.add_ActionExecutionServiceServicer_to_server(
        ActionExecutionServicer(gateway), server
    )
    api_key_service_pb2_grpc.add_ApiKeyServiceServicer_to_server(ApiKeyServicer(gateway), server)
    return [f"mistral.v1.{name}" for name in SERVICES]
