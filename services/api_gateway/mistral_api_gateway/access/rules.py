"""Which rules there are, what each says unless the operator says otherwise, and which one a call asks.

Names are Mistral's: ``<resource>:<verb>``. A call's rule follows from its path or name; the few that do not fit say
so in the tables here. A call without a rule stops the gateway at its start.
"""

import re
from collections.abc import Mapping
from typing import Final

OWNER: Final = "rule:admin_or_owner"
ADMIN: Final = "rule:admin_only"

ALIASES: Final[Mapping[str, str]] = {
    "admin_only": "is_admin:True",
    "admin_or_owner": "is_admin:True or project_id:%(project_id)s",
}

_CRUD: Final = ("create", "delete", "get", "list", "update")
_RESOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "actions": (*_CRUD, "validate"),
    "action_executions": _CRUD,
    "cron_triggers": _CRUD,
    "dead_letters": ("delete", "get", "list", "update"),
    "environments": _CRUD,
    "event_triggers": _CRUD,
    "executions": _CRUD,
    "fleets": ("get", "list"),
    "http_workers": _CRUD,
    "members": _CRUD,
    "retention": ("get",),
    "services": ("list",),
    "subscriptions": _CRUD,
    "tasks": ("get", "list", "update"),
    "workbooks": (*_CRUD, "validate"),
    "workers": ("get", "list", "work"),
    "workflows": (*_CRUD, "validate"),
}
_ADMIN_RESOURCES: Final = ("code_sources", "dynamic_actions", "event_sources")
_PUBLISHED: Final = ("actions", "cron_triggers", "environments", "event_triggers", "workbooks", "workflows")
_OF_ALL: Final = (
    "actions",
    "action_executions",
    "code_sources",
    "cron_triggers",
    "dead_letters",
    "dynamic_actions",
    "environments",
    "event_triggers",
    "executions",
    "http_workers",
    "subscriptions",
    "tasks",
    "workbooks",
    "workers",
    "workflows",
)

DEFAULTS: Final[Mapping[str, str]] = {
    **{f"{resource}:{verb}": OWNER for resource, verbs in _RESOURCES.items() for verb in verbs},
    **{f"{resource}:{verb}": ADMIN for resource in _ADMIN_RESOURCES for verb in (*_CRUD, "publicize")},
    **{f"{resource}:publicize": ADMIN for resource in _PUBLISHED},
    **{f"{resource}:list:all_projects": ADMIN for resource in _OF_ALL},
    **{f"fleets:{verb}": ADMIN for verb in ("create", "delete", "update", "publicize", "list:all_projects")},
    **{f"api_keys:{verb}": ADMIN for verb in _CRUD},
    **{f"event_bindings:{verb}": ADMIN for verb in ("create", "delete", "update", "publicize")},
    **{f"{resource}:{verb}": OWNER for resource in ("event_bindings", "received_events") for verb in ("get", "list")},
    **{f"{resource}:list:all_projects": ADMIN for resource in ("event_bindings", "event_sources", "received_events")},
    "received_events:create": ADMIN,
    "retention:update": ADMIN,
    "retention:delete": ADMIN,
    "maintenance:get": OWNER,
    "maintenance:update": ADMIN,
}
"""What every rule says by default; a policy file may replace the text of each."""

_OPEN_PATHS: Final = frozenset({"/", "/v2", "/v2/", "/info", "/healthz", "/healthcheck", "/openapi.json"}) | {
    # Whoever sends events proves it by a signature instead.
    "/v2/event_sources/{name}/events",
}
_REST: Final[Mapping[str, str]] = {
    "GET /v2/services": "services:list",
    "GET /v2/fleets/{name}/workers": "fleets:get",
    "GET /v2/executions/{id}/executions": "executions:get",
    "GET /v2/executions/{id}/report": "executions:get",
    "GET /v2/executions/{id}/events": "executions:get",
    "GET /v2/events": "executions:list",
    "GET /v2/events/stream": "executions:list",
    "GET /v2/tasks/{id}/executions": "executions:get",
    "GET /v2/tasks/{id}/workflow_executions": "executions:list",
    "POST /v2/cron_triggers/{identifier}/pause": "cron_triggers:update",
    "POST /v2/cron_triggers/{identifier}/resume": "cron_triggers:update",
    "POST /v2/cron_triggers/{identifier}/run": "cron_triggers:update",
    "POST /v2/cron_triggers/{identifier}/backfill": "cron_triggers:update",
    "GET /v2/cron_triggers/{identifier}/preview": "cron_triggers:get",
    "GET /v2/cron_triggers/{identifier}/runs": "cron_triggers:get",
    "POST /v2/cron_preview": "cron_triggers:get",
    "POST /v2/subscriptions/{identifier}/test": "subscriptions:update",
    "GET /v2/subscriptions/{identifier}/attempts": "subscriptions:get",
    "POST /v2/dead_letters/replay": "dead_letters:update",
    "GET /v2/received_events/{id}/explanation": "received_events:get",
    **{f"POST /v2/workers/{verb}": "workers:work" for verb in ("poll", "complete", "heartbeat")},
    "GET /v2/retention": "retention:get",
    "POST /v2/retention/preview": "retention:get",
    "GET /maintenance": "maintenance:get",
    "PUT /maintenance": "maintenance:update",
}
_VERBS: Final[Mapping[str, str]] = {"POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete"}

_GRPC: Final[Mapping[str, str]] = {
    "ExecutionService/WatchExecutions": "executions:list",
    "ReceivedEventService/FireEvent": "received_events:create",
    "CronTriggerService/RunCronTrigger": "cron_triggers:update",
    "CronTriggerService/BackfillCronTrigger": "cron_triggers:update",
    "CronTriggerService/PreviewCronTrigger": "cron_triggers:get",
    "CronTriggerService/ListCronTriggerRuns": "cron_triggers:get",
    "RetentionService/PreviewRetention": "retention:get",
    "SubscriptionService/TestSubscription": "subscriptions:update",
    "SubscriptionService/ListDeliveryAttempts": "subscriptions:get",
    "FleetService/ListFleetWorkers": "fleets:get",
    **{f"WorkerService/{name}": "workers:work" for name in ("Work", "PollAssignments", "CompleteAssignments")},
    "WorkerService/HeartbeatAssignments": "workers:work",
}
_WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("Create", "Start", "Run", "Share", "Add"), "create"),
    **dict.fromkeys(("Get", "Watch", "Report", "Describe", "Stream"), "get"),
    **dict.fromkeys(("List", "Find", "Count"), "list"),
    **dict.fromkeys(("Delete", "Remove", "Unshare", "Revoke"), "delete"),
    **dict.fromkeys(("Validate", "Check"), "validate"),
    **dict.fromkeys(("Update", "Complete", "Set", "Put", "Change", "Accept", "Reject", "Enter", "Leave"), "update"),
    **dict.fromkeys(("Pause", "Resume", "Stop", "Cancel", "Rerun", "Skip", "Replay", "Suspend"), "update"),
}
_RESOURCE_OF: Final[Mapping[str, str]] = {
    "ExecutionBulkService": "executions",
    "ExecutionEventService": "executions",
    "WorkflowMemberService": "members",
    "MaintenanceService": "maintenance",
    "RetentionService": "retention",
    "ServiceService": "services",
}


class NoRule(LookupError):
    """A call of the API has no rule; name one for it in this module."""


def rule_of_path(method: str, path: str) -> str:
    """Return the rule of a REST call, such as ``workflows:get``; empty for one that is open to all.

    Raises:
        NoRule: If there is none.
    """
    if path in _OPEN_PATHS:
        return ""
    known = _REST.get(f"{method} {path}")
    if known is not None:
        return known
    segments = [segment for segment in path.removeprefix("/v2").split("/") if segment]
    named = [segment for segment in segments if not segment.startswith("{")]
    resource, ends_in_id = named[-1], segments[-1].startswith("{")
    if resource == "validate":
        return _known(f"{named[-2]}:validate", f"{method} {path}")
    verb = _VERBS.get(method) or ("get" if ends_in_id else "list")
    return _known(f"{resource}:{verb}", f"{method} {path}")


def rule_of_method(method: str) -> str:
    """Return the rule of a gRPC call, named as ``mistral.v1.WorkflowService/GetWorkflow``.

    Raises:
        NoRule: If there is none.
    """
    service, _, name = method.rpartition(".")[2].partition("/")
    known = _GRPC.get(f"{service}/{name}")
    if known is not None:
        return known
    resource = _RESOURCE_OF.get(service) or _plural(service.removesuffix("Service"))
    word = re.match(r"(?:Bulk|Batch)?([A-Z][a-z]+)", name)
    verb = _WORDS.get(word[1]) if word else None
    return _known(f"{resource}:{verb}", method)


def _plural(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() + "s"


def _known(rule: str, call: str) -> str:
    if rule not in DEFAULTS:
        raise NoRule(f"{call} has no rule: there is none called {rule!r}")
    return rule
