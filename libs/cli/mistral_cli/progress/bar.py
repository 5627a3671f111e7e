"""Progress of work in many equal steps: one line on a terminal that goes away when all is done, nothing elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType

from mistral_cli.surroundings import current
from mistral_cli.terminal import columns, cut, is_terminal, styled

_APART_SECONDS = 0.1
_WIDTH = 24
_FEW = 4


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show on a terminal that something is waited for, and leave nothing behind."""
    if current().quiet or not is_terminal(sys.stderr):
        yield
        return
    from mistral_cli.printing import console

    with console(stderr=True).status(text):
        yield


class Bar(AbstractContextManager["Bar"]):
    """Shows how many of so many steps are done; small work shows nothing."""

    def __init__(self, steps: int, what: str = "") -> None:
        self.steps = steps
        self._what = what
        self._done = 0
        self._drawn = False
        self._next = 0.0
        self._is_shown = steps >= _FEW and is_terminal(sys.stderr) and not current().quiet

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def step(self, *, to: int | None = None) -> None:
        """Take a step, or all steps up to a number."""
        self._done = self._done + 1 if to is None else to
        if self._is_shown and time.monotonic() >= self._next:
            self._next = time.monotonic() + _APART_SECONDS
            self._draw()

    def told(self, line: str, *, error: bool = False) -> None:
        """Print a line above the bar."""
        self.clear()
        print(styled(line, "red", sys.stderr) if error else line, file=sys.stderr)

    def clear(self) -> None:
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._drawn = False

    def _draw(self) -> None:
        full = self._done * _WIDTH // self.steps
        line = f"{'█' * full}{'░' * (_WIDTH - full)} {self._done} of {self.steps} {self._what}".rstrip()
        sys.stderr.write("\r" + cut(line, (columns(sys.stderr) or 80) - 1) + "\x1b[K")
        sys.stderr.flush()
        self._drawn = True
