"""Whether a request to a webhook is from who has the secret: five ways to prove it, none to go without."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from mistral_core.errors import Unauthenticated

TOLERANCE_SECONDS: Final = 300
"""How far the time of a signed request may be off."""

_KEY_PREFIX: Final = "whsec_"


class Proof(StrEnum):
    """How a request shows that its sender has the secret."""

    TOKEN = "token"
    HMAC_SHA256 = "hmac-sha256"
    GITHUB = "github"
    STRIPE = "stripe"
    STANDARD = "standard"


USUAL_HEADERS: Final[Mapping[Proof, str]] = {
    Proof.TOKEN: "authorization",
    Proof.HMAC_SHA256: "x-signature",
    Proof.GITHUB: "x-hub-signature-256",
    Proof.STRIPE: "stripe-signature",
    Proof.STANDARD: "webhook-signature",
}


def prove(proof: Proof, secret: str, headers: Mapping[str, str], body: bytes, *, now: float, header: str = "") -> None:
    """Return if a request proves itself.

    Args:
        headers: By their names in lower case.
        now: Seconds since the epoch.
        header: Where the proof is, in lower case; empty for the usual place.

    Raises:
        Unauthenticated: If it does not; the message says what is wrong, and nothing of the secret.
    """
    name = header or USUAL_HEADERS[proof]
    given = headers.get(name, "")
    if not given:
        raise Unauthenticated(f"The request has no header {name!r}, which is to prove where it comes from")
    if not secret:
        raise Unauthenticated("The source has no secret yet, so nothing can be proved")
    match proof:
        case Proof.TOKEN:
            well = _same(given.removeprefix("Bearer ").strip(), secret)
        case Proof.HMAC_SHA256 | Proof.GITHUB:
            well = _signed(given.removeprefix("sha256="), secret.encode(), body)
        case Proof.STRIPE:
            well = _stripe(given, secret, body, now)
        case Proof.STANDARD:
            well = _standard(given, secret, headers, body, now)
    if not well:
        raise Unauthenticated(f"What the header {name!r} says does not fit the request and the secret of the source")


def _signed(given: str, key: bytes, body: bytes) -> bool:
    digest = hmac.digest(key, body, hashlib.sha256)
    return _same(given.lower(), digest.hex()) or _same(given, base64.b64encode(digest).decode())


def _stripe(given: str, secret: str, body: bytes, now: float) -> bool:
    parts = [part.strip().partition("=") for part in given.split(",")[:20]]
    stamp = next((value for name, _, value in parts if name == "t"), "")
    _check_fresh(stamp, now)
    digest = hmac.digest(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hex()
    # A list, so that how long it takes does not tell which of them fits.
    return any([_same(value.lower(), digest) for name, _, value in parts if name == "v1"])


def _standard(given: str, secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    stamp = headers.get("webhook-timestamp", "")
    _check_fresh(stamp, now)
    signed = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + body
    wanted = base64.b64encode(hmac.digest(_standard_key(secret), signed, hashlib.sha256)).decode()
    return any([_same(one.partition(",")[2], wanted) for one in given.split()[:20] if one.startswith("v1,")])


def _standard_key(secret: str) -> bytes:
    if secret.startswith(_KEY_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_KEY_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def _check_fresh(stamp: str, now: float) -> None:
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        raise Unauthenticated("The signature bears no time, in seconds since the epoch")
    if abs(int(stamp) - now) > TOLERANCE_SECONDS:
        raise Unauthenticated(f"The signature is older than {TOLERANCE_SECONDS} seconds, or the clocks differ")


def _same(given: str, wanted: str) -> bool:
    # Texts with other characters cannot be compared in constant time.
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())
