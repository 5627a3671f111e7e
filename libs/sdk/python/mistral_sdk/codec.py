"""Encryption on the client's side: marked values travel as objects that only holders of a key can read.

A value stands in a document as ``{"$mistral.encrypted": {"alg", "kid", "iv", "data"}}``. It is found and decrypted
anywhere in what arrives; what leaves is encrypted where it is marked.
"""

import base64
import binascii
import os
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeAlias

from mistral_sdk.shapes.marks import ENVELOPE
from mistral_sdk.values import dumps, loads

_ALGORITHM = "A256GCM"
_IV_BYTES = 12
_KEY_BYTES = 32

Way: TypeAlias = tuple[str, ...]
"""Steps to a value: names, numbers of items, ``*`` for all items or fields."""


class CodecError(Exception):
    """A value could not be encrypted or decrypted. Says which key, never what."""


class PayloadCodec(Protocol):
    """Turns a value into what stands for it, and back. Called from several threads."""

    def encode(self, value: Any) -> Mapping[str, Any]:
        """Return what stands under ``$mistral.encrypted``: a JSON object."""
        ...

    def decode(self, envelope: Mapping[str, Any]) -> Any:
        """Return the value again; raises `CodecError` if it cannot."""
        ...


class AesGcm:
    """AES-256-GCM with keys of names; needs ``mistral-mesh-sdk[encryption]``.

    Args:
        keys: Keys of 32 bytes by key id: the current one, and older ones that are still met.
        current: Key id that is used to encrypt; may be left out if there is one key.
    """

    def __init__(self, keys: Mapping[str, bytes], current: str = "") -> None:
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError:
            raise ImportError("encryption needs `pip install 'mistral-mesh-sdk[encryption]'`") from None
        wrong = [kid for kid, key in keys.items() if len(key) != _KEY_BYTES]
        if wrong:
            raise ValueError(f"the key {wrong[0]} must have {_KEY_BYTES} bytes")
        self._current = current or (next(iter(keys)) if len(keys) == 1 else "")
        if self._current not in keys:
            raise ValueError(f"the current key {self._current!r} is none of the keys")
        self._ciphers = {kid: AESGCM(key) for kid, key in keys.items()}

    def __repr__(self) -> str:
        return f"AesGcm(keys={sorted(self._ciphers)}, current={self._current!r})"

    def encode(self, value: Any) -> Mapping[str, Any]:
        return self.encode_text(dumps(value), self._current, os.urandom(_IV_BYTES))

    def encode_text(self, text: bytes, kid: str, iv: bytes) -> Mapping[str, Any]:
        """Encrypt a value that is JSON already; an ``iv`` must never be used twice with a key."""
        data = self._ciphers[kid].encrypt(iv, text, kid.encode())
        return {"alg": _ALGORITHM, "kid": kid, "iv": _text(iv), "data": _text(data)}

    def decode(self, envelope: Mapping[str, Any]) -> Any:
        from cryptography.exceptions import InvalidTag

        kid, iv, data = _parts(envelope)
        cipher = self._ciphers.get(kid)
        if cipher is None:
            raise CodecError(f"there is no key {kid!r} here")
        try:
            return loads(cipher.decrypt(iv, data, kid.encode()))
        except (InvalidTag, ValueError):
            raise CodecError(f"the key {kid!r} does not fit, or the value was changed") from None


def _parts(envelope: Mapping[str, Any]) -> tuple[str, bytes, bytes]:
    """Take an envelope apart: key id, iv, data."""
    if not isinstance(envelope, Mapping) or envelope.get("alg") != _ALGORITHM:
        raise CodecError(f"an encrypted value is not of the form {_ALGORITHM}")
    kid, iv, data = (envelope.get(part) for part in ("kid", "iv", "data"))
    if not isinstance(kid, str) or not isinstance(iv, str) or not isinstance(data, str):
        raise CodecError("an encrypted value lacks a part")
    try:
        nonce = base64.b64decode(iv, validate=True)
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise CodecError("an encrypted value is no base64") from None
    if len(nonce) != _IV_BYTES:
        raise CodecError("an encrypted value has an iv of a wrong length")
    return kid, nonce, content


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def way(text: str) -> Way:
    """Read a way as people write it: ``card.number``, ``lines.*.secret``; empty is the value itself."""
    return tuple(text.split(".")) if text else ()


def sealed(value: Any, ways: Iterable[Way], codec: PayloadCodec) -> Any:
    """Return a document with what is at the ways encrypted; a way that leads nowhere changes nothing."""
    for each in ways:
        value = _sealed(value, each, codec)
    return value


def _sealed(value: Any, steps: Way, codec: PayloadCodec) -> Any:
    if not steps:
        return value if _is_sealed(value) else {ENVELOPE: codec.encode(value)}
    step, rest = steps[0], steps[1:]
    if isinstance(value, Mapping):
        chosen = value.keys() if step == "*" else {step} & value.keys()
        return {name: _sealed(each, rest, codec) if name in chosen else each for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_sealed(each, rest, codec) if step in ("*", str(number)) else each for number, each in enumerate(value)]
    return value


def _is_sealed(value: Any) -> bool:
    return isinstance(value, Mapping) and len(value) == 1 and ENVELOPE in value


def opened(value: Any, codec: PayloadCodec) -> Any:
    """Return a document with every encrypted value in it decrypted."""
    if isinstance(value, dict):
        if len(value) == 1 and ENVELOPE in value:
            return codec.decode(value[ENVELOPE])
        return {name: opened(each, codec) for name, each in value.items()}
    if isinstance(value, list):
        return [opened(each, codec) for each in value]
    return value


def may_be_sealed(text: bytes | str) -> bool:
    """Whether it is worth looking for encrypted values in a JSON text; an escape may hide the name."""
    if isinstance(text, str):
        return "mistral.encrypted" in text or "\\u" in text
    return b"mistral.encrypted" in text or b"\\u" in text
