"""Parsed definitions by version, which never change, and what names mean, which is remembered as of one epoch.

Whoever starts something by what was remembered has the epoch checked in the commit, see ``Names.epoch``.
"""

import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from uuid import UUID

from msgspec import Struct

from mistral_core.errors import InvalidDefinition
from mistral_core.language import workflow_from_text
from mistral_core.language.model import Workflow
from mistral_engine.adhoc import AdhocActions
from mistral_persistence import definitions as stored
from mistral_persistence.database import Pool
from mistral_persistence.definitions import Wanted

_log = logging.getLogger(__name__)

_KEPT = 2_000


class Definition(Struct, frozen=True):
    """One version of a stored workflow, parsed."""

    id: str
    version: int
    name: str
    namespace: str
    workbook: str | None
    workflow: Workflow


class Names(Struct, frozen=True):
    """What names mean.

    Attributes:
        definitions: In the order asked for; None where nothing visible fits.
        epoch: The definition epoch that they are remembered from; None if they were asked for just now.
    """

    definitions: list[Definition | None]
    epoch: int | None = None


class Definitions:
    """The definitions of one engine; keeps the parsed ones that were used last.

    Attributes:
        adhoc: The ad-hoc actions, at least as new as what was found last.
    """

    def __init__(self, pool: Pool) -> None:
        self.adhoc = AdhocActions(pool)
        self._pool = pool
        self._parsed: OrderedDict[tuple[str, int], tuple[str | None, Workflow]] = OrderedDict()
        self._epoch = -1
        self._remembered: dict[Wanted, Definition] = {}

    async def find(self, wanted: Sequence[Wanted], *, anew: bool = False) -> Names:
        """Return what each of ``wanted`` means, by what is remembered if that tells all and ``anew`` is not set."""
        if not anew:
            remembered = [self._remembered.get(each) for each in wanted]
            if None not in remembered:
                return Names(remembered, self._epoch)
        epoch, found = await stored.find(self._pool, wanted)
        await self.adhoc.reach(epoch)
        await self._parse([(f.id, f.version) for f in found if f is not None])
        definitions = [
            None
            if f is None or (f.id, f.version) not in self._parsed
            else Definition(f.id, f.version, f.name, f.namespace, *self._parsed[f.id, f.version])
            for f in found
        ]
        self._remember(epoch, zip(wanted, definitions, strict=True))
        return Names(definitions)

    def forget(self) -> None:
        """What is remembered is over: look all of it up again."""
        self._remembered = {}

    def _remember(self, epoch: int, found: Iterable[tuple[Wanted, Definition | None]]) -> None:
        if epoch < self._epoch:
            return
        if epoch > self._epoch or len(self._remembered) > _KEPT:
            self._epoch, self._remembered = epoch, {}
        self._remembered.update((wanted, definition) for wanted, definition in found if definition is not None)

    async def versions(self, versions: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Workflow]:
        """Return the parsed workflows of (workflow id, version) pairs; those that cannot be had are missing."""
        await self._parse(versions)
        return {version: self._parsed[version][1] for version in versions if version in self._parsed}

    async def _parse(self, versions: Sequence[tuple[str, int]]) -> None:
        for version in versions:
            if version in self._parsed:
                self._parsed.move_to_end(version)
        missing = list({version for version in versions if version not in self._parsed})
        if not missing:
            return
        texts = await stored.texts(self._pool, missing)
        for version in missing:
            try:
                text = texts[version]
                self._parsed[version] = text.workbook, workflow_from_text(text.definition, text.name)
            except (KeyError, InvalidDefinition) as error:
                # One that is spoilt must not hold up those that are asked for with it.
                _log.error("version %d of workflow %s cannot be had: %r", version[1], version[0], error)
        while len(self._parsed) > max(_KEPT, len(versions)):
            self._parsed.popitem(last=False)


def asked_for(project: str, workflow: str, namespace: str) -> Wanted:
    """Say what a name means to who starts a workflow: that one in that namespace."""
    return Wanted(project, (workflow,), (namespace,), _uuid(workflow))


def wanted(project: str, workflow: str, namespace: str, *, workbook: str | None = None) -> Wanted:
    """Say what a name may mean in a workflow: within its workbook first, in its namespace before the default one."""
    names = (f"{workbook}.{workflow}", workflow) if workbook else (workflow,)
    namespaces = (namespace, "") if namespace else ("",)
    return Wanted(project, names, namespaces, _uuid(workflow))


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text)) if len(text) == 36 else None
    except ValueError:
        return None
