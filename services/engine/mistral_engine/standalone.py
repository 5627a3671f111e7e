"""An action that is run on its own is the one task of a hidden execution.

So it is as durable, is sent again, taken over and completed as any other; readers are shown only the action.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from mistral.internal.v1.standalone_action_pb2 import StandaloneAction
from mistral_core.errors import InvalidInput
from mistral_engine.definitions import Definition, Definitions
from mistral_persistence.standalone import VERSION, WORKFLOW_ID


async def definition_for(definitions: Definitions, namespace: str) -> Definition:
    """Return the definition of the hidden execution; the namespace is the one where ad-hoc actions are looked for."""
    workflow = (await definitions.versions([(WORKFLOW_ID, VERSION)]))[WORKFLOW_ID, VERSION]
    return Definition(WORKFLOW_ID, VERSION, workflow.name, namespace, None, workflow)


def input_for(action: StandaloneAction) -> Mapping[str, Any]:
    """Return the input of the hidden execution.

    Raises:
        InvalidInput: If the action's input is not a JSON object.
    """
    try:
        given = msgspec.json.decode(action.input, type=dict[str, Any]) if action.input else {}
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"input must be a JSON object: {error}") from None
    return {
        "action": action.name,
        "input": given,
        "target": action.target or None,
        "timeout": action.timeout_seconds,
    }
