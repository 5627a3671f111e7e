"""Tokens of assignments: all that must be known of a run to take its result, signed, so that any executor can.

The key is the mesh's. Nobody can make a token up, change one, or learn more from it than it was told with the run.
"""

import base64
import binascii
import hmac
from typing import Final

import msgspec

_VERSION: Final = b"\x01"
_MAC_BYTES: Final = 16
LONGEST_TOKEN: Final = 4096


class Claims(msgspec.Struct, frozen=True, array_like=True):
    """What a token says.

    Attributes:
        epoch: Which giving out of the attempt; a later one is greater, in the whole mesh.
        project: Whose worker it was given to.
        worker: Id of that worker.
        instance: Instance of that worker.
        deadline_micros: When the run is given up, microseconds since the epoch; 0 for never.
    """

    action_id: str
    attempt: int
    epoch: int
    task_id: str
    execution_id: str
    partition: int
    action: str
    project: str
    worker: str
    instance: str
    safe_rerun: bool
    deadline_micros: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Claims).decode


class Signer:
    """Makes tokens and reads them.

    Args:
        key: The same in the whole mesh.
        hint: Stands before each token: name of the executor that gave the run out, for whoever looks for it.
    """

    __slots__ = ("_hint", "_key", "_prefix")

    def __init__(self, key: bytes, hint: str) -> None:
        self._key = key
        self._hint = hint.encode()
        self._prefix = f"{hint}."

    def issue(self, claims: Claims) -> str:
        """Return the token for a run that is given out."""
        body = _VERSION + _encode(claims)
        return self._prefix + base64.urlsafe_b64encode(body + self._mac(self._hint, body)).rstrip(b"=").decode()

    def read(self, token: str) -> Claims | None:
        """Return what a token says, whoever gave it out; None if it is none of the mesh's."""
        if len(token) > LONGEST_TOKEN:
            return None
        hint, _, text = token.rpartition(".")
        try:
            data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            body, mac = data[:-_MAC_BYTES], data[-_MAC_BYTES:]
            if body[:1] != _VERSION or not hmac.compare_digest(mac, self._mac(hint.encode(), body)):
                return None
            return _decode(body[1:])
        except (binascii.Error, ValueError, msgspec.MsgspecError):
            return None

    def _mac(self, hint: bytes, body: bytes) -> bytes:
        return hmac.digest(self._key, hint + b"\0" + body, "sha256")[:_MAC_BYTES]
