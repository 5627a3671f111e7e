"""Requests made up from the gateway's own OpenAPI document, and its answers held against it.

Run it as a program for a long run against a mesh that is there:

    .venv/bin/python -m tests.api_gateway.fuzzing --url http://127.0.0.1:8989 --examples 500
"""

import argparse
import random
import sys
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from tests.api_gateway.contract import ADHOC, BOOK, ECHO, FAILING, HELD, Api, new_name

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
# The first would refuse what all the others send, the others may last longer than a request should here.
_LEFT_OUT = {("PUT", "/maintenance"), ("GET", "/v2/events/stream"), ("POST", "/v2/workers/poll")}

Things = Mapping[str, Sequence[str]]


def things(api: Api) -> dict[str, list[str]]:
    """Make a thing of each kind, and return what its paths hold by the word after ``/v2/``."""
    done, failed = api.ended(), api.ended(FAILING, state="ERROR")
    held, task, action = api.held()
    flow, name = api.workflow(HELD), new_name()
    api.made("/v2/workbooks", BOOK.format(name=name))
    api.made("/v2/actions", ADHOC.format(name=name))
    api.made("/v2/environments", {"name": name, "variables": {"a": 1}})
    trigger = api.made("/v2/cron_triggers", {"name": name, "workflow_id": flow["id"], "pattern": "0 0 1 1 *"})
    event = {"name": name, "workflow_id": flow["id"], "exchange": name, "topic": "t", "event": "e"}
    place = {"exchange": name, "topic": "t", "event": "e"}
    heard = api.made("/v2/received_events", {**place, "payload": {"a": 1}})
    binding = api.made("/v2/event_bindings", {"name": name, **place})
    source = api.made("/v2/event_sources", {"name": name, "kind": "webhook", "secret": name})
    api.made("/v2/fleets", {"name": name, "template": {"command": ["true"]}})
    called = {"name": name, "url": "http://127.0.0.1:1/", "actions": [{"name": f"{name}.a"}], "enabled": False}
    api.made("/v2/http_workers", called)
    told = {"name": name, "enabled": False, "publisher": {"type": "webhook", "url": "http://127.0.0.1:9/nobody"}}
    subscription = api.made("/v2/subscriptions", told)
    (bad,) = api.listed(f"/v2/executions/{failed['id']}/tasks")
    return {
        "workflows": [api.workflow(ECHO)["id"], flow["name"]],
        "workbooks": [name],
        "actions": ["std.echo", name],
        "environments": [name],
        "cron_triggers": [trigger["id"], name],
        "event_triggers": [api.made("/v2/event_triggers", event)["id"]],
        "fleets": [name],
        "http_workers": [name],
        "subscriptions": [subscription["id"], name],
        "event_sources": [source["id"], name],
        "event_bindings": [binding["id"], name],
        "received_events": [heard["id"]],
        **_code(api, name),
        "executions": [done["id"], failed["id"], held["id"]],
        "tasks": [task["id"], bad["id"]],
        "action_executions": [action["id"]],
    }


def _code(api: Api, name: str) -> dict[str, list[str]]:
    code = api.post(
        "/v2/code_sources", params={"name": name}, content="class A:\n    def run(self):\n        return 1\n"
    )
    if code.status_code == 403:
        # Actions of uploaded code are switched off there.
        return {}
    body = {"name": f"{name}_d", "class_name": "A", "code_source_id": code.json()["id"]}
    dynamic = api.made("/v2/dynamic_actions", body)
    return {"code_sources": [code.json()["id"], name], "dynamic_actions": [dynamic["id"]]}


def faults(url: str, known: Things, *, examples: int, tags: Sequence[str] = ()) -> list[str]:
    """Send made-up requests to every operation and return what was wrong with the answers, one text each.

    Args:
        known: Ids and names that are there; every second request is about one of them.
        examples: Requests for each operation, in which also arguments may be wrong.
    """
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    found = []
    for result in schema.get_all_operations():
        operation = result.ok()
        if (operation.method.upper(), operation.path) in _LEFT_OUT or (
            tags and not {*tags} & {*(operation.tags or ())}
        ):
            continue
        try:
            _asked(operation, known, examples)
        except FailureGroup as group:
            found += [f"{operation.label}: {fault}" for fault in group.exceptions]
        except Exception as error:
            found.append(f"{operation.label}: {error}")
    return found


def _asked(operation: Any, known: Things, examples: int) -> None:
    kinds = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
    cases = operation.as_strategy(generation_mode=kinds[0])
    if operation.path_parameters or operation.query or operation.body:
        cases = cases | operation.as_strategy(generation_mode=kinds[1])

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def ask(case: Any) -> None:
        _aim(case, known)
        case.call_and_validate(checks=CHECKS, timeout=30)

    ask()


def _aim(case: Any, known: Things) -> None:
    """Have the request be about something that there is, if chance, which is always the same, says so."""
    there = known.get(case.path.split("/")[2] if case.path.startswith("/v2/") else "", ())
    chance = random.Random(zlib.crc32(repr((case.method, case.path, case.query, case.body)).encode()))
    for name in case.path_parameters or {}:
        if there and name in ("id", "name", "identifier") and chance.random() < 0.5:
            case.path_parameters[name] = chance.choice(there)


def main(arguments: Sequence[str]) -> int:
    """Make things on a mesh, send requests, and print what was wrong."""
    parser = argparse.ArgumentParser(prog="fuzzing")
    parser.add_argument("--url", default="http://127.0.0.1:8989")
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--tag", action="append", default=[], help="only operations of this tag")
    given_ = parser.parse_args(arguments)
    with Api(base_url=given_.url, timeout=httpx.Timeout(60)) as api:
        found = faults(given_.url, things(api), examples=given_.examples, tags=given_.tag)
    print("\n\n".join(found) or "nothing found")
    return min(len(found), 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
