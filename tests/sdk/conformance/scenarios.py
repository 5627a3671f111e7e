"""The scenario file as values, and what stands for other values in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).resolve().parents[1] / "scenarios.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One entry of the file; its comment says what each part means."""

    name: str
    task: Mapping[str, Any]
    input: Mapping[str, Any]
    expect: Mapping[str, Any]
    workers: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"a": {}})
    runs: int = 1
    long_lease: bool = False
    steps: tuple[Mapping[str, Any], ...] = ()


def scenarios() -> list[Scenario]:
    """Return all of them, in the order of the file."""
    known = {part.name for part in fields(Scenario)}
    found = []
    for entry in yaml.safe_load(FILE.read_text())["scenarios"]:
        assert set(entry) <= known, f"{entry.get('name')}: unknown {set(entry) - known}"
        found.append(Scenario(**entry | {"steps": tuple(entry.get("steps", ()))}))
    assert len({each.name for each in found}) == len(found), "two scenarios have the same name"
    return found


def fits(found: Any, wanted: Any) -> bool:
    """Whether a value is what was expected; mappings of the one key ``holds``, ``between``... are matchers."""
    match wanted:
        case {"holds": text} if len(wanted) == 1:
            return text in (found if isinstance(found, str) else json.dumps(found, ensure_ascii=False))
        case {"between": [low, high]} if len(wanted) == 1:
            return isinstance(found, int | float) and low <= found <= high
        case {"any_of": list(choices)} if len(wanted) == 1:
            return any(fits(found, choice) for choice in choices)
        case {"times": [text, count]} if len(wanted) == 1:
            return bool(found == text * count)
        case dict():
            return (
                isinstance(found, dict)
                and found.keys() == wanted.keys()
                and all(fits(found[k], wanted[k]) for k in wanted)
            )
        case list():
            return isinstance(found, list) and len(found) == len(wanted) and all(map(fits, found, wanted))
    return type(found) is type(wanted) and bool(found == wanted)
