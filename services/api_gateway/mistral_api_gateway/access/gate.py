"""What stands between the doors and the operations: every call asks its rule, and is written down if it changes things.

Who asks is known by then; whose things are seen is up to the operations.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mistral_api_gateway.access.audit import Audit, request_id_of
from mistral_api_gateway.access.policy import Policy
from mistral_api_gateway.access.rules import DEFAULTS
from mistral_api_gateway.operations.caller import ANYONE, CALLER, current_caller
from mistral_core.errors import Unauthenticated

_CHANGES: Final = frozenset({"create", "update", "delete"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What every call passes.

    Attributes:
        policy: None allows everything.
        audit: None writes nothing down.
        identified: Whether the doors tell who asks; then a call of nobody goes no further.
    """

    policy: Policy | None = None
    audit: Audit | None = None
    identified: bool = False

    def passage(self, door: str, call: str, rule: str) -> "Passage | None":
        """Return what calls of one kind pass; None if nothing is asked of them."""
        changes = rule.rpartition(":")[2] in _CHANGES
        audit = self.audit if changes else None
        if not rule or (self.policy is None and audit is None and not self.identified):
            return None
        return Passage(self.policy, audit, self.identified, door, call, rule)


class Passage:
    """What calls of one kind pass.

    Attributes:
        records: Whether they are written down.
    """

    def __init__(
        self, policy: Policy | None, audit: Audit | None, identified: bool, door: str, call: str, rule: str
    ) -> None:
        self._policy = policy
        self._audit = audit
        self._identified = identified
        self._door = door
        self._call = call
        self._rule = rule
        of_all = f"{rule}:all_projects"
        self._of_all = of_all if of_all in DEFAULTS else ""
        self.records = audit is not None

    def admit(self, *, wants_all: bool = False) -> None:
        """Let the current caller pass, and tell the operations what may be done.

        Args:
            wants_all: Whether the things of all projects are asked for.

        Raises:
            Unauthenticated: If nobody knows who asks.
            Forbidden: If the policy does not allow it.
        """
        caller = current_caller()
        if self._identified and caller is ANYONE:
            raise Unauthenticated("Authentication required")
        if self._policy is None:
            return
        caller = replace(caller, rules=self._policy)
        caller.demand(self._rule)
        if wants_all and self._of_all:
            caller.demand(self._of_all)
            caller = caller.seeing_all()
        CALLER.set(caller)

    def record(self, code: str, ids: Callable[[], Sequence[str]], sent_id: str | None) -> str:
        """Write down a call that has ended, and return its request id.

        Args:
            ids: Gives the ids of what was meant or made.
            sent_id: The request id that the client sent, if it did.
        """
        request_id = request_id_of(sent_id)
        if self._audit is not None:
            self._audit.record(
                current_caller(),
                door=self._door,
                call=self._call,
                rule=self._rule,
                ids=list(ids()),
                code=code,
                request_id=request_id,
            )
        return request_id
