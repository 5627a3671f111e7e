"""Reading the bodies of requests: bounded, decoded, and refused in the words that clients know."""

import re
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request

from mistral_api_gateway.rest.faults import BodyTooLarge
from mistral_core.errors import InvalidInput

_T = TypeVar("_T")

# A client that is cut off while it sends may never see why, so some of the rest is read and thrown away.
_DISCARDED: Final = 4
_UNKNOWN: Final = re.compile(r"unknown field `(.+?)`")
_WRONG: Final = re.compile(r"(.*) - at `\$\.?(.*)`")


async def body(request: Request, limit: int) -> bytes:
    """Return the body. Raises BodyTooLarge past ``limit`` bytes."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        elif size > _DISCARDED * limit:
            break
    if size > limit:
        raise BodyTooLarge(f"The body of a request may have at most {limit} bytes")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def text(request: Request, limit: int) -> str:
    """Return the body as text. Raises InvalidInput if it is not UTF-8."""
    try:
        return (await body(request, limit)).decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(f"The text is not UTF-8: byte {error.start} cannot be read") from None


def decoded(data: bytes, decoder: "msgspec.json.Decoder[_T]", argument: str) -> _T:
    """Decode a JSON body.

    Args:
        argument: What the body is called in complaints, such as ``wf_ex``.

    Raises:
        InvalidInput: If it is not JSON, or has an attribute that there is not, or of the wrong type.
    """
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        # It is told as soon as it is seen; what follows may be no JSON at all.
        _check_json(data)
        raise InvalidInput(_complaint(str(error), argument)) from None
    except RecursionError:
        raise InvalidInput("The JSON of the request is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _no_json() from None


def json_text(value: "msgspec.Raw | msgspec.UnsetType") -> bytes:
    """Return the JSON text of a field that may come as a value or as a string that holds JSON; empty for none."""
    if isinstance(value, msgspec.UnsetType):
        return b""
    data = bytes(value).strip()
    if data[:1] == b'"':
        data = msgspec.json.decode(data, type=str).strip().encode()
    return b"" if data == b"null" else data


def _check_json(data: bytes) -> None:
    try:
        msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _no_json() from None


def _no_json() -> InvalidInput:
    return InvalidInput("Request is not in valid JSON format")


def _complaint(message: str, argument: str) -> str:
    unknown = _UNKNOWN.search(message)
    if unknown:
        return f"Unknown attribute for argument {argument}: {unknown[1]}"
    wrong = _WRONG.match(message)
    if wrong and wrong[2]:
        return f"Invalid input for field/attribute {wrong[2]}. {wrong[1]}"
    return f"Invalid input for argument {argument}. {message}"
