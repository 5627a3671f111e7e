"""Where HTTP actions may not go, whatever names, redirects and name servers say."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from mistral_executor.actions.http import request
from mistral_executor.actions.http_request import Order, ordered
from mistral_runtime.egress import AddressDenied, Allowed, Guard


def order(url: str, **more: Any) -> Order:
    names = ["method", "params", "body", "json", "headers", "cookies", "auth", "timeout", "allow_redirects"]
    given: dict[str, Any] = dict.fromkeys([*names, "proxies", "verify"])
    return ordered(url=url, **{**given, "timeout": 5, **more})


class Names:
    """A name server whose answers change from one question to the next."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


BLOCKED = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.5.5",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]


@pytest.mark.parametrize("address", BLOCKED)
async def test_addresses_that_are_not_public_are_blocked(address: str):
    guard = Guard(Allowed(), resolver=Names([address]))

    with pytest.raises(AddressDenied, match=r"host 'a.test' resolves to a blocked address \(.*\)"):
        await request(order("http://a.test/"), guard)


@pytest.mark.parametrize("url", ["http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://[::1]/"])
async def test_other_ways_to_write_loopback_are_blocked(url: str):
    with pytest.raises(AddressDenied):
        await request(order(url), Guard(Allowed()))


async def test_one_blocked_address_blocks_the_name():
    guard = Guard(Allowed(), resolver=Names(["93.184.216.34", "10.0.0.1"]))

    with pytest.raises(AddressDenied):
        await request(order("http://a.test/"), guard)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1"])
async def test_public_addresses_are_open(address: str):
    assert await Guard(Allowed(), resolver=Names([address])).addresses("a.test", 80) == [address]


async def test_the_connection_goes_to_the_address_that_was_judged(site: Any):
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    guard = Guard(Allowed(["127.0.0.1/32"]), resolver=names)

    result = await request(order(site.base.replace("127.0.0.1", "a.test") + "/json"), guard)

    assert result["status"] == 200
    assert names.asked == ["a.test"]
    assert site.seen[0]["headers"]["Host"].startswith("a.test:")


async def test_a_name_that_moves_to_loopback_is_blocked_then(site: Any):
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    guard = Guard(Allowed(["127.0.0.1/32"]), resolver=names)
    url = site.base.replace("127.0.0.1", "a.test")

    with pytest.raises(AddressDenied):
        await request(order(f"{url}/redirect?to=/json", allow_redirects=True), guard)

    assert len(site.seen) == 1


async def test_a_redirect_to_a_blocked_host_is_not_followed(site: Any):
    guard = Guard(Allowed(["127.0.0.1/32"]))

    with pytest.raises(AddressDenied):
        await request(order(f"{site.base}/redirect?to=http://169.254.169.254/latest", allow_redirects=True), guard)


async def test_an_allowed_name_may_have_any_address(site: Any):
    guard = Guard(Allowed(["a.test"]), resolver=Names(["127.0.0.1"]))

    result = await request(order(site.base.replace("127.0.0.1", "a.test") + "/json"), guard)

    assert result["status"] == 200


async def test_a_proxy_is_judged_like_any_host(site: Any):
    guard = Guard(Allowed(), resolver=Names(["127.0.0.1"]))

    with pytest.raises(AddressDenied):
        await request(order("http://93.184.216.34/", proxies={"http": site.base}), guard)


async def test_a_proxy_is_no_way_to_a_blocked_host(site: Any):
    guard = Guard(Allowed(["127.0.0.1/32"]))

    with pytest.raises(AddressDenied):
        await request(order("http://169.254.169.254/", proxies={"http": site.base}), guard)

    assert site.seen == []


async def test_a_request_goes_through_its_proxy(site: Any):
    guard = Guard(Allowed(["127.0.0.1/32"]))

    result = await request(order("http://93.184.216.34/json", proxies={"http": site.base}), guard)

    assert result["content"]["status"] == "ok"
    assert site.seen[0]["headers"]["Host"] == "93.184.216.34"


async def test_loopback_is_blocked_by_default_in_an_executor(engine: Any, executor: Any, site: Any):
    outcome, error = await engine.run("std.http", {"url": f"{site.base}/json"})

    assert outcome == "ERROR"
    assert "URL host '127.0.0.1' resolves to a blocked address (127.0.0.1)" in error
    assert site.seen == []


def test_urls_are_understood_by_the_library_the_guard_uses():
    assert httpx.URL("http://a.test@127.0.0.1/").host == "127.0.0.1"
