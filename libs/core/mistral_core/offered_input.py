"""What the JSON Schema of an offered action says of its parameters, as far as lists and checks before a run need it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from mistral_core.language.model import Parameter
from mistral_core.language.stored import signature_text


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedInput:
    """The parameters of an offered action.

    Attributes:
        open_ended: Whether it takes parameters of other names too.
    """

    required: tuple[str, ...] = ()
    optional: tuple[Parameter, ...] = ()
    open_ended: bool = True

    @property
    def signature(self) -> str:
        """Return its parameters on one line, such as ``width, height=null``."""
        return signature_text((*map(Parameter, self.required), *self.optional))

    def missing(self, given: Collection[str]) -> list[str]:
        """Return the required names that are not given."""
        return [name for name in self.required if name not in given]

    def unexpected(self, given: Collection[str]) -> list[str]:
        """Return the given names that the schema does not have; none if it has no names at all."""
        known = {*self.required, *(each.name for each in self.optional)}
        return sorted(name for name in given if name not in known) if known or not self.open_ended else []


def offered_input(schema: str) -> OfferedInput:
    """Read a schema; what cannot be read, or is put together in ways that are not looked into, allows anything."""
    try:
        found = msgspec.json.decode(schema) if schema else {}
    except (ValueError, RecursionError):
        return OfferedInput()
    if not isinstance(found, Mapping):
        return OfferedInput()
    properties = found.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    required = found.get("required")
    names = tuple(n for n in required if isinstance(n, str)) if isinstance(required, list) else ()
    return OfferedInput(
        required=names,
        optional=tuple(Parameter(n, _default(s)) for n, s in properties.items() if n not in names),
        open_ended=found.get("additionalProperties") is not False or "patternProperties" in found,
    )


def _default(schema: Any) -> Any:
    return schema.get("default") if isinstance(schema, Mapping) else None
