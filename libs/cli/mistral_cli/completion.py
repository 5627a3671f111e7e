"""What a shell may complete: names that the mesh has. It is asked quickly and quietly, or not at all."""

from collections.abc import Callable
from typing import Any

_SECONDS = 1.0
_MOST = 200

Completion = Callable[[Any, list[str], str], list[str]]


def names_of(service: str, message: str, label: str = "name") -> Completion:
    """Return what completes the names of a resource."""

    def complete(ctx: Any, args: list[str], incomplete: str) -> list[str]:
        import grpc

        from mistral_cli.connection import connected
        from mistral_cli.errors import CommandError
        from mistral_cli.surroundings import Surroundings, within

        said = {name: ctx.params.get(name) for name in ("grpc_address", "context", "api_key", "project")}
        try:
            with within(Surroundings(timeout=_SECONDS, **said)), connected() as mesh:
                call = getattr(getattr(mesh, service), f"List{message}s")
                answer = call(page_size=_MOST)
        except (grpc.RpcError, CommandError):
            # A shell has nowhere to show an error while a person types.
            return []
        found = (each for field, value in answer.ListFields() if field.is_repeated for each in value)
        return sorted({name for each in found if (name := getattr(each, label)).startswith(incomplete)})

    return complete
