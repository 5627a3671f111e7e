"""One process that evaluates, as the service sees it: asked in place for a moment, then waited for."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from typing import Self

import msgspec

from mistral_runtime.expressions import frames
from mistral_runtime.expressions.evaluation import BROKE_OFF, Evaluation, Outcome
from mistral_runtime.expressions.settings import ExpressionSettings

_PIECE = 1 << 20
_START_SECONDS = 60.0
# No secret of the service is among these.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


class WorkerLost(Exception):
    """The process has ended, or says what makes no sense."""


class Worker:
    """A process that does one evaluation at a time.

    Attributes:
        lost: It has ended or must be ended.
        leaving: It ends by itself after what it does now.
    """

    def __init__(self, process: subprocess.Popen[bytes], connection: socket.socket, largest: int) -> None:
        self._process = process
        self._connection = connection
        self._reader = frames.Reader(largest)
        self.lost = False
        self.leaving = False

    @classmethod
    async def started(cls, settings: ExpressionSettings) -> Self:
        """Start a process and return once it can evaluate.

        Raises:
            WorkerLost: If it does not come up.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.to_thread(_spawned, theirs, settings)
        # A character takes at most six bytes of JSON.
        worker = cls(process, ours, 6 * settings.output + _PIECE)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await worker._receive()
        except BaseException as error:
            worker.kill()
            if isinstance(error, TimeoutError):
                raise WorkerLost from None
            raise
        return worker

    @classmethod
    def started_at_once(cls, settings: ExpressionSettings) -> Self:
        """Start a process while nothing else is done.

        Raises:
            WorkerLost, OSError: If it does not come up.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            worker = cls(_spawned(theirs, settings), ours, 6 * settings.output + _PIECE)
        try:
            worker._receive_in_place(time.monotonic() + _START_SECONDS)
        except BaseException:
            worker.kill()
            raise
        return worker

    @property
    def pid(self) -> int:
        return self._process.pid

    def attempt(self, evaluation: Evaluation, seconds: float) -> Outcome | None:
        """Evaluate while nothing else is done; return None if it takes longer or the process is lost."""
        until = time.monotonic() + seconds
        try:
            self._send_in_place(frames.frame(frames.EVALUATE, evaluation.body), until)
            while True:
                kind, body = self._receive_in_place(until)
                if kind == frames.LEAVING:
                    self.leaving = True
                elif kind != frames.ASK:
                    return self._outcome(evaluation, kind, body)
                else:
                    self._send_in_place(self._answer(evaluation, body), until)
        except TimeoutError:
            return None
        except (OSError, WorkerLost):
            # It may have been dead before; another one is to tell.
            self.lost = True
            return None

    async def finish(self, evaluation: Evaluation, seconds: float, *, begun: bool) -> Outcome:
        """Evaluate, or wait for the end of what was begun; a process that takes too long is lost."""
        try:
            async with asyncio.timeout(seconds):
                if not begun:
                    await self._send(frames.frame(frames.EVALUATE, evaluation.body))
                while True:
                    kind, body = await self._receive()
                    if kind == frames.LEAVING:
                        self.leaving = True
                    elif kind != frames.ASK:
                        return self._outcome(evaluation, kind, body)
                    else:
                        await self._send(self._answer(evaluation, body))
        except asyncio.CancelledError:
            self.lost = True
            raise
        except TimeoutError:
            self.lost = True
            return Outcome(failure=evaluation.failed(f"it takes longer than {seconds:g} seconds"))
        except (OSError, WorkerLost):
            self.lost = True
            return Outcome(failure=evaluation.failed(BROKE_OFF))

    def kill(self) -> None:
        """End the process, whatever it does."""
        self.lost = True
        self._connection.close()
        self._process.kill()
        # It is dead at once, but for what the system has to take back.
        threading.Thread(target=self._process.wait, daemon=True).start()

    def _answer(self, evaluation: Evaluation, body: bytes) -> bytes:
        try:
            return evaluation.answer(body)
        except ValueError:
            raise WorkerLost from None
        except BaseException:
            # The decision is broken off, not only the expression: the process is to be free for the next.
            self._drop()
            raise

    def _drop(self) -> None:
        try:
            self._send_in_place(frames.frame(frames.DROP), time.monotonic() + 1)
        except OSError:
            self.lost = True

    def _outcome(self, evaluation: Evaluation, kind: bytes, body: bytes) -> Outcome:
        try:
            return evaluation.outcome(kind, body)
        except (ValueError, TypeError, RecursionError):
            raise WorkerLost from None

    def _send_in_place(self, data: bytes, until: float) -> None:
        try:
            self._connection.settimeout(max(until - time.monotonic(), 0.001))
            self._connection.sendall(data)
        except TimeoutError:
            # Half a frame was sent perhaps.
            self.lost = True
            raise

    def _receive_in_place(self, until: float) -> tuple[bytes, bytes]:
        while (found := self._reader.take()) is None:
            self._connection.settimeout(max(until - time.monotonic(), 0.001))
            self._feed(self._connection.recv(_PIECE))
        return found

    async def _send(self, data: bytes) -> None:
        self._connection.setblocking(False)
        await asyncio.get_running_loop().sock_sendall(self._connection, data)

    async def _receive(self) -> tuple[bytes, bytes]:
        self._connection.setblocking(False)
        while (found := self._reader.take()) is None:
            self._feed(await asyncio.get_running_loop().sock_recv(self._connection, _PIECE))
        return found

    def _feed(self, piece: bytes) -> None:
        if not piece:
            raise WorkerLost
        try:
            self._reader.feed(piece)
        except ValueError:
            raise WorkerLost from None


def _spawned(theirs: socket.socket, settings: ExpressionSettings) -> subprocess.Popen[bytes]:
    descriptor = str(theirs.fileno())
    return subprocess.Popen(
        [sys.executable, "-m", "mistral_runtime.expressions.child", descriptor, msgspec.json.encode(settings).decode()],
        pass_fds=(theirs.fileno(),),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
    )
