"""Run the scheduler until told to stop: ``python -m mistral_scheduler``."""

import os
import sys

from mistral_runtime import logs
from mistral_runtime.lifecycle import run, until_stopped
from mistral_runtime.settings import SettingError
from mistral_scheduler.app import running
from mistral_scheduler.settings import SchedulerSettings


async def main(settings: SchedulerSettings) -> None:
    async with running(settings):
        await until_stopped()


if __name__ == "__main__":
    try:
        _settings = SchedulerSettings.read(os.environ)
    except SettingError as error:
        sys.exit(str(error))
    logs.configure(_settings.service.name, _settings.service.log_level, _settings.service.log_format)
    run(main(_settings))
