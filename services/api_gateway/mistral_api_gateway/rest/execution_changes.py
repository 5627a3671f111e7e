"""``PUT /v2/executions/{id}``: one request that means pausing, resuming, stopping or describing."""

from typing import Final

from mistral_api_gateway.operations.caller import Caller
from mistral_api_gateway.operations.executions import Executions
from mistral_api_gateway.operations.json_text import members
from mistral_api_gateway.rest.bodies import json_text
from mistral_api_gateway.rest.execution_resource import ExecutionBody
from mistral_core.errors import Forbidden, IllegalState, InvalidInput
from mistral_persistence.execution_reads import Row

_ALLOWED: Final = ("RUNNING", "PAUSED", "SUCCESS", "ERROR", "CANCELLED")


async def change(executions: Executions, caller: Caller, execution_id: str, sent: ExecutionBody) -> Row:
    """Do what the sent attributes mean and return the execution as it stands then; an empty one counts as not sent.

    Raises:
        NotFound: If there is no such execution.
        InvalidInput: If they do not go together.
        IllegalState: If the execution cannot get to that state.
        Forbidden: If its environment cannot be changed now.
    """
    await executions.get(caller, execution_id)
    env = _env(sent)
    _check(sent, env)
    match sent.state:
        case None | "":
            return await _describe(executions, caller, execution_id, sent.description or None, env)
        case "PAUSED":
            return await executions.pause(caller, execution_id)
        case "RUNNING":
            return await executions.resume(caller, execution_id, env=env)
        case state:
            return await executions.stop(caller, execution_id, state, message=sent.state_info or "")


def _env(sent: ExecutionBody) -> bytes:
    params = json_text(sent.params)
    if not params:
        return b""
    env = members(params, "params").get("env")
    text = json_text(env) if env is not None else b""
    return text if members(text or b"{}", "env") else b""


def _check(sent: ExecutionBody, env: bytes) -> None:
    if not (sent.state or sent.description or env):
        raise InvalidInput("The property state, description, or env is not provided for update.")
    if sent.state and sent.description:
        raise InvalidInput("The property description must be updated separately from state.")
    if sent.state and sent.state not in _ALLOWED:
        raise InvalidInput(f"Cannot change state to {sent.state}. Allowed states are: {', '.join(_ALLOWED)}")
    if env and sent.state not in (None, "RUNNING"):
        raise InvalidInput("The property env can only be updated together with the state RUNNING or alone.")


async def _describe(
    executions: Executions, caller: Caller, execution_id: str, description: str | None, env: bytes
) -> Row:
    try:
        return await executions.update(caller, execution_id, description=description, env=env)
    except IllegalState as error:
        raise Forbidden(str(error)) from None
