"""The gateway against its own OpenAPI document: no answer that the document does not tell of, and none of 5xx."""

import pytest

from tests.api_gateway.contract import Api
from tests.api_gateway.fuzzing import faults, things

TAGS = (
    ["service"],
    ["workbooks", "workflows"],
    ["actions"],
    ["executions"],
    ["tasks"],
    ["environments", "cron triggers", "event triggers"],
    ["code sources", "dynamic actions"],
    ["event sources", "event bindings", "received events"],
    ["fleets", "http_workers", "workers"],
    ["subscriptions", "dead letters", "events", "retention"],
)


@pytest.mark.slow
@pytest.mark.parametrize("tags", TAGS, ids=lambda tags: "-".join(tags).replace(" ", "_"))
def test_made_up_requests_get_answers_that_are_described(api, tags):
    found = faults(str(api.base_url).rstrip("/"), things(api), examples=8, tags=tags)

    assert not found, "\n\n".join(found)


def test_every_operation_is_asked(api: Api):
    document = api.get("/openapi.json").json()

    told = {tag for path in document["paths"].values() for operation in path.values() for tag in operation["tags"]}

    assert told == {tag for tags in TAGS for tag in tags}
