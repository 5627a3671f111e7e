"""``host:port`` in the input of an action."""

from dataclasses import dataclass
from typing import Any

from mistral_executor.actions.errors import Unusable

_LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect to; an IPv6 address stands without its brackets."""

    host: str
    port: int


def endpoint(value: Any, name: str, *, port: int) -> Endpoint:
    """Read ``host`` or ``host:port``; an IPv6 address with a port needs brackets.

    Args:
        name: Of the input, for messages.
        port: For a host without one.

    Raises:
        Unusable: If it is neither.
    """
    if not isinstance(value, str) or not value.strip() or any(sign.isspace() for sign in value.strip()):
        raise Unusable(f"'{name}' must be a text like 'host' or 'host:port'")
    text = value.strip()
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not (host and bracket) or rest[:1] not in ("", ":"):
            raise Unusable(f"'{name}' must be a text like '[::1]' or '[::1]:22'")
        return Endpoint(host, port_of(rest[1:], name) if rest else port)
    if text.count(":") != 1:
        return Endpoint(text, port)
    host, _, rest = text.partition(":")
    if not host:
        raise Unusable(f"'{name}' has no host")
    return Endpoint(host, port_of(rest, name))


def port_of(value: Any, name: str) -> int:
    """Read the number of a port.

    Raises:
        Unusable: If it is none.
    """
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdecimal()) or not 0 < int(text[:6]) <= _LAST_PORT:
        raise Unusable(f"'{name}' must have a port from 1 to {_LAST_PORT}")
    return int(text)


def text_of(value: Any, name: str) -> str:
    """Return a text that is not empty.

    Raises:
        Unusable: If it is something else.
    """
    if not isinstance(value, str) or not value:
        raise Unusable(f"'{name}' must be a text")
    return value
