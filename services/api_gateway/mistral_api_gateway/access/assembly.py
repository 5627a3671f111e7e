"""The ways to prove who one is, put together as the settings say."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from mistral_api_gateway.access.api_keys import ApiKeys
from mistral_api_gateway.access.authenticator import AnyOf, Authenticator
from mistral_api_gateway.access.doors import Doors
from mistral_api_gateway.access.identity_http import identity_client
from mistral_api_gateway.access.keystone import Keystone
from mistral_api_gateway.access.oidc import Oidc
from mistral_api_gateway.access.settings import AccessSettings
from mistral_api_gateway.operations.store import Store


@dataclass(frozen=True, slots=True)
class Access:
    """What the gateway asks callers with.

    Attributes:
        doors: None while authentication is off.
        keys: What is known of API keys, to be forgotten when one is revoked here.
    """

    doors: Doors | None
    keys: ApiKeys


@asynccontextmanager
async def access(settings: AccessSettings, store: Store) -> AsyncIterator[Access]:
    """Have the ways that are switched on, for the length of the block."""
    keys = ApiKeys(store, seconds=settings.api_key_seconds)
    ways: list[Authenticator] = [keys] if settings.api_keys else []
    async with AsyncExitStack() as stack:
        if (oidc := settings.oidc) is not None:
            ways.append(Oidc(oidc, await stack.enter_async_context(identity_client(oidc.ca_file))))
        # Last, for a token of Keystone's may look like anything.
        if (keystone := settings.keystone) is not None:
            ways.append(Keystone(keystone, await stack.enter_async_context(identity_client(keystone.ca_file))))
        yield Access(Doors(AnyOf(tuple(ways))) if ways else None, keys)
