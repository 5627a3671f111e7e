"""The standard actions and their parameters, as far as a definition can be held against them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Signature:
    """Which parameters must and which may be given; ``reaches_out`` tells that it may fail for reasons outside."""

    required: frozenset[str] = frozenset()
    optional: frozenset[str] | None = frozenset()
    reaches_out: bool = False


def _signature(required: str = "", optional: str | None = "", *, out: bool = False) -> Signature:
    return Signature(
        frozenset(required.split()), None if optional is None else frozenset(optional.split()), reaches_out=out
    )


_HTTP: Final = _signature(
    "url", "method params body json headers cookies auth timeout allow_redirects proxies verify", out=True
)
_SSH_OUT: Final = _signature("cmd", None, out=True)
_ANY_OUT: Final = _signature("", None, out=True)

STANDARD: Final[Mapping[str, Signature]] = {
    "std.noop": _signature(),
    "std.async_noop": _signature(),
    "std.echo": _signature("output", "delay"),
    "std.fail": _signature("", "error_data"),
    "std.sleep": _signature("", "seconds"),
    "std.test_dict": _signature("", "size key_prefix val"),
    "std.http": _HTTP,
    "std.mistral_http": _HTTP,
    "std.email": _signature("from_addr to_addrs smtp_server", None, out=True),
    "std.ssh": _SSH_OUT,
    "std.ssh_proxied": _SSH_OUT,
    "std.javascript": _signature("script", "context"),
    "std.js": _signature("script", "context"),
    "std.udp_send": _ANY_OUT,
    "std.nats_publish": _ANY_OUT,
    "std.mistral_nats_publish": _ANY_OUT,
    "std.amqp_publish": _ANY_OUT,
    "std.mistral_amqp_publish": _ANY_OUT,
}
