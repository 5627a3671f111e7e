"""Environments that a start names instead of giving one: found by name, put in the name's place."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from mistral.internal.v1 import engine_service_pb2 as pb
from mistral_core.errors import InvalidInput
from mistral_persistence import environments as stored
from mistral_persistence.database import Pool
from mistral_persistence.records import to_text


class _Params(msgspec.Struct):
    env: msgspec.Raw = msgspec.Raw(b"")


_params = msgspec.json.Decoder(_Params)

Known = Mapping[tuple[str, str], str]
"""Variables, as JSON text, by project and name."""


async def named_by(pool: Pool, orders: Sequence[pb.ExecutionStart]) -> Known:
    """Return the environments that the orders name, as far as they exist; asks only if one does."""
    wanted = {(order.project_id, name) for order in orders if (name := _name(order.params)) and "\0" not in name}
    return await stored.variables(pool, list(wanted)) if wanted else {}


def resolved(project: str, params: Mapping[str, Any], known: Known) -> Mapping[str, Any]:
    """Return params with the variables in place of the name.

    Raises:
        InvalidInput: If there is no environment of that name.
    """
    name = params.get("env")
    if not isinstance(name, str):
        return params
    variables = known.get((project, name))
    if variables is None:
        raise InvalidInput(f"Environment is not found: {name}")
    return {**params, "env": msgspec.json.decode(variables)}


def _name(params: bytes) -> str | None:
    try:
        env = bytes(_params.decode(params).env) if params else b""
        return to_text(msgspec.json.decode(env, type=str)) if env[:1] == b'"' else None
    except (ValueError, RecursionError):
        # Refused with a reason when the params are read as a whole.
        return None
