"""All ad-hoc actions, kept in memory: a decision asks for them by name and cannot wait for the store.

The table's epoch says whether they are old. It comes along with every look-up of a workflow, so whatever was stored
before a start is known to it; requests of people and executions read back look at it too, and a watch does every
second for all else.
"""

import asyncio
import logging
from dataclasses import replace
from functools import partial

from mistral_core.errors import InvalidDefinition
from mistral_core.language import action_from_text
from mistral_core.language.model import AdhocAction
from mistral_engine.offers import OfferedActions
from mistral_persistence import action_definitions as stored
from mistral_persistence.action_definitions import Stored
from mistral_persistence.database import Pool
from mistral_persistence.outage import OUTAGE

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0


class Finder:
    """Finds ad-hoc actions as one project sees them."""

    def __init__(self, actions: "AdhocActions", project: str) -> None:
        self._find = partial(actions.find, project)

    def __call__(self, name: str, workbook: str | None, namespace: str) -> AdhocAction | None:
        """Return the action of a name as written, the workbook's own before any other."""
        found = self._find(f"{workbook}.{name}", namespace) if workbook else None
        return found or self._find(name, namespace)


class AdhocActions:
    """The ad-hoc actions of all projects as of one epoch.

    Attributes:
        offered: The actions that workers offer, as of that epoch or a later one.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._epoch = -1
        self._by_name: dict[tuple[str, str], list[Stored]] = {}
        self._parsed: dict[Stored, AdhocAction] = {}
        self._reading = asyncio.Lock()
        self._finders: dict[str, Finder] = {}
        self.offered = OfferedActions()

    def of(self, project: str) -> Finder:
        """Return what finds the actions that a project sees."""
        finder = self._finders.get(project)
        if finder is None:
            finder = self._finders[project] = Finder(self, project)
        return finder

    def find(self, project: str, name: str, namespace: str) -> AdhocAction | None:
        """Return the action of that name in exactly that namespace; a project's own before a public one."""
        found = self._by_name.get((namespace, name))
        if found is None:
            return None
        seen = [each for each in found if each.project == project or each.scope == "public"]
        return self._read(min(seen, key=lambda each: each.project != project)) if seen else None

    async def reach(self, epoch: int) -> None:
        """Return once the actions are those of that epoch or a later one."""
        while self._epoch < epoch:
            async with self._reading:
                if self._epoch < epoch:
                    await self._load()

    async def refresh(self) -> None:
        """Return once the actions are those of now."""
        await self.reach(await stored.epoch(self._pool))

    async def watch(self) -> None:
        """Look every second; never returns."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self.refresh()
            except OUTAGE as error:
                _log.warning("ad-hoc actions could not be looked at: %s", type(error).__name__)

    async def _load(self) -> None:
        epoch, actions = await stored.everything(self._pool)
        await self.offered.load(self._pool)
        by_name: dict[tuple[str, str], list[Stored]] = {}
        for each in actions:
            by_name.setdefault((each.namespace, each.name), []).append(each)
        kept = set(actions)
        self._parsed = {each: parsed for each, parsed in self._parsed.items() if each in kept}
        self._by_name, self._epoch = by_name, epoch

    def _read(self, action: Stored) -> AdhocAction | None:
        parsed = self._parsed.get(action)
        if parsed is None:
            try:
                parsed = replace(action_from_text(action.definition, action.name), name=action.name)
            except InvalidDefinition as error:
                _log.error("the stored action %s cannot be read: %s", action.name, error)
                return None
            self._parsed[action] = parsed
        return parsed
