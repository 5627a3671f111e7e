"""Encryption as the specification has it, written for the suite alone so that no SDK is held against itself."""

import base64
import json
import os
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARK = "$mistral.encrypted"
KEY_ID = "conformance-1"
KEY = bytes(range(32))
# What the worker programs get.
VARIABLES = {"MISTRAL_CODEC_KEYS": f"{KEY_ID}={base64.b64encode(KEY).decode()}", "MISTRAL_CODEC_KID": KEY_ID}


def sealed(value: Any) -> dict[str, Any]:
    """Return the object that stands for an encrypted value."""
    iv = os.urandom(12)
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    data = AESGCM(KEY).encrypt(iv, plain, KEY_ID.encode())
    parts = {"iv": base64.b64encode(iv).decode(), "data": base64.b64encode(data).decode()}
    return {MARK: {"alg": "A256GCM", "kid": KEY_ID, **parts}}


def opened(value: Any) -> Any:
    """Replace every encrypted value inside by its plain one."""
    match value:
        case {"$mistral.encrypted": dict(box)}:
            assert (box["alg"], box["kid"]) == ("A256GCM", KEY_ID)
            iv, data = base64.b64decode(box["iv"], validate=True), base64.b64decode(box["data"], validate=True)
            return json.loads(AESGCM(KEY).decrypt(iv, data, KEY_ID.encode()))
        case dict():
            return {key: opened(item) for key, item in value.items()}
        case list():
            return [opened(item) for item in value]
    return value
