"""The REST contract, what holds for every list: pages, orders, fields, and arguments that are refused."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.api_gateway.contract import ADHOC, BOOK, ECHO, is_fault, new_name

LISTS = {
    "workbooks": "workbooks",
    "workflows": "workflows",
    "actions": "actions",
    "executions": "executions",
    "tasks": "tasks",
    "action_executions": "action_executions",
    "environments": "environments",
    "cron_triggers": "cron_triggers",
    "code_sources": "code_sources",
    "dynamic_actions": "dynamic_actions",
}


@pytest.mark.parametrize("plural", LISTS)
class TestEveryList:
    def test_holds_things_under_its_plural(self, api, plural):
        answer = api.get(f"/v2/{plural}")

        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert isinstance(answer.json()[LISTS[plural]], list)

    def test_may_have_a_slash_at_its_end(self, api, plural):
        assert api.get(f"/v2/{plural}/").json().keys() == api.get(f"/v2/{plural}").json().keys()

    def test_answers_a_question_for_its_head(self, api, plural):
        answer = api.head(f"/v2/{plural}?limit=1")

        assert answer.status_code == 200
        assert answer.content == b""

    def test_names_the_argument_that_is_unknown(self, api, plural):
        is_fault(api.get(f"/v2/{plural}?bogus=1"), 400, 'Unknown argument: "bogus"')

    @pytest.mark.parametrize("limit", ["0", "-1", "-1000"])
    def test_takes_positive_limits_only(self, api, plural, limit):
        is_fault(api.get(f"/v2/{plural}?limit={limit}"), 400, "Limit must be positive")

    @pytest.mark.parametrize("limit", ["x", "1.5", ""])
    def test_takes_numbers_as_limits(self, api, plural, limit):
        is_fault(api.get(f"/v2/{plural}?limit={limit}"), 400, "limit")

    def test_takes_any_limit_beyond_the_most(self, api, plural):
        assert api.get(f"/v2/{plural}?limit=100000000000").status_code == 200

    def test_names_fields_that_do_not_exist(self, api, plural):
        is_fault(api.get(f"/v2/{plural}?fields=id,nonsense"), 400, "Some fields do not exist")

    def test_knows_two_directions(self, api, plural):
        is_fault(api.get(f"/v2/{plural}?sort_keys=id&sort_dirs=nonexist"), 400, "Unknown sort direction")

    @pytest.mark.parametrize("order", ["sort_keys=id&sort_dirs=asc,asc", "sort_keys=id,id&sort_dirs=asc,asc"])
    def test_takes_no_more_directions_than_keys(self, api, plural, order):
        said = "Length of sort_keys must be equal or greater than sort_dirs"
        is_fault(api.get(f"/v2/{plural}?limit=1&{order}"), 400, said)

    def test_names_an_unknown_key_to_sort_by(self, api, plural):
        is_fault(api.get(f"/v2/{plural}?sort_keys=nonsense"), 400, "nonsense")

    def test_takes_keys_and_directions_in_capitals(self, api, plural):
        assert api.get(f"/v2/{plural}?sort_keys=ID&sort_dirs=DESC").status_code == 200

    @pytest.mark.parametrize("flag", ["true", "True", "1", "false", ""])
    def test_may_be_asked_of_all_projects(self, api, plural, flag):
        assert api.get(f"/v2/{plural}?all_projects={flag}").status_code == 200

    def test_takes_no_other_word_for_a_flag(self, api, plural):
        is_fault(api.get(f"/v2/{plural}?all_projects=perhaps"), 400, "all_projects")

    @pytest.mark.parametrize("method", ["DELETE", "PATCH"])
    def test_cannot_be_used_otherwise(self, api, plural, method):
        answer = api.request(method, f"/v2/{plural}")

        is_fault(answer, 405)
        assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("plural", "make"),
    [
        ("workbooks", lambda api, name: api.made("/v2/workbooks", BOOK.format(name=name))),
        ("workflows", lambda api, name: api.made("/v2/workflows", ECHO.format(name=name))),
        ("actions", lambda api, name: api.made("/v2/actions", ADHOC.format(name=name))),
        ("environments", lambda api, name: api.made("/v2/environments", {"name": name, "variables": {}})),
        ("code_sources", lambda api, name: api.made("/v2/code_sources", "a = 1", name=name)),
    ],
)
def test_pages_follow_the_address_of_the_next_one(api, plural, make):
    names = sorted(new_name() for _ in range(3))
    for name in names:
        make(api, name)

    address, seen = f"/v2/{plural}?name=in:{','.join(names)}&limit=2&sort_keys=name&sort_dirs=desc&fields=name", []
    first = api.get(address).json()
    told = dict(parse_qsl(urlsplit(first["next"]).query))
    while address:
        page = api.get(address).json()
        assert all(sorted(each) == ["id", "name"] for each in page[plural])
        seen += [each["name"] for each in page[plural]]
        address = page.get("next")

    assert seen == names[::-1]
    assert told["limit"] == "2"
    assert (told["sort_keys"], told["sort_dirs"], told["fields"]) == ("name", "desc", "name")
    assert told["name"] == f"in:{','.join(names)}"
    assert told["marker"]
    assert first["next"].startswith(f"{str(api.base_url).rstrip('/')}/v2/{plural}?")
    # Some clients cut the address at its last slash and go on with that.
    assert api.get(f"/v2/{first['next'].split('/')[-1]}").json()[plural]


@pytest.mark.parametrize("plural", LISTS)
def test_no_next_page_is_told_of_a_page_that_is_not_full(api, plural):
    things = api.listed(f"/v2/{plural}")

    assert "next" not in api.get(f"/v2/{plural}?limit={min(len(things) + 1, 1000)}").json()
