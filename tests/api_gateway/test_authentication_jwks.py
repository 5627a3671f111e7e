"""The keys of an issuer over time: fetched when needed, not too often, and not believed for ever."""

from collections.abc import Iterator
from typing import Any

import pytest

from mistral_api_gateway.access.jwks import FRESH_SECONDS, STALE_SECONDS, KeySet
from mistral_core.errors import Unauthenticated, Unavailable
from tests.api_gateway.issuer import Issuer, issuer, public


@pytest.fixture
def idp() -> Iterator[Issuer]:
    with issuer() as found:
        found.new_key("k1")
        yield found


class Keys:
    """An issuer's keys with a clock of the test's own."""

    def __init__(self, idp: Issuer) -> None:
        self.now = 1000.0
        self.fetches = 0
        self.away = False
        self._idp = idp
        self.set = KeySet(self._fetch, lambda: self.now)

    async def _fetch(self) -> list[dict[str, Any]]:
        self.fetches += 1
        if self.away:
            raise Unavailable("away")
        return [public(kid, *key) for kid, key in self._idp.keys.items()]


@pytest.fixture
def kept(idp: Issuer) -> Keys:
    return Keys(idp)


async def test_a_new_key_is_found_when_a_token_names_it(idp, kept):
    await kept.set.key("k1", "ES256")
    idp.new_key("k2")
    kept.now += 11

    assert await kept.set.key("k2", "ES256") is not None
    assert kept.fetches == 2


async def test_made_up_keys_do_not_make_us_flood_the_issuer(kept):
    for number in range(20):
        with pytest.raises(Unauthenticated):
            await kept.set.key(f"made-up-{number}", "ES256")
    assert kept.fetches == 1


async def test_a_key_that_was_withdrawn_is_not_believed_for_long(idp, kept):
    await kept.set.key("k1", "ES256")
    del idp.keys["k1"]
    kept.now += FRESH_SECONDS + 1
    with pytest.raises(Unauthenticated):
        await kept.set.key("k1", "ES256")


async def test_keys_are_believed_for_a_while_when_the_issuer_is_away(kept):
    await kept.set.key("k1", "ES256")
    kept.away = True
    kept.now += STALE_SECONDS - 1
    assert await kept.set.key("k1", "ES256") is not None
    kept.now += 20
    with pytest.raises(Unavailable):
        await kept.set.key("k1", "ES256")


async def test_a_key_for_another_algorithm_is_not_used(idp, kept):
    idp.new_key("rsa", "RS256")
    for kid, algorithm in (("rsa", "PS256"), ("k1", "RS256")):
        with pytest.raises(Unauthenticated):
            await kept.set.key(kid, algorithm)
