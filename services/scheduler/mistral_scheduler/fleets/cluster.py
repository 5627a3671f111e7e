"""The API of the Kubernetes cluster that this service runs in, or one that is named by address."""

from pathlib import Path
from typing import Any, Final

import httpx

from mistral_scheduler.fleets.settings import ClusterSettings

_SECONDS: Final = 10.0


class Cluster:
    """Makes calls as the service account."""

    def __init__(self, settings: ClusterSettings) -> None:
        self._settings = settings
        self.namespace = settings.namespace
        verify: Any = settings.ca_file if settings.ca_file and Path(settings.ca_file).exists() else True
        self._client = httpx.AsyncClient(base_url=settings.url, timeout=_SECONDS, verify=verify)

    async def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Make a call.

        Raises:
            httpx.HTTPError: If the cluster does not answer.
        """
        return await self._client.request(method, path, headers=self._headers(), **more)

    async def close(self) -> None:
        await self._client.aclose()

    def _headers(self) -> dict[str, str]:
        try:
            return {"Authorization": f"Bearer {self._settings.token_file.read_text().strip()}"}
        except OSError:
            return {}
