"""A worker without an SDK: the protocol alone, as small as it can be. See tests/sdk/README.md for what it offers."""

import asyncio
import os
import signal
import sys
from uuid import uuid4

import grpc
import grpc.aio
from handlers import OFFERS, Run, outcome

from mistral.v1 import worker_pb2 as worker
from mistral.v1 import worker_service_pb2 as service
from mistral.v1.worker_service_pb2_grpc import WorkerServiceStub

SLOTS = int(os.environ.get("MISTRAL_SLOTS", "4"))
TOKEN = os.environ.get("MISTRAL_TOKEN", "")
LABELS = dict(pair.split("=", 1) for pair in os.environ.get("MISTRAL_LABELS", "").split(",") if pair)
FATAL = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.FAILED_PRECONDITION,
}
LIMITS = [("grpc.max_receive_message_length", 64 << 20), ("grpc.max_send_message_length", 64 << 20)]
PAUSE_SECONDS = 0.1


class Worker:
    """Everything in hand, and the session that lasts."""

    def __init__(self, stub: WorkerServiceStub) -> None:
        self.stub = stub
        self.instance = uuid4().hex
        self.runs: dict[str, Run] = {}
        self.results: dict[str, worker.AssignmentResult] = {}
        self.outbox: asyncio.Queue[service.WorkRequest | None] = asyncio.Queue()
        self.draining = False
        self.background: set[asyncio.Task[None]] = set()

    async def work(self) -> None:
        """Keep a session until it has drained."""
        while not (self.draining and not self.runs):
            try:
                await self.session()
            except grpc.aio.AioRpcError as error:
                print(f"session ended: {error.code().name}: {error.details()}", file=sys.stderr, flush=True)
                if error.code() in FATAL:
                    sys.exit(1)
                await asyncio.sleep(PAUSE_SECONDS)

    async def session(self) -> None:
        self.outbox = asyncio.Queue()
        call = self.stub.Work(metadata=[("authorization", f"Bearer {TOKEN}")] if TOKEN else None)
        held = [worker.HeldAssignment(token=token, finished=token in self.results) for token in self.runs]
        await call.write(service.WorkRequest(hello=service.WorkerHello(worker=self.description(), held=held)))
        writing = asyncio.create_task(self.write(call))
        beating: asyncio.Task[None] | None = None
        try:
            while (answer := await call.read()) is not grpc.aio.EOF:
                kind = answer.WhichOneof("message")
                if kind == "welcome":
                    self.welcome(answer.welcome)
                    beating = asyncio.create_task(self.beat(answer.welcome.terms))
                elif kind == "go_away":
                    return
                else:
                    getattr(self, f"on_{kind}")(getattr(answer, kind))
        finally:
            writing.cancel()
            if beating:
                beating.cancel()
            call.cancel()

    async def write(self, call: "grpc.aio.StreamStreamCall[service.WorkRequest, service.WorkResponse]") -> None:
        while (message := await self.outbox.get()) is not None:
            try:
                await call.write(message)
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                return
            if message.HasField("results"):
                for result in message.results.results:
                    await self.runs[result.token].after_result()
        await call.done_writing()

    async def beat(self, terms: worker.WorkerTerms) -> None:
        while True:
            await asyncio.sleep(terms.heartbeat_interval.ToTimedelta().total_seconds())
            if self.runs:
                self.say(heartbeat=service.WorkerHeartbeat(tokens=list(self.runs)))

    def say(self, **message: object) -> None:
        self.outbox.put_nowait(service.WorkRequest(**message))  # type: ignore[arg-type]

    def description(self) -> worker.WorkerDescription:
        return worker.WorkerDescription(
            id=os.environ["MISTRAL_WORKER_ID"],
            instance=self.instance,
            sdk="raw",
            sdk_version="0",
            actions=OFFERS,
            labels=LABELS,
            slots=SLOTS,
        )

    def welcome(self, welcome: service.ServerWelcome) -> None:
        for rejection in welcome.rejections:
            self.drop(rejection.token)
        for result in self.results.values():
            self.say(results=service.WorkerResults(results=[result]))
        if self.draining:
            self.say(drain=service.WorkerDrain())
        elif len(self.runs) < SLOTS:
            self.say(credits=service.WorkerCredits(more=SLOTS - len(self.runs)))
        print("ready", flush=True)

    def on_assignments(self, message: service.ServerAssignments) -> None:
        runs = [Run(assignment, self.say) for assignment in message.assignments]
        for run in runs:
            run.before_ack()
            self.runs[run.token] = run
        self.say(acks=service.WorkerAcks(tokens=[run.token for run in runs]))
        for run in runs:
            run.task = asyncio.create_task(self.run(run))

    async def run(self, run: Run) -> None:
        result = await outcome(run)
        if run.token not in self.runs:
            return
        self.results[run.token] = result
        self.say(results=service.WorkerResults(results=[result]))

    def on_recorded(self, message: service.ServerRecorded) -> None:
        for token in message.tokens:
            self.drop(token)
            self.one_more()

    def on_cancels(self, message: service.ServerCancels) -> None:
        for cancel in message.cancels:
            run = self.runs.get(cancel.token)
            if run and run.task and cancel.token not in self.results:
                run.task.cancel()

    def on_rejections(self, message: service.ServerRejections) -> None:
        for rejection in message.rejections:
            print(f"rejected: {rejection.reason} {rejection.message}", file=sys.stderr, flush=True)
            if self.drop(rejection.token):
                self.one_more()

    def drop(self, token: str) -> bool:
        self.results.pop(token, None)
        run = self.runs.pop(token, None)
        if run and run.task:
            run.task.cancel()
        return run is not None

    def one_more(self) -> None:
        if not self.draining:
            self.say(credits=service.WorkerCredits(more=1))
        elif not self.runs:
            self.outbox.put_nowait(None)

    def drain(self) -> None:
        self.draining = True
        self.say(drain=service.WorkerDrain())
        if not self.runs:
            self.outbox.put_nowait(None)


async def main() -> None:
    async with grpc.aio.insecure_channel(os.environ["MISTRAL_GRPC"], options=LIMITS) as channel:
        mine = Worker(WorkerServiceStub(channel))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, mine.drain)
        await mine.work()


if __name__ == "__main__":
    asyncio.run(main())
