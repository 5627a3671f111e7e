"""Policy files: what they may say, what each rule means, and how faults are told."""

from pathlib import Path

import pytest

from mistral_api_gateway.access.policy import Policy
from mistral_api_gateway.access.rules import DEFAULTS, NoRule, rule_of_method, rule_of_path
from mistral_api_gateway.operations.caller import Caller

MEMBER = Caller("red", "ada", frozenset({"Member", "reader"}))
ADMIN = Caller("red", "root", frozenset({"admin"}), admin=True)


@pytest.fixture
def read(tmp_path: Path):
    def policy(text: str, name: str = "policy.yaml") -> Policy:
        file = tmp_path / name
        file.write_text(text)
        return Policy.read(str(file))

    return policy


def test_by_default_owners_do_everything_but_what_is_left_to_administrators():
    policy = Policy.read("")
    denied = {rule for rule in DEFAULTS if not policy.allows(MEMBER, rule)}

    assert all(policy.allows(ADMIN, rule) for rule in DEFAULTS)
    assert {rule for rule in denied if rule.endswith((":publicize", ":list:all_projects"))} == {
        rule for rule in DEFAULTS if rule.endswith((":publicize", ":list:all_projects"))
    }
    left = {rule.partition(":")[0] for rule in denied if not rule.endswith((":publicize", ":list:all_projects"))}
    assert left == {"code_sources", "dynamic_actions", "api_keys", "fleets", "maintenance", "retention"} | {
        *("event_sources", "event_bindings", "received_events"),
    }
    assert policy.allows(MEMBER, "maintenance:get")
    assert not policy.allows(MEMBER, "maintenance:update")


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("@", True),
        ("!", False),
        ("", True),
        ("role:member", True),
        ("role:other", False),
        ("not role:other", True),
        ("role:other or role:reader", True),
        ("role:other or role:reader and role:nothing", False),
        ("(role:other or role:reader) and not is_admin:True", True),
        ("NOT role:other AND role:reader", True),
        ("is_admin:True", False),
        ("is_admin:False", True),
        ("rule:admin_or_owner", True),
        ("rule:admin_only", False),
        ("rule:workflows:publicize", False),
        ("project_id:%(project_id)s", True),
        ("project_id:red", True),
        ("project_id:'blue'", False),
        ("user_id:ada", True),
        ("user_id:%(user_id)s", True),
        ("not (role:other or not role:reader)", True),
    ],
)
def test_checks_mean_what_they_mean_to_openstack(read, text, allowed):
    policy = read(f'"workflows:create": "{text}"\n')
    assert policy.allows(MEMBER, "workflows:create") is allowed


def test_json_and_the_old_form_of_lists_are_understood(read):
    policy = read(
        '{\n\t"workflows:create": [["role:other"], ["role:member", "role:reader"]],\n\t"workflows:get": []\n}'
    )
    assert policy.allows(MEMBER, "workflows:create")
    assert policy.allows(MEMBER, "workflows:get")


def test_names_of_ones_own_can_be_referred_to_and_ours_replaced(read):
    policy = read("operators: role:reader\nadmin_only: rule:operators\nworkflows:delete: '!'\n")

    assert policy.allows(MEMBER, "workflows:publicize")
    assert policy.allows(MEMBER, "dynamic_actions:create")
    assert not policy.allows(ADMIN, "workflows:delete")


def test_an_empty_file_changes_nothing(read):
    policy = read("# nothing yet\n")
    assert not policy.allows(MEMBER, "workflows:publicize")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: '@'\nworkflow:create: '@'\n", r"line 2: there is no rule 'workflow:create'"),
        ("workflows:get: '@'\nworkflows:get: '!'\n", r"line 2: the rule 'workflows:get' stands there twice"),
        ("\nworkflows:get: 'role:a or'\n", r"line 2: rule 'workflows:get': it ends where a check"),
        ("workflows:get: 'or role:a'\n", r"line 1: rule 'workflows:get': a check such as 'role:admin' is expected"),
        ("workflows:get: '(role:a'\n", r"line 1: .* a bracket is not closed"),
        ("workflows:get: 'role:a role:b'\n", r"line 1: .* 'role:b' is not expected"),
        ("workflows:get: 'roles:a'\n", r"line 1: .* there is no check 'roles'"),
        ("workflows:get: 'admin'\n", r"line 1: .* 'admin' is no check"),
        ("workflows:get: 'is_admin:perhaps'\n", r"line 1: .* is_admin: is followed by True or False"),
        ("workflows:get: 'rule:nobody'\n", r"line 1: .* there is no rule 'nobody' to refer to"),
        ("workflows:get: 'project_id:%(trust_id)s'\n", r"line 1: .* is not known of the things"),
        ("workflows:get: 'http://asks/elsewhere'\n", r"line 1: .* checks that ask another server"),
        ("a: rule:b\nb: rule:a\n", r"line 2: rule 'b': rules refer to each other in a circle: a -> b -> a"),
        ("workflows:get: rule:workflows:get\n", r"line 1: .* in a circle"),
        ("workflows:get: {role: a}\n", r"line 1: a rule is a text"),
        ("- role:a\n", r"rules are expected as 'name: text'"),
        ("workflows:get: 'role:a\n", r"line \d: "),
    ],
)
def test_faults_are_told_with_their_rule_and_line(read, text, complaint):
    with pytest.raises(ValueError, match=rf"^MISTRAL_POLICY_FILE must be .*policy\.yaml.*{complaint}"):
        read(text)


def test_a_file_that_is_not_there_is_told_at_once(tmp_path):
    with pytest.raises(ValueError, match=r"MISTRAL_POLICY_FILE must be .*nowhere.* cannot be read: No such file"):
        Policy.read(str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("method", "path", "rule"),
    [
        ("GET", "/v2/workflows", "workflows:list"),
        ("GET", "/v2/workflows/{id}", "workflows:get"),
        ("POST", "/v2/workflows/validate", "workflows:validate"),
        ("PUT", "/v2/workflows/{id}/members/{member_id}", "members:update"),
        ("GET", "/v2/executions/{id}/tasks", "tasks:list"),
        ("GET", "/v2/executions/{id}/report", "executions:get"),
        ("GET", "/v2/tasks/{id}/action_executions/{aid}", "action_executions:get"),
        ("PUT", "/maintenance", "maintenance:update"),
        ("GET", "/healthz", ""),
    ],
)
def test_paths_ask_the_rules_that_mistral_asks(method, path, rule):
    assert rule_of_path(method, path) == rule


@pytest.mark.parametrize(
    ("method", "rule"),
    [
        ("mistral.v1.WorkflowService/CreateWorkflows", "workflows:create"),
        ("mistral.v1.ExecutionService/StartExecutions", "executions:create"),
        ("mistral.v1.ExecutionBulkService/BulkDeleteExecutions", "executions:delete"),
        ("mistral.v1.TaskService/ReplayTask", "tasks:update"),
        ("mistral.v1.WorkflowMemberService/UpdateWorkflowMember", "members:update"),
        ("mistral.v1.ActionExecutionService/RunAction", "action_executions:create"),
    ],
)
def test_methods_ask_the_same_rules(method, rule):
    assert rule_of_method(method) == rule


def test_a_call_without_a_rule_is_found_at_the_start():
    with pytest.raises(NoRule, match="POST /v2/secrets has no rule"):
        rule_of_path("POST", "/v2/secrets")
    with pytest.raises(NoRule, match="SecretService/OpenSecret has no rule"):
        rule_of_method("mistral.v1.SecretService/OpenSecret")
