"""Where one scenario is played: its workers, its executions, and the files that handlers write to."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from mistral_mesh import status
from tests.sdk.conformance.asking import Asking
from tests.sdk.conformance.hand import Hand
from tests.sdk.conformance.scenarios import Scenario
from tests.sdk.conformance.sealing import sealed
from tests.sdk.languages import Program
from tests.system.havoc import Victim

PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.02


def door(victim: Victim) -> str:
    """Return where workers connect to: the public port, or a service within the mesh that the environment names."""
    named = os.environ.get("MISTRAL_TEST_SDK_DOOR")
    now = status(victim.home)
    return next(each.address for each in now.programs if each.name == named) if named and now else victim.grpc_address


class Stage:
    """Everything of one scenario."""

    def __init__(self, scenario: Scenario, program: Program, victim: Victim, asking: Asking, folder: Path) -> None:
        self.scenario = scenario
        self.program = program
        self.victim = victim
        self.asking = asking
        self.file = folder / "lines.txt"
        self.once = folder / "once"
        self.mark = uuid4().hex[:8]
        self.hands: dict[str, Hand] = {}
        self.past: list[Hand] = []
        self.executions: list[str] = []

    def start_worker(self, name: str, *, slots: int = 4, labels: dict[str, str] | None = None) -> None:
        """Run a worker and wait until it is welcomed; one of the same name is replaced, and goes on."""
        if name in self.hands:
            self.past.append(self.hands[name])
        hand = Hand(self.program, door(self.victim), name=f"{name}-{self.mark}", slots=slots, labels=labels or {})
        self.hands[name] = hand
        hand.wait_until_ready()

    def start(self) -> None:
        """Define the workflow and start its executions."""
        workflow = f"conformance_{self.mark}"
        result = "<% task(t).result %>"
        body = {
            "input": ["given"],
            "output": {"result": result},
            "output-on-error": {"result": result},
            "tasks": {"t": {**self.scenario.task, "input": "<% $.given %>"}},
        }
        self.asking.define({"version": "2.0", workflow: body})
        given = self.meant(self.scenario.input)
        for _ in range(self.scenario.runs):
            self.executions.append(self.asking.start(workflow, {"given": given}))

    def meant(self, value: Any) -> Any:
        """Put in what placeholders stand for."""
        match value:
            case "<file>":
                return str(self.file)
            case "<once>":
                return str(self.once)
            case {"times": [text, count]}:
                return text * count
            case {"sealed": plain}:
                return sealed(plain)
            case dict():
                return {key: self.meant(item) for key, item in value.items()}
            case list():
                return [self.meant(item) for item in value]
        return value

    def lines(self) -> list[tuple[str, str]]:
        """Return what handlers wrote: event and worker, as the scenario names it."""
        text = self.file.read_text() if self.file.exists() else ""
        found = []
        for line in text.splitlines():
            event, worker, _, attempt = line.split(" ")
            assert re.fullmatch(r"[1-9]\d*", attempt), line
            found.append((event, worker.removesuffix(f"-{self.mark}")))
        return found

    def counts(self) -> Counter[str]:
        """Return how often each event was written."""
        return Counter(event for event, _ in self.lines())

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for something; fails with all that is known when it does not come."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain for {what}\n{self}"
            time.sleep(_LOOK_SECONDS)

    def close(self) -> None:
        """End the workers, and what is left of the executions."""
        for hand in (*self.hands.values(), *self.past):
            hand.close()
        for execution in self.executions:
            self.asking.stop(execution, "CANCELLED")

    def __str__(self) -> str:
        hands = "\n".join(map(str, (*self.past, *self.hands.values())))
        told = "\n".join(self.asking.told(execution) for execution in self.executions[:3])
        return f"{hands}\nlines: {self.lines()[-100:]}\n{told}"
