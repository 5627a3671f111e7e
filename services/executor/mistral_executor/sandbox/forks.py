"""A child for every request, each a fork of one process that has everything imported and never sees a request.

So a run begins at once, and still finds nothing that an earlier one left: neither in memory, for the request is read
after the fork, nor in its folder. Only when it is gone does the next one come to be, and that is what we say "ready"
for, over a pipe that it does not have.
"""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from typing import NoReturn

from mistral_executor.sandbox.confinement import die_with_parent
from mistral_executor.sandbox.frames import READY, read, write


def serve_in_forks(confine: Callable[[], None], answer: Callable[[bytes], bytes]) -> NoReturn:
    """Answer requests until the other side is gone, or until a child ends in another way than by its answer."""
    die_with_parent()
    _try(confine)
    while True:
        folder = tempfile.mkdtemp(dir=os.getcwd())
        ours = os.getpid()
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _answer_once(ours, folder, confine, answer)
        _end_together_with(child)
        os.write(2, READY)
        _, status = os.waitpid(child, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        shutil.rmtree(folder, ignore_errors=True)
        if status:
            _end_like(status)


def _try(confine: Callable[[], None]) -> None:
    """End, saying why, if this machine cannot confine a process."""
    child = os.fork()
    if child == 0:
        confine()
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit(1)


def _answer_once(parent: int, folder: str, confine: Callable[[], None], answer: Callable[[bytes], bytes]) -> NoReturn:
    os.chdir(folder)
    os.environ.update(HOME=folder, TMPDIR=folder)
    tempfile.tempdir = None
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 2)
    confine()
    if os.getppid() != parent:
        # It was gone before we could ask to end with it.
        os._exit(1)
    request = read(0)
    if request is None:
        os._exit(1)
    target = os.dup(1)
    # What the code prints goes nowhere.
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    write(target, answer(request))
    os._exit(0)


def _end_together_with(child: int) -> None:
    """When told to end, end the child first: otherwise it would be left to whoever adopts it, dead or alive."""

    def end(number: int, frame: object) -> None:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os._exit(128 + number)

    signal.signal(signal.SIGTERM, end)


def _end_like(status: int) -> NoReturn:
    """End in the way of a child, so that it is known."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    sys.exit(os.waitstatus_to_exitcode(status))
