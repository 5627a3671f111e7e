"""What project B tries against subscriptions and dead letters of project A, over both doors, by operation."""

from typing import Any

from tests.api_gateway.isolation import NOBODY, Attempts, World

PUBLISHER = {"type": "webhook", "url": "http://127.0.0.1:9/nobody"}


async def subscribed(world: World) -> None:
    """Have project A subscribe to everything, secretly."""
    sent = {
        "name": f"subscription_{world.a}",
        "description": world.token,
        "publisher": PUBLISHER,
        "secrets": {"secret": world.token},
        "enabled": False,
    }
    world.things["subscription"] = (await world.made("a", "POST", "/v2/subscriptions", json=sent))["id"]


def on_subscriptions(two: World) -> dict[str, Attempts]:
    """Return (status expected, path and query, what is sent) for each operation of REST."""
    theirs, name = two.things["subscription"], f"subscription_{two.a}"
    ours = {"name": f"subscription_{two.b}", "publisher": PUBLISHER, "enabled": False}
    one = "/v2/subscriptions/{identifier}"
    return {
        "POST /v2/subscriptions": [(201, "/v2/subscriptions", {"json": {**ours, "name": name}})],
        "GET /v2/subscriptions": [
            (200, "/v2/subscriptions", {}),
            (200, f"/v2/subscriptions?project_id={two.a}", {}),
            (403, "/v2/subscriptions?all_projects=true", {}),
            (404, f"/v2/subscriptions?marker={theirs}", {}),
        ],
        f"GET {one}": [(404, f"/v2/subscriptions/{theirs}", {}), (200, f"/v2/subscriptions/{name}", {})],
        f"PUT {one}": [(404, f"/v2/subscriptions/{theirs}", {"json": {"enabled": True}})],
        f"POST {one}/test": [(404, f"/v2/subscriptions/{theirs}/test", {})],
        f"GET {one}/attempts": [(404, f"/v2/subscriptions/{theirs}/attempts", {})],
        f"DELETE {one}": [(404, f"/v2/subscriptions/{theirs}", {}), (204, f"/v2/subscriptions/{name}", {})],
        "GET /v2/dead_letters": [
            (200, "/v2/dead_letters", {}),
            (200, f"/v2/dead_letters?subscription_id={theirs}", {}),
            (403, "/v2/dead_letters?all_projects=true", {}),
        ],
        "GET /v2/dead_letters/{id}": [(404, f"/v2/dead_letters/{NOBODY}", {})],
        "DELETE /v2/dead_letters/{id}": [(404, f"/v2/dead_letters/{NOBODY}", {})],
        "GET /v2/events": [
            (200, "/v2/events?tasks=true", {}),
            (200, f"/v2/events?tasks=true&id={two.things['held']}", {}),
            (403, "/v2/events?all_projects=true", {}),
        ],
        # What it streams is tried with the streams of gRPC; here only that nobody sees the things of all.
        "GET /v2/events/stream": [(403, "/v2/events/stream?all_projects=true", {})],
        "GET /v2/retention": [(200, "/v2/retention", {})],
        "PUT /v2/retention": [(403, "/v2/retention", {"json": {"max_finished": 0}})],
        "DELETE /v2/retention": [(403, "/v2/retention", {})],
        "POST /v2/retention/preview": [(200, "/v2/retention/preview", {"json": {"max_finished": 0}})],
        "POST /v2/dead_letters/replay": [
            (404, "/v2/dead_letters/replay", {"json": {"ids": [NOBODY]}}),
            (200, "/v2/dead_letters/replay", {"json": {"subscription_id": theirs}}),
        ],
    }


def calls_on_subscriptions(two: World) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """Return (status expected, request) for each method of gRPC."""
    theirs, name = {"identifier": two.things["subscription"]}, f"subscription_{two.a}"
    listed = [("OK", {}), ("PERMISSION_DENIED", {"all_projects": True})]
    service, letters = "SubscriptionService", "DeadLetterService"
    made = {"name": name, "publisher": '{"type": "noop"}', "disabled": True}
    return {
        f"{service}/CreateSubscription": [("OK", made)],
        f"{service}/ListSubscriptions": listed,
        **{
            f"{service}/{method}": [("NOT_FOUND", theirs)]
            for method in ("GetSubscription", "UpdateSubscription", "TestSubscription", "ListDeliveryAttempts")
        },
        f"{service}/DeleteSubscription": [("NOT_FOUND", theirs), ("OK", {"identifier": name})],
        "ExecutionEventService/FindExecutionEvents": [
            ("OK", {"include_tasks": True}),
            ("OK", {"include_tasks": True, "filter": f"id = {two.things['held']}"}),
        ],
        "RetentionService/GetRetention": [("OK", {})],
        "RetentionService/UpdateRetention": [("PERMISSION_DENIED", {"max_finished": 0})],
        "RetentionService/DeleteRetention": [("PERMISSION_DENIED", {})],
        "RetentionService/PreviewRetention": [("OK", {"max_finished": 0})],
        f"{letters}/ListDeadLetters": listed,
        f"{letters}/GetDeadLetter": [("NOT_FOUND", {"id": NOBODY})],
        f"{letters}/ReplayDeadLetters": [("NOT_FOUND", {"ids": [NOBODY]})],
        f"{letters}/DeleteDeadLetters": [("NOT_FOUND", {"ids": [NOBODY]})],
    }
