"""Whatever JSON the actions of the network are given: an error of theirs, and no secret in it. Nothing is reached."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from mistral_executor.actions.amqp_publish import PublishingFailed as AmqpFailed
from mistral_executor.actions.amqp_publish import amqp_publish
from mistral_executor.actions.context import ActionContext, CancelToken
from mistral_executor.actions.email import SendingFailed as EmailFailed
from mistral_executor.actions.email import email
from mistral_executor.actions.http import RequestFailed, http
from mistral_executor.actions.nats_publish import PublishingFailed as NatsFailed
from mistral_executor.actions.nats_publish import nats_publish
from mistral_executor.actions.signature import signature_of
from mistral_executor.actions.ssh import CommandFailed, ssh, ssh_proxied
from mistral_executor.actions.udp import SendingFailed as UdpFailed
from mistral_executor.actions.udp import udp_send
from mistral_runtime.egress import Allowed

SECRET = "hunter2"
_SSH = {"cmd": "true", "host": "127.0.0.1", "username": "ada"}
_PROXIED = {"private_key_filename": None, "gateway_host": "127.0.0.1"}
# An action, how it fails, and an input that fits but for the address.
ACTIONS: list[tuple[Callable[..., Any], type[Exception], dict[str, Any]]] = [
    (http, RequestFailed, {"url": "http://127.0.0.1"}),
    (email, EmailFailed, {"from_addr": "a@b.c", "to_addrs": ["d@e.f"], "smtp_server": "127.0.0.1"}),
    (ssh, CommandFailed, _SSH),
    (ssh_proxied, CommandFailed, {**_SSH, **_PROXIED}),
    (amqp_publish, AmqpFailed, {"url": "amqp://127.0.0.1", "routing_key": "q"}),
    (nats_publish, NatsFailed, {"url": "nats://127.0.0.1", "subject": "a"}),
    (udp_send, UdpFailed, {"host": "127.0.0.1", "port": 9}),
]
# Names would be looked up; these are refused as they stand.
_PLACES = some.sampled_from(["127.0.0.1", "127.0.0.1:22", "[::1]:22", "::1", "10.0.0.1:x", "", " ", "[", "\x00"])
_URLS = some.builds(
    "{}://{}{}{}".format,
    some.sampled_from(["http", "https", "amqp", "amqps", "nats", "tls", "file", ""]),
    some.sampled_from(["", f"user:{SECRET}@", f"user:{SECRET}/x@"]),
    _PLACES,
    some.sampled_from(["", "/", "/vhost", "/?a=b", "/%zz"]),
)
_JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=20),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
_REACHING = {"url": _URLS, "host": _PLACES, "gateway_host": _PLACES, "smtp_server": _PLACES, "proxies": some.none()}
_SECRET = {"password", "smtp_password", "token", "private_key", "auth"}


def context() -> ActionContext:
    return ActionContext(
        action_id="a1",
        attempt=1,
        task_id="",
        execution_id="",
        workflow_name="",
        project_id="",
        index=0,
        cancel=CancelToken(),
        logger=logging.getLogger("test"),
        egress=Allowed(),
    )


def inputs(function: Callable[..., Any]) -> some.SearchStrategy[dict[str, Any]]:
    def values(name: str) -> some.SearchStrategy[Any]:
        if name in _REACHING:
            return _REACHING[name] | _JSON.filter(lambda value: not isinstance(value, str | list))
        return _JSON | some.just(SECRET) if name in _SECRET else _JSON

    names = signature_of(function).names or frozenset()
    return some.fixed_dictionaries({}, optional={name: values(name) for name in sorted(names)})


@pytest.mark.parametrize(("function", "failure", "fitting"), ACTIONS, ids=lambda it: getattr(it, "__name__", ""))
@given(data=some.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_input_is_an_error_of_the_action(
    function: Callable[..., Any], failure: type[Exception], fitting: dict[str, Any], data: Any
):
    changed = data.draw(inputs(function))
    kept = data.draw(some.sets(some.sampled_from(sorted(signature_of(function).names or ()))))
    chosen = {**fitting, **{name: value for name, value in changed.items() if name not in kept}}

    with pytest.raises(failure) as caught:
        asyncio.run(function(context(), **chosen))

    assert SECRET not in str(caught.value)
