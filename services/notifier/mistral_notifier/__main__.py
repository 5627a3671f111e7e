"""Run the notifier until told to stop: ``python -m mistral_notifier``."""

import os
import sys

from mistral_notifier.app import running
from mistral_notifier.settings import NotifierSettings
from mistral_runtime import logs
from mistral_runtime.lifecycle import run, until_stopped
from mistral_runtime.settings import SettingError


async def main(settings: NotifierSettings) -> None:
    async with running(settings):
        await until_stopped()


if __name__ == "__main__":
    try:
        _settings = NotifierSettings.read(os.environ)
    except SettingError as error:
        sys.exit(str(error))
    logs.configure(_settings.service.name, _settings.service.log_level, _settings.service.log_format)
    run(main(_settings))
