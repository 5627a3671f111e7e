"""The publisher that writes each notice to the log of the service."""

import logging
from collections.abc import Mapping
from typing import Any

from mistral_notifier.publisher import Notice
from mistral_runtime.settings import Environment

_log = logging.getLogger("mistral.notices")


class Log:
    """One line per notice, at level INFO."""

    def __init__(self, environment: Environment) -> None:
        del environment

    async def publish(self, notice: Notice, options: Mapping[str, Any]) -> None:
        _log.info("%s of execution %s: %s", notice.event, notice.execution_id, notice.payload)

    async def close(self) -> None:
        """There is nothing to let go of."""
