"""The code of dynamic actions for executors, which have no store. Asked for by name, anew before every run."""

from mistral.internal.v1 import dynamic_action_pb2 as pb
from mistral_core.errors import NotFound
from mistral_persistence import dynamic_actions
from mistral_persistence.database import Pool


async def dynamic_action(pool: Pool, request: pb.GetDynamicActionRequest) -> pb.GetDynamicActionResponse:
    """Return the class and, unless the caller has it, the code of a dynamic action.

    Raises:
        NotFound: If the project sees none of that name.
    """
    namespaces = (request.namespace, "") if request.namespace else ("",)
    row = await dynamic_actions.code_of(pool, request.project_id, namespaces, request.name, request.known_digest)
    if row is None:
        raise NotFound(f"Failed to find action [action_name={request.name}]")
    return pb.GetDynamicActionResponse(
        class_name=row["class_name"],
        code_source_name=row["name"],
        version=row["version"],
        digest=row["digest"],
        content=row["content"],
    )
