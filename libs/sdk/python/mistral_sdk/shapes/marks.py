"""The mark on a type that its values are encrypted wherever they leave the process."""

from typing import Annotated, TypeAlias, TypeVar


class _Marked:
    def __repr__(self) -> str:
        return "encrypted"


MARKED = _Marked()
T = TypeVar("T")

Encrypted: TypeAlias = Annotated[T, MARKED]
"""``Encrypted[str]``: in a parameter, a value that may arrive encrypted; in what is returned, one that is encrypted."""

ENVELOPE = "$mistral.encrypted"
"""The one key of an object that stands for an encrypted value."""

ENVELOPE_SCHEMA = {
    "type": "object",
    "required": [ENVELOPE],
    "additionalProperties": False,
    "properties": {ENVELOPE: {}},
}
