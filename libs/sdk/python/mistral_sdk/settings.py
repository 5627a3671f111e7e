"""Settings of a worker: what is given in code counts, then the environment, then what is usual."""

import base64
import binascii
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mistral_sdk.codec import AesGcm, PayloadCodec


class SettingError(ValueError):
    """A setting is wrong; names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """See `Worker`, which explains them."""

    id: str
    slots: int
    queues: tuple[str, ...]
    namespaces: tuple[str, ...]
    labels: Mapping[str, str]
    drain_seconds: float
    idle_seconds: float
    codec: PayloadCodec | None

    @classmethod
    def read(
        cls,
        *,
        id: str = "",
        slots: int | None = None,
        queues: Sequence[str] | None = None,
        namespaces: Sequence[str] | None = None,
        labels: Mapping[str, str] | None = None,
        drain_seconds: float | None = None,
        idle_seconds: float | None = None,
        codec: PayloadCodec | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> "Settings":
        """Fill in from the environment what is not given.

        Raises:
            SettingError: If one is out of range.
        """
        source = _Source(environment)
        return cls(
            id=id or source.text("MISTRAL_WORKER_ID") or f"{socket.gethostname()}-{os.getpid()}",
            slots=source.number("MISTRAL_SLOTS", 16) if slots is None else slots,
            queues=tuple(source.words("MISTRAL_QUEUES") if queues is None else queues),
            namespaces=tuple(source.words("MISTRAL_NAMESPACES") if namespaces is None else namespaces),
            labels=source.labels("MISTRAL_LABELS") if labels is None else labels,
            drain_seconds=source.number("MISTRAL_DRAIN_SECONDS", 30) if drain_seconds is None else drain_seconds,
            idle_seconds=source.number("MISTRAL_IDLE_SECONDS", 0) if idle_seconds is None else idle_seconds,
            codec=codec or codec_of(environment),
        )

    def __post_init__(self) -> None:
        if not 1 <= self.slots <= 10_000:
            raise SettingError(f"slots are 1 to 10000, not {self.slots}")
        if len(self.id) > 255:
            raise SettingError("the id of a worker has at most 255 characters")


def codec_of(environment: Mapping[str, str] = os.environ) -> PayloadCodec | None:
    """Return the codec of ``MISTRAL_CODEC_KEYS`` (``kid=base64,...``) and ``MISTRAL_CODEC_KID``; None without keys.

    Raises:
        SettingError: If they are no keys; never says what they are.
    """
    listed = environment.get("MISTRAL_CODEC_KEYS", "")
    if not listed:
        return None
    keys: dict[str, bytes] = {}
    for pair in listed.split(","):
        kid, _, key = pair.strip().partition("=")
        try:
            keys[kid] = base64.b64decode(key, validate=True)
        except binascii.Error:
            raise SettingError(f"MISTRAL_CODEC_KEYS: the key {kid!r} is no base64") from None
    try:
        return AesGcm(keys, environment.get("MISTRAL_CODEC_KID", ""))
    except ValueError as error:
        raise SettingError(f"MISTRAL_CODEC_KEYS: {error}") from None


class _Source:
    """Reads variables, and names the one that is wrong."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def number(self, name: str, usual: int) -> int:
        text = self.text(name)
        try:
            return int(text) if text else usual
        except ValueError:
            raise SettingError(f"{name} must be a number, not {text!r}") from None

    def words(self, name: str) -> list[str]:
        return [word.strip() for word in self.text(name).split(",") if word.strip()]

    def labels(self, name: str) -> dict[str, str]:
        pairs: dict[str, Any] = {}
        for word in self.words(name):
            key, equals, value = word.partition("=")
            if not equals or not key:
                raise SettingError(f"{name} must be like `gpu=yes,zone=a`, not {word!r}")
            pairs[key.strip()] = value.strip()
        return pairs
