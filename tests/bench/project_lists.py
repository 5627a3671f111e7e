"""Lists as small projects see them, read the way the gateway reads them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

from starlette.requests import Request

from mistral_api_gateway.operations.lists import USUAL_SECONDS, list_settings
from mistral_api_gateway.rest.execution_resource import RESOURCE as EXECUTIONS
from mistral_api_gateway.rest.query import list_query
from mistral_api_gateway.rest.task_resource import RESOURCE as TASKS
from mistral_persistence import execution_reads, task_reads
from mistral_persistence.database import Pool, connected


class ProjectLists:
    """Answers paths of lists of executions and of tasks."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @classmethod
    @asynccontextmanager
    async def opened(cls, dsn: str) -> AsyncIterator[Self]:
        """Connect for the length of the block."""
        async with connected(dsn, size=1, settings=list_settings(USUAL_SECONDS)) as pool:
            yield cls(pool)

    async def ask(self, project: str, path: str) -> int:
        """Read the list and make what is shown of it; return how many there are."""
        kind, _, query = path.partition("?")
        resource, read = (EXECUTIONS, execution_reads.page) if kind == "executions" else (TASKS, task_reads.page)
        scope: dict[str, Any] = {"type": "http", "query_string": query.encode(), "headers": []}
        wanted = list_query(Request(scope), resource)
        rows = await read(self._pool, wanted.page, project=project)
        return len([resource.written(row, wanted.fields) for row in rows])
