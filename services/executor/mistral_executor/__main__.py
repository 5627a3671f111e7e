"""Run the executor until told to stop: ``python -m mistral_executor``."""

import os

from mistral_executor.app import running
from mistral_executor.settings import ExecutorSettings
from mistral_runtime.lifecycle import run, until_stopped


async def main() -> None:
    async with running(ExecutorSettings.read(os.environ)):
        await until_stopped()


if __name__ == "__main__":
    run(main())
