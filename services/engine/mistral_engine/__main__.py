"""Run an engine until told to stop: ``python -m mistral_engine``."""

import os

from mistral_engine.app import running
from mistral_engine.settings import Settings
from mistral_runtime.lifecycle import run, until_stopped


async def main() -> None:
    async with running(Settings.read(os.environ)):
        await until_stopped()


if __name__ == "__main__":
    run(main())
