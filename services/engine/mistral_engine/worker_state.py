"""WorkerStateService over gRPC: what executors have kept of workers. Any engine may be asked; Postgres has it all."""

from collections.abc import Iterator
from datetime import UTC
from typing import Any, TypeAlias

import grpc.aio
import msgspec

from mistral.internal.v1 import worker_state_service_pb2 as pb
from mistral.internal.v1 import worker_state_service_pb2_grpc as rpc
from mistral.v1 import worker_pb2
from mistral_core.errors import NotFound
from mistral_core.http_workers import HttpAction, checked_actions
from mistral_core.priority import DEFAULT_QUEUE
from mistral_engine.ids import is_id
from mistral_engine.outages import outages_told
from mistral_persistence import action_progress, http_workers, offers, restore, worker_keys
from mistral_persistence.action_progress import Line, Progress
from mistral_persistence.database import Pool
from mistral_persistence.offers import Offered
from mistral_persistence.records import to_json, to_text

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_LONGEST_NAME = 255
_NEVER_OFFERED = "std."
_LONGEST_LINE = 8192


@outages_told
class WorkerState(rpc.WorkerStateServiceServicer):
    """The calls of the internal contract; see ``worker_state_service.proto`` for what each promises."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def RecordOffers(self, request: pb.RecordOffersRequest, context: Context) -> pb.RecordOffersResponse:
        await offers.record(self._pool, request.executor, _offered(request))
        return pb.RecordOffersResponse()

    async def RecordProgress(self, request: pb.RecordProgressRequest, context: Context) -> pb.RecordProgressResponse:
        await action_progress.record(self._pool, filter(None, map(_progress, request.progress)))
        return pb.RecordProgressResponse()

    async def GetProgressDetails(
        self, request: pb.GetProgressDetailsRequest, context: Context
    ) -> pb.GetProgressDetailsResponse:
        found = is_id(request.action_id) and await restore.place_of_action(self._pool, request.action_id)
        if not found:
            raise NotFound(f"ActionExecution not found [id={request.action_id}]")
        details = await action_progress.details(self._pool, request.action_id)
        return pb.GetProgressDetailsResponse(details=(details or "").encode())

    async def GetWorkerTokenKey(
        self, request: pb.GetWorkerTokenKeyRequest, context: Context
    ) -> pb.GetWorkerTokenKeyResponse:
        return pb.GetWorkerTokenKeyResponse(key=await worker_keys.token_key(self._pool))

    async def GetHttpWorkers(self, request: pb.GetHttpWorkersRequest, context: Context) -> pb.GetHttpWorkersResponse:
        revision = await http_workers.revision(self._pool)
        if revision == request.known_revision:
            return pb.GetHttpWorkersResponse(revision=revision)
        called = await http_workers.called(self._pool)
        return pb.GetHttpWorkersResponse(revision=revision, workers=[_called(row) for row in called])


def _called(row: http_workers.Row) -> pb.HttpWorkerCall:
    numbers = {name: row[name] for name in ("concurrency", "timeout_seconds", "lease_seconds", "attempts")}
    return pb.HttpWorkerCall(
        **{name: row[name] for name in ("id", "project_id", "name", "url", "queues", "secret")},
        actions=[_offer(action) for action in checked_actions(row["actions"])],
        labels=msgspec.json.decode(row["labels"]),
        headers=msgspec.json.decode(row["headers"]),
        **numbers,
    )


def _offer(action: HttpAction) -> worker_pb2.ActionOffer:
    return worker_pb2.ActionOffer(
        name=action.name,
        description=action.description,
        input_schema="" if action.input_schema is None else to_json(action.input_schema),
        output_schema="" if action.output_schema is None else to_json(action.output_schema),
        safe_rerun=action.safe_rerun,
        public=action.public,
    )


def _offered(request: pb.RecordOffersRequest) -> Iterator[Offered]:
    """Yield the offers that can be taken down; executors refuse the others before, so they are just left out here."""
    for each in request.offers:
        for action in each.actions:
            if 0 < len(action.name) <= _LONGEST_NAME and not action.name.startswith(_NEVER_OFFERED):
                yield Offered(
                    project=each.project_id,
                    queue=each.queue or DEFAULT_QUEUE,
                    name=to_text(action.name),
                    public=action.public,
                    description=to_text(action.description),
                    input_schema=to_text(action.input_schema),
                    output_schema=to_text(action.output_schema),
                    safe_rerun=action.safe_rerun,
                )


def _progress(told: pb.ActionProgress) -> Progress | None:
    """Return what is new; None if it cannot be of any run."""
    if not is_id(told.action_id):
        return None
    new = told.progress
    return Progress(
        action_id=told.action_id,
        attempt=told.attempt,
        worker=to_text(told.worker),
        percent=min(100.0, max(0.0, new.percent)) if new.HasField("percent") else None,
        details=_json(new.details) if new.HasField("details") else None,
        lines=tuple(_line(line) for line in new.lines),
    )


def _json(data: bytes) -> str | None:
    """Return JSON as the database takes it; None for what is none: executors have refused it before."""
    try:
        return to_json(msgspec.Raw(data)) if msgspec.json.decode(data) is not None else "null"
    except (ValueError, RecursionError):
        return None


def _line(line: worker_pb2.LogLine) -> Line:
    text = line.message.encode()[:_LONGEST_LINE].decode(errors="ignore")
    level = worker_pb2.LogLevel.Name(line.level or worker_pb2.LOG_LEVEL_INFO).removeprefix("LOG_LEVEL_")
    return Line(line.time.ToDatetime(UTC).isoformat(), level, to_text(text))
