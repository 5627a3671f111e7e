"""``ExecutorService``: what this executor offers, and what it has in hand."""

from typing import Any

import grpc.aio

from mistral.internal.v1 import executor_service_pb2 as pb2
from mistral.internal.v1.executor_service_pb2_grpc import ExecutorServiceServicer
from mistral_executor.actions.registry import Registry
from mistral_executor.identity import Identity
from mistral_executor.running import Runner

NAME = pb2.DESCRIPTOR.services_by_name["ExecutorService"].full_name

_Context = grpc.aio.ServicerContext[Any, Any]


class ExecutorService(ExecutorServiceServicer):
    """Answers from memory; work does not come this way."""

    def __init__(self, registry: Registry, runner: Runner, identity: Identity) -> None:
        self._runner = runner
        self._identity = identity
        self._actions = [
            pb2.ActionDescription(
                name=action.name,
                description=action.description,
                signature=action.signature.text,
                synchronous=action.synchronous,
                required=action.signature.required,
                optional=sorted((action.signature.names or frozenset()) - action.signature.needed),
                open_ended=action.signature.names is None,
            )
            for _, action in sorted(registry.items())
        ]

    async def ListActions(self, request: pb2.ListActionsRequest, context: _Context) -> pb2.ListActionsResponse:
        return pb2.ListActionsResponse(actions=self._actions)

    async def GetExecutorStatus(
        self, request: pb2.GetExecutorStatusRequest, context: _Context
    ) -> pb2.GetExecutorStatusResponse:
        return pb2.GetExecutorStatusResponse(
            name=self._identity.name,
            instance=self._identity.instance,
            running=self._runner.running,
            slots=self._runner.slots,
            finished=self._runner.finished,
        )
