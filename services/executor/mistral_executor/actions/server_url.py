"""URLs of servers in the input of actions; they may hold a password, so no message repeats one."""

from urllib.parse import SplitResult, urlsplit

from mistral_executor.actions.errors import Unusable


def server_url(url: str, schemes: frozenset[str]) -> tuple[SplitResult, int | None]:
    """Take a URL apart.

    Raises:
        Unusable: If it has another scheme, no host, a query, or makes no sense.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise Unusable("'url' is malformed") from None
    if parts.scheme not in schemes:
        raise Unusable(f"'url' must begin with {' or '.join(f'{scheme}://' for scheme in sorted(schemes))}")
    if not parts.hostname or parts.query or parts.fragment:
        raise Unusable("'url' must have a host and nothing after its path")
    return parts, port
