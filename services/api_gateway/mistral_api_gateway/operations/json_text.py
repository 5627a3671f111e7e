"""JSON that travels through the gateway as text: checked, hardly ever taken apart."""

from typing import Any

import msgspec

from mistral_core.errors import InvalidInput

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


def checked_object(text: bytes | str, what: str) -> bytes:
    """Return the text as bytes if it is a JSON object; empty means none and stays empty.

    Raises:
        InvalidInput: If it is anything else.
    """
    data = text.encode() if isinstance(text, str) else text
    if data:
        members(data, what)
    return data


def members(data: bytes | str, what: str) -> dict[str, msgspec.Raw]:
    """Return the members of a JSON object, each as its text.

    Raises:
        InvalidInput: If it is anything else.
    """
    try:
        return _object.decode(data)
    except msgspec.ValidationError:
        raise InvalidInput(f"JsonType field value must be a dictionary: {what}", field=what) from None
    except RecursionError:
        raise InvalidInput(f"JSON that is nested too deeply: {what}", field=what) from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise InvalidInput(f"Not valid JSON: {what}: {error}", field=what) from None


def object_of(data: bytes | str, what: str) -> dict[str, Any]:
    """Return a JSON object; an empty one for an empty text. Raises InvalidInput if it is anything else."""
    if not data:
        return {}
    members(data, what)
    return msgspec.json.decode(data, type=dict[str, Any])


def text_of(value: Any) -> str:
    """Return the JSON text of a value."""
    return msgspec.json.encode(value).decode()
