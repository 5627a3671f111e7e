"""The parameters of the standard actions and who completes them, for whoever cannot ask an executor.

The executor goes by the actions themselves; a test holds both equal.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Signature:
    """Which parameters must and which may be given.

    Attributes:
        reaches_out: Whether it may fail for reasons outside.
        asynchronous: Whether somebody else completes it.
    """

    required: tuple[str, ...]
    optional: frozenset[str]
    reaches_out: bool = False
    asynchronous: bool = False

    def missing(self, given: Collection[str]) -> list[str]:
        """Return the required names that are not given."""
        return [name for name in self.required if name not in given]

    def unexpected(self, given: Collection[str]) -> list[str]:
        """Return the given names that it does not know."""
        return sorted(name for name in given if name not in self.required and name not in self.optional)


def _signature(required: str = "", optional: str = "", *, reaches_out: bool = True) -> Signature:
    return Signature(tuple(required.split()), frozenset(optional.split()), reaches_out)


def _local(required: str = "", optional: str = "") -> Signature:
    return _signature(required, optional, reaches_out=False)


_HTTP: Final = _signature("url", "method params body json headers cookies auth timeout allow_redirects proxies verify")
_AMQP: Final = _signature(
    "url",
    "exchange routing_key body headers content_type correlation_id password mandatory persistent timeout",
)
_NATS: Final = _signature("url subject", "body headers jetstream user password token timeout")
_SCRIPT: Final = _local("script", "context")

STANDARD: Final[Mapping[str, Signature]] = {
    "std.noop": _local(),
    "std.async_noop": replace(_local(), asynchronous=True),
    "std.echo": _local("output", "delay"),
    "std.fail": _local("", "error_data"),
    "std.sleep": _local("", "seconds"),
    "std.test_dict": _local("", "size key_prefix val"),
    "std.http": _HTTP,
    "std.mistral_http": replace(_HTTP, asynchronous=True),
    "std.email": _signature(
        "from_addr to_addrs smtp_server", "reply_to cc_addrs bcc_addrs smtp_password subject body html_body"
    ),
    "std.ssh": _signature("cmd host username", "password private_key_filename private_key return_result_on_error"),
    "std.ssh_proxied": _signature(
        "cmd host username private_key_filename gateway_host",
        "gateway_username password proxy_command private_key return_result_on_error",
    ),
    "std.javascript": _SCRIPT,
    "std.js": _SCRIPT,
    "std.udp_send": _signature("host port", "body"),
    "std.nats_publish": _NATS,
    "std.mistral_nats_publish": replace(_NATS, asynchronous=True),
    "std.amqp_publish": _AMQP,
    "std.mistral_amqp_publish": replace(_AMQP, asynchronous=True),
}

ASYNCHRONOUS: Final = frozenset(name for name, signature in STANDARD.items() if signature.asynchronous)
"""That somebody else completes these is known before an executor says so."""
