"""Run an engine until told to stop: ``python -m mistral_engine``."""

import gc
import os

from mistral_core.expressions import check
from mistral_engine.app import running
from mistral_engine.settings import Settings
from mistral_runtime.lifecycle import run, until_stopped

# Records are many, live long and form no cycles: looking through them for garbage often is a third of the cost.
_COLLECT_AFTER = (200_000, 20, 100)


async def main() -> None:
    # Builds what the first expression would wait for otherwise, a seventh of a second.
    check("<% $ %>")
    check("{{ _ }}")
    async with running(Settings.read(os.environ)):
        gc.freeze()
        gc.set_threshold(*_COLLECT_AFTER)
        await until_stopped()


if __name__ == "__main__":
    run(main())
