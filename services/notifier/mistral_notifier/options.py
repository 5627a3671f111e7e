"""Reading the settings of an entry: what is missing or of another kind makes the delivery fail for good."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from mistral_notifier.publisher import DeliveryFailed


def text(options: Mapping[str, Any], name: str, usual: str | None = None) -> str:
    """Return a setting that is a text.

    Raises:
        DeliveryFailed: If it is something else, or missing although there is nothing usual.
    """
    value = options.get(name)
    if value is None and usual is not None:
        return usual
    if not isinstance(value, str) or not value or "\0" in value:
        raise DeliveryFailed(f"the entry has no {name}", permanent=True)
    return value


def flag(options: Mapping[str, Any], name: str, usual: bool) -> bool:
    """Return a setting that is true or false. Raises DeliveryFailed if it is something else."""
    value = options.get(name, usual)
    if not isinstance(value, bool):
        raise DeliveryFailed(f"{name} of the entry is neither true nor false", permanent=True)
    return value


def server(url: str, schemes: Collection[str]) -> SplitResult:
    """Return the parts of a URL of a server. Raises DeliveryFailed, never with the URL, if it is none."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise DeliveryFailed(f"the url is none of {' or '.join(sorted(schemes))}", permanent=True)
    return parts
