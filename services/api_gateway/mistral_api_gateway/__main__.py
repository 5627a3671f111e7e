"""Run the gateway until told to stop: ``python -m mistral_api_gateway``."""

import gc
import os

from mistral_api_gateway.app import running
from mistral_api_gateway.settings import GatewaySettings
from mistral_core.expressions import check
from mistral_runtime.lifecycle import run, until_stopped
from mistral_runtime.logs import configure


async def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = GatewaySettings.read(os.environ)
    configure(settings.service.name, settings.service.log_level, settings.service.log_format)
    # Builds what the first expression would wait for otherwise.
    check("<% $ %>")
    check("{{ _ }}")
    async with running(settings):
        # What there is now stays: looking through it for garbage takes longer than most answers, long lists above all.
        gc.collect()
        gc.freeze()
        await until_stopped()


if __name__ == "__main__":
    run(main())
