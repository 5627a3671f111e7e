"""Parsed definitions by version, which never change, and what names mean, which is asked anew each time."""

import logging
from collections import OrderedDict
from collections.abc import Sequence
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


class Definitions:
    """The definitions of one engine; keeps the parsed ones that were used last.

    Attributes:
        adhoc: The ad-hoc actions, at least as new as what was found last.
    """

    def __init__(self, pool: Pool) -> None:
        self.adhoc = AdhocActions(pool)
        self._pool = pool
        self._parsed: OrderedDict[tuple[str, int], tuple[str | None, Workflow]] = OrderedDict()

    async def find(self, wanted: Sequence[Wanted]) -> list[Definition | None]:
        """Return what each of ``wanted`` means now; None where nothing visible fits."""
        epoch, found = await stored.find(self._pool, wanted)
        await self.adhoc.reach(epoch)
        await self._parse([(f.id, f.version) for f in found if f is not None])
        return [
            None
            if f is None or (f.id, f.version) not in self._parsed
            else Definition(f.id, f.version, f.name, f.namespace, *self._parsed[f.id, f.version])
            for f in found
        ]

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


def wanted(project: str, workflow: str, namespace: str, *, workbook: str | None = None) -> Wanted:
    """Say what a name may mean: within its workbook first, in its namespace before the default one."""
    names = (f"{workbook}.{workflow}", workflow) if workbook else (workflow,)
    namespaces = (namespace, "") if namespace else ("",)
    return Wanted(project, names, namespaces, _uuid(workflow))


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text)) if len(text) == 36 else None
    except ValueError:
        return None
