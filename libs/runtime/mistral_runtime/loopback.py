"""Whether an address is reached from this machine alone."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Tell whether nobody elsewhere reaches a host; a name may be anybody's, but for ``localhost``."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
