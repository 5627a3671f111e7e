"""Encryption on the client's side, held against vectors that all SDKs share."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from mistral_sdk import AesGcm, CodecError
from mistral_sdk.codec import opened, sealed, way
from mistral_sdk.settings import SettingError, codec_of

VECTORS = json.loads((Path(__file__).parents[1] / "codec_vectors.json").read_text())
KEYS = {kid: base64.b64decode(key) for kid, key in VECTORS["keys"].items()}
CODEC = AesGcm(KEYS, current="2026-05")


def named(vectors: list[Any]) -> Any:
    return pytest.mark.parametrize("vector", vectors, ids=[each["name"] for each in vectors])


@named(VECTORS["values"])
def test_a_value_is_encrypted_and_decrypted_as_everywhere(vector: dict[str, Any]) -> None:
    body = vector["envelope"]["$mistral.encrypted"]
    iv = base64.b64decode(body["iv"])
    assert CODEC.encode_text(vector["plaintext"].encode(), vector["kid"], iv) == body
    value = opened(vector["envelope"], CODEC)
    assert value == json.loads(vector["plaintext"])
    assert type(value) is type(json.loads(vector["plaintext"]))


@named(VECTORS["refused"])
def test_what_was_changed_is_refused_without_telling_it(vector: dict[str, Any]) -> None:
    with pytest.raises(CodecError) as raised:
        opened(vector["envelope"], CODEC)
    assert "4111" not in str(raised.value)


def test_encrypted_values_are_found_anywhere() -> None:
    for document in VECTORS["documents"]:
        assert opened(document["encoded"], CODEC) == document["plain"]


def test_what_only_looks_like_one_stays() -> None:
    for value in VECTORS["untouched"]:
        assert opened(value, CODEC) == value if len(value) == 1 else "beside" in opened(value, CODEC)


def test_what_is_at_a_way_is_encrypted_and_nothing_else() -> None:
    document = {"card": {"number": "4111", "name": "Ada"}, "lines": [{"key": 1, "n": 2}, {"key": None}], "x": "4111"}
    ways = [way("card.number"), way("lines.*.key"), way("nowhere.at.all")]
    hidden = sealed(document, ways, CODEC)
    assert hidden["card"]["name"] == "Ada"
    assert list(hidden["card"]["number"]) == ["$mistral.encrypted"]
    assert hidden["lines"][0]["n"] == 2
    assert list(hidden["lines"][1]["key"]) == ["$mistral.encrypted"]
    assert hidden["x"] == "4111"
    assert opened(hidden, CODEC) == document


def test_the_same_value_never_looks_the_same() -> None:
    assert CODEC.encode("a") != CODEC.encode("a")


def test_a_value_is_not_encrypted_twice() -> None:
    once = sealed({"a": 1}, [way("a")], CODEC)
    assert sealed(once, [way("a")], CODEC) == once


def test_older_keys_still_open() -> None:
    old = AesGcm({"2026-05": KEYS["2026-05"]})
    new = AesGcm(KEYS, current="schlüssel-2")
    assert opened({"$mistral.encrypted": old.encode([1])}, new) == [1]


def test_keys_of_a_wrong_length_are_refused_and_not_told() -> None:
    with pytest.raises(ValueError, match="the key a must have 32 bytes"):
        AesGcm({"a": b"secret"})
    with pytest.raises(ValueError, match="current"):
        AesGcm(KEYS)
    assert "AesGcm(keys=['2026-05'" in repr(CODEC)


def test_keys_come_from_the_environment() -> None:
    key = base64.b64encode(KEYS["2026-05"]).decode()
    codec = codec_of({"MISTRAL_CODEC_KEYS": f"2026-05={key}", "MISTRAL_CODEC_KID": "2026-05"})
    assert codec is not None
    assert codec.decode(CODEC.encode({"a": 1})) == {"a": 1}
    assert codec_of({}) is None
    with pytest.raises(SettingError, match="no base64"):
        codec_of({"MISTRAL_CODEC_KEYS": "a=%%%"})
