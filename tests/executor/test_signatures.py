"""The parameters of the standard actions, as the list of actions shows them and inputs are held against."""

from typing import Any

import pytest

from mistral_executor.actions.registry import installed

_HTTP = (
    'url, method="GET", params=null, body=null, json=null, headers=null, cookies=null, auth=null, timeout=null, '
    "allow_redirects=null, proxies=null, verify=null"
)
_AMQP = (
    'url, exchange="", routing_key="", body=null, headers=null, content_type=null, correlation_id=null, '
    "password=null, mandatory=true, persistent=true, timeout=30.0"
)
_NATS = "url, subject, body=null, headers=null, jetstream=false, user=null, password=null, token=null, timeout=10.0"

SIGNATURES = {
    "std.noop": "",
    "std.async_noop": "",
    "std.echo": "output, delay=0",
    "std.fail": "error_data=null",
    "std.sleep": "seconds=1",
    "std.test_dict": 'size=0, key_prefix="", val=""',
    "std.http": _HTTP,
    "std.mistral_http": _HTTP,
    "std.email": (
        "from_addr, to_addrs, smtp_server, reply_to=null, cc_addrs=null, bcc_addrs=null, smtp_password=null, "
        "subject=null, body=null, html_body=null"
    ),
    "std.ssh": (
        'cmd, host, username, password="", private_key_filename=null, private_key=null, return_result_on_error=false'
    ),
    "std.ssh_proxied": (
        "cmd, host, username, private_key_filename, gateway_host, gateway_username=null, password=null, "
        "proxy_command=null, private_key=null, return_result_on_error=false"
    ),
    "std.amqp_publish": _AMQP,
    "std.mistral_amqp_publish": _AMQP,
    "std.nats_publish": _NATS,
    "std.mistral_nats_publish": _NATS,
    "std.udp_send": "host, port, body=null",
}
_WAITING = {"std.async_noop", "std.mistral_http", "std.mistral_amqp_publish", "std.mistral_nats_publish"}


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_standard_action_takes_what_it_always_took(name: str):
    action = installed()[name]

    assert action.signature.text == SIGNATURES[name]
    assert action.synchronous is (name not in _WAITING)
    assert action.description


@pytest.mark.usefixtures("executor")
@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("std.email", {"to_addrs": [], "cc": 1}, "missing=['from_addr', 'smtp_server'], unexpected=['cc']]"),
        ("std.ssh", {"cmd": "hunter2"}, "missing=['host', 'username']]"),
        ("std.ssh_proxied", {"passwort": "hunter2"}, "'gateway_host'], unexpected=['passwort']]"),
        ("std.amqp_publish", {"queue": "hunter2"}, "missing=['url'], unexpected=['queue']]"),
        ("std.nats_publish", {"url": "nats://hunter2@x"}, "missing=['subject']]"),
        ("std.udp_send", {"body": "hunter2"}, "missing=['host', 'port']]"),
    ],
)
async def test_input_that_does_not_fit_is_refused_without_its_values(
    engine: Any, name: str, given: dict[str, Any], says: str
):
    outcome, error = await engine.run(name, given)

    assert outcome == "REFUSED"
    assert error.startswith(f"Invalid input [name={name}, class=mistral_executor.actions.")
    assert error.endswith(says)
    assert "hunter2" not in error
