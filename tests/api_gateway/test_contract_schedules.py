"""What ``/v2/cron_triggers`` has beyond OpenStack Mistral's: zones, overlap, pauses, previews, backfill and runs."""

import pytest

from tests.api_gateway.contract import HELD, UNKNOWN_ID, Api, is_fault, new_name

YEARLY = "0 0 1 1 *"


@pytest.fixture(scope="module")
def workflow(api: Api) -> dict:
    return api.workflow(HELD)


def made(api: Api, workflow: dict, **more) -> dict:
    return api.made("/v2/cron_triggers", {"name": new_name(), "workflow_id": workflow["id"], "pattern": YEARLY, **more})


def test_a_trigger_that_says_more_is_answered_with_more(api, workflow):
    more = {
        "patterns": ["30 2 * * *", "0 12 * * sun"],
        "timezone": "Europe/Berlin",
        "jitter": 60,
        "start_at": "2049-01-01 00:00",
        "end_at": "2049-12-31T00:00:00Z",
        "overlap": "skip",
        "catchup_window": 3600,
    }

    shown = made(api, workflow, **more)

    assert shown["patterns"] == [YEARLY, *more["patterns"]]
    assert {name: shown[name] for name in ("timezone", "jitter", "overlap", "catchup_window")} == {
        name: more[name] for name in ("timezone", "jitter", "overlap", "catchup_window")
    }
    assert (shown["start_at"], shown["end_at"]) == ("2048-12-31 23:00:00", "2049-12-31 00:00:00")
    assert (shown["status"], shown["fired"], shown["missed"], shown["last_miss_reason"]) == ("ACTIVE", 0, 0, "")
    assert api.get(f"/v2/cron_triggers/{shown['id']}").json() == shown
    assert shown in api.listed("/v2/cron_triggers?timezone=Europe/Berlin")


def test_a_trigger_that_says_no_more_shows_more_to_who_asks(api, workflow):
    shown = made(api, workflow, workflow_params={"env": {"a": new_name()}})

    assert "timezone" not in shown
    asked = api.get(f"/v2/cron_triggers/{shown['id']}?fields=timezone,overlap,fired").json()
    assert asked == {"id": shown["id"], "timezone": "UTC", "overlap": "allow", "fired": 0}


def test_two_that_differ_in_their_zone_are_not_the_same(api, workflow):
    same = {"workflow_params": {"env": {"a": new_name()}}}
    made(api, workflow, timezone="Europe/Berlin", **same)
    made(api, workflow, timezone="Europe/Rome", **same)

    body = {"name": new_name(), "workflow_id": workflow["id"], "pattern": YEARLY, "timezone": "Europe/Rome", **same}
    is_fault(api.post("/v2/cron_triggers", json=body), 409)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"timezone": "Mars"}, "There is no time zone 'Mars'"),
        ({"timezone": 5}, "timezone"),
        ({"patterns": "0 3 * * *"}, "patterns"),
        ({"patterns": ["61 * * * *"]}, "61"),
        ({"patterns": [f"{minute} 3 * * *" for minute in range(21)]}, "at most 20"),
        ({"pattern": "R R * * *"}, "by chance"),
        ({"jitter": -1}, "jitter"),
        ({"jitter": 10**40}, "jitter"),
        ({"overlap": "sometimes"}, "buffer_all"),
        ({"catchup_window": 1}, "catchup_window"),
        ({"catchup_window": 10**40}, "catchup_window"),
        ({"start_at": "soon"}, "start_at is not a time"),
        ({"start_at": "2049-01-01", "end_at": "2048-01-01"}, "end_at must be later"),
        ({"end_at": "2000-01-01"}, "never fits"),
    ],
)
def test_what_is_refused(api, workflow, change, said):
    body = {"name": new_name(), "workflow_id": workflow["id"], "pattern": YEARLY}

    is_fault(api.post("/v2/cron_triggers", json={**body, **change}), 400, said)


def test_a_pause_has_a_reason_and_an_end(api, workflow):
    trigger = made(api, workflow, workflow_params={"env": {"a": new_name()}})
    path = f"/v2/cron_triggers/{trigger['name']}"

    paused = api.post(f"{path}/pause", json={"note": "moving"}).json()
    assert (paused["status"], paused["status_note"], paused["next_execution_time"]) == ("PAUSED", "moving", None)
    assert [one["id"] for one in api.listed("/v2/cron_triggers?status=PAUSED&status_note=moving")] == [trigger["id"]]
    resumed = api.post(f"{path}/resume").json()
    assert resumed["next_execution_time"] == trigger["next_execution_time"]
    assert api.post(f"{path}/resume").json() == resumed
    is_fault(api.post(f"{path}/pause", json={"note": "x" * 1001}), 400, "note")
    is_fault(api.post(f"{path}/pause", json={"reason": "x"}), 400, "Unknown attribute")


@pytest.mark.parametrize("what", ["pause", "resume", "run"])
def test_a_trigger_must_be_there(api, what):
    is_fault(api.post(f"/v2/cron_triggers/{UNKNOWN_ID}/{what}"), 404)
    is_fault(api.post(f"/v2/cron_triggers/nothing-of-that-name/{what}"), 404)


def test_what_is_due_next_is_told_of_what_is_stored_and_of_what_is_not(api, workflow):
    when = {"pattern": "30 2 * * *", "timezone": "Europe/Berlin"}
    trigger = made(api, workflow, **when, workflow_params={"env": {"a": new_name()}})

    asked = api.post("/v2/cron_preview", json={**when, "count": 2, "since": "2026-03-29 00:00"}).json()
    stored = api.get(f"/v2/cron_triggers/{trigger['id']}/preview?count=2&since=2026-03-29").json()

    assert asked == stored
    assert asked["times"] == [
        *(
            {"due_at": due, "starts_at": due, "local": local}
            for due, local in (
                ("2026-03-29 01:00:00", "2026-03-29 03:00:00+02:00"),
                ("2026-03-30 00:30:00", "2026-03-30 02:30:00+02:00"),
            )
        ),
    ]
    for wrong in ({"count": 0}, {"count": 101}, {"since": "soon"}, {"pattern": "x"}, {"pattern": None}):
        is_fault(api.post("/v2/cron_preview", json={**when, **wrong}), 400)
    is_fault(api.get(f"/v2/cron_triggers/{trigger['id']}/preview?count=many"), 400)


def test_a_range_to_make_up_for_must_be_one(api, workflow):
    trigger = made(api, workflow, pattern="* * * * *", paused=True, workflow_params={"env": {"a": new_name()}})
    path = f"/v2/cron_triggers/{trigger['id']}/backfill"

    wrong = {
        "end of the range is before": {"start": "2026-05-04", "end": "2026-05-03"},
        "lies ahead": {"start": "2026-05-04", "end": "2049-05-03"},
        "more than 1000": {"start": "2026-05-04", "end": "2026-05-06"},
        "start is not a time": {"start": "soon", "end": "2026-05-06"},
        "buffer_all": {"start": "2026-05-04", "end": "2026-05-04", "overlap": "sometimes"},
    }
    for said, body in wrong.items():
        is_fault(api.post(path, json=body), 400, said)
    is_fault(api.post(path, json={"start": "2026-05-04"}), 400, "end")


def test_runs_are_listed_by_pages(api, workflow):
    trigger = made(api, workflow, overlap="buffer_all", workflow_params={"env": {"a": new_name()}})
    path = f"/v2/cron_triggers/{trigger['id']}"
    told = [api.post(f"{path}/run").json() for _ in range(3)]
    assert [one["state"] for one in told] == ["STARTING", "WAITING", "WAITING"]

    page = api.get(f"{path}/runs?limit=2").json()

    assert [one["id"] for one in page["runs"]] == [one["id"] for one in told[:2]]
    assert [one["id"] for one in api.listed(f"{path}/runs?run_state=WAITING")] == [one["id"] for one in told[1:]]
    assert {one["kind"] for one in api.listed(f"{path}/runs?fields=kind")} == {"manual"}
    is_fault(api.get(f"{path}/runs?colour=red"), 400, "colour")
    assert api.delete(path).status_code == 204
    is_fault(api.get(f"{path}/runs"), 404)


def test_a_workflow_declares_its_triggers(api):
    name = new_name()
    text = (
        f"version: '2.0'\n{name}:\n  triggers: {{yearly: {{cron: '{YEARLY}'}}}}\n  tasks: {{t: {{action: std.noop}}}}\n"
    )
    assert api.post("/v2/workflows", content=text).status_code == 201

    shown = api.get(f"/v2/cron_triggers/{name}.yearly").json()
    assert (shown["declared_as"], shown["workflow_name"], shown["pattern"]) == ("yearly", name, YEARLY)
    is_fault(api.delete(f"/v2/cron_triggers/{shown['id']}"), 403, "declares this trigger")
    assert api.delete(f"/v2/workflows/{name}").status_code == 204
    is_fault(api.get(f"/v2/cron_triggers/{shown['id']}"), 404)
