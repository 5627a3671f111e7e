"""One child process, as the executor sees it: started with nothing of ours, asked, and killed."""

import asyncio
import ctypes
import os
import shutil
import signal
import struct
import sys
import tempfile
from pathlib import Path

from mistral_executor.sandbox.frames import READY
from mistral_executor.sandbox.limits import Limits

_SET_DUMPABLE = 4
_STOP_SECONDS = 2.0
_MOST_SAID = 64 * 1024
_LENGTH = struct.Struct(">I")
# Few arenas: each takes address space, which is limited.
_ENVIRONMENT = {"PATH": os.defpath, "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2"}


def hide_from_children() -> None:
    """Have the kernel refuse other processes a look into this one, for the memory and variables that it has."""
    zero = ctypes.c_ulong(0)
    if ctypes.CDLL(None, use_errno=True).prctl(_SET_DUMPABLE, zero, zero, zero, zero) != 0:
        raise OSError(ctypes.get_errno(), "prctl was refused")


class WorkerDied(Exception):
    """The process ended before it answered; the message says how."""


class AnswerTooLarge(Exception):
    """It answered more than anybody wants to know."""


class Worker:
    """A child that answers one request at a time.

    Attributes:
        answered: Requests that it answered.
    """

    def __init__(self, process: asyncio.subprocess.Process, folder: str) -> None:
        self._process = process
        self._folder = folder
        self.answered = 0

    @classmethod
    async def start(cls, program: str, limits: Limits) -> "Worker":
        """Start a child in a new, empty folder of its own.

        Args:
            program: Module to run.
        """
        folder = tempfile.mkdtemp(prefix="mistral-sandbox-")
        try:
            process = await asyncio.create_subprocess_exec(
                # Isolated: neither variables nor the folder it is in say what it imports.
                *(sys.executable, "-I", "-B", "-m", program, limits.text()),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**_ENVIRONMENT, "HOME": folder, "TMPDIR": folder},
                cwd=folder,
                start_new_session=True,
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return cls(process, folder)

    async def ready(self) -> None:
        """Return when it waits for a request.

        Raises:
            WorkerDied: If it ends instead.
        """
        assert self._process.stderr is not None
        said = await self._process.stderr.read(1)
        if said != READY:
            said += await self._process.stderr.read(_MOST_SAID)
            code = await self._end()
            # Only what it says before it runs anything of others gets here.
            last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise WorkerDied(f"its process cannot work here: {last}" if last else _ended(code))

    async def ask(self, request: bytes, *, most_bytes: int) -> bytes:
        """Send a request to a child that is ready, and return the answer.

        Raises:
            WorkerDied: If it ends instead.
            AnswerTooLarge: If the answer is longer than ``most_bytes``; then it is of no more use.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(_LENGTH.pack(len(request)) + request)
            await self._process.stdin.drain()
            length = _LENGTH.unpack(await self._process.stdout.readexactly(_LENGTH.size))[0]
            if length > most_bytes:
                raise AnswerTooLarge(f"its answer has more than {most_bytes // 1024} KiB")
            answer = await self._process.stdout.readexactly(length)
        except (asyncio.IncompleteReadError, BrokenPipeError, ConnectionResetError):
            raise WorkerDied(_ended(await self._end())) from None
        self.answered += 1
        return answer

    def stop(self) -> None:
        """End it and what it runs at once."""
        if self._process.returncode is None:
            self._process.terminate()

    async def gone(self) -> None:
        """Return when it has ended and its folder is removed."""
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._end()
        except TimeoutError:
            self._process.kill()
            await self._end()
        await asyncio.to_thread(shutil.rmtree, Path(self._folder), ignore_errors=True)

    async def _end(self) -> int:
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.stop()
        # Its end is not noticed while something that it said is unread.
        await self._process.stdout.read()
        await self._process.stderr.read()
        return await self._process.wait()


def _ended(code: int) -> str:
    if code >= 0:
        return f"its process ended by itself, with code {code}"
    if -code in (signal.SIGXCPU, signal.SIGKILL):
        return "its process was killed, for it took too much processor time or memory"
    return f"its process was ended by {signal.Signals(-code).name}"
