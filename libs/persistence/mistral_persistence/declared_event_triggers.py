"""Event triggers that the text of a workflow declares: they come, change and go with it."""

from collections.abc import Collection

from mistral_persistence.database import Connection
from mistral_persistence.event_triggers import NewEventTrigger

# Whether it is enabled is for people to say, and stays; one that is as it was is left alone.
_STORE = """
INSERT INTO event_trigger AS t (id, project_id, name, workflow_id, workflow_params, exchange, topic, event, matching,
                                condition, input_mapping, declared_by, declared_name)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $4, $12)
    ON CONFLICT (declared_by, declared_name) WHERE declared_by IS NOT NULL DO UPDATE
   SET name = excluded.name, workflow_params = excluded.workflow_params, exchange = excluded.exchange,
       topic = excluded.topic, event = excluded.event, matching = excluded.matching, condition = excluded.condition,
       input_mapping = excluded.input_mapping, updated_at = now()
 WHERE (t.name, t.workflow_params::text, t.exchange, t.topic, t.event, t.matching, t.condition, t.input_mapping::text)
       IS DISTINCT FROM (excluded.name, excluded.workflow_params::text, excluded.exchange, excluded.topic,
                         excluded.event, excluded.matching, excluded.condition, excluded.input_mapping::text)
"""
_DROP = "DELETE FROM event_trigger WHERE declared_by = $1::uuid AND NOT declared_name = ANY($2::text[])"


async def store(connection: Connection, new: NewEventTrigger) -> None:
    """Have a trigger as its workflow declares it; one that is there keeps its id."""
    first = (new.id, new.project, new.name, new.workflow_id, new.workflow_params, new.exchange, new.topic, new.event)
    more = (new.matching, new.condition, new.input_mapping, new.declared_name)
    await connection.execute(_STORE, *first, *more)


async def drop(connection: Connection, workflow_id: str, *, without: Collection[str] = ()) -> None:
    """Remove those of a workflow, without some; what they have started goes on."""
    await connection.execute(_DROP, workflow_id, list(without))
