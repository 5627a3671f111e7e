"""The publishers that are installed, ours and those of others, found by their entry points."""

from importlib.metadata import entry_points
from typing import Final

from mistral_notifier import legacy
from mistral_notifier.publisher import DeliveryFailed, Publisher
from mistral_runtime.settings import Environment

GROUP: Final = "mistral_mesh.publishers"


class Publishers:
    """The publishers of this process by type; each is made when first needed."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._found = {point.name: point for point in entry_points(group=GROUP)}
        self._legacy = {point.name: point for point in entry_points(group=legacy.GROUP)}
        self._made: dict[str, Publisher] = {}

    def __getitem__(self, kind: str) -> Publisher:
        """Return the publisher of a type.

        Raises:
            DeliveryFailed: If there is none, for good.
        """
        if kind not in self._made:
            if kind in self._found:
                self._made[kind] = self._found[kind].load()(self._environment)
            elif kind in self._legacy:
                self._made[kind] = legacy.Legacy(self._legacy[kind].load()())
            else:
                raise DeliveryFailed(f"there is no publisher of type {kind[:100]!r}", permanent=True)
        return self._made[kind]

    async def close(self) -> None:
        for publisher in self._made.values():
            await publisher.close()
