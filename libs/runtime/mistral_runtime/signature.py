"""Signatures by which a receiver knows that a request is ours and fresh, as the Standard Webhooks convention has it."""

import base64
import binascii
import hashlib
import hmac

_PREFIX = "whsec_"


def signature(secret: str, *, id: str, timestamp: int, body: bytes) -> str:
    """Return the value of ``webhook-signature``: ``v1,`` and the base64 of an HMAC-SHA256.

    What is signed is ``<id>.<timestamp>.<body>``. The key is the text of the secret, or the bytes that it gives as
    ``whsec_<base64>``.
    """
    signed = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()
