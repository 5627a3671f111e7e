"""What one HTTP connection may ask of us: a head of bounded size, and no silence from the start."""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT: Final = 64 * 1024
"""Most bytes of a request's line and headers, give or take what arrives at once."""


class BoundedProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, which by itself would keep headers of any length."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Close the connection if nothing is asked for."""
        super().connection_made(transport)
        self._head = 0
        self._in_head = True
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def data_received(self, data: bytes) -> None:
        """Count what is the head's; refuse one that has no end."""
        if self._in_head and self._head > HEAD_LIMIT:
            self.send_400_response("The head of a request is too large.")
            return
        super().data_received(data)
        if self._in_head:
            self._head += len(data)

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting."""
        self._in_head = False
        self._head = 0
        super().on_headers_complete()
