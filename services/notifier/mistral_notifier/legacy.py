"""Publishers that were written for OpenStack Mistral, of the group ``mistral.notification.publishers``.

Theirs is ``publish(context, execution id, data, event, timestamp, **settings)``; it may block, so it runs in a thread.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

from mistral_notifier.publisher import DeliveryFailed, Notice

GROUP: Final = "mistral.notification.publishers"
TOTAL_SECONDS: Final = 10.0

# Ours; all else of an entry is for the publisher.
_OURS: Final = frozenset({"type", "event_types", "format", "ordered"})


class Legacy:
    """What it returns from without an error is delivered.

    Args:
        publisher: An object with the method of theirs.
    """

    def __init__(self, publisher: Any) -> None:
        self._publisher = publisher

    async def publish(self, notice: Notice, options: Mapping[str, Any]) -> None:
        settings = {str(name): value for name, value in options.items() if name not in _OURS}
        data = json.loads(notice.payload)
        context = {"project_id": data.get("project_id"), "user_id": None, "auth_token": None}
        when = notice.created_at.isoformat(" ", "seconds")
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                await asyncio.to_thread(
                    self._publisher.publish, context, notice.execution_id, data, notice.event, when, **settings
                )
        except TimeoutError:
            raise DeliveryFailed(f"not done within {TOTAL_SECONDS:g} s", unreachable=True) from None

    async def close(self) -> None:
        """Theirs have nothing to let go of."""
