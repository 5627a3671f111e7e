"""``cron`` of a trigger: when the calendar starts the workflow."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from mistral_core.cron.moments import moment_of
from mistral_core.cron.overlap import Overlap
from mistral_core.cron.schedule import Schedule
from mistral_core.cron.settings import LEAST_WINDOW, LONGEST_WINDOW, MOST_RUNS, CronSettings
from mistral_core.errors import InvalidInput
from mistral_core.language.keys import CRON_TRIGGER
from mistral_core.language.kinds import check_entries
from mistral_core.language.node import Node, unknown

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_cron(node: Node) -> CronSettings:
    """Read a mapping, or a pattern alone."""
    if isinstance(node.value, str):
        return CronSettings(schedule=_checked(node, (node.value,), {}))
    node.mapping("a pattern such as '0 3 * * *', or a mapping")
    check_entries(node, CRON_TRIGGER, "a cron trigger")
    given: Mapping[str, Any] = node.value
    if ("pattern" in given) == ("patterns" in given):
        node.refuse_shape("a cron trigger needs either 'pattern' or 'patterns'")
    patterns = (given["pattern"],) if "pattern" in given else tuple(_patterns(node.child("patterns")))
    return CronSettings(
        schedule=_checked(node, patterns, given),
        count=_whole(node, "count", 1, MOST_RUNS),
        overlap=_overlap(node.get("overlap")),
        catchup_window=_seconds(node.get("catchup-window"), LEAST_WINDOW, LONGEST_WINDOW),
    )


def _checked(node: Node, patterns: tuple[str, ...], given: Mapping[str, Any]) -> Schedule:
    place = given.get("timezone", "UTC")
    try:
        schedule = Schedule(
            patterns=patterns,
            timezone=place,
            start_at=moment_of(given["start-at"], place, "start-at") if "start-at" in given else None,
            end_at=moment_of(given["end-at"], place, "end-at") if "end-at" in given else None,
            jitter=_seconds(node.get("jitter"), 0, 86400) or 0 if given else 0,
        )
        schedule.check()
    except InvalidInput as error:
        key = error.field.replace("_", "-")
        (node.child(key) if isinstance(node.value, dict) and key in node.value else node).refuse_shape(str(error))
    if schedule.next_after(_EPOCH) is None:
        node.refuse_shape("it is never due")
    return schedule


def _patterns(node: Node) -> list[str]:
    if not isinstance(node.value, list) or not node.value:
        node.refuse_kind("a list of patterns, at least one")
    for each in node.entries():
        if not isinstance(each.value, str):
            each.refuse_kind("a pattern such as '0 3 * * *'")
    return list(node.value)


def _overlap(node: Node | None) -> Overlap:
    if node is None:
        return Overlap.ALLOW
    written = str(node.value).replace("-", "_")
    if written not in tuple(Overlap):
        known = tuple(each.value.replace("_", "-") for each in Overlap)
        node.refuse_shape(unknown(f"overlap '{node.value}'", str(node.value), known))
    return Overlap(written)


def _whole(node: Node, key: str, least: int, most: int) -> int | None:
    found = node.get(key)
    if found is None:
        return None
    if isinstance(found.value, bool) or not isinstance(found.value, int) or not least <= found.value <= most:
        found.refuse_kind(f"a whole number from {least} to {most}")
    return found.value


def _seconds(node: Node | None, least: int, most: int) -> int | None:
    """Read seconds, or a text such as ``5m`` or ``2h``."""
    if node is None:
        return None
    value = node.value
    if isinstance(value, str) and value[:-1].isascii() and value[:-1].isdigit() and value[-1] in _SECONDS:
        value = int(value[:-1]) * _SECONDS[value[-1]] if len(value) < 10 else -1
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        node.refuse_kind(f"seconds from {least} to {most}, or a text such as 30s, 5m, 2h or 1d")
    return value


_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
