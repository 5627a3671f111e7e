"""Temporary workers as processes on this machine, each in a session of its own.

A process is known by its id and the moment it began, so another one that got its number later is not taken for it.
Workers outlive a scheduler that dies: the next one on this machine finds them by their handles.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from mistral_core.fleet_templates import ProcessTemplate
from mistral_scheduler.fleets.driver import CannotStart, Ended, NewWorker

_log = logging.getLogger(__name__)

_LAST_WORDS = 2_000
# Settings of the mesh, and whatever secrets are in them, are none of a worker's business.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")


class Processes:
    """Starts processes, and knows how those ended that it started.

    Args:
        folder: Where each worker has a folder with its output, and which is its own unless the template names one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._host = socket.gethostname()
        self._children: dict[str, asyncio.subprocess.Process] = {}
        self._killing: set[asyncio.Task[None]] = set()

    async def start(self, worker: NewWorker) -> str:
        template = worker.template
        if not isinstance(template, ProcessTemplate):
            raise CannotStart("The template is none of a process")
        if worker.id in self._children:
            return self._handle(self._children[worker.id].pid)
        home = self._folder / worker.id
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        try:
            with _output(home) as output:
                process = await asyncio.create_subprocess_exec(
                    *template.command,
                    cwd=template.directory or home,
                    env={**kept, **worker.env, **template.env},
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
        except (OSError, ValueError) as error:
            shutil.rmtree(home, ignore_errors=True)
            raise CannotStart(f"{template.command[0]}: {error.__class__.__name__}: {error}") from None
        self._children[worker.id] = process
        return self._handle(process.pid)

    async def stop(self, worker_id: str, handle: str, grace_seconds: float) -> None:
        if (pid := self._pid(handle)) is None:
            return
        _signal(pid, signal.SIGTERM)
        task = asyncio.create_task(self._kill_later(handle, grace_seconds), name=f"end of worker {worker_id}")
        self._killing.add(task)
        task.add_done_callback(self._killing.discard)

    async def ended(self, alive: Mapping[str, str]) -> list[Ended]:
        found = []
        for worker_id, handle in alive.items():
            child = self._children.get(worker_id)
            if child is not None:
                if child.returncode is not None:
                    found.append(Ended(worker_id, self._reason(worker_id, child.returncode)))
                    self._forget(worker_id)
            elif self._ours(handle) and self._pid(handle) is None:
                # Started by a scheduler before this one: how it ended nobody can tell any more.
                found.append(Ended(worker_id))
                self._forget(worker_id)
        return found

    async def close(self) -> None:
        for task in self._killing:
            task.cancel()

    async def _kill_later(self, handle: str, grace_seconds: float) -> None:
        await asyncio.sleep(grace_seconds)
        if (pid := self._pid(handle)) is not None:
            _log.warning("the worker %s did not leave within %g s and is killed", handle, grace_seconds)
            _signal(pid, signal.SIGKILL)

    def _forget(self, worker_id: str) -> None:
        self._children.pop(worker_id, None)
        shutil.rmtree(self._folder / worker_id, ignore_errors=True)

    def _reason(self, worker_id: str, code: int) -> str:
        if code in (0, -signal.SIGTERM):
            return ""
        how = f"killed by signal {-code}" if code < 0 else f"exit status {code}"
        try:
            said = (self._folder / worker_id / "output.log").read_bytes()[-_LAST_WORDS:].decode("utf-8", "replace")
        except OSError:
            said = ""
        return f"{how}: {said.strip()}" if said.strip() else how

    def _handle(self, pid: int) -> str:
        return f"{self._host}/{pid}/{_began(pid)}"

    def _ours(self, handle: str) -> bool:
        return handle.startswith(f"{self._host}/")

    def _pid(self, handle: str) -> int | None:
        """Return the process id of a handle while that very process lives on this machine."""
        host, _, rest = handle.partition("/")
        number, _, began = rest.partition("/")
        if host != self._host or not number.isdecimal():
            return None
        return int(number) if _began(int(number)) == began else None


def _began(pid: int) -> str:
    """Return when a process began, in ticks since the boot; empty if it lives no more."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def _output(home: Path) -> IO[bytes]:
    home.mkdir(parents=True, exist_ok=True)
    return (home / "output.log").open("ab")


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
