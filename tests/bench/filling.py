"""Many executions in a moment: rows as engines write them, made by Postgres itself, to be listed and never run."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from mistral_persistence.database import Connection

WORKFLOWS = 200
PROJECTS = 100
OWN_SHARE = 0.8
TASKS = 3
_PORTION = 50_000
_PATIENCE = 600.0

# Ids sort by time, as those of the engine do. Everything else follows from the number of the row alone.
# STABLE, so that calls become part of the statement; md5 is the cheapest chance that there is.
_FUNCTIONS = """
CREATE OR REPLACE FUNCTION pg_temp.id_of(micros bigint, seed text) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT (lpad(to_hex(micros / 1000), 12, '0') || '7'
            || substr(overlay(md5(seed) PLACING '8' FROM 4), 1, 19))::uuid $$;
CREATE OR REPLACE FUNCTION pg_temp.chance(seed text) RETURNS float8 LANGUAGE sql STABLE AS $$
    SELECT ('x' || left(md5(seed), 7))::bit(28)::int / 268435456.0::float8 $$;
CREATE OR REPLACE FUNCTION pg_temp.moment_of(n bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT 1767225600250000 + (n / 3) * 2600000 $$;
"""

# Three in a row came in the same moment. One of ten is a sub-workflow of the one before it.
_DRAFT = f"""
CREATE TEMP TABLE draft ON COMMIT DROP AS
WITH numbered AS (
    SELECT n, pg_temp.moment_of(n) AS created, pg_temp.chance('s' || n) AS fate, pg_temp.chance('p' || n / 10) AS place,
           pg_temp.chance('w' || n) AS kind, n % 10 = 9 AS child
      FROM generate_series($1::bigint, $2::bigint) AS n),
said AS (
    SELECT *, pg_temp.id_of(created, 'e' || n) AS id,
           CASE WHEN child THEN pg_temp.id_of(pg_temp.moment_of(n - 1), 'e' || n - 1) END AS parent,
           CASE WHEN child THEN pg_temp.id_of(pg_temp.moment_of(n - 1), 't' || n - 1 || '/0') END AS parent_task,
           CASE WHEN place < {OWN_SHARE} THEN '<default-project>'
                ELSE 'project_' || (n / 10) % {PROJECTS} END AS project,
           (kind * kind * {WORKFLOWS})::int AS workflow,
           CASE WHEN fate < 0.9 THEN 'SUCCESS' WHEN fate < 0.98 THEN 'ERROR' WHEN fate < 0.985 THEN 'CANCELLED'
                WHEN fate < 0.99 THEN 'PAUSED' ELSE 'RUNNING' END AS state,
           created + (pg_temp.chance('u' || n) ^ 4 * 7.2e9)::bigint AS updated
      FROM numbered)
SELECT *, md5('workflow ' || workflow)::uuid AS workflow_id FROM said
"""

_EXECUTIONS = """
INSERT INTO execution (id, partition, root_id, parent_id, task_execution_id, project_id, workflow_id, workflow_version,
    workflow_name, workflow_namespace, description, tags, state, state_info, input, params, output, globals, body,
    created_at, updated_at, finished_at)
SELECT id, n % 256, coalesce(parent, id), parent, parent_task,
       project, workflow_id, 1, 'workflow_' || workflow, '',
       CASE WHEN n % 3 = 0 THEN 'run ' || n || ' of the nightly load' ELSE '' END,
       CASE WHEN n % 4 = 0 THEN ARRAY['nightly', 'team_' || n % 50] ELSE '{}' END,
       state, CASE WHEN state = 'ERROR' THEN 'Failure caused by error in tasks: store' END,
       json_build_object('host', 'host-' || n % 5000 || '.example.com', 'port', 8080, 'note', md5('n' || n)),
       '{"namespace":"","env":{"region":"north"}}',
       json_build_object('result', md5('r' || n), 'lines', n % 1000), '{}', '{}',
       from_micros(created), from_micros(updated),
       CASE WHEN state IN ('SUCCESS', 'ERROR', 'CANCELLED') THEN from_micros(updated) END
  FROM draft ORDER BY n
"""

_TASKS = f"""
INSERT INTO task_record (id, execution_id, name, state, sequence, created_at, body)
SELECT pg_temp.id_of(created, 't' || n || '/' || k), id,
       (ARRAY['fetch', 'store', 'report'])[k + 1] || '_' || workflow % 40,
       CASE WHEN k = 2 THEN CASE WHEN state IN ('PAUSED', 'CANCELLED') THEN 'IDLE' ELSE state END ELSE 'SUCCESS' END, k,
       from_micros(created + k * 10000),
       json_build_object('type', 'ACTION', 'updated_at', updated, 'started_at', created,
           'finished_at', updated, 'published', json_build_object('seen', md5('p' || n)), 'processed', true,
           'triggered_by', json_build_array(json_build_array(id, 'on-success')), 'number', 2 * k + 1)
  FROM draft, generate_series(0, {TASKS - 1}) AS k
"""

_ACTIONS = f"""
INSERT INTO action_record (id, execution_id, task_id, state, created_at, envelope, input, body)
SELECT pg_temp.id_of(created, 'a' || n || '/' || k), id, pg_temp.id_of(created, 't' || n || '/' || k),
       CASE WHEN k = 2 AND state = 'ERROR' THEN 'ERROR' ELSE 'SUCCESS' END, from_micros(created + k * 10000),
       'envelope-' || n / 50, json_build_object('output', md5('i' || n)),
       json_build_object('name', (ARRAY['std.http', 'std.echo', 'std.noop'])[k + 1], 'updated_at', updated,
           'accepted', true, 'output', md5('o' || n))
  FROM draft, generate_series(0, {TASKS - 1}) AS k
"""

_TABLES = ("execution", "task_record", "action_record")


@dataclass(frozen=True, slots=True)
class Filled:
    """What filling took.

    Attributes:
        bytes: On disk, by table, with its indexes.
    """

    executions: int
    rows: int
    seconds: float
    bytes: dict[str, int]


async def fill(connection: Connection, executions: int, told: Callable[[int], None]) -> Filled:
    """Write so many executions with three tasks and actions each; ``told`` hears how many there are by now."""
    begun = time.perf_counter()
    await connection.execute(_FUNCTIONS)
    for first in range(0, executions, _PORTION):
        last = min(first + _PORTION, executions) - 1
        async with connection.transaction():
            await connection.execute(_DRAFT, first, last, timeout=_PATIENCE)
            for statement in (_EXECUTIONS, _TASKS, _ACTIONS):
                await connection.execute(statement, timeout=_PATIENCE)
        told(last + 1)
    seconds = time.perf_counter() - begun
    for table in _TABLES:
        await connection.execute(f"VACUUM (ANALYZE) {table}", timeout=_PATIENCE)
    sizes = {table: int(await connection.fetchval("SELECT pg_total_relation_size($1)", table)) for table in _TABLES}
    return Filled(executions, executions * (1 + 2 * TASKS), seconds, sizes)
