"""Who may do what: rules by name, from our defaults and the operator's file, each made into a check at the start.

A rule says what a caller may do at all; whose things the caller sees is no matter of rules but of projects.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from mistral_api_gateway.access.policy_file import Entry, entries_of
from mistral_api_gateway.access.policy_grammar import Check, PolicyFault, check_of
from mistral_api_gateway.access.rules import ALIASES, DEFAULTS
from mistral_api_gateway.operations.caller import Caller
from mistral_runtime.settings import SettingError

_SETTING: Final = "MISTRAL_POLICY_FILE"


class PlacedFault(PolicyFault):
    """A fault whose message says where in the file it stands."""


class Policy:
    """Answers whether a caller may do what a rule is about.

    Args:
        entries: What the operator says; such a rule replaces ours. A name without a colon that is none of ours is a
            name for other rules to refer to.
        source: Where that stands, for complaints.

    Raises:
        PolicyFault: If a rule is unknown, cannot be understood, or refers to itself; the message names it and its line.
    """

    def __init__(self, entries: Mapping[str, Entry] | None = None, *, source: str = "") -> None:
        self._entries = entries or {}
        self._source = source
        self._checks: dict[str, Check] = {}
        self._making: list[str] = []
        for name, entry in self._entries.items():
            if ":" in name and name not in DEFAULTS:
                raise PolicyFault(f"{self._place(entry)}there is no rule {name!r}")
        for name in {**ALIASES, **DEFAULTS, **self._entries}:
            self._check(name)

    @classmethod
    def read(cls, file: str) -> Self:
        """Return the policy of a file, or the default one when no file is named.

        Raises:
            SettingError: If the file cannot be read or understood.
        """
        try:
            return cls(entries_of(Path(file)), source=file) if file else cls()
        except PolicyFault as fault:
            raise SettingError(_SETTING, file, f"a policy that can be understood ({fault})") from None

    def allows(self, caller: Caller, rule: str) -> bool:
        """Tell whether the caller may do what the rule is about."""
        return self._checks[rule](caller)

    def _check(self, name: str) -> Check:
        made = self._checks.get(name)
        if made is not None:
            return made
        entry = self._entries.get(name)
        if name in self._making:
            round_trip = " -> ".join([*self._making[self._making.index(name) :], name])
            raise PolicyFault(f"rules refer to each other in a circle: {round_trip}")
        text = entry.text if entry is not None else ALIASES.get(name, DEFAULTS.get(name))
        self._making.append(name)
        try:
            made = self._checks[name] = check_of(text, self._referred)
        except PlacedFault:
            raise
        except PolicyFault as fault:
            if entry is None:
                raise
            raise PlacedFault(f"{self._place(entry)}rule {name!r}: {fault}") from None
        finally:
            self._making.pop()
        return made

    def _referred(self, name: str) -> Check:
        if name not in self._entries and name not in ALIASES and name not in DEFAULTS:
            raise PolicyFault(f"there is no rule {name!r} to refer to")
        return self._check(name)

    def _place(self, entry: Entry | None) -> str:
        return f"{self._source}, line {entry.line}: " if entry is not None else ""
