"""``/v2/workflows/{id}/members``: sharing with other projects, which needs that projects are told apart.

While authentication is off there is one project, so every request is refused, in the words that clients know.
"""

from typing import Any, Final, NoReturn

from starlette.requests import Request

from mistral_api_gateway.rest.operation import Operation
from mistral_core.errors import InvalidInput, NotFound
from mistral_persistence.literals import as_uuid

_PATHS: Final = (
    ("GET", "", "List with whom a workflow is shared"),
    ("POST", "", "Share a workflow"),
    ("GET", "/{member_id}", "Get a sharing"),
    ("PUT", "/{member_id}", "Accept or reject a sharing"),
    ("DELETE", "/{member_id}", "End a sharing"),
)


class MemberEndpoints:
    """What REST says to sharing."""

    def operations(self) -> list[Operation]:
        """The endpoints, with their documentation."""

        def make(method: str, tail: str, summary: str) -> Operation:
            path = f"/v2/workflows/{{id}}/members{tail}"
            told = f"{summary} (refused while authentication is off)"
            return Operation(method=method, path=path, handler=self.refuse, summary=told, tag="workflows", status=400)

        return [make(*each) for each in _PATHS]

    async def refuse(self, request: Request) -> NoReturn:
        """Refuse; a workflow is meant by its id only."""
        workflow: Any = request.path_params["id"]
        if as_uuid(workflow) is None:
            raise NotFound(f"Sharing needs the id of a workflow: {workflow!r}")
        raise InvalidInput("Resource sharing feature can only be supported with authentication enabled.")
