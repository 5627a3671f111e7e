"""What the mesh is expected to do like Mistral today, and what not yet. What is listed under LATER shrinks only."""

EXPECTED = (
    "actions",
    "api",
    "commands",
    "cycles",
    "dataflow",
    "defaults",
    "direct",
    "envs",
    "functions",
    "inputs",
    "jinja",
    "join",
    "policies",
    "publish",
    "rerun",
    "reverse",
    "skip",
    "stop",
    "subflows",
    "validation",
    "withitems",
    "yaql",
)
"""Areas that pass, but for the cases that LATER names."""

_ADHOC = "needs ad-hoc actions and their REST resource"
_CRON = "needs cron triggers"
_ENVIRONMENTS = "needs stored environments"
_WORKBOOKS = "needs workbooks"
_SINGLE = "needs single actions that are run without a workflow"

LATER = {
    "actions/run_action_no_name": _SINGLE,
    "actions/run_action_unknown": _SINGLE,
    "actions/run_action_wrong_input": _SINGLE,
    "adhoc/": _ADHOC,
    "api/action_list_filter": _ADHOC,
    "validation/action_already_exists": _ADHOC,
    "validation/action_bad_yaql": _ADHOC,
    "validation/action_without_base": _ADHOC,
    "withitems/adhoc_action_items": _ADHOC,
    "withitems/concurrency_limits_running": _ADHOC,
    "cron/": _CRON,
    "envs/stored": _ENVIRONMENTS,
    "workbook/": _WORKBOOKS,
}
"""Cases, or whole areas (ending in a slash), that are not expected to pass yet, and what they wait for."""


def awaited(case: str) -> str | None:
    """Return what a case (``area/name``) waits for, None if it is expected to pass."""
    for prefix, why in LATER.items():
        if case == prefix or (prefix[-1] == "/" and case.startswith(prefix)):
            return why
    return None
