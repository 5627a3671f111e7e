"""One ordeal: 200 workflows run, something happens in the middle, and all must come out right."""

import asyncio
import json
import os
import time
from dataclasses import asdict, dataclass
from itertools import count

from tests.system.client import Client, client
from tests.system.counting import World
from tests.system.havoc import Deed, Victim
from tests.system.invariants import violations_at_rest
from tests.system.workload import DEFINITIONS, Run, complaints, mixture, untold

REPORT = "MISTRAL_CRASH_REPORT"
"""Names a file that gets a JSON line for each ordeal."""

_SPREAD_SECONDS = 2.0
_DEED_AFTER_SECONDS = 1.0
_PATIENCE_SECONDS = 60.0
_NOTICE_SECONDS = 20.0
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Figures:
    """How an ordeal went.

    Attributes:
        answering_seconds: From the deed until a workflow that was started after it had run.
        done_seconds: From the deed until the last of all workflows had ended.
        repeats: Calls that clients had to repeat.
    """

    name: str
    answering_seconds: float
    done_seconds: float
    repeats: int

    def report(self) -> None:
        """Print it, and leave it for whoever gathers the figures of many."""
        print(
            f"\n{self.name}: answered again after {self.answering_seconds:.2f} s, all done after"
            f" {self.done_seconds:.2f} s, {self.repeats} calls repeated"
        )
        if path := os.environ.get(REPORT):
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(self)) + "\n")


async def survive(
    victim: Victim, world: World, name: str, deed: Deed, *, probe: str = "crash_probe", executor_dies: bool = False
) -> Figures:
    """Run the mixture, do the deed in the middle of it, and check everything afterwards.

    Args:
        probe: Workflow that shows that what was hurt works again.
        executor_dies: Whether actions that must not run twice may be given up.
    """
    await victim.settled()
    runs = mixture(world, f"{name.replace(' ', '-')}-{next(_numbers)}-{os.getpid()}")
    async with client(victim.grpc_address) as caller, asyncio.timeout(_PATIENCE_SECONDS + _SPREAD_SECONDS):
        await caller.define(DEFINITIONS)
        hurting = asyncio.create_task(_hurt(victim, caller, deed, probe))
        began = time.monotonic()
        try:
            async with asyncio.TaskGroup() as group:
                for number, run in enumerate(runs):
                    group.create_task(_through(caller, run, number * _SPREAD_SECONDS / len(runs)))
        except TimeoutError:
            unended = [f"{run.workflow} {run.id}" for run in runs if not run.state]
            raise AssertionError(f"{len(unended)} did not end in time: {unended[:10]}") from None
        done = time.monotonic() - began - _DEED_AFTER_SECONDS
        answering = await hurting
    figures = Figures(name, round(answering, 3), round(done, 3), caller.repeats)
    figures.report()
    wrong = complaints(runs, world, executor_died=executor_dies)
    assert not wrong, "\n".join(wrong[:20])
    await _told(runs, world)
    await victim.settled()
    wrong = await violations_at_rest(victim.dsn)
    assert not wrong, "\n".join(wrong)
    return figures


async def _through(caller: Client, run: Run, after: float) -> None:
    await asyncio.sleep(after)
    await caller.start(run)
    if run.hold:
        await caller.hold(run)
    if run.workflow == "crash_asked":
        await caller.answer(run)
    await caller.finish(run)


async def _hurt(victim: Victim, caller: Client, deed: Deed, probe: str) -> float:
    await asyncio.sleep(_DEED_AFTER_SECONDS)
    doing = asyncio.create_task(deed(victim))
    # The deed may go on for a while; what was hurt has to be hurt already.
    await asyncio.sleep(0)
    answering = await caller.probe(probe)
    await doing
    return answering


async def _told(runs: list[Run], world: World) -> None:
    deadline = time.monotonic() + _NOTICE_SECONDS
    while (silent := untold(runs, world)) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    assert not silent, f"{len(silent)} notices never came: {silent[:10]}"
