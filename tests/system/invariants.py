"""What must hold in the database of a mesh at rest, whatever was killed: nothing stuck, nothing twice, no gap.

    python -m tests.system.invariants --home DIR     of a running mesh
    python -m tests.system.invariants --dsn DSN

The queries take no parameters and name what they complain about, at most a few of each kind.
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path

import asyncpg

_MOST = 5

AT_REST = {
    "executions that do not end": """
        SELECT workflow_name || ' ' || id || ' is ' || state FROM execution WHERE finished_at IS NULL
    """,
    "tasks that do not end": """
        SELECT name || ' ' || id || ' is ' || state FROM task_execution WHERE finished_at IS NULL
    """,
    "tasks whose transitions were not taken": """
        SELECT t.name || ' ' || t.id || ' is ' || t.state FROM task_execution t
         WHERE NOT t.processed AND t.state IN ('SUCCESS', 'ERROR')
    """,
    "actions that run on although their task ended by itself": """
        SELECT a.name || ' ' || a.id || ' of ' || t.name || ' (' || t.state || ')'
          FROM action_execution a JOIN task_execution t ON t.id = a.task_id
         WHERE a.state = 'RUNNING' AND NOT (t.state = 'ERROR' AND t.state_info LIKE '%timed out%')
    """,
    "timers left behind": "SELECT kind || ' of task ' || task_id FROM timer",
    "notices not given": "SELECT event || ' of ' || execution_id || coalesce(': ' || error, '') FROM notification",
    "partitions without an owner that lives": """
        SELECT 'partition ' || l.partition FROM partition_lease l
         WHERE NOT EXISTS (SELECT FROM engine_instance i
                            WHERE i.name = l.owner AND i.incarnation = l.incarnation AND i.expires_at > now())
    """,
}
"""Hold once everything has ended, perhaps a moment later."""

ALWAYS = {
    "starts that happened twice": """
        SELECT description || ': ' || count(*) FROM execution
         WHERE parent_id IS NULL AND description <> '' GROUP BY description HAVING count(*) > 1
    """,
    "results accepted twice": """
        SELECT 'index ' || index || ' of task ' || task_id || ': ' || count(*) FROM action_execution
         WHERE accepted GROUP BY task_id, index HAVING count(*) > 1
    """,
    "sub-workflows accepted twice": """
        SELECT 'index ' || index || ' of task ' || task_id || ': ' || count(*) FROM child_execution
         WHERE accepted GROUP BY task_id, index HAVING count(*) > 1
    """,
    "sub-workflows that their parent does not know": """
        SELECT c.workflow_name || ' ' || c.id FROM execution c
         WHERE c.parent_id IS NOT NULL AND NOT EXISTS (SELECT FROM child_execution k WHERE k.id = c.id)
    """,
    "histories with gaps or repeats": """
        SELECT execution_id || ': ' || count(*) || ' events up to ' || max(place)
          FROM (SELECT execution_id, (event->>'position')::bigint AS place
                  FROM execution_history, json_array_elements(events) AS event) AS each
         GROUP BY execution_id HAVING count(*) <> max(place) OR count(DISTINCT place) <> count(*)
    """,
    "executions that ended more than once": """
        SELECT execution_id || ': ' || string_agg(event->>'event', ', ')
          FROM execution_history, json_array_elements(events) AS event
         WHERE event->>'task_id' IS NULL
           AND event->>'event' IN ('WORKFLOW_SUCCEEDED', 'WORKFLOW_FAILED', 'WORKFLOW_CANCELLED')
         GROUP BY execution_id HAVING count(*) > 1
    """,
    "executions whose end is not told": """
        SELECT e.workflow_name || ' ' || e.id FROM execution e
         WHERE e.finished_at IS NOT NULL
           AND NOT EXISTS (SELECT FROM execution_history h, json_array_elements(h.events) AS event
                            WHERE h.execution_id = e.id
                              AND event->>'event' IN ('WORKFLOW_SUCCEEDED', 'WORKFLOW_FAILED', 'WORKFLOW_CANCELLED'))
    """,
}
"""Hold at any moment."""

ONCE = {
    "tasks that ran twice": """
        SELECT name || ' of ' || execution_id || ': ' || count(*) FROM task_execution
         GROUP BY execution_id, name HAVING count(*) > 1
    """,
}
"""Hold for workflows in which every task is reached once, and once only."""


async def violations(connection: asyncpg.Connection, wanted: dict[str, str]) -> list[str]:
    """Return what does not hold, a few examples of each kind."""
    found = []
    for name, query in wanted.items():
        rows = await connection.fetch(query)
        if rows:
            examples = "; ".join(str(row[0]) for row in rows[:_MOST])
            found.append(f"{len(rows)} {name}: {examples}")
    return found


async def violations_at_rest(dsn: str, *, once: bool = True, seconds: float = 10.0) -> list[str]:
    """Return what does not hold, also not after some time."""
    connection = await asyncpg.connect(dsn)
    deadline = time.monotonic() + seconds
    try:
        while (found := await violations(connection, AT_REST)) and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        return found + await violations(connection, {**ALWAYS, **(ONCE if once else {})})
    finally:
        await connection.close()


def main() -> None:
    """Check a database from the command line."""
    parser = argparse.ArgumentParser(description="Check what must hold in the database of a mesh at rest.")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--home", type=Path)
    place.add_argument("--dsn")
    parser.add_argument("--loops", action="store_true", help="tasks may be reached more than once")
    chosen = parser.parse_args()
    found = asyncio.run(violations_at_rest(chosen.dsn or _dsn(chosen.home), once=not chosen.loops))
    print("\n".join(found) or "all invariants hold")
    sys.exit(bool(found))


def _dsn(home: Path) -> str:
    from mistral_mesh.embedded import postgres
    from mistral_mesh.home import Home

    return postgres.postgres(Home(home.absolute()))[1]


if __name__ == "__main__":
    main()
