"""What the mesh is expected to do like Mistral today, and what not yet. What is listed under LATER shrinks only."""

EXPECTED = (
    "actions",
    "adhoc",
    "api",
    "commands",
    "cron",
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
    "workbook",
    "yaql",
)
"""Areas that pass, but for the cases that LATER names."""

LATER: dict[str, str] = {}
"""Cases, or whole areas (ending in a slash), that are not expected to pass yet, and what they wait for."""


def awaited(case: str) -> str | None:
    """Return what a case (``area/name``) waits for, None if it is expected to pass."""
    for prefix, why in LATER.items():
        if case == prefix or (prefix[-1] == "/" and case.startswith(prefix)):
            return why
    return None
