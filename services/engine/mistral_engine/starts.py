"""Starting executions: reads what was sent, finds the definitions, chooses partitions, waits for the commits."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from mistral.internal.v1 import engine_service_pb2 as pb
from mistral_core.errors import InvalidInput, LimitExceeded, NotFound, Unavailable, WorkflowError
from mistral_core.machine.event import Start
from mistral_core.machine.execution import Execution
from mistral_engine.definitions import Definition, Definitions, Names, asked_for
from mistral_engine.environments import Known, named_by, resolved
from mistral_engine.ids import id_of_request, new_id, now, partition_of_id
from mistral_engine.lane import Lane
from mistral_engine.ownership import Ownership
from mistral_engine.standalone import definition_for, input_for
from mistral_engine.summary import refusal_of, summary_of
from mistral_engine.work import StartWork
from mistral_persistence.database import Pool
from mistral_persistence.flush import DefinitionChanged
from mistral_persistence.records import to_text
from mistral_runtime.telemetry import recorded

_PER_PARTITION = 512
"""Starts given to one partition before the next one's turn: few busy partitions make large envelopes."""

_LARGEST_BYTES = 1024 * 1024


class Starts:
    """Starts executions in partitions that this engine owns."""

    def __init__(self, pool: Pool, definitions: Definitions, ownership: Ownership, lanes: Sequence[Lane]) -> None:
        self._pool = pool
        self._definitions = definitions
        self._ownership = ownership
        self._lanes = lanes
        self._given = 0

    async def start(self, orders: Sequence[pb.ExecutionStart]) -> list[pb.ExecutionStarted]:
        """Start each order on its own and return an answer for each, in the same order."""
        names = await self._named(orders)
        answers = await self._started(orders, names)
        if names.epoch is not None:
            # What is remembered may be over, and then so may be the reason of a refusal.
            refused = [number for number, answer in enumerate(answers) if _doubtful(answer)]
            if refused:
                again = [orders[number] for number in refused]
                fresh = await self._started(again, await self._named(again, anew=True))
                for number, answer in zip(refused, fresh, strict=True):
                    answers[number] = answer
        return [_answer(answer) for answer in answers]

    async def _named(self, orders: Sequence[pb.ExecutionStart], *, anew: bool = False) -> Names:
        return await self._definitions.find(
            [asked_for(to_text(o.project_id), to_text(o.workflow), to_text(o.namespace)) for o in orders], anew=anew
        )

    async def _started(self, orders: Sequence[pb.ExecutionStart], names: Names) -> list[Execution | BaseException]:
        environments = await named_by(self._pool, orders)
        waits = []
        for order, named in zip(orders, names.definitions, strict=True):
            alone = order.HasField("action")
            definition = await definition_for(self._definitions, order.namespace) if alone else named
            waits.append(self._offer(order, definition, environments, names.epoch))
        return await asyncio.gather(*waits, return_exceptions=True)

    def _offer(
        self, order: pb.ExecutionStart, definition: Definition | None, environments: Known, epoch: int | None
    ) -> asyncio.Future[Execution]:
        answer: asyncio.Future[Execution] = asyncio.get_running_loop().create_future()
        try:
            if definition is None:
                raise NotFound(
                    f"Workflow not found [workflow_identifier={order.workflow}, namespace={order.namespace}]"
                )
            start = self._read(order, definition, environments)
            lane = self._lanes[start.partition % len(self._lanes)]
            named = bool(order.id or order.request_id)
            lane.offer(StartWork(start, answer, named, recorded(order.traceparent), epoch))
        except WorkflowError as error:
            answer.set_exception(error)
        return answer

    def _read(self, order: pb.ExecutionStart, definition: Definition, environments: Known) -> Start:
        execution_id = wanted_id(order)
        partition = partition_of_id(execution_id) if execution_id else self._next_partition()
        execution_id = execution_id or new_id()
        params = resolved(order.project_id, json_object(order.params, "params"), environments)
        return Start(
            at=now(),
            id=execution_id,
            root_id=execution_id,
            partition=partition,
            project=order.project_id,
            definition=definition.workflow,
            workflow_id=definition.id,
            workflow_version=definition.version,
            workflow_name=definition.name,
            workflow_namespace=definition.namespace,
            workbook=definition.workbook,
            description=order.description,
            input=input_for(order.action) if order.HasField("action") else json_object(order.input, "input"),
            params={"namespace": order.namespace, "env": {}, **params},
        )

    def _next_partition(self) -> int:
        ours = self._ownership.partitions
        if not ours:
            raise Unavailable("this engine owns no partition yet; try again shortly")
        self._given += 1
        # Neighbours belong to different lanes: both get their share at any time.
        lanes = len(self._lanes)
        turn = self._given // (_PER_PARTITION * lanes) * lanes + self._given % lanes
        return ours[turn % len(ours)]


def wanted_id(order: pb.ExecutionStart) -> str:
    """Return the id that an order asks for, or empty text if it leaves that to us.

    Raises:
        InvalidInput: If it is no UUID, or the request id is too long.
    """
    if order.id:
        try:
            return str(UUID(order.id))
        except ValueError:
            raise InvalidInput(f"id must be a UUID, it is {order.id[:64]!r}") from None
    if len(order.request_id) > 128:
        raise InvalidInput("request_id must be at most 128 characters long")
    return id_of_request(order.project_id, order.request_id) if order.request_id else ""


def json_object(data: bytes, field: str) -> Mapping[str, Any]:
    """Decode a field that must be a JSON object; empty means an empty one.

    Raises:
        InvalidInput: If it is not, or larger than 1 MiB.
    """
    if not data:
        return {}
    if len(data) > _LARGEST_BYTES:
        size = len(data) // 1024
        raise InvalidInput(
            f"Field size limit exceeded [class=WorkflowExecution, field={field}, size={size}KB, limit=1024KB]"
        )
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{field} must be a JSON object: {error}") from None


def _doubtful(answer: Execution | BaseException) -> bool:
    """Whether the definition may be to blame."""
    unrelated = isinstance(answer, LimitExceeded | Unavailable)
    return isinstance(answer, WorkflowError | DefinitionChanged) and not unrelated


def _answer(answer: Execution | BaseException) -> pb.ExecutionStarted:
    match answer:
        case WorkflowError():
            return pb.ExecutionStarted(refusal=refusal_of(answer))
        case BaseException():
            raise answer
        case _:
            return pb.ExecutionStarted(execution=summary_of(answer))
