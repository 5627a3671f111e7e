"""The client for programs with a loop of asyncio; `Client` says what the methods do."""

# The time limits are those of waits, which end with an error that holds how things stand.
# ruff: noqa: ASYNC109

import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import grpc
import grpc.aio

from mistral_sdk.client import calls
from mistral_sdk.client.calls import Call
from mistral_sdk.client.errors import Conflict, ExecutionFailed, Unavailable, WaitTimeout, error_of
from mistral_sdk.client.executions import Event, Execution, State
from mistral_sdk.client.pauses import Pause
from mistral_sdk.codec import PayloadCodec
from mistral_sdk.connection import TLS, Connection, Token
from mistral_sdk.settings import codec_of

T = TypeVar("T")


class AsyncClient:
    """Starts workflows, waits for them, watches and steers them. Made within a running loop; close it at the end.

    What is not given is taken from the environment, as for `Worker`.

    Args:
        timeout: Seconds that a call may take; one that could not reach the mesh is repeated within them.
        codec: Encrypts marked input, and decrypts what is encrypted in outputs.
    """

    def __init__(
        self,
        address: str = "",
        *,
        token: Token = "",
        project: str = "",
        tls: TLS | bool | None = None,
        codec: PayloadCodec | None = None,
        timeout: float = 30.0,
        channel_options: Sequence[tuple[str, Any]] = (),
    ) -> None:
        self.connection = Connection.to(address, token=token, project=project, tls=tls, options=channel_options)
        self._codec = codec or codec_of()
        self._timeout = timeout
        self._channel = self.connection.async_channel()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connection."""
        await self._channel.close()

    async def upload(self, definition: str, *, namespace: str = "", replace: bool = True) -> list[str]:
        """Store the workflows of a document; returns their names.

        Args:
            replace: Whether workflows that are there are replaced; `Conflict` otherwise.
        """
        try:
            return await self._made(calls.create(definition, namespace))
        except Conflict:
            if not replace:
                raise
        return await self._made(calls.update(definition, namespace))

    async def start(
        self,
        workflow: str,
        input: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        namespace: str = "",
        description: str = "",
        id: str = "",
        key: str = "",
        encrypt: Iterable[str] = (),
    ) -> Execution:
        """Start a workflow; a repeat with the same ``id`` or ``key`` returns the same execution.

        Args:
            input: By parameter name.
            params: Start parameters, such as ``env``.
            id: UUID it shall have.
            key: Of your own, unique per logical start.
            encrypt: Ways to the values of the input to encrypt, such as ``card.number``.
        """
        return await self._made(
            calls.start(
                workflow,
                input,
                params=params,
                namespace=namespace,
                description=description,
                id=id,
                key=key,
                encrypt=encrypt,
                codec=self._codec,
            )
        )

    async def run(self, workflow: str, input: Any = None, *, timeout: float | None = None, **options: Any) -> Any:
        """Start a workflow as `start` does, wait for its end, and return its output.

        Raises:
            ExecutionFailed: If it ends other than well.
            WaitTimeout: If it is not over in time.
        """
        return await self.result((await self.start(workflow, input, **options)).id, timeout=timeout)

    async def get(self, id: str) -> Execution:
        """Return an execution as it stands."""
        return await self._made(calls.get(id, self._codec))

    async def wait(self, id: str, *, timeout: float | None = None) -> Execution:
        """Return an execution once it is final; None waits for ever. Raises `WaitTimeout`."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = calls.WAIT_SECONDS if end is None else min(calls.WAIT_SECONDS, end - time.monotonic())
            execution = await self._made(calls.get(id, self._codec, max(0.0, left)))
            if execution.state.final:
                return execution
            if end is not None and time.monotonic() >= end:
                raise WaitTimeout(f"execution {id} is {execution.state} after {timeout} s", execution)

    async def result(self, id: str, *, timeout: float | None = None) -> Any:
        """Wait for the end of an execution and return its output; raises what `run` does."""
        execution = await self.wait(id, timeout=timeout)
        if execution.state != State.SUCCESS:
            raise ExecutionFailed(execution)
        return execution.output

    async def watch(self, id: str, *, after: int = 0) -> AsyncIterator[Event]:
        """Yield what happened to an execution since a position, and then what happens, until it is final."""
        pause = Pause(self._timeout)
        while True:
            call = calls.watch(id, after)
            try:
                stream = self._channel.unary_stream(
                    call.method, type(call.request).SerializeToString, call.answer.FromString
                )
                async for answer in stream(call.request, metadata=tuple(self.connection.metadata())):
                    event = call.read(answer)
                    after = event.position
                    yield event
                    pause = Pause(self._timeout)
                return
            except grpc.RpcError as error:
                problem = error_of(error)
                if not isinstance(problem, Unavailable) or not await pause.again_async():
                    raise problem from None

    async def pause(self, id: str) -> Execution:
        """Let what runs in an execution finish, and start nothing further."""
        return await self._made(calls.pause(id, self._codec))

    async def resume(self, id: str, *, env: Mapping[str, Any] | None = None) -> Execution:
        """Go on with a paused execution."""
        return await self._made(calls.resume(id, env, self._codec))

    async def cancel(self, id: str, message: str = "") -> Execution:
        """End an execution now; workers are told to stop."""
        return await self._made(calls.stop(id, State.CANCELLED, message, self._codec))

    async def stop(self, id: str, state: State = State.ERROR, message: str = "") -> Execution:
        """End an execution now, in a final state."""
        return await self._made(calls.stop(id, state, message, self._codec))

    async def run_action(
        self, name: str, input: Any = None, *, encrypt: Iterable[str] = (), timeout: float = 60.0
    ) -> Any:
        """Run one action outside any workflow, wait, and return its result; raises `MeshError` if it fails."""
        return await self._made(calls.run_action(name, input, encrypt=encrypt, timeout=timeout, codec=self._codec))

    async def complete(self, key: str, result: Any = None) -> None:
        """End a deferred run well; ``key`` is the id of its action execution or its token."""
        await self._made(calls.complete(key, State.SUCCESS, result))

    async def fail(
        self, key: str, message: str, *, type: str = "", details: Any = None, permanent: bool = False
    ) -> None:
        """End a deferred run badly; ``permanent`` counts with a token only."""
        await self._made(calls.complete(key, State.ERROR, calls.failure(message, type, details), permanent))

    async def _made(self, call: Call[T]) -> T:
        """Make a call, and again while the mesh cannot be reached."""
        pause = Pause(self._timeout)
        method = self._channel.unary_unary(call.method, type(call.request).SerializeToString, call.answer.FromString)
        while True:
            try:
                metadata = tuple(self.connection.metadata())
                return call.read(await method(call.request, timeout=pause.left + call.patience, metadata=metadata))
            except grpc.RpcError as error:
                problem = error_of(error)
                if problem.code != "UNAVAILABLE" or not await pause.again_async():
                    raise problem from None
