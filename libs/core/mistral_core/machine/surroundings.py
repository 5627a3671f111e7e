"""What a decision may know beside the execution and the event, and how it asks for more.

The shell hands in everything ahead; a decision that needs facts about other executions stops with
``MoreFactsNeeded`` before it has any effect, the shell loads the answer and decides again.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from msgspec import Struct

from mistral_core.language.model import AdhocAction


class TasksQuery(Struct, frozen=True):
    """What ``tasks()`` was asked for; ``execution_id`` None means all tasks of the project."""

    project: str
    execution_id: str | None
    recursive: bool = False
    state: str | None = None
    flat: bool = False


class ExecutionsQuery(Struct, frozen=True):
    """What ``executions()`` was asked for; ``filters`` are (name, text) pairs in the order of their names."""

    project: str
    filters: tuple[tuple[str, str], ...] = ()


Query: TypeAlias = TasksQuery | ExecutionsQuery


class MoreFactsNeeded(BaseException):
    """A decision cannot be made before ``query`` is answered in ``Surroundings.answers``.

    Not an ``Exception``: it must pass through expression languages that turn exceptions into failed expressions.
    """

    def __init__(self, query: Query) -> None:
        self.query = query
        super().__init__(repr(query))


class Offer(Struct, frozen=True):
    """An action that workers offer; ``project`` is whose workers they are."""

    project: str
    safe_rerun: bool = False


def _no_adhoc_action(name: str, workbook: str | None, namespace: str) -> AdhocAction | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What ``begin`` and ``decide`` are given.

    Attributes:
        adhoc: Finds an ad-hoc action by (name as written, workbook or None, namespace), first inside the workbook;
            what it gives bears the name it is stored under.
        offers: Actions that workers offer, by name, as the project sees them.
        uploaded: (namespace, name) pairs of actions from uploaded code that the project sees; they come before offers.
        answers: Answers to queries, as documents such as ``task()`` and ``execution()`` show.
    """

    adhoc: Callable[[str, str | None, str], AdhocAction | None] = _no_adhoc_action
    offers: Mapping[str, Offer] = field(default_factory=dict)
    uploaded: Container[tuple[str, str]] = frozenset()
    answers: Mapping[Query, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
