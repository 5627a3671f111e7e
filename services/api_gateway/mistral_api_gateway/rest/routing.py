"""From path to endpoint: a tree of path segments, since every request goes through here."""

from collections.abc import Iterable
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from mistral_api_gateway.rest.faults import fault


class _Node:
    """One segment of the known paths."""

    __slots__ = ("by_method", "children", "parameter", "parameter_name")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.parameter_name = ""
        self.by_method: dict[str, ASGIApp] = {}


class Routes:
    """The ASGI application that hands requests to the endpoints.

    A slash at the end of a path changes nothing, except where a path with it is known of its own.

    Args:
        endpoints: (method, path, application); a segment such as ``{id}`` takes any text without a slash.
    """

    def __init__(self, endpoints: Iterable[tuple[str, str, ASGIApp]]) -> None:
        self._root = _Node()
        for method, path, app in endpoints:
            node = self._root
            for segment in path.split("/")[1:]:
                node = _grown(node, segment)
            node.by_method[method] = app
            if method == "GET":
                node.by_method["HEAD"] = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        assert scope["type"] == "http"
        parameters: dict[str, str] = {}
        node = self._find(_segments(scope), parameters)
        app = node.by_method.get(scope["method"]) if node is not None else None
        if app is not None:
            scope["path_params"] = parameters
            await app(scope, receive, send)
        elif node is None or not node.by_method:
            await fault(404, f"There is nothing at {scope['path']}")(scope, receive, send)
        else:
            allowed = {"Allow": ", ".join(sorted(node.by_method))}
            await fault(405, "Method Not Allowed", headers=allowed)(scope, receive, send)

    def _find(self, segments: list[str], parameters: dict[str, str]) -> _Node | None:
        node = self._root
        for segment in segments:
            child = node.children.get(segment)
            if child is None:
                if not segment:
                    continue
                child = node.parameter
                if child is None:
                    return None
                parameters[node.parameter_name] = segment
            node = child
        return node


def _segments(scope: Scope) -> list[str]:
    raw = scope.get("raw_path") or b""
    if b"%2F" in raw or b"%2f" in raw:
        # A name may hold a slash.
        return [unquote(part) for part in raw.decode("latin-1").split("/")[1:]]
    path: str = scope["path"]
    return path.split("/")[1:]


def _grown(node: _Node, segment: str) -> _Node:
    if segment.startswith("{"):
        node.parameter_name = segment[1:-1]
        if node.parameter is None:
            node.parameter = _Node()
        return node.parameter
    return node.children.setdefault(segment, _Node())
