"""What project B tries against sources, bindings and events of project A, over both doors, by operation."""

from typing import Any

from tests.api_gateway.isolation import NOBODY, Attempts, World

OPEN = {
    **{f"event_sources:{verb}": "rule:admin_or_owner" for verb in ("create", "delete", "get", "list", "update")},
    **{f"event_bindings:{verb}": "rule:admin_or_owner" for verb in ("create", "delete", "update")},
    "received_events:create": "rule:admin_or_owner",
}
"""Whoever may do so is tried elsewhere."""


async def heard(world: World) -> None:
    """Have project A listen, give names, and receive something, secretly."""
    things, name = world.things, f"event_{world.a}"
    source = {"name": name, "kind": "webhook", "description": world.token, "secret": world.token}
    things["event source"] = (await world.made("a", "POST", "/v2/event_sources", json=source))["id"]
    binding = {"name": name, "exchange": world.token, "topic": "t", "event": "e"}
    things["event binding"] = (await world.made("a", "POST", "/v2/event_bindings", json=binding))["id"]
    event = {"event": name, "payload": world.token}
    things["received event"] = (await world.made("a", "POST", "/v2/received_events", json=event))["id"]


def on_events(two: World) -> dict[str, Attempts]:
    """Return (status expected, path and query, what is sent) for each operation of REST."""
    name = f"event_{two.a}"
    source, binding, event = (two.things[one] for one in ("event source", "event binding", "received event"))
    ours = {"name": name, "exchange": "x", "topic": "t", "event": "e"}

    def listed(plural: str, theirs: str) -> Attempts:
        return [
            (200, f"/v2/{plural}", {}),
            (200, f"/v2/{plural}?project_id={two.a}", {}),
            (403, f"/v2/{plural}?all_projects=true", {}),
            (404, f"/v2/{plural}?marker={theirs}", {}),
        ]

    return {
        "POST /v2/event_sources": [
            # Names are parts of addresses that nobody signs in at, hence unique among all projects.
            (409, "/v2/event_sources", {"json": {"name": name, "kind": "webhook"}}),
            (403, "/v2/event_sources", {"json": {"name": "all", "kind": "webhook", "tenancy": "event"}}),
        ],
        "GET /v2/event_sources": listed("event_sources", source),
        "GET /v2/event_sources/{name}": [
            (404, f"/v2/event_sources/{source}", {}),
            (404, f"/v2/event_sources/{name}", {}),
        ],
        "PUT /v2/event_sources/{name}": [(404, f"/v2/event_sources/{name}", {"json": {"secret": "mine"}})],
        "DELETE /v2/event_sources/{name}": [(404, f"/v2/event_sources/{name}", {})],
        "POST /v2/event_sources/{name}/events": [
            (401, f"/v2/event_sources/{name}/events", {"json": {}}),
            (401, f"/v2/event_sources/{name}/events", {"json": {}, "headers": {"x-signature": "0"}}),
        ],
        "POST /v2/event_bindings": [
            (201, "/v2/event_bindings", {"json": ours}),
            (403, "/v2/event_bindings", {"json": {**ours, "name": "all", "scope": "public"}}),
        ],
        "GET /v2/event_bindings": listed("event_bindings", binding),
        "GET /v2/event_bindings/{name}": [
            (404, f"/v2/event_bindings/{binding}", {}),
            (200, f"/v2/event_bindings/{name}", {}),
        ],
        "PUT /v2/event_bindings/{name}": [(404, f"/v2/event_bindings/{binding}", {"json": {"event": "mine"}})],
        "DELETE /v2/event_bindings/{name}": [
            (404, f"/v2/event_bindings/{binding}", {}),
            (204, f"/v2/event_bindings/{name}", {}),
        ],
        "POST /v2/received_events": [
            (201, "/v2/received_events", {"json": {"event": name}}),
            (403, "/v2/received_events", {"json": {"event": name, "scope": "public"}}),
        ],
        "GET /v2/received_events": listed("received_events", event),
        "GET /v2/received_events/{id}": [(404, f"/v2/received_events/{event}", {})],
        "GET /v2/received_events/{id}/explanation": [(404, f"/v2/received_events/{event}/explanation?all=true", {})],
    }


def calls_on_events(two: World) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """Return (status expected, request) for each method of gRPC."""
    name = f"event_{two.a}"
    source, binding, event = (two.things[one] for one in ("event source", "event binding", "received event"))
    listed = [("OK", {}), ("PERMISSION_DENIED", {"all_projects": True})]
    place = {"exchange": "x", "topic": "t", "event": "e"}
    return {
        "EventSourceService/CreateEventSource": [
            ("ALREADY_EXISTS", {"name": name, "kind": "webhook"}),
            ("PERMISSION_DENIED", {"name": "all", "kind": "webhook", "tenancy": "event"}),
        ],
        "EventSourceService/ListEventSources": listed,
        **{
            f"EventSourceService/{method}": [("NOT_FOUND", {"name": source}), ("NOT_FOUND", {"name": name})]
            for method in ("GetEventSource", "UpdateEventSource", "DeleteEventSource")
        },
        "EventBindingService/CreateEventBinding": [
            ("OK", {"name": name, **place}),
            ("PERMISSION_DENIED", {"name": "all", "scope": 2, **place}),
        ],
        "EventBindingService/ListEventBindings": listed,
        **{
            f"EventBindingService/{method}": [("NOT_FOUND", {"name": binding})]
            for method in ("GetEventBinding", "UpdateEventBinding", "DeleteEventBinding")
        },
        "ReceivedEventService/FireEvent": [
            ("OK", {"event": name}),
            ("PERMISSION_DENIED", {"event": name, "scope": 2}),
        ],
        "ReceivedEventService/ListReceivedEvents": listed,
        "ReceivedEventService/GetReceivedEvent": [("NOT_FOUND", {"id": event}), ("NOT_FOUND", {"id": NOBODY})],
        "ReceivedEventService/GetEventExplanation": [("NOT_FOUND", {"id": event, "all": True})],
    }
